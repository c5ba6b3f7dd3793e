"""Make the messages about automatic containment for webhooks and channels. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any, Final

from seawall.detection.incident import Incident
from seawall.response.automatic.record import AutomaticAct
from seawall.response.containment.values import ContainmentStep
from seawall_base.times import rfc3339

WELL: Final = frozenset({"done", "already"})


@dataclass(frozen=True, slots=True)
class AutomaticNews:
    """One message. `kind` is `containment.done`, `.unclear`, `.simulated` or `.withheld`."""

    kind: str
    tenant: str
    incident: str
    document: Mapping[str, Any]


def tell_act(act: AutomaticAct, journal: Path) -> AutomaticNews:
    """Return the message about an act whose result is known, or is known to be unknown."""
    states = dict(act.states or {})
    is_well = bool(states) and set(states.values()) <= WELL
    title = (
        f"Contained without a person: {act.account}"
        if is_well
        else f"Containment needs a person: {act.account}"
    )
    text = (
        "Sign-in of the account is blocked."
        if is_well
        else "An act was begun, and its result is not what was wanted or is not known. Look at the vendor; it is not tried again."
    )
    return AutomaticNews(
        "containment.done" if is_well else "containment.unclear",
        act.tenant,
        act.incident,
        {
            "tenant": act.tenant, "account": act.account, "incident": act.incident, "at": rfc3339(act.at),
            "title": title, "text": text, "steps": list(act.titles), "states": states, "plan": act.plan,
            "journal": str(journal), "undo": undo_command(journal),
        },
    )  # fmt: skip


def tell_simulated(incident: Incident, steps: Sequence[ContainmentStep]) -> AutomaticNews:
    """Return the message about what would have been done."""
    text = "Simulated only: nothing was changed."
    return _tell("containment.simulated", incident, f"Would be contained: {incident.account}", text, steps)


def tell_limit(incident: Incident, why: str) -> AutomaticNews:
    """Return the message that a limit kept an incident from being contained."""
    return _tell("containment.withheld", incident, f"Left to a person: {incident.account}", why, ())


def undo_command(journal: Path) -> str:
    """Return the command that undoes an act."""
    return f"seawall respond undo {quote(str(journal))} --apply --approver NAME --config FILE"


def _tell(
    kind: str, incident: Incident, title: str, text: str, steps: Sequence[ContainmentStep]
) -> AutomaticNews:
    document = {
        "tenant": incident.tenant, "account": incident.account, "incident": incident.id, "title": title, "text": text,
        "steps": [step.title for step in steps],
    }  # fmt: skip
    return AutomaticNews(kind, incident.tenant, incident.id, document)
