"""Write a letter: one recipient's facts as a document in one language. A section always states what is unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from seawall.response.notification import findings
from seawall.response.notification.changes import LetterChange
from seawall.response.notification.document import (
    LetterBlock,
    LetterDocument,
    LetterSection,
    make_list,
    make_paragraph,
)
from seawall.response.notification.language import LONGEST_VALUE, Language
from seawall.response.notification.letter import LetterFacts, list_file_names
from seawall.response.notification.story import describe_story
from seawall_base.safe_text import visible
from seawall_base.times import moment

REASONS: Final = 60
"""Sentences of the analysis that one letter quotes."""


@dataclass(frozen=True, slots=True)
class PreviousVersion:
    """The version sent before, and the changes since. `date` is in microseconds since the epoch."""

    version: int
    date: int
    changes: tuple[LetterChange, ...]


@dataclass(frozen=True, slots=True)
class LetterEdition:
    """The parts of a letter beside its facts: version, day, confirmation code, and the version that it corrects."""

    version: int
    date: int
    code: str
    earlier: PreviousVersion | None = None
    enclosures: tuple[str, ...] = ()


def write_letter(facts: LetterFacts, edition: LetterEdition, language: Language) -> LetterDocument:
    """Return a letter in one language: title, ordered sections, and corrections."""
    say = language.say
    title = say(f"title.{facts.kind}_{facts.finding}")
    if edition.earlier is not None:
        title = f"{say('title.correction')}: {title}"
    day = moment(edition.date).astimezone(language.zone).date()
    sections = (
        _describe_changes(facts, edition, language),
        LetterSection("happened", say("section.happened"), _describe_events(facts, edition, language)),
        LetterSection("known", say("section.known"), findings.describe_known(facts, language)),
        LetterSection("unknown", say("section.unknown"), findings.describe_unknown(facts, language)),
        LetterSection(
            "taken", say("section.taken"), findings.describe_taken(facts, language, edition.enclosures)
        ),
        LetterSection("done", say("section.done"), _lines(facts.words.measures)),
        LetterSection("advice", say("section.advice"), _advice(facts, language)),
        LetterSection("next", say("section.next"), _next(facts, edition, language)),
        LetterSection("evidence", say("section.evidence"), _evidence(facts, language)),
    )
    version = say("phrase.version", version=edition.version)
    reference = [
        (say("phrase.date"), language.day(edition.date)),
        (
            say("phrase.case"),
            language.format_value(facts.case)
            + (f": {language.format_value(facts.title)}" if facts.title else ""),
        ),
        (say("phrase.letter"), f"{language.format_value(facts.recipient)}, {version}"),
    ]
    if edition.enclosures:
        reference.append((say("phrase.enclosures"), ", ".join(edition.enclosures)))
    return LetterDocument(
        language=language.tag,
        title=title,
        verdict=facts.verdict,
        verdict_text=say(f"verdict.{facts.finding}"),
        sender=_sender(facts, language),
        recipient=(language.format_value(facts.name), *_lines_of(facts.street, language)),
        reference=tuple(reference),
        confidential=say("phrase.confidential"),
        salutation=say("phrase.dear", name=facts.name),
        sections=tuple(section for section in sections if section.blocks),
        closing=_closing(facts, language),
        footer=f"{language.format_value(facts.case)} · {language.format_value(facts.recipient)} · {version}",
        page=say("phrase.page"),
        of=say("phrase.of"),
        date=(day.year, day.month, day.day),
    )


def _sender(facts: LetterFacts, language: Language) -> tuple[str, ...]:
    sender = facts.sender
    lines = [
        language.format_value(sender.organisation),
        *_lines_of(sender.street, language),
        language.format_value(sender.email),
    ]
    if sender.phone:
        lines.append(f"{language.say('phrase.phone')}: {language.format_value(sender.phone)}")
    return tuple(lines)


def _lines_of(text: str, language: Language) -> list[str]:
    return [language.format_value(line) for line in text.splitlines() if line.strip()]


def _closing(facts: LetterFacts, language: Language) -> tuple[str, ...]:
    sender = facts.sender
    lines = (language.say("phrase.regards"), sender.name, sender.role, sender.organisation)
    return tuple(visible(line, LONGEST_VALUE) for line in lines if line)


def _lines(lines: tuple[str, ...]) -> tuple[LetterBlock, ...]:
    """Return the operator's own lines as blocks, without the length limit of log values."""
    shown = [visible(line) for line in lines if line.strip()]
    return (make_list(shown),) if shown else ()


