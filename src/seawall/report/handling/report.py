"""Write the report of an incident: its story, the starred records with their remarks, and what was done. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from seawall.detection.incident import Incident
from seawall.detection.incidents.story.telling import list_left_behind
from seawall.report import incident_words as words
from seawall.report.handling.document import (
    HandlingDocument,
    make_document,
    say_event,
    say_standing,
    shorten,
)
from seawall.report.handling.words import ANSWER_NAMES, describe_record
from seawall.response.handling.gathering import HandledIncident
from seawall.response.notification.document import (
    LetterBlock,
    LetterSection,
    make_list,
    make_paragraph,
    make_table,
)
from seawall.storage.database import RecordStar
from seawall_base.plurals import plural
from seawall_base.safe_text import visible
from seawall_base.times import brief_span, minute_text, span_text

_MOST_REASONS: Final = 12
_LONGEST_FACT: Final = 500
_LEFT_OUT: Final = frozenset({"raw", "is_intruder"})


def write_report_document(case: HandledIncident, *, now: int) -> HandlingDocument:
    """Return the report as of a time in microseconds."""
    sections = (
        LetterSection("happened", "What happened", tuple(_tell(case))),
        LetterSection("starred", "Starred records", tuple(_list_stars(case.stars))),
        LetterSection("timeline", "Timeline, UTC", tuple(_draw_timeline(case))),
        LetterSection("members", "Merged incidents", tuple(_list_members(case))),
        LetterSection("evidence", "Why it stands out", tuple(_list_reasons(case.incident))),
        LetterSection("tasks", "Tasks", tuple(_list_tasks(case))),
        LetterSection("comments", "Comments", tuple(_list_comments(case))),
        LetterSection("answers", "Answers", tuple(_list_answers(case))),
        LetterSection("records", "The starred records in full", tuple(_list_facts(case.stars))),
    )
    return make_document("Incident report", say_standing(case), case, sections, now=now, is_one_page=False)


def _tell(case: HandledIncident) -> Iterator[LetterBlock]:
    yield make_paragraph(say_event(case))
    lines = [
        f"From {span_text(case.incident.first_event, case.incident.last_event)} UTC.",
        f"Mail: {words.messages_text(case.incident)}.",
        f"Likely technique: {shorten(words.technique(case.incident))}.",
    ]
    if case.tags:
        lines.append(f"Tags: {', '.join(visible(tag) for tag in case.tags)}.")
    if case.lead is not None:
        lines.append(f"Part of incident {shorten(case.lead, 40)}.")
    left = list(dict.fromkeys(text for one in case.incidents for text in list_left_behind(one.story)))
    if left:
        lines.append(f"Left behind: {shorten('; '.join(left), 2000)}.")
    yield make_list(lines)


def _list_stars(stars: Iterable[RecordStar]) -> Iterator[LetterBlock]:
    rows = [
        (
            minute_text(one.record_at),
            describe_record(one.document),
            _join_lines(one.remark),
            shorten(one.given_by),
        )
        for one in stars
    ]
    if rows:
        yield make_table(("Time, UTC", "Record", "Remark", "Starred by"), rows)
    else:
        yield make_paragraph("Nobody has starred a record of this incident yet.")


def _draw_timeline(case: HandledIncident) -> Iterator[LetterBlock]:
    """Yield the acts of the incident and its members and the starred records, in one order of time."""
    entries = [
        (line.time, brief_span(line.time, line.end), shorten(one.account), shorten(line.sentence))
        for one in case.incidents
        for line in one.story
    ]
    entries += [
        (
            star.record_at,
            brief_span(star.record_at, star.record_at),
            shorten(str(star.document.get("account") or "")),
            f"★ {describe_record(star.document)}",
        )
        for star in case.stars
    ]
    if entries:
        yield make_table(("When", "Account", "What"), [entry[1:] for entry in sorted(entries)])


def _list_members(case: HandledIncident) -> Iterator[LetterBlock]:
    by_member = {merge.member: merge for merge in case.merges}
    rows = []
    for one in case.members:
        merge = by_member.get(one.id)
        who = f"{shorten(merge.given_by, 80)}: {_join_lines(merge.note)}" if merge is not None else ""
        rows.append((shorten(one.id, 40), shorten(one.account), shorten(words.verdict(one)), who))
    if rows:
        yield make_table(("Incident", "Account", "What happened", "Merged by, and why"), rows)


def _list_reasons(incident: Incident) -> Iterator[LetterBlock]:
    lines = [shorten(reason.text) for reason in words.strongest(incident, _MOST_REASONS)]
    lines += [f"Not shown by the logs: {shorten(note)}" for note in incident.coverage]
    if lines:
        yield make_list(lines, quoted=True)


def _list_tasks(case: HandledIncident) -> Iterator[LetterBlock]:
    rows = [
        (
            visible(one.title),
            shorten(one.assignee or ""),
            "" if one.due_at is None else minute_text(one.due_at),
            "open"
            if one.done_at is None
            else f"done {minute_text(one.done_at)} by {shorten(one.done_by or '')}",
        )
        for one in case.tasks
    ]
    if rows:
        yield make_table(("Task", "Who", "Until, UTC", "State"), rows)


def _list_comments(case: HandledIncident) -> Iterator[LetterBlock]:
    rows = [
        (minute_text(one.given_at), shorten(one.given_by), _join_lines(one.text)) for one in case.comments
    ]
    if rows:
        yield make_table(("When, UTC", "Who", "Comment"), rows)


def _list_answers(case: HandledIncident) -> Iterator[LetterBlock]:
    rows = []
    for id_, given in case.answers.items():
        for one in given:
            state = "" if one.withdrawn_at is None else f" (withdrawn by {shorten(one.withdrawn_by or '')})"
            answer = f"{ANSWER_NAMES.get(one.answer, one.answer)}{state}"
            rows.append(
                (
                    minute_text(one.given_at),
                    shorten(one.given_by),
                    shorten(id_, 40),
                    answer,
                    _join_lines(one.note),
                )
            )
    if rows:
        yield make_table(("When, UTC", "Who", "Incident", "Answer", "Note"), rows)


def _list_facts(stars: Iterable[RecordStar]) -> Iterator[LetterBlock]:
    for star in stars:
        facts = [(name, _show(value)) for name, value in star.document.items() if name not in _LEFT_OUT]
        rows = [(visible(name.replace("_", " ")), text) for name, text in facts if text]
        if rows:
            title = f"{minute_text(star.record_at)} UTC, {plural(len(rows), 'field')}"
            yield make_table(("Field", "Value"), rows, title)


def _show(value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    return visible(str(value), _LONGEST_FACT)


def _join_lines(text: str) -> str:
    return " / ".join(visible(line) for line in text.splitlines() if line.strip())
