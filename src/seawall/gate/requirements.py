"""Check 14 at the gate: the authentication that issuer, path and risk require, satisfied by the token or an elevation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from seawall.gate.elevation import CODE_AMR, PASSKEY_AMR
from seawall.gate.refusals import GateRefusal, StepUpNeeded
from seawall.gate.responses import ChallengeParameters
from seawall_tokens.refusals import Refusal
from seawall_tokens.refusals.authentication import AcrInsufficient, AmrInsufficient, AuthenticationTooOld
from seawall_tokens.verify.authentication_claims import read_acr, read_amr, read_authentication_time
from seawall_tokens.verify.permissions import read_words

if TYPE_CHECKING:
    from seawall.gate.elevation import Elevation
    from seawall.gate.path_rule import PathRule
    from seawall.gate.risk import RiskIncident
    from seawall.gate.settings import RiskSettings, StepUpSettings
    from seawall_tokens.policy.issuer_policy import IssuerPolicy


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Authentication:
    """An authentication, from a token or an elevation. `at` is in seconds since 1970, None if unknown."""

    acr: str | None
    amr: frozenset[str]
    at: float | None


@dataclass(frozen=True, slots=True)
class AuthenticationRequirement:
    """A required authentication. `since`: it must be later than this time (seconds since 1970), because of an incident."""

    acr_values: tuple[str, ...] = ()
    amr: frozenset[str] = frozenset()
    max_age: int | None = None
    since: float | None = None

    def find_fault(self, given: Authentication, now: float, skew: float) -> Refusal | GateRefusal | None:
        """Return why an authentication is insufficient, None if it is sufficient. A missing time never counts as recent."""
        if self.since is not None and (given.at is None or not self.since < given.at <= now + skew):
            return StepUpNeeded()
        if self.acr_values and given.acr not in self.acr_values:
            return StepUpNeeded() if self.since is not None else AcrInsufficient()
        if not self.amr <= given.amr:
            return AmrInsufficient()
        if self.max_age is not None and (
            given.at is None or not now - self.max_age - skew <= given.at <= now + skew
        ):
            return AuthenticationTooOld()
        return None

    def challenge_parameters(self, now: float) -> ChallengeParameters:
        """Return the parameters of the challenge for the client."""
        age = self.max_age
        if self.since is not None:
            age = max(int(now - self.since), 0) if age is None else min(age, max(int(now - self.since), 0))
        return ChallengeParameters(acr_values=self.acr_values, max_age=age)


def issuer_requirement(policy: IssuerPolicy) -> AuthenticationRequirement | None:
    """Return the requirement of an issuer's policy, None if it has none."""
    if policy.acr_values or policy.required_amr or policy.max_authentication_age is not None:
        return AuthenticationRequirement(
            policy.acr_values, policy.required_amr, policy.max_authentication_age
        )
    return None


def path_requirement(rule: PathRule) -> AuthenticationRequirement | None:
    """Return the requirement of a path rule, None if it has none."""
    if not (rule.acr_values or rule.max_authentication_age is not None):
        return None
    return AuthenticationRequirement(rule.acr_values, frozenset(), rule.max_authentication_age)


def risk_requirement(
    incident: RiskIncident | None, settings: RiskSettings
) -> AuthenticationRequirement | None:
    """Return the requirement because of an incident, None without an incident."""
    return (
        None
        if incident is None
        else AuthenticationRequirement(settings.acr_values, since=incident.last_event)
    )


def authentication_of_claims(claims: Mapping[str, Any]) -> Authentication:
    """Return the authentication that a token states. Claims of a wrong type are ignored."""
    acr, at = _or_none(read_acr, claims), _or_none(read_authentication_time, claims)
    return Authentication(acr, frozenset(_or_none(read_amr, claims) or ()), at)


def _or_none(read: Callable[[Mapping[str, Any]], _T], claims: Mapping[str, Any]) -> _T | None:
    try:
        return read(claims)
    except ValueError:
        return None


def find_unmet(
    asked: Sequence[AuthenticationRequirement], given: Sequence[Authentication], now: float, skew: float
) -> list[tuple[Refusal | GateRefusal, AuthenticationRequirement]]:
    """Return the requirements that no single authentication satisfies, each with the fault of the first authentication."""
    found = []
    for requirement in asked:
        faults = [requirement.find_fault(one, now, skew) for one in given]
        if faults and all(fault is not None for fault in faults) and (why := faults[0]) is not None:
            found.append((why, requirement))
    return found


def reachable_authentications(
    settings: StepUpSettings, claims: Mapping[str, Any], now: float
) -> list[Authentication]:
    """Return the authentications that the session's account could perform on this gate now."""
    held = frozenset(read_words(claims, "amr"))
    reach = [Authentication(settings.passkey_acr, held | frozenset(PASSKEY_AMR), now)]
    if settings.codes:
        reach.append(Authentication(settings.code_acr, held | frozenset(CODE_AMR), now))
    return reach


def authentication_of_elevation(elevation: Elevation, claims: Mapping[str, Any]) -> Authentication:
    """Return the authentication of an elevation: its methods are added to those of the token."""
    return Authentication(
        elevation.acr, elevation.amr | frozenset(read_words(claims, "amr")), float(elevation.at)
    )
