"""Check 14 at the gate: what issuer, path and risk ask of the authentication, met by the token or by an elevation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from seawall.gate.answers import Asks
from seawall.gate.elevation import CODE_AMR, PASSKEY_AMR
from seawall.gate.refusals import GateRefusal, StepUpNeeded
from seawall_tokens.refusals import Refusal
from seawall_tokens.refusals.authentication import AcrInsufficient, AmrInsufficient, AuthenticationTooOld
from seawall_tokens.verify.authentication_claims import read_acr, read_amr, read_authentication_time
from seawall_tokens.verify.permissions import read_words

if TYPE_CHECKING:
    from seawall.gate.elevation import Elevation
    from seawall.gate.path_rule import PathRule
    from seawall.gate.risk import Incident
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
class Demand:
    """What is asked. `since`: it must have happened after this moment, because of an incident."""

    acr_values: tuple[str, ...] = ()
    amr: frozenset[str] = frozenset()
    max_age: int | None = None
    since: float | None = None

    def unmet(self, given: Authentication, now: float, skew: float) -> Refusal | GateRefusal | None:
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

    def asks(self, now: float) -> Asks:
        """What the challenge says to the client."""
        age = self.max_age
        if self.since is not None:
            age = max(int(now - self.since), 0) if age is None else min(age, max(int(now - self.since), 0))
        return Asks(acr_values=self.acr_values, max_age=age)


def of_issuer(policy: IssuerPolicy) -> Demand | None:
    """What an issuer's policy asks."""
    if policy.acr_values or policy.required_amr or policy.max_authentication_age is not None:
        return Demand(policy.acr_values, policy.required_amr, policy.max_authentication_age)
    return None


def of_path(rule: PathRule) -> Demand | None:
    """What a path asks."""
    if not (rule.acr_values or rule.max_authentication_age is not None):
        return None
    return Demand(rule.acr_values, frozenset(), rule.max_authentication_age)


def of_risk(incident: Incident | None, settings: RiskSettings) -> Demand | None:
    """What an incident asks."""
    return None if incident is None else Demand(settings.acr_values, since=incident.last_event)


def from_claims(claims: Mapping[str, Any]) -> Authentication:
    """What a token says. Claims of a wrong type say nothing."""
    acr, at = _or_none(read_acr, claims), _or_none(read_authentication_time, claims)
    return Authentication(acr, frozenset(_or_none(read_amr, claims) or ()), at)


def _or_none(read: Callable[[Mapping[str, Any]], _T], claims: Mapping[str, Any]) -> _T | None:
    try:
        return read(claims)
    except ValueError:
        return None


def unmet(
    asked: Sequence[Demand], given: Sequence[Authentication], now: float, skew: float
) -> list[tuple[Refusal | GateRefusal, Demand]]:
    """The demands that none of the authentications meets by itself, each with why the first of them does not."""
    found = []
    for demand in asked:
        faults = [demand.unmet(one, now, skew) for one in given]
        if faults and all(fault is not None for fault in faults) and (why := faults[0]) is not None:
            found.append((why, demand))
    return found


def within_reach(settings: StepUpSettings, claims: Mapping[str, Any], now: float) -> list[Authentication]:
    """What the holder of a token could prove on this gate now."""
    held = frozenset(read_words(claims, "amr"))
    reach = [Authentication(settings.passkey_acr, held | frozenset(PASSKEY_AMR), now)]
    if settings.codes:
        reach.append(Authentication(settings.code_acr, held | frozenset(CODE_AMR), now))
    return reach


def from_elevation(elevation: Elevation, claims: Mapping[str, Any]) -> Authentication:
    """An elevation adds its methods to those of the token."""
    return Authentication(
        elevation.acr, elevation.amr | frozenset(read_words(claims, "amr")), float(elevation.at)
    )
