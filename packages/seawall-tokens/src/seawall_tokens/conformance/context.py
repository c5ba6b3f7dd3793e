"""The context given to a verifier with each token: trusted issuers, audience, time and request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ANY_TENANT: frozenset[str] = frozenset({"*"})
"""`TrustedIssuer.tenants` of an application that accepts every tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIssuer:
    """An issuer that the verifier must trust. Durations and times are seconds.

    `issuer` is compared exactly; it may contain `{tenantid}` for the token's `tid` (capability `tenants`). `key_set`
    is the JWKS document as the issuer serves it, byte for byte; it may be malformed or hostile. `algorithms`,
    `token_types` (values of `typ`, lower case, without `application/`) and `required_claims` (alternatives as
    `azp|appid`) are demands on its tokens.

    `permission_claims`: one of them must contain a permission, as a non-blank text or list of texts.
    `canonical_guids`: account, tenant and client GUIDs must be in lower case with hyphens, without braces. `tenants`:
    accepted values of `tid`; None if the issuer has no tenants. `consumer`: the issuer of personal accounts.

    `shared_keys`: the key set serves several issuers, so each JWK must name its own in `issuer`, in which
    `{tenantid}` stands for the token's `tid`. `earlier_key_set`: the previously served set. `first_seen`: when a kid
    was first listed, if not from the start. `quarantine`: how long a new key must wait. `max_key_age`: the maximum
    age of a key.

    `sender`: `optional` checks `cnf` if a token has it; the other values require it.
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
    """A revocation.

    `kind` is the type of `value`, within `issuer`: a `kid`, a `subject`, a `session` (`sid`), a `token` (`jti` or
    `uti`), a `client`. A `thumbprint` (RFC 7638) applies to any issuer; kind `issuer` has no value. `not-before`
    refuses tokens issued before the time `before` to the subject `value`, or to everybody if it is empty.
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
    """A token service's record of a credential that it issued. Times are seconds since 1970.

    `kind` is the initial grant type. `key` is the RFC 7638 thumbprint of the bound DPoP key. `used`: a newer
    credential of the same grant was issued (rotation).
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
    """A user's session as the token service knows it now."""

    issuer: str
    tenant: str | None
    subject: str
    authenticated_at: float
    expires_at: float
    alive: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalAttempt:
    """An attempt to renew a token.

    The authenticated `client`, with a proof of the DPoP key `key`, presents `credential` for a new access token. The
    other fields are the new token's claims.
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
    """The context of a token. `now` is the real time in seconds at which the token was made.

    `grants` (by credential) and `sessions` (by id) are a token service's records, for `renewal` only.
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
        """Return the first issuer: the only one unless a case needs `several-issuers`."""
        return self.issuers[0]
