"""Checks 7, 8, 9, 10 and 14: the token's claims, once its issuer is verified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seawall_tokens.policy.issuer_policy import ABSENT_TYPE, TENANT_PLACEHOLDER, IssuerPolicy
from seawall_tokens.policy.prepared_policy import GUID, GUID_CLAIMS, NAMES, is_consumer
from seawall_tokens.refusals import authentication, claims
from seawall_tokens.verify.authentication_claims import read_acr, read_amr, read_authentication_time
from seawall_tokens.verify.spelling import is_disguised_guid
from seawall_tokens.verify.state import ExaminationState

LATEST_TIME = 253_402_300_799
"""The end of the year 9999 in seconds; larger values are milliseconds or invalid."""

KINDS: Mapping[str, type] = {
    **dict.fromkeys(NAMES, str),
    "nonce": str,
    **dict.fromkeys(("cnf", "act", "may_act"), dict),
}
"""Required types of the claims that Seawall interprets, besides times. Other claims are left to the application."""


def check_type(state: ExaminationState) -> None:
    """Check 7: `typ` is one of the policy's. A missing `typ` is accepted only if the policy says so."""
    named = state.header.type
    if named is None:
        if ABSENT_TYPE not in state.entry.token_types:
            raise claims.TypeMissing
    elif not named or named not in state.entry.token_types:
        raise claims.TypeWrong


def check_issuer_and_tenant(state: ExaminationState) -> None:
    """Check 8: exact issuer; tenant a GUID, equal to the issuer's and allowed; consumer tenant only at its own issuer."""
    entry, tenant = state.entry, state.tenant
    if tenant is None:
        if entry.tenants is not None or entry.consumer_issuer:
            raise claims.TenantMissing
        if state.issuer != entry.issuer:
            raise claims.IssuerMismatch
        return
    if entry.tenants is None and not is_consumer(tenant) and not entry.consumer_issuer:
        # An issuer without tenants may use `tid` for something else.
        if state.issuer != entry.issuer:
            raise claims.IssuerMismatch
        return
    _check_tenant(state, tenant)


def _check_tenant(state: ExaminationState, tenant: str) -> None:
    entry, plan = state.entry, state.plan
    if GUID.fullmatch(tenant) is None:
        raise claims.TenantMalformed
    lower = tenant.lower()
    if state.issuer != entry.issuer.replace(TENANT_PLACEHOLDER, tenant):
        raise claims.TenantMismatch
    if plan.issuer_tenant is not None and plan.issuer_tenant != lower:
        raise claims.TenantMismatch
    if is_consumer(tenant) != entry.consumer_issuer:
        raise claims.ConsumerTenant
    if tenant != lower:
        raise claims.TenantMalformed
    if entry.tenants is not None and not plan.any_tenant and lower not in entry.tenants:
        raise claims.TenantNotAllowed


def check_claims(state: ExaminationState) -> None:
    """Check 9: the audience is this service, interpreted claims have their type, and required ones are present."""
    said = state.claims
    _check_audience(said, state.entry)
    for name, value in said.items():
        kind = KINDS.get(name)
        if kind is not None and (type(value) is not kind or (not value and name in NAMES)):
            raise claims.ClaimMalformed(name)
    _check_sign_in(said)
    # RFC 9068 makes a scope one text; IdentityServer and PingFederate write an array.
    if "scope" in said and type(said["scope"]) is not str and not _all_texts(said["scope"]):
        raise claims.ClaimMalformed("scope")
    if state.entry.canonical_guids:
        _check_guids(said)
    if not state.plan.simple <= said.keys():
        raise claims.ClaimMissing(min(state.plan.simple - said.keys()))
    for demand in state.plan.required:
        _check_demand(said, demand)
    if state.entry.conditions and (unmet := state.entry.conditions.unmet(said)) is not None:
        raise (claims.ClaimNotAllowed if unmet in said else claims.ClaimMissing)(unmet)
    if state.entry.permission_claims:
        _check_permissions(said, state.entry.permission_claims)


def _check_sign_in(said: Mapping[str, Any]) -> None:
    try:
        read_acr(said)
        read_amr(said)
    except ValueError as wrong:
        raise claims.ClaimMalformed(str(wrong)) from None


def _check_permissions(said: Mapping[str, Any], names: tuple[str, ...]) -> None:
    """Refuse a token without any permission, or with a permission claim that is neither text nor array of texts."""
    granted = False
    for name in names:
        value = said.get(name, "")
        if type(value) is not str and not _all_texts(value):
            raise claims.ClaimMalformed(name)
        granted = granted or any(word.strip() for word in ([value] if type(value) is str else value))
    if not granted:
        raise claims.PermissionsMissing(" or ".join(names))


