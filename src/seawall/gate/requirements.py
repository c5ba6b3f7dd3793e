"""Check 14 at the gate: what issuer, path and risk ask of the authentication, met by the token or by an elevation."""

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
    """How somebody proved who he is: what the token says, or an elevation. `at` is seconds since 1970."""

    acr: str | None
    amr: frozenset[str]
    at: float | None


@dataclass(frozen=True, slots=True)
class AuthenticationRequirement:
    """What is asked. `since`: it must have happened after this moment, because of an incident."""

    acr_values: tuple[str, ...] = ()
    amr: frozenset[str] = frozenset()
    max_age: int | None = None
    since: float | None = None

    def find_fault(self, given: Authentication, now: float, skew: float) -> Refusal | GateRefusal | None:
        """Why what is given is not enough, None when it is. A missing time is never recent."""
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
        """What the challenge says to the client."""
        age = self.max_age
        if self.since is not None:
            age = max(int(now - self.since), 0) if age is None else min(age, max(int(now - self.since), 0))
        return ChallengeParameters(acr_values=self.acr_values, max_age=age)


def issuer_requirement(policy: IssuerPolicy) -> AuthenticationRequirement | None:
    """What an issuer's policy asks."""
    if policy.acr_values or policy.required_amr or policy.max_authentication_age is not None:
        return AuthenticationRequirement(
            policy.acr_values, policy.required_amr, policy.max_authentication_age
        )
    return None


def path_requirement(rule: PathRule) -> AuthenticationRequirement | None:
    """What a path asks."""
    if not (rule.acr_values or rule.max_authentication_age is not None):
        return None
    return AuthenticationRequirement(rule.acr_values, frozenset(), rule.max_authentication_age)


def risk_requirement(
    incident: RiskIncident | None, settings: RiskSettings
) -> AuthenticationRequirement | None:
    """What an incident asks."""
    return (
        None
        if incident is None
        else AuthenticationRequirement(settings.acr_values, since=incident.last_event)
    )


def authentication_of_claims(claims: Mapping[str, Any]) -> Authentication:
    """What a token says. Claims of a wrong type say nothing."""
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
    """The demands that none of the authentications meets by itself, each with why the first of them does not."""
    found = []
    for requirement in asked:
        faults = [requirement.find_fault(one, now, skew) for one in given]
        if faults and all(fault is not None for fault in faults) and (why := faults[0]) is not None:
            found.append((why, requirement))
    return found


def reachable_authentications(
    settings: StepUpSettings, claims: Mapping[str, Any], now: float
) -> list[Authentication]:
    """What the owner of a token could prove on this gate now."""
    held = frozenset(read_words(claims, "amr"))
    reach = [Authentication(settings.passkey_acr, held | frozenset(PASSKEY_AMR), now)]
    if settings.codes:
        reach.append(Authentication(settings.code_acr, held | frozenset(CODE_AMR), now))
    return reach


def authentication_of_elevation(elevation: Elevation, claims: Mapping[str, Any]) -> Authentication:
    """An elevation adds its methods to those of the token."""
    return Authentication(
        elevation.acr, elevation.amr | frozenset(read_words(claims, "amr")), float(elevation.at)
    )
