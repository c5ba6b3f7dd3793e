"""Seawall's own verification as the kit calls it. Its policies, key cache and revocations are the real ones."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from seawall_tokens.conformance import Context, RenewalAttempt, Verifier
from seawall_tokens.conformance.context import Revocation as Revoked
from seawall_tokens.conformance.context import TrustedIssuer
from seawall_tokens.jose.key_set import KeySet, KeySetRefused, read_key_set
from seawall_tokens.keys import absence
from seawall_tokens.keys.cache import CacheSettings, KeyCache
from seawall_tokens.keys.first_seen import FirstSeen
from seawall_tokens.keys.origins import OriginFailed
from seawall_tokens.policy.issuer_policy import IssuerPolicy, Policy
from seawall_tokens.refusals import Refusal
from seawall_tokens.revocation.entry import Revocation
from seawall_tokens.revocation.snapshot import Revocations
from seawall_tokens.verify import renewal
from seawall_tokens.verify.access_token import verify_access_token
from seawall_tokens.verify.replay import MemoryReplayGuard
from seawall_tokens.verify.request_binding import RequestBinding

REPLAY = MemoryReplayGuard()


def verify(token: str, context: Context) -> dict[str, Any]:
    """The claims of an access token."""
    accepted = verify_access_token(
        token, policy_of(context), context.now, request=binding_of(context), replay=REPLAY
    )
    return dict(accepted.claims)


def renew(attempt: RenewalAttempt, context: Context) -> bool:
    """Whether a new token may be made."""
    kept = context.grants.get(attempt.credential)
    grant = (
        None
        if kept is None
        else renewal.Grant(
            kind=kept.kind,
            issuer=kept.issuer,
            tenant=kept.tenant,
            client=kept.client,
            subject=kept.subject,
            session=kept.session,
            scopes=kept.scopes,
            audiences=kept.audiences,
            binding=renewal.Binding(jkt=kept.key),
            auth_time=kept.authenticated_at,
            expires=kept.expires_at,
            revoked=kept.revoked,
            superseded=kept.used,
        )
    )
    lived = context.sessions.get(kept.session) if kept else None
    session = (
        None
        if lived is None or kept is None
        else renewal.Session(
            identifier=kept.session,
            issuer=lived.issuer,
            tenant=lived.tenant,
            subject=lived.subject,
            auth_time=lived.authenticated_at,
            alive=lived.alive,
            expires=lived.expires_at,
        )
    )
    request = renewal.RenewalRequest(
        presented=attempt.credential,
        grant=grant,
        session=session,
        issuer=context.issuer.issuer,
        tenant=attempt.tenant,
        client=attempt.client,
        binding=renewal.Binding(jkt=attempt.key),
        subject=attempt.subject,
        scopes=attempt.scopes,
        audiences=frozenset({attempt.audience}),
        auth_time=attempt.authenticated_at,
    )
    policy = policy_of(context)
    renewal.check_renewal(request, policy.issuers[0], policy.revocations, context.now)
    return True


def binding_of(context: Context) -> RequestBinding:
    """The request as the verifier takes it."""
    return RequestBinding(
        method=context.request.method,
        url=context.request.url,
        scheme=context.request.scheme,
        proofs=context.request.proofs,
        certificate=context.request.certificate,
    )


def policy_of(context: Context) -> Policy:
    """The policy that says the same as the context."""
    issuers = tuple(_issuer(trusted, context) for trusted in context.issuers)
    return Policy(issuers, Revocations.of(map(_revocation, context.revocations), now=context.now))


def _issuer(trusted: TrustedIssuer, context: Context) -> IssuerPolicy:
    asymmetric = {name for name in trusted.algorithms if not name.startswith("HS")}
    return IssuerPolicy(
        name="issuer",
        issuer=trusted.issuer,
        audiences=frozenset({context.audience}),
        keys=_keys(trusted, context),
        algorithms=frozenset(asymmetric),
        token_types=trusted.token_types,
        required_claims=trusted.required_claims,
        permission_claims=trusted.permission_claims,
        canonical_guids=trusted.canonical_guids,
        tenants=trusted.tenants,
        consumer_issuer=trusted.consumer,
        key_issuer="required" if trusted.shared_keys else "single",
        max_lifetime=trusted.max_lifetime,
        clock_skew=trusted.clock_skew,
        max_key_age=trusted.max_key_age,
        quarantine=trusted.quarantine,
        sender=trusted.sender,
        acr_values=trusted.acr_values,
        required_amr=trusted.required_amr,
        max_authentication_age=trusted.max_authentication_age,
        max_chain_age=trusted.max_chain_age,
    )


def _keys(trusted: TrustedIssuer, context: Context) -> KeyCache:
    """The real cache. It has lived through what the issuer served before."""
    served = (
        [trusted.key_set] if trusted.earlier_key_set is None else [trusted.key_set, trusted.earlier_key_set]
    )
    ticks = [0.0]

    def origin() -> KeySet:
        return _read(served.pop() if len(served) > 1 else served[0])

    memory = FirstSeen()
    if trusted.first_seen:
        memory.note(frozenset(), context.now)
    for kid, seen in trusted.first_seen.items():
        found = _read(trusted.key_set).find(kid)
        assert found is not None
        memory.note(frozenset({found.thumbprint}), seen)
    settings = CacheSettings(quarantine=trusted.quarantine, unknown_kid_interval=0.0)
    cache = KeyCache(
        trusted.issuer, origin, settings, memory=memory, clock=lambda: context.now, ticks=lambda: ticks[0]
    )
    if len(served) > 1:
        cache.warm()
        for _ in range(absence.ANSWERS):  # long enough for what is no longer listed to be retired
            ticks[0] += absence.SECONDS
            with suppress(Refusal):
                cache.lookup(trusted.issuer, "no such key", context.now)
    return cache


def _read(document: bytes) -> KeySet:
    try:
        return read_key_set(document)
    except KeySetRefused as refused:
        raise OriginFailed(f"set-{refused.code}", refused.words) from None


def _revocation(entry: Revoked) -> Revocation:
    return Revocation(
        kind="token-id" if entry.kind == "token" else entry.kind,
        issuer=entry.issuer,
        value=entry.value,
        not_before=entry.before if entry.kind == "not-before" else None,
        reason="an incident",
        who="the kit",
        at=0.0,
    )


verifier = Verifier(verify, refusals=(Refusal,), compare_codes=True, renew=renew)
