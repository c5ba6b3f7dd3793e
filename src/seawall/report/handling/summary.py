"""Write the summary of an incident: one page in plain words for somebody who decides. Pure.

It says what happened, who is affected, what was done, what is open, and until when. A section always says what is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from seawall.detection.incidents.story.telling import list_left_behind
from seawall.report.handling.document import (
    HandlingDocument,
    find_last_answer,
    make_document,
    say_event,
    say_standing,
    shorten,
)
from seawall.report.handling.words import ANSWER_NAMES
from seawall.report.story_words import story_lines
from seawall.response.handling.gathering import HandledIncident
from seawall.response.notification.document import LetterBlock, LetterSection, make_list, make_paragraph
from seawall.storage.database import IncidentTask
from seawall_base.plurals import plural
from seawall_base.times import minute_text, span_text

_PLAIN: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("gave administrator rights", ("role",)),
    ("made or changed accounts", ("account_made", "password", "account_removed")),
    (
        "let an application use the account without its password",
        (
            "consent",
            "consent_for_all",
            "app_permission",
            "permission_grant",
            "credential",
            "credential_changed",
        ),
    ),
    (
        "set rules that hide, copy or forward mail",
        ("inbox_rule", "inbox_rule_changed", "mail_filter", "forwarding", "flow_rule", "flow_rule_changed"),
    ),
    (
        "opened mailboxes to others",
        ("mailbox_access", "mailbox_right", "send_as", "on_behalf", "folder_access", "delegate"),
    ),
    ("changed how the owner signs in", ("method", "method_removed", "recovery", "device")),
    ("switched off records of what is done", ("audit_off",)),
    ("read or copied mail", ("read", "synchronised", "opened", "search", "export")),
    ("sent mail in the owner's name", ("sent",)),
    ("deleted mail", ("deleted",)),
    ("opened or took files", ("downloaded", "viewed", "shared", "transfer")),
    ("signed in", ("signed_in",)),
    ("tried to sign in without success", ("refused",)),
)
"""Acts of a story in words that need no knowledge of mail systems, the weightiest first."""

_MOST_PLAIN: Final = 4
_LINES: Final = 6
"""Most lines of a list."""

_LINE: Final = 170
_NAMES: Final = 5
_HOUR: Final = 3_600_000_000


def write_summary(case: HandledIncident, *, now: int) -> HandlingDocument:
    """Return the summary as of a time in microseconds."""
    sections = (
        LetterSection("happened", "What happened", tuple(_describe_event(case))),
        LetterSection("affected", "Who is affected", _describe_affected(case)),
        LetterSection("done", "What was done", _describe_done(case)),
        LetterSection("open", "What is open", tuple(_describe_open(case))),
        LetterSection("deadline", "Deadline", tuple(_describe_deadline(case, now))),
    )
    return make_document("Incident summary", say_standing(case), case, sections, now=now, is_one_page=True)


def _describe_event(case: HandledIncident) -> Iterator[LetterBlock]:
    if plain := describe_plainly(case):
        yield make_paragraph(plain)
    yield make_paragraph(say_event(case))
    first = min(one.first_event for one in case.incidents)
    last = max(one.last_event for one in case.incidents)
    yield make_paragraph(f"The records show it from {span_text(first, last)} UTC.")
    lines = [f"{when}: {shorten(sentence, _LINE)}" for when, sentence in story_lines(case.incident, _LINES)]
    if lines:
        yield make_list(lines)


def describe_plainly(case: HandledIncident) -> str:
    """Return in plain words what the records attribute to the attacker, at most four things, "" if the story is empty."""
    acts = {line.act for one in case.incidents for line in one.story if line.is_intruders}
    said = [words for words, names in _PLAIN if acts.intersection(names)][:_MOST_PLAIN]
    if not said:
        return ""
    listed = f"{', '.join(said[:-1])} and {said[-1]}" if len(said) > 1 else said[0]
    return f"In plain words: whoever it was {listed}."


def _describe_affected(case: HandledIncident) -> tuple[LetterBlock, ...]:
    accounts = list(dict.fromkeys(one.account for one in case.incidents))
    mailboxes = list(dict.fromkeys(box for one in case.incidents for box in one.mailboxes))
    proved = sum(max(one.messages_proved, 0) for one in case.incidents)
    possible = sum(max(one.messages_possible, one.messages_proved, 0) for one in case.incidents)
    lines = [f"{plural(len(accounts), 'account')}: {_list_names(accounts)}"]
    if mailboxes:
        lines.append(f"{plural(len(mailboxes), 'mailbox', 'mailboxes')}: {_list_names(mailboxes)}")
    if proved or possible:
        more = f", and possibly up to {possible:,} in all" if possible > proved else ""
        lines.append(f"{plural(proved, 'message')} certainly read{more}")
    else:
        lines.append("No message is known to have been read.")
    if case.incident.coverage:
        lines.append(f"The logs do not show everything: {shorten(case.incident.coverage[0], _LINE)}")
    return (make_list(lines),)


def _describe_done(case: HandledIncident) -> tuple[LetterBlock, ...]:
    done = sorted((one for one in case.tasks if one.done_at is not None), key=lambda one: one.done_at or 0)
    lines = [
        f"{shorten(one.title, _LINE)} ({minute_text(one.done_at or 0)} UTC, {shorten(one.done_by or '', 60)})"
        for one in done
    ]
    answer = find_last_answer(case)
    if answer is not None:
        lines.append(f"The incident was examined; the answer is: {ANSWER_NAMES[answer]}.")
    if not lines:
        return (make_paragraph("Nothing is recorded as done yet."),)
    return (make_list(_cut(lines)),)


def _describe_open(case: HandledIncident) -> Iterator[LetterBlock]:
    if find_last_answer(case) in ("safe", "expected-change") and not _list_open(case):
        yield make_paragraph("Nothing.")
        return
    left = list(dict.fromkeys(text for one in case.incidents for text in list_left_behind(one.story)))
    if left:
        yield make_paragraph(
            f"What may still work for the intruder unless somebody removed it: {shorten('; '.join(left), 2 * _LINE)}."
        )
    tasks = [_say_task(one) for one in _list_open(case)]
    if tasks:
        yield make_list(_cut(tasks))
    elif any(one.done_at is not None for one in case.tasks):
        yield make_paragraph("Every recorded task is done.")
    else:
        yield make_paragraph("No task is recorded. Recommended next:")
        yield make_list(
            _cut([shorten(one, _LINE) for one in case.incident.actions] or ["Ask the account's owner."])
        )


def _list_open(case: HandledIncident) -> list[IncidentTask]:
    return sorted(
        (one for one in case.tasks if one.done_at is None),
        key=lambda one: (one.due_at is None, one.due_at or 0, one.id),
    )


def _say_task(task: IncidentTask) -> str:
    who = shorten(task.assignee, 60) if task.assignee else "nobody yet"
    until = f", until {minute_text(task.due_at)} UTC" if task.due_at is not None else ""
    return f"{shorten(task.title, _LINE)} ({who}{until})"


def _describe_deadline(case: HandledIncident, now: int) -> Iterator[LetterBlock]:
    due = case.handling.due_at
    if due is None:
        yield make_paragraph("Nobody has set a deadline.")
    elif case.handling.status == "closed":
        yield make_paragraph(f"{minute_text(due)} UTC. The incident is closed.")
    else:
        yield make_paragraph(f"{minute_text(due)} UTC: {_say_left(due - now)}.")
    is_harmless = find_last_answer(case) in ("safe", "expected-change")
    if not is_harmless and any(one.messages_possible or one.messages_proved for one in case.incidents):
        yield make_paragraph(
            "Mail may have been read. If it held personal data, a report to the authority may be due within 72 hours after "
            "your organisation became aware (GDPR, Article 33). Ask your data protection officer."
        )


def _say_left(left: int) -> str:
    hours = abs(left) // _HOUR
    span = plural(hours // 24, "day") if hours >= 48 else plural(hours, "hour")
    if hours == 0:
        return "less than an hour left" if left >= 0 else "it has just passed"
    return f"{span} left" if left >= 0 else f"overdue by {span}"


def _list_names(names: Sequence[str]) -> str:
    shown = ", ".join(shorten(name, 60) for name in names[:_NAMES])
    more = len(names) - _NAMES
    return f"{shown} and {more:,} more" if more > 0 else shown


def _cut(lines: Sequence[str]) -> list[str]:
    more = len(lines) - _LINES
    return [*lines[:_LINES], f"and {more:,} more"] if more > 0 else list(lines)
