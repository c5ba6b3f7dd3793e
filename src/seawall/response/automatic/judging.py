"""Decide whether an incident may be contained without a person. Whatever is unknown is a reason to leave it alone. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from seawall.detection.incident import SEVERITIES, Incident
from seawall.response.automatic.record import DAY, HOUR, REST, AutomaticAct
from seawall.response.automatic.settings import AccountKind, AutomaticSettings, KindThresholds
from seawall.response.containment.values import ActionKind, ContainmentPlan, ContainmentStep

AUTOMATIC_KINDS: Final[frozenset[ActionKind]] = frozenset({"disable_account", "disable_service_principal"})
"""Kinds of steps that are ever done without a person. They block the account's sign-in, and are undone exactly."""

MOST_AGE: Final = DAY
"""Longest time since the intruder's last record: an older incident is a person's."""

_AHEAD: Final = HOUR


class LeftAlone(Exception):
    """An incident is left alone. `rule` is the stable name of the reason, `why` says it in words."""

    def __init__(self, rule: str, why: str) -> None:
        super().__init__(why)
        self.rule, self.why = rule, why


@dataclass(frozen=True, slots=True)
class AutomaticCandidate:
    """An incident as the store has it."""

    incident: Incident
    is_announced: bool = True
    is_answered: bool = False
    is_history: bool = False


def check_incident(settings: AutomaticSettings, candidate: AutomaticCandidate, now: int) -> None:
    """Raise LeftAlone unless the incident, whatever kind its account is, may be contained at a time."""
    incident = candidate.incident
    if incident.tenant not in settings.organisations:
        raise LeftAlone("organisation", f"{incident.tenant} is not among the organisations")
    if not incident.raised or not candidate.is_announced or candidate.is_history:
        raise LeftAlone("not-raised", "the incident was not raised and announced, or is history")
    if candidate.is_answered:
        raise LeftAlone("answered", "a person has answered the incident")
    if not now - MOST_AGE <= incident.last_event <= now + _AHEAD:
        raise LeftAlone("age", "the last record is older than a day, or of the future")
    if is_protected(settings, incident.account):
        raise LeftAlone("protected", f"{incident.account} is protected")
    every = (settings.people, settings.administrators, settings.services)
    if not any(_reaches(incident, one) for one in every if one is not None):
        raise LeftAlone("thresholds", "severity or chance is below every threshold")


def check_kind(settings: AutomaticSettings, incident: Incident, kind: AccountKind) -> None:
    """Raise LeftAlone unless accounts of this kind are contained, and the incident reaches their thresholds."""
    thresholds = settings.thresholds(kind)
    if thresholds is None:
        raise LeftAlone("kind", f"the account is of the kind {kind}, which is never contained")
    if not _reaches(incident, thresholds):
        raise LeftAlone("thresholds", f"severity or chance is below the thresholds for {kind}")


def check_limits(
    settings: AutomaticSettings, acts: Iterable[AutomaticAct], incident: Incident, now: int
) -> None:
    """Raise LeftAlone if the account had its turn, or the organisation's limits are reached.

    Acts whose time is later than `now` count too: the clock may have gone back.
    """
    same = [act for act in acts if act.tenant == incident.tenant]
    account = incident.account.casefold()
    if any(act.incident == incident.id for act in same):
        raise LeftAlone("once", "the incident had its turn")
    if any(act.account.casefold() == account and act.at > now - REST for act in same):
        raise LeftAlone("once", "the account had its turn within seven days")
    for name, span, most in (("hour", HOUR, settings.an_hour), ("day", DAY, settings.a_day)):
        if sum(act.at > now - span for act in same) >= most:
            raise LeftAlone(
                f"limit-{name}", f"{most} accounts of the organisation were contained within the {name}"
            )


def is_protected(settings: AutomaticSettings, account: str) -> bool:
    """Return whether an account is never touched."""
    return account.strip().casefold() in {one.strip().casefold() for one in settings.protected}


def is_service(settings: AutomaticSettings, step: ContainmentStep) -> bool:
    """Return whether a step concerns an application, or an account with the name of a service account."""
    account = step.account.casefold()
    is_named = any(fnmatchcase(account, pattern.casefold()) for pattern in settings.service_names)
    return step.kind == "disable_service_principal" or "@" not in account or is_named


def select_automatic_steps(plan: ContainmentPlan, incident: Incident) -> tuple[ContainmentStep, ...]:
    """Return the steps that may be done without a person: reversible, about the incident's own account, needing no other.

    Raises LeftAlone if there is none, or if the account would stay open somewhere because its step there is not one.
    """
    own = [
        step
        for step in plan.actions
        if step.kind in AUTOMATIC_KINDS and (step.tenant, step.account) == (incident.tenant, incident.account)
    ]
    if not own or not all(_is_allowed(step) for step in own):
        raise LeftAlone("steps", "no step of the plan blocks the account alone and can be undone exactly")
    return tuple(own)


def _is_allowed(step: ContainmentStep) -> bool:
    return step.is_reversible and not step.after and step.confidence != "precaution" and step.vendor != "gate"


def _reaches(incident: Incident, thresholds: KindThresholds) -> bool:
    chance = incident.chance
    if chance is None or not math.isfinite(chance) or incident.severity not in SEVERITIES:
        return False
    is_severe = SEVERITIES.index(incident.severity) >= SEVERITIES.index(thresholds.severity)
    return is_severe and thresholds.chance <= chance <= 1.0
