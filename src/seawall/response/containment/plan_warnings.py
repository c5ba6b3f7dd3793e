"""Say what to know before a plan is applied: doubts about its incidents, limits of the logs, and steps that are missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seawall.detection.incident import Incident
from seawall.response.containment import gate
from seawall.response.containment.steps import StepSubject
from seawall.response.containment.values import ContainmentStep
from seawall.response.scope_values import Scope
from seawall_base.plurals import plural


def _has_account(scope: Scope, incident: Incident) -> bool:
    wanted = (incident.tenant, incident.account.casefold())
    return any((one.tenant, one.name.casefold()) == wanted for one in scope.accounts)


def _warnings_of(incident: Incident, scope: Scope | None, count: int) -> Iterator[str]:
    """Yield what to know of an incident before its steps are applied; of several it is named."""
    one = "the incident" if count == 1 else f"the incident of {incident.account}"
    if incident.kind in gate.FORGED:
        yield (
            "Disabling accounts, resetting passwords and revoking sessions do nothing against forged tokens: whoever holds a "
            "stolen signing key makes a new one for any account. What ends them is the key and the renewal, blocked where tokens "
            "are accepted: the steps block_key and block_renewal come first, and without them the rest is not containment."
        )
    if incident.severity in {"low", "medium"}:
        severity = "The incident's severity" if count == 1 else f"The severity of {one}"
        yield (
            f"{severity} is {incident.severity}: it may be the owner's own doing. Ask them, by telephone or in "
            "person, before anything is applied."
        )
    if not incident.raised and count > 1:
        yield (
            f"{incident.account} belongs to the attack, though its own incident was not raised: its steps are precautions, and "
            "come last. If nobody knows the account, or the intruder made it, apply them first, with --steps."
        )
    if scope is not None and not _has_account(scope, incident):
        yield f"The scope says nothing of {incident.account}: it is of other logs, or of another organisation."
    unlisted = incident.details.get("events_not_listed")
    if isinstance(unlisted, int) and unlisted > 0:
        yield (
            f"{plural(unlisted, 'record')} of the intruder are not listed in {one}: what they changed "
            "may be missing here."
        )
    if incident.coverage:
        yield "The logs had limits in this time: what the intruder left behind may not be in them, so look by hand too."


def list_warnings(
    incidents: Sequence[Incident],
    scope: Scope | None,
    subjects: Sequence[StepSubject],
    actions: Sequence[ContainmentStep],
    unmade: Sequence[str],
) -> Iterator[str]:
    """Yield what to know before the steps are applied. `unmade` names the accounts and records whose steps failed."""
    if unmade:
        yield (
            f"{plural(len(unmade), 'step')} could not be made, because a name holds what no address can: look by hand at "
            + ", ".join(dict.fromkeys(unmade[:5]))
        )
    yield from dict.fromkeys(text for one in incidents for text in _warnings_of(one, scope, len(incidents)))
    if scope is not None and scope.is_bounded:
        yield "The search for the scope was stopped by a bound: more accounts may be touched than this plan knows."
    if not actions:
        yield "There is nothing in the records from which a step could be made."
    planned = {action.account for action in actions}
    without = [one.account for one in subjects if one.account not in planned]
    if without:
        shown = ", ".join(without[:5]) + (" …" if len(without) > 5 else "")
        yield f"No system is known for {plural(len(without), 'account')}, so that nothing is planned there: {shown}"
    if any(action.confidence == "precaution" for action in actions):
        yield "Steps marked precaution may meet the owner's own doings: ask first, and apply them one by one with --steps."
