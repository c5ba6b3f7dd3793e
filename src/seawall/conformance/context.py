"""What a verifier is told about the world in which it meets a token: whom to trust, for whom, when, and the request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ANY_TENANT: frozenset[str] = frozenset({"*"})
"""`TrustedIssuer.tenants` of an application that serves every tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIssuer:
    """An issuer that the verifier is configured to trust. Durations and times are seconds.

    `issuer` is compared exactly; it may hold `{tenantid}`, which stands for the token's `tid` (capability `tenants`).
    `key_set` is the JWKS document as this issuer serves it, byte for byte; it may be broken or hostile.
    `algorithms`, `token_types` (values of `typ`, lower case, without `application/`), `required_claims` (alternatives as
    `azp|appid`): what its tokens must have.
    `tenants`: accepted values of `tid`; None where the issuer has no tenants.
    `consumer`: the issuer of personal accounts.
    `shared_keys`: the key set serves several issuers, so that each key must name its own (`issuer` in the JWK, in which
    `{tenantid}` stands for the token's `tid`).
    `retired_keys`: kids that the issuer once listed and no longer does. `first_seen`: when a kid was first listed; a
    kid that is not named is old enough. `quarantine`: how long a new key must wait. `max_key_age`: how old it may get.
    `sender`: `optional` honours `cnf` where a token has it; the others demand it.
    """

    issuer: str
    key_set: bytes
    algorithms: frozenset[str] = frozenset({"RS256"})
    token_types: frozenset[str] = frozenset({"at+jwt"})
    required_claims: tuple[str, ...] = ("iss", "sub", "aud", "exp", "iat", "jti", "client_id")
    tenants: frozenset[str] | None = None
    consumer: bool = False
    shared_keys: bool = False
    retired_keys: frozenset[str] = frozenset()
    first_seen: Mapping[str, float] = field(default_factory=dict)
    quarantine: int = 0
    max_key_age: int | None = None
    max_lifetime: int = 24 * 3600
    clock_skew: int = 60
    sender: Literal["optional", "dpop", "mtls", "required"] = "optional"
    acr_values: tuple[str, ...] = ()
    required_amr: frozenset[str] = frozenset()
    max_authentication_age: int | None = None
    max_chain_age: int = 7 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """Something that was revoked.

    `kind` says what `value` is: a `kid`, a key's RFC 7638 `thumbprint`, an `issuer`, a `subject`, a `session` (`sid`), a
    `token` id (`jti`). `not-before` refuses what the `subject` in `value` (of `issuer`) got before the time `before`.
    """

    kind: Literal["kid", "thumbprint", "issuer", "subject", "session", "token", "not-before"]
    value: str
    issuer: str = ""
    before: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The request that carries the token. `proofs` are the values of its `DPoP` headers, `certificate` is DER."""

    method: str = "GET"
    url: str = "https://mail.example/api/messages"
    scheme: Literal["Bearer", "DPoP"] = "Bearer"
    proofs: tuple[str, ...] = ()
    certificate: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a token service has on record for a credential that it issued. Times are seconds since 1970.

    `key` is the RFC 7638 thumbprint of the client's DPoP key that the grant is bound to; None for none.
    """

    client: str
    subject: str
    tenant: str
    session: str
    scopes: frozenset[str]
    authenticated_at: float
    expires_at: float
    key: str | None = None
    used: bool = False
    revoked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalAttempt:
    """Somebody presents `credential` and asks for a new access token.

    `key` is the thumbprint of the DPoP key that the asker proved; `kind` is what the caller says the credential is.
    """

    credential: str
    client: str
    tenant: str
    scopes: frozenset[str]
    key: str | None = None
    kind: str = "refresh_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything beside the token. `now` is the real time, to the second, at which the token was made.

    `grants` and `live_sessions` are the records of a token service; they matter to `renewal` cases alone.
    """

    issuers: tuple[TrustedIssuer, ...]
    audience: str
    now: float
    request: Request = field(default_factory=Request)
    revocations: tuple[Revocation, ...] = ()
    grants: Mapping[str, Grant] = field(default_factory=dict)
    live_sessions: frozenset[str] = frozenset()

    @property
    def issuer(self) -> TrustedIssuer:
        """The first issuer: the only one, unless a case needs `several-issuers`."""
        return self.issuers[0]
