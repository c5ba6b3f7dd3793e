"""Write the findings of a letter: what is known, unknown and taken. None of the three sections is ever empty."""

from __future__ import annotations

from typing import Final

from seawall.collection.coverage_gap import CoverageGap
from seawall.response.notification.document import LetterBlock, make_list, make_paragraph, make_table
from seawall.response.notification.language import Language
from seawall.response.notification.letter import LetterFacts, SubjectFacts
from seawall.response.scope_values import VERDICTS
from seawall_base.safe_text import visible

MAILBOXES: Final = 60
MESSAGES: Final = 25
FOLDERS: Final = 40
GAPS: Final = 12
"""Rows of each list in a letter; the enclosures have all."""


def describe_known(facts: LetterFacts, language: Language) -> tuple[LetterBlock, ...]:
    """Describe which accounts were accessed and when, and the examined period."""
    say = language.say
    blocks: list[LetterBlock] = []
    if facts.kind == "owner":
        blocks.append(make_list([_owner_line(subject, language) for subject in facts.listed_subjects]))
    else:
        counts = [
            say(f"known.count_{verdict}", count=len(found))
            for verdict in VERDICTS
            if (found := facts.of(verdict))
        ]
        blocks.append(make_list(counts))
    if facts.span is not None:
        blocks.append(
            make_paragraph(
                say("known.span", start=language.time(facts.span[0]), end=language.time(facts.span[1]))
            )
        )
    examined = [say("known.examined", start=language.time(facts.start), end=language.time(facts.end))]
    if facts.verdict == "not_touched":
        examined.append(say("known.covered"))
    if facts.is_complete and facts.of("not_touched"):
        examined.append(say("known.vouched"))
    blocks.append(make_paragraph(" ".join(examined)))
    if facts.kind == "organisation" and facts.listed_subjects:
        blocks += _mailbox_table(facts, language)
    return tuple(blocks)


def _owner_line(subject: SubjectFacts, language: Language) -> str:
    return language.say(f"known.{subject.kind}_{subject.verdict}", mailbox=subject.name)


def _mailbox_table(facts: LetterFacts, language: Language) -> list[LetterBlock]:
    say = language.say
    header = tuple(say(f"known.{name}") for name in ("mailbox", "result", "first", "last", "read"))
    ordered = [subject for verdict in VERDICTS for subject in facts.of(verdict)]
    rows = [
        (
            language.cell(subject.name),
            say(f"verdict.{subject.verdict}"),
            ""
            if subject.first is None or subject.verdict == "not_touched"
            else language.short_time(subject.first),
            ""
            if subject.last is None or subject.verdict == "not_touched"
            else language.short_time(subject.last),
            language.format_value(subject.messages) if subject.messages else "",
        )
        for subject in ordered[:MAILBOXES]
    ]
    blocks = [make_table(header, rows, say("known.table"))]
    if len(ordered) > MAILBOXES:
        blocks.append(make_paragraph(say("phrase.more_in_file", file="mailboxes.csv")))
    return blocks


def describe_unknown(facts: LetterFacts, language: Language) -> tuple[LetterBlock, ...]:
    """Describe what cannot be determined, log gaps first: they are the reason that *possible* does not mean no."""
    say, gaps = language.say, facts.gaps
    is_open = facts.finding in {"possible", "used"}
    blocks: list[LetterBlock] = []
    if gaps:
        lines = [_gap(gap, language) for gap in gaps[:GAPS]]
        if is_open:
            lines = [say("known.presume", reason=line) for line in lines]
        if len(gaps) > GAPS:
            lines.append(say("unknown.more_gaps", count=len(gaps) - GAPS))
        if is_open and any(subject.reasons for subject in facts.of("possible")):
            lines.append(say("unknown.annex"))
        blocks.append(make_list(lines))
    elif facts.verdict == "possible" or (is_open and facts.of("possible")):
        blocks.append(make_list(_describe_doubts(facts, language)))
    lines = [visible(line) for line in facts.words.unknown if line.strip()]
    if gaps and facts.verdict == "touched":
        lines.append(say("unknown.also_touched"))
    if facts.verdict == "touched":
        lines.append(say("unknown.uncounted"))
    if facts.verdict != "not_touched":
        lines.append(say("unknown.use"))
    if facts.is_bounded:
        lines.append(say("unknown.bounded"))
    lines.append(say("unknown.outside", start=language.time(facts.start), end=language.time(facts.end)))
    lines.append(say("unknown.mistake"))
    blocks.append(make_list(lines))
    return tuple(blocks)


