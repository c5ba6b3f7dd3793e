"""Checks 4, 5 and 6, and the part of check 2 that needs the key: its issuer, state, fitness and algorithm."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature

from seawall_tokens.jose import fitness, signature
from seawall_tokens.jose.key import PublicKey, list_supported_algorithms
from seawall_tokens.policy.issuer_policy import TENANT_PLACEHOLDER
from seawall_tokens.policy.prepared_policy import prepare_policy
from seawall_tokens.refusals import claims as claims_refused
from seawall_tokens.refusals import signing_key as refused
from seawall_tokens.refusals import written_form
from seawall_tokens.verify.prepared_key import PreparedKey
from seawall_tokens.verify.state import ExaminationState

PREFERENCE = (
    ("RS256",),
    ("RS384",),
    ("RS512",),
    ("PS256",),
    ("PS384",),
    ("PS512",),
    ("ES256",),
    ("ES384",),
    ("ES512",),
    ("EdDSA", "Ed25519"),
    ("EdDSA", "Ed448"),
)
"""Algorithms by preference. A key without `alg` is bound to the first line that fits it and of which the policy allows one.

RS256 comes first because RFC 9068 section 2.1 requires every issuer to support it, and issuers that name no `alg`
(Entra) use it. `EdDSA` and `Ed25519` are two names of one algorithm (RFC 9864).
"""

_REMEMBERED = 1024


def list_bound_algorithms(key: PublicKey, allowed: frozenset[str]) -> frozenset[str]:
    """Return the names of the one algorithm that `key` is bound to under `allowed`; empty if there is none."""
    fitting = list_supported_algorithms(key) & allowed
    for names in PREFERENCE:
        bound = fitting.intersection(names)
        if bound:
            return bound
    return frozenset()


_PREPARED: dict[tuple[int, frozenset[str]], PreparedKey] = {}


def prepare(key: PublicKey, allowed: frozenset[str]) -> PreparedKey:
    """Return `make_ready` cached for this key object. Bounded; refusals are not cached."""
    place = (id(key), allowed)
    known = _PREPARED.get(place)
    # The value holds the key, so its id() cannot have been reused.
    if known is not None and known.key is key:
        return known
    prepared = make_ready(key, allowed)
    if len(_PREPARED) >= _REMEMBERED:
        _PREPARED.clear()
    _PREPARED[place] = prepared
    return prepared


def make_ready(key: PublicKey, allowed: frozenset[str]) -> PreparedKey:
    """Check 6: the key is fit and for verifying signatures. Check 2: bind it to one algorithm."""
    for fault in fitness.faults(key.native, key.algorithm):
        raise refused.KeyUnfit(fault.words)
    if key.use not in {None, "sig"} or (key.operations is not None and "verify" not in key.operations):
        raise refused.KeyUseWrong
    names = list_bound_algorithms(key, allowed)
    return PreparedKey(key, {name: signature.verifier(key.native, name) for name in names})


def find_issuer(state: ExaminationState) -> None:
    """Check 4 (and the first half of 8): a policy trusts the token's issuer, which is not verified yet."""
    claims = state.claims
    issuer = claims.get("iss")
    if type(issuer) is not str or not issuer:
        raise (claims_refused.ClaimMalformed if "iss" in claims else claims_refused.ClaimMissing)("iss")
    state.issuer = issuer
    if "tid" in claims:
        tenant = claims["tid"]
        if type(tenant) is not str or not tenant:
            raise claims_refused.TenantMalformed
        state.tenant = tenant
    entry = state.policy.issuer_of(issuer, state.tenant)
    if entry is None:
        raise refused.IssuerUnknown
    state.entry = entry
    state.plan = prepare_policy(entry)


def find_key(state: ExaminationState) -> None:
    """Check 4: the issuer has a key with exactly this `kid`."""
    kid = state.header.kid
    if not kid:
        raise refused.KidMissing
    state.held = held = state.entry.keys.lookup(state.issuer, kid, state.now)
    if held.key.kid != kid:
        raise refused.KeyUnknown


def check_key_issuer(state: ExaminationState) -> None:
    """Check 4: the key signs for the issuer that the token names.

    A key's issuer may contain `{tenantid}`, for the token's `tid`. Storm-0558's tokens fail here: a key of the issuer
    of personal accounts signed them, but they named an organisation's issuer.
    """
    bound = state.held.key.issuer
    if bound is None:
        if state.entry.key_issuer != "single":
            raise refused.KeyIssuerMissing
        return
    if TENANT_PLACEHOLDER in bound:
        if state.tenant is None:
            raise claims_refused.TenantMissing
        bound = bound.replace(TENANT_PLACEHOLDER, state.tenant)
    if bound != state.issuer:
        raise refused.KeyIssuerMismatch


def check_key_state(state: ExaminationState) -> None:
    """Check 5: the key is in use: not retired, revoked, expired, not yet valid, too old or quarantined."""
    held, now, entry = state.held, state.now, state.entry
    key = held.key
    if held.state != "active":
        raise refused.KeyRetired if held.state == "retired" else refused.KeyRevoked
    if now < held.quarantined_until:
        raise refused.KeyQuarantined
    if key.not_after is not None and now > key.not_after:
        raise refused.KeyExpired
    if key.not_before is not None and now + entry.clock_skew < key.not_before:
        raise refused.KeyNotYetValid
    if entry.max_key_age is not None and now - _born(held.first_seen, key) > entry.max_key_age:
        raise refused.KeyTooOld


def _born(first_seen: float, key: PublicKey) -> float:
    return first_seen if key.not_before is None else min(first_seen, key.not_before)


def check_key_fitness(state: ExaminationState) -> None:
    """Check 6: the key is strong enough and meant for verifying signatures."""
    state.prepared = prepare(state.held.key, state.entry.algorithms)


def check_bound_algorithm(state: ExaminationState) -> None:
    """Check 2: the header's algorithm is the one that the key is bound to."""
    if state.header.algorithm not in state.prepared.verifiers:
        raise written_form.AlgKeyMismatch


def check_signature(state: ExaminationState) -> None:
    """Check 2: the signature is over exactly these two segments under this key."""
    try:
        state.prepared.verifiers[state.header.algorithm](state.compact.signature, state.compact.signed)
    except (InvalidSignature, ValueError):
        pass
    else:
        state.verified = True
        return
    raise written_form.SignatureInvalid


def check_algorithm_allowed(state: ExaminationState) -> None:
    """Check 2: the issuer's policy allows the algorithm, in exactly this spelling."""
    if state.header.algorithm not in state.entry.algorithms:
        raise written_form.AlgNotAllowed
