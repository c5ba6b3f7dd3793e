"""Value types of a relying party's policy: trusted issuers, their keys, and the demands on their tokens.

`file` reads them from a file, `keys.cache` supplies the keys, `verify` applies them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol

from seawall_tokens.verify.claim_conditions import NO_CONDITIONS, Conditions

if TYPE_CHECKING:
    from seawall_tokens.jose.key import PublicKey

TENANT_PLACEHOLDER: Final = "{tenantid}"
"""Placeholder in an issuer, or in a key's issuer, for the tenant of the token's `tid` (Entra's own spelling)."""

CONSUMER_TENANT: Final = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The single tenant of all personal Microsoft accounts."""

ANY_TENANT: Final[frozenset[str]] = frozenset({"*"})
"""`IssuerPolicy.tenants` of an application that accepts every tenant. Compare with `==`; no tenant is called `*`."""

ABSENT_TYPE: Final = ""
"""In `IssuerPolicy.token_types`: accept a token without `typ` (Okta's access tokens have none)."""

ASYMMETRIC: Final[frozenset[str]] = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
    | {"ES256", "ES384", "ES512", "EdDSA", "Ed25519", "Ed448"}
)
"""Every algorithm that a policy may name: RFC 7518, 8037 and 9864 without `none` and HMAC.

ES256K (RFC 8812) is left out because no key on its curve is accepted (`seawall_tokens.jose.fitness`).
"""

LONGEST_LIFETIME: Final = 366 * 24 * 3600
"""The longest `max_lifetime`, in seconds. Revoked token ids are remembered for longer."""

KeyState = Literal["active", "retired", "revoked"]
KeyIssuer = Literal["required", "single"]
AudienceClaim = Literal["aud", "client_id"]
Sender = Literal["optional", "dpop", "mtls", "required"]


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A key with its state in the source. Times are seconds since 1970.

    `first_seen` is when the source first listed it, as far as remembered. `state` is `retired` if a source that
    listed it no longer does, `revoked` if the policy denies it. Before `quarantined_until` the key is refused,
    because it appeared among known keys. 0 means no quarantine, as for keys of the first load.
    """

    key: PublicKey
    first_seen: float
    state: KeyState
    quarantined_until: float = 0.0


def issuer_fits(issuer: str, iss: str) -> bool:
    """Return whether `iss` equals `issuer`, with `{tenantid}` matching any one path segment."""
    before, placeholder, after = issuer.partition(TENANT_PLACEHOLDER)
    if not placeholder:
        return iss == issuer
    middle = iss[len(before) : len(iss) - len(after)]
    return bool(middle) and "/" not in middle and iss == before + middle + after


class KeySource(Protocol):
    """A source of an issuer's keys."""

    def lookup(self, issuer: str, kid: str, now: float) -> IssuerKey:
        """Return the key `kid` of `issuer`, never another issuer's.

        Raises only `Refusal` subclasses: `key-unknown`, `key-unfit`, `key-use-wrong`, `key-source-unavailable`,
        `key-set-invalid`, `key-set-mixed`, `key-duplicate-kid`.
        """
        ...


class RevocationList(Protocol):
    """A revocation list, such as `seawall_tokens.revocation.snapshot.Revocations`."""

    def refuse(
        self,
        *,
        issuer: str,
        kid: str | None,
        thumbprint: str | None,
        subject: str | None,
        session: str | None,
        token_id: str | None,
        issued_at: float | None,
        client: str | None,
        object_id: str | None = None,
    ) -> None:
        """Raise the fitting `Refusal` if any of these values is revoked."""
        ...


class NothingRevoked:
    """An empty revocation list."""

    __slots__ = ()

    def refuse(self, **_: str | float | None) -> None:
        """Refuse nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerPolicy:
    """The demands on tokens of one issuer. Durations are seconds. Contradictory values raise `ValueError` at construction.

    `issuer` is compared exactly; it may contain `{tenantid}` once, for the token's `tid`. `audiences` are the
    service's own names. A token must name one in `audience_claim` (`client_id` if tokens have no `aud`; an `aud` that
    is present must then name one too). `keys` is the source of the issuer's keys.

    `token_types` are accepted values of `typ`: lower case, without `application/`; `ABSENT_TYPE` accepts a missing
    one. `required_claims` are demanded beside `iss`, `exp` and `aud`; alternatives as `client_id|azp|appid`.
    `conditions` are values that claims must have. `permission_claims`: one of them must be a non-blank text or list
    of texts (empty: no demand). `canonical_guids`: every GUID of an account, tenant, client or session must be spelt
    as Entra does.

    `tenants` are accepted values of `tid`, lower case; None for an issuer without tenants; `ANY_TENANT` for all.
    `consumer_issuer` is true only for the issuer of personal accounts; any other issuer's tokens of the consumer
    tenant are refused. `key_issuer` `required`: every key must carry an issuer that equals `iss` once `{tenantid}` is
    replaced by `tid`. `key_issuer` `single`: the key source belongs to this issuer alone, so a key without an issuer
    is valid.

    `max_lifetime` limits `exp` - `iat`. `max_application_lifetime` does so for a token that an application has for
    itself (no `scp`, no `scope`, no `idtyp` other than `app`); None: no difference. `clock_skew` is the tolerated
    clock difference. `max_key_age` refuses older keys; None: no limit. `quarantine` is how long a newly seen key is
    held.

    `sender` `optional`: a token bound to a key (`cnf`) must be proved, others may be bearer tokens. `dpop` and `mtls`
    demand that binding, `required` either. `acr_values`: the token's `acr` must be one of them (empty: no demand).
    `required_amr`: all must be in its `amr`. `max_authentication_age` limits the age of `auth_time`; None: no limit.
    `max_chain_age` is how long after `auth_time` a token may be renewed.
    """

    name: str
    issuer: str
    audiences: frozenset[str]
    keys: KeySource
    algorithms: frozenset[str] = frozenset({"RS256"})
    token_types: frozenset[str] = frozenset({"at+jwt"})
    required_claims: tuple[str, ...] = ("sub", "client_id", "iat", "jti")
    audience_claim: AudienceClaim = "aud"
    conditions: Conditions = NO_CONDITIONS
    permission_claims: tuple[str, ...] = ()
    canonical_guids: bool = False
    tenants: frozenset[str] | None = None
    consumer_issuer: bool = False
    key_issuer: KeyIssuer = "single"
    max_lifetime: int = 24 * 3600
    max_application_lifetime: int | None = None
    clock_skew: int = 60
    max_key_age: int | None = None
    quarantine: int = 0
    sender: Sender = "optional"
    acr_values: tuple[str, ...] = ()
    required_amr: frozenset[str] = frozenset()
    max_authentication_age: int | None = None
    max_chain_age: int = 7 * 24 * 3600

    def __post_init__(self) -> None:
        """Raise `ValueError` for a policy that would accept too much."""
        if not self.issuer or not self.audiences or "" in self.audiences:
            raise ValueError("a policy needs an issuer and audiences")
        if not self.algorithms or not self.algorithms <= ASYMMETRIC:
            raise ValueError("a policy needs algorithms, and only asymmetric ones")
        if not self.token_types:
            raise ValueError("a policy needs token types")
        if self.issuer.count(TENANT_PLACEHOLDER) > 1 or (self.is_templated and not self.tenants):
            raise ValueError("an issuer with a tenant placeholder has it once, and needs tenants")
        if self.is_templated and self.key_issuer != "required":
            raise ValueError("an issuer with a tenant placeholder needs the issuer on every key")
        if min(self.max_lifetime, self.max_chain_age) <= 0 or min(self.clock_skew, self.quarantine) < 0:
            raise ValueError("a policy's durations are positive")
        longest = max(self.max_lifetime, self.max_application_lifetime or 0)
        if longest > LONGEST_LIFETIME or self.max_application_lifetime == 0:
            raise ValueError("no token may live for more than a year, or for no time")

    @property
    def is_templated(self) -> bool:
        """Return whether the issuer contains `{tenantid}`."""
        return TENANT_PLACEHOLDER in self.issuer

    def fits(self, iss: str) -> bool:
        """Return whether `iss` is this issuer, with `{tenantid}` matching any one path segment."""
        return issuer_fits(self.issuer, iss)


@dataclass(frozen=True, slots=True)
class Policy:
    """All trusted issuers and the revocation list."""

    issuers: tuple[IssuerPolicy, ...]
    revocations: RevocationList = field(default_factory=NothingRevoked)
    _exact: dict[str, IssuerPolicy] = field(init=False, repr=False, compare=False)
    _templates: tuple[IssuerPolicy, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the issuers; raise `ValueError` for two policies of one issuer."""
        exact = {entry.issuer: entry for entry in self.issuers}
        if len(exact) != len(self.issuers):
            raise ValueError("two policies for one issuer")
        object.__setattr__(
            self, "_exact", {key: entry for key, entry in exact.items() if not entry.is_templated}
        )
        object.__setattr__(self, "_templates", tuple(entry for entry in self.issuers if entry.is_templated))

    def issuer_of(self, iss: str, tid: str | None) -> IssuerPolicy | None:
        """Return the policy for a token's `iss` and `tid`, None if no policy trusts that issuer.

        An exact issuer precedes one with `{tenantid}`. Check 8 verifies that `tid` is well formed, allowed and equal
        to the tenant in `iss`, with a code for each; here `tid` only decides between two templates.
        """
        entry = self._exact.get(iss)
        if entry is not None:
            return entry
        fitting = [template for template in self._templates if template.fits(iss)]
        for template in fitting:
            if tid is not None and template.issuer.replace(TENANT_PLACEHOLDER, tid) == iss:
                return template
        return fitting[0] if fitting else None
