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
    `permission_claims`: one of them must hold a permission (a text, or a list of texts, that is not blank).
    `canonical_guids`: GUIDs that name accounts, tenants and clients are written in lower case with hyphens, without braces.
    `tenants`: accepted values of `tid`; None where the issuer has no tenants.
    `consumer`: the issuer of personal accounts.
    `shared_keys`: the key set serves several issuers, so that each key must name its own (`issuer` in the JWK, in which
    `{tenantid}` stands for the token's `tid`).
    `earlier_key_set`: what the issuer served before. `first_seen`: when a kid was first listed, where that was after the
    beginning. `quarantine`: how long a new key must wait. `max_key_age`: how old one may get.
    `sender`: `optional` honours `cnf` where a token has it; the others demand it.
    """

    issuer: str
    key_set: bytes
    algorithms: frozenset[str] = frozenset({"RS256"})
    token_types: frozenset[str] = frozenset({"at+jwt"})
    required_claims: tuple[str, ...] = ("iss", "sub", "aud", "exp", "iat", "jti", "client_id")
    permission_claims: tuple[str, ...] = ()
    canonical_guids: bool = False
    tenants: frozenset[str] | None = None
    consumer: bool = False
    shared_keys: bool = False
    earlier_key_set: bytes | None = None
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

    `kind` says what `value` is, of `issuer`: a `kid`, a `subject`, a `session` (`sid`), a `token` (`jti` or `uti`), a
    `client`. A `thumbprint` (RFC 7638) is of whichever issuer; kind `issuer` has no value. `not-before` refuses what was
    issued before the time `before` to the subject `value`, or to everybody where that is empty.
    """

    kind: Literal["kid", "thumbprint", "issuer", "subject", "session", "token", "client", "not-before"]
    value: str = ""
    issuer: str = "*"
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
    """What a token service has on record for a credential that it gave out. Times are seconds since 1970.

    `kind` is the grant type that began it. `key` is the RFC 7638 thumbprint of the DPoP key that it is bound to.
    `used`: a newer credential of the same grant was given out (rotation).
    """

    kind: str
    issuer: str
    tenant: str | None
    client: str
    subject: str
    session: str
    scopes: frozenset[str]
    audiences: frozenset[str]
    authenticated_at: float
    expires_at: float
    key: str | None = None
    used: bool = False
    revoked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A person's session as the token service knows it now."""

    issuer: str
    tenant: str | None
    subject: str
    authenticated_at: float
    expires_at: float
    alive: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalAttempt:
    """`client`, authenticated and with the proof of the DPoP key `key`, presents `credential` for a new access token.

    The rest is what the new token would say.
    """

    credential: str
    client: str
    key: str | None
    tenant: str | None
    subject: str
    scopes: frozenset[str]
    audience: str
    authenticated_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything beside the token. `now` is the real time, to the second, at which the token was made.

    `grants` (by credential) and `sessions` (by identifier) are the records of a token service, for `renewal` alone.
    """

    issuers: tuple[TrustedIssuer, ...]
    audience: str
    now: float
    request: Request = field(default_factory=Request)
    revocations: tuple[Revocation, ...] = ()
    grants: Mapping[str, Grant] = field(default_factory=dict)
    sessions: Mapping[str, Session] = field(default_factory=dict)

    @property
    def issuer(self) -> TrustedIssuer:
        """The first issuer: the only one, unless a case needs `several-issuers`."""
        return self.issuers[0]
