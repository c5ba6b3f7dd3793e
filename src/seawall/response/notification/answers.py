"""Answer "was X notified, when, of what?" from the register, the case and the scope. A no comes with its reasons."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.response.notification.case_file import NotificationCase, Recipient
from seawall.response.notification.register import NotificationRegister, RegisterEntry
from seawall.response.notification.tracking import (
    ARRIVED,
    LetterDelivery,
    LetterVersion,
    list_deliveries,
    list_versions,
)
from seawall.response.scope_values import Scope, ScopeSubject
from seawall_base.times import rfc3339


@dataclass(frozen=True, slots=True)
class NotificationAnswer:
    """The answer to whether somebody was notified.

    `was_told` is None if nobody knows, because a letter may have arrived. `why_not` are the reasons for a no.
    """

    asked: str
    recipients: tuple[str, ...]
    was_told: bool | None
    deliveries: tuple[LetterDelivery, ...]
    versions: tuple[LetterVersion, ...]
    otherwise: tuple[RegisterEntry, ...]
    """Register entries in which a person states that they notified the recipient by other means."""

    why_not: tuple[str, ...]


def find_answer(
    who: str, case: NotificationCase, register: NotificationRegister, scope: Scope | None
) -> NotificationAnswer:
    """Return the answer for a recipient's id, name or address, for a mailbox, or for an organisation."""
    recipients = [recipient for recipient in case.recipients if recipient.is_called(who)]
    ids = {recipient.id for recipient in recipients} | (
        {who} if any(e.recipient == who for e in register.entries) else set()
    )
    tried = tuple(delivery for delivery in list_deliveries(register.entries) if delivery.recipient in ids)
    otherwise = tuple(
        entry for entry in register.entries if entry.action == "told" and entry.recipient in ids
    )
    confirmed = any(entry.action == "acknowledged" and entry.recipient in ids for entry in register.entries)
    was_told: bool | None = (
        bool(otherwise) or confirmed or any(d.state in {"sent", "acknowledged"} for d in tried)
    )
    if not was_told and any(delivery.state in ARRIVED for delivery in tried):
        was_told = None
    final = tuple(version for version in list_versions(register.entries) if version.recipient in ids)
    why_not = () if was_told else tuple(_why_not(who, recipients, tried, scope))
    return NotificationAnswer(who, tuple(sorted(ids)), was_told, tried, final, otherwise, why_not)


def _why_not(
    who: str, recipients: list[Recipient], tried: tuple[LetterDelivery, ...], scope: Scope | None
) -> list[str]:
    found = [f"version {d.version} by {d.way} to {d.target}: {d.state} ({d.reason})" for d in tried]
    if recipients and not tried:
        found.append("a recipient of the case, to whom nothing was sent yet")
    if not recipients:
        found.append("no recipient of the case")
    if scope is None:
        return [*found, "no scope was given: whether they are affected is not known"]
    subjects = [
        s
        for s in (*scope.mailboxes, *scope.accounts, *scope.organisations)
        if s.name.casefold() == who.casefold()
    ]
    if not subjects and not recipients:
        found.append("the scope does not know them: they were not examined")
    return [*found, *(_verdict(subject, scope) for subject in subjects)]


def _verdict(subject: ScopeSubject, scope: Scope) -> str:
    span = f"{rfc3339(scope.start)} to {rfc3339(scope.end)}"
    what = {
        "touched": "proved touched",
        "possible": "cannot be ruled out",
        "not_touched": "proved not touched",
    }
    reasons = "; ".join(subject.reasons) or "no reason is given"
    return f"{subject.kind} {subject.name}: {what[subject.verdict]}, {span}: {reasons}"
