"""Read from a journal what a containment did, as notices. Planned, refused and unclear steps give none. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from seawall.response.containment.gate import entra_issuer
from seawall.response.containment.history import read_history
from seawall.response.containment.values import ContainmentStep
from seawall.response.signals.event import EventName, EventSubject, SignalNotice
from seawall_base.times import parse_rfc3339

DONE: Final[dict[str, EventName]] = {
    "revoke_sessions": "session-revoked",
    "reset_password": "credential-change",
    "remove_method": "credential-change",
    "disable_account": "account-disabled",
}
"""The event of each kind of step. Other kinds have no event that describes them."""

UNDONE: Final[dict[str, EventName]] = {"disable_account": "account-enabled"}

CREDENTIALS: Final = (
    ("phoneMethods", "phone-sms"),
    ("fido2Methods", "fido2-roaming"),
    ("windowsHelloForBusinessMethods", "fido2-platform"),
    ("platformCredentialMethods", "fido2-platform"),
)
"""The credential type of a removed method, by a part of the removing call; `app` for all others."""


def read_notices(entries: Iterable[Mapping[str, Any]]) -> list[SignalNotice]:
    """Return the notices of all applied and undone steps, in journal order. Raises `JournalBroken`."""
    lines = [dict(entry) for entry in entries]
    plan = read_history(lines).plan
    actions = {action.id: action for action in plan.actions} if plan is not None else {}
    return [notice for line in lines for notice in _of(line, actions)]


def _of(line: Mapping[str, Any], actions: Mapping[str, ContainmentStep]) -> Iterator[SignalNotice]:
    action = actions.get(str(line.get("step", "")))
    is_undone = line.get("phase") == "undo"
    was_done = line["event"] == "confirmed" or (
        line["event"] == "step" and line.get("state") == ("undone" if is_undone else "done")
    )
    event = (UNDONE if is_undone else DONE).get(action.kind) if action is not None else None
    if action is None or event is None or not was_done:
        return
    is_method = action.kind == "remove_method"
    yield SignalNotice(
        event,
        _subject(action),
        parse_rfc3339(line["at"]),
        "containment of an incident",
        _credential(action) if is_method else "password",
        "delete" if is_method else "update",
    )


def _subject(action: ContainmentStep) -> EventSubject:
    """Return the account as event subject, by mail address and, if known, by its directory id."""
    email = action.account if "@" in action.account else ""
    if action.object_id and action.vendor == "microsoft":
        return EventSubject(entra_issuer(action.tenant), action.object_id, email=email)
    return EventSubject(email=action.account)


def _credential(action: ContainmentStep) -> str:
    text = " ".join(call.path for call in action.calls)
    return next((kind for part, kind in CREDENTIALS if part in text), "app")
