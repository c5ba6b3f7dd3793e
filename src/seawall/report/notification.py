"""Show drafts, deliveries, answers and deadlines of notifications in a terminal and as documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seawall.response.notification.answers import NotificationAnswer
from seawall.response.notification.deadlines import ReportingDeadline
from seawall.response.notification.drafts import DraftedLetter, LetterDraft
from seawall.response.notification.register import RegisterEntry
from seawall.response.notification.sending import DeliveryResult, PlannedDelivery
from seawall.response.notification.tracking import LetterDelivery, LetterVersion, PrintedLetter
from seawall_base.plurals import plural
from seawall_base.safe_text import visible
from seawall_base.times import minute_text, rfc3339

_NAME = 160
_STYLES = {
    "sent": "green", "acknowledged": "green", "done": "green", "failed": "red", "bounced": "red", "unsure": "yellow",
    "overdue": "red", "late": "red", "running": "yellow", "without undue delay": "yellow",
}  # fmt: skip


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _row(table: Table, *cells: str) -> None:
    table.add_row(*(Text(visible(cell, _NAME), style=_STYLES.get(cell, "")) for cell in cells))


def show_draft(console: Console, made: LetterDraft) -> None:
    """Print the drafted letters."""
    table = _table("recipient", "version", "what it says", "language", "goes to")
    for letter in made.letters:
        version = f"{letter.version}" + (" (final)" if letter.is_final else "")
        goes = ", ".join(f"{way}: {target}" for way, target in letter.targets.items()) or "paper"
        _row(table, letter.recipient, version, letter.verdict.replace("_", " "), letter.language, goes)
    console.print(table)


def show_planned(
    console: Console, planned: Sequence[PlannedDelivery], printed: Sequence[DraftedLetter] = ()
) -> None:
    """Print the letters that would be sent, and the reason for each that would not."""
    table = _table("recipient", "version", "way", "to", "would be", "why")
    words = {"send": "sent", "again": "sent again", "done": "left", "ask": "left: needs --resend"}
    for one in planned:
        _row(
            table,
            one.letter.recipient,
            str(one.letter.version),
            one.way,
            one.target,
            words[one.step],
            one.reason,
        )
    for letter in printed:
        _row(table, letter.recipient, str(letter.version), "paper", "", "made final", "to be printed")
    console.print(table)


def show_results(
    console: Console, results: Sequence[DeliveryResult], printed: Sequence[DraftedLetter] = ()
) -> None:
    """Print the letters that were sent, and the reason for each that was not."""
    table = _table("recipient", "version", "way", "to", "state", "why")
    for result in results:
        one, outcome = result.planned, result.outcome
        state = outcome.state if outcome else "told already" if one.step == "done" else "not sent"
        _row(
            table,
            one.letter.recipient,
            str(one.letter.version),
            one.way,
            one.target,
            state,
            outcome.reason if outcome else one.reason,
        )
    for letter in printed:
        _row(
            table,
            letter.recipient,
            str(letter.version),
            "paper",
            "",
            "final",
            "to be printed and handed over",
        )
    console.print(table)


def show_deliveries(
    console: Console, found: Sequence[LetterDelivery], papers: Sequence[PrintedLetter] = ()
) -> None:
    """Print the state of each letter."""
    table = _table("recipient", "version", "way", "to", "state", "since (UTC)", "acknowledged (UTC)", "why")
    for one in found:
        acknowledged = minute_text(one.acknowledged_at) if one.acknowledged_at is not None else ""
        _row(
            table,
            one.recipient,
            str(one.version),
            one.way,
            one.target,
            one.state,
            minute_text(one.at),
            acknowledged,
            one.reason,
        )
    for paper in papers:
        confirmed = minute_text(paper.acknowledged_at) if paper.acknowledged_at is not None else ""
        _row(
            table,
            paper.version.recipient,
            str(paper.version.version),
            "paper",
            "",
            paper.state,
            minute_text(paper.at),
            confirmed,
            paper.reason,
        )
    console.print(table)


def show_answer(console: Console, found: NotificationAnswer) -> None:
    """Print whether somebody was notified, and how, or why not."""
    words = {True: "was told", False: "was not told", None: "may have been told: nobody knows"}
    console.print(Text(f"{visible(found.asked, _NAME)} {words[found.was_told]}", style="bold"))
    if found.deliveries:
        show_deliveries(console, found.deliveries)
    for entry in found.otherwise:
        note = visible(str(entry.details.get("note", "")), _NAME)
        note = f": {note}" if note else ""
        when = minute_text(int(entry.details.get("when", entry.at)))
        console.print(
            Text(f"told by {visible(entry.by, _NAME)}, {visible(entry.way, _NAME)}, {when} UTC{note}")
        )
    for version in found.versions:
        said, digest = version.verdict.replace("_", " "), version.files.get("letter.pdf", "")[:16]
        console.print(Text(f"version {version.version} said: {said} (letter.pdf {digest}…)"))
    for reason in found.why_not:
        console.print(Text(f"- {visible(reason)}"))


def show_deadlines(
    console: Console, found: Sequence[ReportingDeadline], zone: Callable[[datetime], datetime]
) -> None:
    """Print each reporting deadline with the time left and its notes. `zone` converts a time to the local time zone."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in ("duty", "rule", "at the latest", "state", "left"):
        table.add_column(heading, no_wrap=heading != "rule")
    for one in found:
        due = "" if one.due is None else f"{zone(one.due):%a %Y-%m-%d %H:%M %Z}"
        _row(
            table,
            one.duty.id,
            one.duty.rule,
            due,
            one.state,
            "" if one.left is None else describe_time_left(one.left),
        )
    console.print(table)
    for one in found:
        done = (
            ""
            if one.done is None
            else f"; done {zone(one.done):%Y-%m-%d %H:%M %Z} by {visible(one.by, _NAME)}"
        )
        console.print(Text(f"{one.duty.id}: {one.duty.what}, to the {one.duty.to}; {one.note}{done}"))