def _check_guids(said: Mapping[str, Any]) -> None:
    for name in GUID_CLAIMS & said.keys():
        if is_disguised_guid(said[name]):
            raise claims.GuidNotCanonical(name)


def _all_texts(value: Any) -> bool:
    return type(value) is list and all(type(item) is str for item in value)


def _check_demand(said: Mapping[str, Any], demand: tuple[str, ...]) -> None:
    for name in demand:
        value = said.get(name)
        # Zero and false are values; null and an empty text, array or object are not.
        if value or value == 0:
            return
    raise claims.ClaimMissing("|".join(demand))


def _check_audience(said: Mapping[str, Any], entry: IssuerPolicy) -> None:
    if entry.audience_claim not in said:
        raise claims.AudienceMissing
    _check_named(said[entry.audience_claim], entry.audiences)
    if entry.audience_claim != "aud" and "aud" in said:
        _check_named(said["aud"], entry.audiences)


def _check_named(named: Any, mine: frozenset[str]) -> None:
    if type(named) is str:
        if named not in mine:
            raise claims.AudienceWrong
        return
    if type(named) is not list or not named or not all(type(name) is str for name in named):
        raise claims.AudienceMalformed
    if mine.isdisjoint(named):
        raise claims.AudienceWrong


def check_times(state: ExaminationState) -> None:
    """Check 10: not expired, already valid, not issued in the future, and no longer lifetime than allowed."""
    said, now, entry = state.claims, state.now, state.entry
    skew = entry.clock_skew
    expires = time_claim(said, "exp")
    if expires is None:
        raise claims.ClaimMissing("exp")
    begins = time_claim(said, "nbf") if "nbf" in said else None
    issued = time_claim(said, "iat")
    if "auth_time" in said:
        authentication_time(said)
    if now >= expires + skew:
        raise claims.Expired
    if begins is not None and now + skew < begins:
        raise claims.NotYetValid
    if issued is not None and now + skew < issued:
        raise claims.IssuedInFuture
    # Without `iat` the lifetime counts from `nbf`, without both from now.
    start = issued if issued is not None else begins if begins is not None else now - skew
    if expires - start > _longest_lifetime(said, entry):
        raise claims.LifetimeTooLong


def _longest_lifetime(said: Mapping[str, Any], entry: IssuerPolicy) -> int:
    if entry.max_application_lifetime is None or "scp" in said or "scope" in said:
        return entry.max_lifetime
    return entry.max_application_lifetime if said.get("idtyp", "app") == "app" else entry.max_lifetime


def authentication_time(said: Mapping[str, Any]) -> float | None:
    """Return `auth_time` in seconds since 1970, None if absent; refuse anything else as malformed."""
    try:
        when = read_authentication_time(said)
    except ValueError:
        raise claims.TimeMalformed("auth_time") from None
    if when is not None and not 0 <= when <= LATEST_TIME:
        raise claims.TimeMalformed("auth_time")
    return when


def time_claim(said: Mapping[str, Any], name: str) -> float | None:
    """Return a time claim in seconds since 1970, None if absent; refuse anything else as malformed, null included."""
    value = said.get(name)
    # bool is excluded although it is an int; strict JSON has refused NaN and Infinity.
    if (type(value) is int or type(value) is float) and 0 <= value <= LATEST_TIME:
        return value
    if value is None and name not in said:
        return None
    raise claims.TimeMalformed(name)


def check_authentication(state: ExaminationState) -> None:
    """Check 14: the sign-in was as strong and recent as the policy demands (RFC 9470)."""
    if not state.plan.demands_sign_in:
        return
    said, entry = state.claims, state.entry
    if entry.acr_values and read_acr(said) not in entry.acr_values:
        raise authentication.AcrInsufficient(acr_values=entry.acr_values)
    if not entry.required_amr.issubset(read_amr(said)):
        raise authentication.AmrInsufficient(acr_values=entry.acr_values)
    if entry.max_authentication_age is not None:
        when = authentication_time(said)
        if when is None or state.now - when > entry.max_authentication_age + entry.clock_skew:
            raise authentication.AuthenticationTooOld(max_age=entry.max_authentication_age)
        if when > state.now + entry.clock_skew:
            raise claims.TimeMalformed("auth_time")