def _paragraphs(text: str) -> list[LetterBlock]:
    return [make_paragraph(visible(" ".join(part.split()))) for part in text.split("\n\n") if part.strip()]


def _describe_changes(facts: LetterFacts, edition: LetterEdition, language: Language) -> LetterSection:
    earlier, say = edition.earlier, language.say
    if earlier is None:
        return LetterSection("changed", "", ())
    blocks = [make_paragraph(say("changed.lead", date=language.day(earlier.date), version=earlier.version))]
    if facts.words.correction.strip():
        blocks.append(make_paragraph(say("changed.reason", text=" ".join(facts.words.correction.split()))))
    lines = [_change(change, language) for change in earlier.changes]
    if lines:
        blocks.append(make_list(lines))
    return LetterSection("changed", say("section.changed"), tuple(blocks))


def _change(change: LetterChange, language: Language) -> str:
    values = dict(change.values)
    for name, value in values.items():
        shown: Callable[[str], str] = lambda verdict: language.say(f"verdict.{verdict}")  # noqa: E731
        if name in {"before", "after"} and isinstance(value, str):
            values[name] = shown(value)
        elif name in {"start", "end", "old_start", "old_end"}:
            values[name] = language.time(value)
        elif name == "time":
            values[name] = language.time_of(value)
    return language.say(f"changed.{change.code.replace('-', '_')}", **values)


def _describe_events(
    facts: LetterFacts, edition: LetterEdition, language: Language
) -> tuple[LetterBlock, ...]:
    say = language.say
    times = [say("happened.aware", time=language.time_of(facts.aware))]
    if facts.contained is None:
        times.append(say("happened.not_contained"))
    else:
        times.append(say("happened.contained", time=language.time_of(facts.contained)))
    return (
        make_paragraph(say(f"happened.{facts.kind}_{facts.finding}")),
        *_paragraphs(facts.words.happened),
        *describe_story(facts, language, edition.enclosures),
        make_paragraph(" ".join(times)),
        make_paragraph(say("phrase.times", zone=language.zone_text(facts.start, facts.end, edition.date))),
    )


def _advice(facts: LetterFacts, language: Language) -> tuple[LetterBlock, ...]:
    own = [visible(line) for line in facts.words.advice if line.strip()]
    # a mailbox that was not read may have been opened to somebody: then nobody may be told that there is nothing to do
    is_changed = facts.finding == "not_touched" and any(subject.acts for subject in facts.subjects)
    finding = "possible" if is_changed else facts.finding
    return (make_list([*own, *language.items(f"advice.{facts.kind}_{finding}")]),)


def _next(facts: LetterFacts, edition: LetterEdition, language: Language) -> tuple[LetterBlock, ...]:
    say, sender = language.say, facts.sender
    reach = [
        say("next.contact", name=sender.name, organisation=sender.organisation),
        say("next.reach", email=sender.email),
    ]
    if sender.phone:
        reach.append(say("next.phone", phone=sender.phone))
    if sender.hours:
        reach.append(say("next.hours", hours=sender.hours))
    update = (
        say("next.no_update")
        if facts.next_update is None
        else say("next.update", time=language.time_of(facts.next_update))
    )
    confirm = say("next.acknowledge", code=edition.code)
    if sender.acknowledge_url:
        confirm += " " + say("next.acknowledge_url", url=sender.acknowledge_url)
    legal = [say("next.legal")]
    if facts.verdict == "not_touched":
        legal.insert(0, say("next.not_touched"))
    elif facts.kind == "owner":
        legal.append(say("next.complaint"))
    return (
        make_list(reach),
        *(make_paragraph(text) for text in (update, confirm, say("next.verify"), " ".join(legal))),
    )


def _evidence(facts: LetterFacts, language: Language) -> tuple[LetterBlock, ...]:
    reasons = [
        f"{language.say(f'evidence.{subject.kind}', name=subject.name)}: {language.format_value(reason)}"
        for subject in facts.subjects
        for reason in dict.fromkeys(subject.reasons)
    ]
    blocks: list[LetterBlock] = []
    if reasons:
        blocks += [make_paragraph(language.say("evidence.lead")), make_list(reasons[:REASONS], quoted=True)]
    if facts.sources:
        blocks.append(
            make_paragraph(
                language.say("evidence.sources", sources=", ".join(list_file_names(facts.sources)))
            )
        )
    return tuple(blocks)