def describe_time_left(left: timedelta) -> str:
    """Return `2 days 3 h` or `5 h 12 min`, or by how much the deadline has passed."""
    minutes = abs(left) // timedelta(minutes=1)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    shown = f"{plural(days, 'day')} {hours} h" if days else f"{hours} h {minutes} min"
    return f"over by {shown}" if left < timedelta(0) else shown


def delivery_document(one: LetterDelivery) -> dict[str, Any]:
    """Return a delivery as plain values."""
    return {
        "recipient": one.recipient, "version": one.version, "way": one.way, "target": one.target, "state": one.state,
        "since": rfc3339(one.at), "attempts": one.attempts, "sent_at": _time(one.sent_at),
        "acknowledged_at": _time(one.acknowledged_at), "reason": one.reason, "by": one.by, "key": one.key,
    }  # fmt: skip


def paper_document(one: PrintedLetter) -> dict[str, Any]:
    """Return a printed letter as plain values."""
    return {
        "recipient": one.version.recipient, "version": one.version.version, "way": "paper", "state": one.state,
        "since": rfc3339(one.at), "acknowledged_at": _time(one.acknowledged_at), "reason": one.reason,
    }  # fmt: skip


def write_planned_document(one: PlannedDelivery) -> dict[str, Any]:
    """Return a planned delivery as plain values."""
    return {
        "recipient": one.letter.recipient, "version": one.letter.version, "way": one.way, "target": one.target, "step": one.step,
        "reason": one.reason,
    }  # fmt: skip


def result_document(result: DeliveryResult) -> dict[str, Any]:
    """Return the result of a delivery as plain values."""
    outcome = result.outcome
    document = write_planned_document(result.planned)
    return document | {
        "state": outcome.state if outcome else None,
        "reason": outcome.reason if outcome else document["reason"],
    }


def answer_document(found: NotificationAnswer) -> dict[str, Any]:
    """Return an answer as plain values."""
    return {
        "who": found.asked,
        "recipients": list(found.recipients),
        "told": found.was_told,
        "deliveries": [delivery_document(one) for one in found.deliveries],
        "versions": [_version_document(version) for version in found.versions],
        "otherwise": [_write_notified_document(entry) for entry in found.otherwise],
        "why_not": list(found.why_not),
    }


def _version_document(version: LetterVersion) -> dict[str, Any]:
    return {
        "recipient": version.recipient,
        "version": version.version,
        "at": rfc3339(version.at),
        "verdict": version.verdict,
        "files": version.files,
        "approved_by": version.approved_by,
    }


def _write_notified_document(entry: RegisterEntry) -> dict[str, Any]:
    return {
        "recipient": entry.recipient,
        "at": rfc3339(int(entry.details.get("when", entry.at))),
        "way": entry.way,
        "by": entry.by,
        "note": str(entry.details.get("note", "")),
    }


def deadline_document(one: ReportingDeadline) -> dict[str, Any]:
    """Return a deadline as plain values, with the time left in seconds."""
    return {
        "duty": one.duty.id, "rule": one.duty.rule, "what": one.duty.what, "to": one.duty.to,
        "due": None if one.due is None else one.due.isoformat(), "state": one.state,
        "left_seconds": None if one.left is None else int(one.left.total_seconds()),
        "done_at": None if one.done is None else one.done.isoformat(), "by": one.by, "note": one.note,
    }  # fmt: skip


def _time(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)
