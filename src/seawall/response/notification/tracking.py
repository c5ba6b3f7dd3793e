"""Derive each letter's state from the register alone: planned, sent, acknowledged, bounced, failed, or unsure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from seawall.response.notification.register import RegisterEntry

State = Literal["planned", "unsure", "sent", "acknowledged", "bounced", "failed"]
"""The state of a delivery. `unsure`: it was about to be sent and the outcome is unknown, so it may have arrived."""

ARRIVED: frozenset[State] = frozenset({"sent", "acknowledged", "unsure"})
"""States in which a recipient has, or may have, a version."""


@dataclass(frozen=True, slots=True)
class LetterDelivery:
    """One version of a letter by one way. `at` is when its state began, `attempts` how often it was tried."""

    recipient: str
    version: int
    way: str
    target: str
    state: State
    at: int
    attempts: int = 0
    sent_at: int | None = None
    acknowledged_at: int | None = None
    reason: str = ""
    is_final: bool = False
    """Whether a retry without a change is useless."""

    by: str = ""
    key: str = ""
    """The Message-ID or webhook-id of the sent message."""


@dataclass(frozen=True, slots=True)
class LetterVersion:
    """One final version of a letter: when it became final, the recipient, the facts' digest, and its files' hashes."""

    recipient: str
    version: int
    at: int
    facts: str
    files: dict[str, str]
    approved_by: str
    verdict: str


def list_versions(entries: Iterable[RegisterEntry]) -> list[LetterVersion]:
    """Return the final versions, in order."""
    return [
        LetterVersion(
            entry.recipient,
            entry.version,
            entry.at,
            str(entry.details.get("facts", "")),
            dict(entry.details.get("files", {})),
            entry.by,
            str(entry.details.get("verdict", "")),
        )
        for entry in entries
        if entry.action == "letter"
    ]


def list_deliveries(entries: Sequence[RegisterEntry]) -> list[LetterDelivery]:
    """Return every delivery, in the order of its first intent."""
    found: dict[tuple[str, int, str], LetterDelivery] = {}
    for entry in entries:
        key = (entry.recipient, entry.version, entry.way)
        if entry.action == "intent":
            before = found.get(key)
            found[key] = LetterDelivery(
                *key,
                target=entry.target,
                state="unsure",
                at=entry.at,
                attempts=1 + (before.attempts if before else 0),
                reason="it was about to be sent, and nothing says how that ended",
                by=entry.by,
                key=str(entry.details.get("key", "")),
            )
        elif entry.action == "acknowledged":
            _acknowledge(found, entry)
        elif key in found:
            found[key] = _move(found[key], entry)
    return list(found.values())


def _move(delivery: LetterDelivery, entry: RegisterEntry) -> LetterDelivery:
    reason = str(entry.details.get("reason", ""))
    match entry.action:
        case "sent":
            return replace(delivery, state="sent", at=entry.at, sent_at=entry.at, reason="")
        case "failed":
            is_final = bool(entry.details.get("is_final"))
            return replace(delivery, state="failed", at=entry.at, reason=reason, is_final=is_final)
        case "unsure":
            return replace(delivery, state="unsure", at=entry.at, reason=reason)
        case "bounced" if delivery.state != "acknowledged":
            return replace(delivery, state="bounced", at=entry.at, reason=reason, is_final=True)
    return delivery


def _acknowledge(found: dict[tuple[str, int, str], LetterDelivery], entry: RegisterEntry) -> None:
    """Mark the deliveries of a confirmed version as acknowledged, except those never sent."""
    for key, delivery in found.items():
        is_meant = key[:2] == (entry.recipient, entry.version) and entry.way in ("", delivery.way)
        if is_meant and delivery.state in {"sent", "unsure", "acknowledged"}:
            first = delivery.acknowledged_at if delivery.acknowledged_at is not None else entry.at
            found[key] = replace(
                delivery, state="acknowledged", at=entry.at, acknowledged_at=first, reason=""
            )


@dataclass(frozen=True, slots=True)
class PrintedLetter:
    """A final version that a person prints and hands over."""

    version: LetterVersion
    state: Literal["to be handed over", "told", "acknowledged"]
    at: int
    acknowledged_at: int | None = None
    reason: str = ""


def list_printed_letters(entries: Sequence[RegisterEntry]) -> list[PrintedLetter]:
    """Return the printed letters: final versions without a delivery, with what people reported of each."""
    sent = {(one.recipient, one.version) for one in list_deliveries(entries)}
    found = {
        (one.recipient, one.version): PrintedLetter(one, "to be handed over", one.at)
        for one in list_versions(entries)
        if (one.recipient, one.version) not in sent
    }
    for entry in entries:
        key = (entry.recipient, entry.version)
        paper = found.get(key)
        if paper is None:
            continue
        if entry.action == "told" and paper.state != "acknowledged":
            at = int(entry.details.get("when", entry.at))
            found[key] = replace(paper, state="told", at=at, reason=f"{entry.way}, by {entry.by}")
        elif entry.action == "acknowledged":
            found[key] = replace(paper, state="acknowledged", at=entry.at, acknowledged_at=entry.at)
    return list(found.values())


def find_newest_arrived(entries: Sequence[RegisterEntry], recipient: str) -> int:
    """Return the newest version that the recipient has or may have, also on paper; 0 if none."""
    sent = [d.version for d in list_deliveries(entries) if d.recipient == recipient and d.state in ARRIVED]
    said = [e.version for e in entries if e.action in {"told", "acknowledged"} and e.recipient == recipient]
    return max((*sent, *said), default=0)