def _describe_doubts(facts: LetterFacts, language: Language) -> list[str]:
    """Return why a verdict is *possible* although the logs have no gap.

    Reasons of the analysis are in English; letters in other languages quote them in the annex.
    """
    reasons = list(dict.fromkeys(reason for subject in facts.of("possible") for reason in subject.reasons))
    lines = [language.say("known.presume", reason=language.say("unknown.doubt"))]
    if not language.is_english:
        return [*lines, language.say("unknown.annex")] if reasons else lines
    return [*lines, *(language.format_value(reason) for reason in reasons[:GAPS])]


def _gap(gap: CoverageGap, language: Language) -> str:
    reason = _name_records("gap", gap.code, language) or language.say("gap.other", text=gap.text or gap.code)
    return language.say(
        "unknown.gap",
        reason=reason,
        source=_name_records("source", gap.source, language) or gap.source,
        start=language.time(gap.start),
        end=language.time(gap.end),
    )


def _name_records(section: str, code: str, language: Language) -> str:
    """Return the words for a code, empty if the language lacks them: other modules may add codes first."""
    if (
        code == "other"
        or not code.replace("-", "").replace("_", "").isalpha()
        or not language.has(f"{section}.{code}")
    ):
        return ""
    return language.say(f"{section}.{code}")


def describe_taken(
    facts: LetterFacts, language: Language, enclosures: tuple[str, ...]
) -> tuple[LetterBlock, ...]:
    """Describe what was certainly read, and what must be presumed taken."""
    say = language.say
    blocks: list[LetterBlock] = []
    lines = []
    if facts.read:
        lines.append(say("taken.read", count=facts.read))
    if facts.unnamed_messages:
        lines.append(say("taken.unnamed", count=facts.unnamed_messages))
    throttled = any(subject.is_throttled for subject in facts.mailboxes)
    if throttled:
        lines.append(say("taken.throttled"))
    if not lines and not facts.folders:
        return (make_paragraph(say(f"taken.none_{facts.verdict}")),)
    if lines:
        blocks.append(make_list(lines))
    blocks += _folders(facts, language)
    blocks.append(make_paragraph(say("taken.attachments")))
    blocks += _messages(facts, language, enclosures)
    return tuple(blocks)


def _folders(facts: LetterFacts, language: Language) -> list[LetterBlock]:
    folders = facts.folders
    if not folders:
        return []
    say, has_many = language.say, len(facts.mailboxes) > 1
    header: tuple[str, ...] = (say("taken.folder"), say("known.first"), say("known.last"))
    rows: list[tuple[str, ...]] = [
        (
            language.cell(folder.path) if folder.path else say("phrase.no_folder"),
            language.short_time(folder.first),
            language.short_time(folder.last),
        )
        for _, folder in folders[:FOLDERS]
    ]
    if has_many:
        header = (say("taken.mailbox"), *header)
        rows = [(language.cell(mailbox), *row) for (mailbox, _), row in zip(folders, rows, strict=False)]
    blocks = [make_paragraph(say("taken.folders")), make_table(header, rows)]
    if len(folders) > FOLDERS:
        blocks.append(make_paragraph(say("phrase.more_in_file", file="folders.csv")))
    return blocks


def _messages(facts: LetterFacts, language: Language, enclosures: tuple[str, ...]) -> list[LetterBlock]:
    if not facts.messages:
        return []
    say, has_many = language.say, len(facts.mailboxes) > 1
    header: tuple[str, ...] = (say("taken.time"), say("taken.folder"), say("taken.message"))
    rows: list[tuple[str, ...]] = [
        (
            language.short_time(message.time),
            language.cell(message.folder) if message.folder else say("phrase.no_folder"),
            language.cell(message.id),
        )
        for message in facts.messages[:MESSAGES]
    ]
    if has_many:
        header = (say("taken.mailbox"), *header)
        rows = [(language.cell(m.mailbox), *row) for m, row in zip(facts.messages, rows, strict=False)]
    blocks = [make_table(header, rows, say("taken.table"))]
    left = len(facts.messages) - len(rows)
    if left and "messages.csv" in enclosures:
        blocks.append(make_paragraph(say("phrase.more_in_file", file="messages.csv")))
    elif left:
        blocks.append(make_paragraph(say("taken.more", count=left)))
    return blocks
