"""Print incidents: the ranked queue, and the explanation of one incident.

Everything is built from `Text`, never from Rich's markup, and every value passes `visible`. So log text can neither colour,
move nor link anything. Without a terminal, the same lines are printed plain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seawall.detection.incident import Incident, Severity
from seawall.detection.incidents.story.telling import KEY_LINES
from seawall.report import incident_words as words
from seawall.report import story_words as story
from seawall.response.first_response import describe_beginning, list_urgent_steps
from seawall.response.judgement import (
    describe_confidence,
    describe_confidence_briefly,
    describe_severity,
    explain_severity,
    list_confidence_reasons,
)
from seawall_base.plurals import plural
from seawall_base.safe_text import visible
from seawall_base.times import minute_text, span_text

if TYPE_CHECKING:
    from seawall.response.incident_facts import IncidentFacts

MARKS: dict[Severity, tuple[str, str]] = {
    "critical": ("⬢", "bold red"),
    "high": ("▲", "dark_orange"),
    "medium": ("◆", "yellow"),
    "low": ("○", "cyan"),
}
"""A severity's symbol and style, so that colour alone never carries the meaning."""

_ASCII = {"critical": "!!", "high": "! ", "medium": "* ", "low": "- "}
SHOWN = 10
"""Incidents that one screen holds."""

BRIEF_FROM = 4
"""With more incidents than this, those after the first are told in one sentence each, and the first in fewer lines."""

BRIEF_LINES = 5
"""Lines of the first incident's story beside many others."""

_LINE = 400
_SEVERITY_REASONS = 2
_BAR = 20
_MOST_FACTS, _MOST_REQUESTS = 8, 3


def queue(
    console: Console, incidents: Sequence[Incident], where: str = "", period: tuple[int, int] | None = None
) -> None:
    """Print incidents, the most severe first, each with its rank: what the first did in full, the others in short.

    `where` are the options of a command that say which results are meant; `period` is the first and last time of the logs. No
    more are printed than one screen holds.
    """
    ascii_only = _ascii_only(console)
    ordered = story.order_by_severity(incidents)[:SHOWN]
    is_brief = len(ordered) > BRIEF_FROM
    for place, (rank, incident) in enumerate(ordered):
        lines = (BRIEF_LINES if is_brief else KEY_LINES) if place == 0 else 0
        console.print(_entry(incident, rank, ascii_only, lines, is_brief=is_brief))
        if place == 0:
            begun = describe_beginning(incident, None if period is None else period[1])
            steps = _urgent(incident, f"{rank}{where}", is_all=False)
            console.print(
                Padding(Group(*_describe_judgement(incident), _label("do now", begun), steps), (0, 0, 0, 5))
            )


Counted = Sequence[tuple[str, int]]
"""Texts with the number of records that say so, the most frequent first."""

Addresses = Sequence[tuple[str, int]]
"""Client addresses with their number of records, the most frequent first."""


def explanation(
    console: Console,
    incident: Incident,
    rank: int,
    addresses: Addresses | None = None,
    facts: IncidentFacts | None = None,
    where: str = "",
) -> None:
    """Print one incident in full: reasons with numbers, usual versus now, and the limits of the logs.

    `addresses` are the client addresses of its records, None if unknown. `facts` are further facts from the events. `where`
    are the options of a command that say which results are meant.
    """
    more = list[RenderableType]()
    statements = facts.statements if facts else ()
    if said := words.statement_lines((*words.list_statements(incident), *statements)):
        more += _section("What others say", _bullets(said))
    if facts and facts.sign_ins:
        lines = _name_counted("", facts.sign_ins, _MOST_FACTS)
        lines += _name_counted("continues request ", facts.requests, _MOST_REQUESTS)
        more += _section("How its sign-ins were authenticated", _bullets(lines))
    urgent = _urgent(incident, f"{rank}{where}", is_all=True)
    console.print(Group(*_explanation(incident, rank, addresses, _ascii_only(console), urgent, more)))


def _name_counted(what: str, found: Counted, most: int) -> list[str]:
    lines = [f"{plural(count, 'record')}: {what}{text}" for text, count in found[:most]]
    return lines + ([f"and {len(found) - most:,} more (--json)"] if len(found) > most else [])


def _ascii_only(console: Console) -> bool:
    """Return whether the stream's encoding lacks the symbols; then ASCII characters replace them."""
    return not console.encoding.lower().startswith("utf")


def _text(value: str, style: str = "") -> Text:
    return Text(visible(value, _LINE), style=style, overflow="fold")


def _mark(severity: Severity, ascii_only: bool) -> Text:
    shape, style = MARKS[severity]
    return Text(f"{_ASCII[severity] if ascii_only else shape} {severity}", style=style)


def _entry(incident: Incident, rank: int, ascii_only: bool, lines: int, *, is_brief: bool) -> RenderableType:
    """Return one incident of the queue. With `lines`, it is told in full: so many acts."""
    head = Text.assemble((f"{rank:>3}  ", "bold"), _mark(incident.severity, ascii_only), "  ")
    head.append(f"{sure}  " if (sure := describe_confidence(incident)) else "")
    head.append_text(_text(incident.account, "bold"))
    head.append(f"  {minute_text(incident.first_event)} UTC", style="dim")
    title = _text(words.verdict(incident))
    if is_brief and not lines:
        title.no_wrap, title.overflow = True, "ellipsis"
    parts: list[RenderableType] = [title]
    if lines and incident.story:
        parts += _story(incident, lines)
    elif lines:
        parts += _strongest(incident)
    left = story.left_behind(incident, 3 if is_brief or not lines else story.LEFT_SHOWN)
    if left and (lines or not is_brief):
        parts.append(_label("left behind", left))
    return Group(head, *(Padding(part, (0, 0, 0, 5)) for part in parts))


def _describe_judgement(incident: Incident) -> list[RenderableType]:
    """Return a line each about severity and confidence, in short."""
    lines: list[RenderableType] = []
    if severity := describe_severity(incident, _SEVERITY_REASONS):
        lines.append(_label("severity", f"{incident.severity}: {_lower(severity)}"))
    if sure := describe_confidence_briefly(incident):
        lines.append(_label("confidence", sure))
    return lines


def _urgent(incident: Incident, chosen: str, *, is_all: bool) -> RenderableType:
    """Return what to do now as a numbered list; without `is_all`, without what comes after blocking."""
    every = list_urgent_steps(incident, chosen)
    lines: list[RenderableType] = []
    steps = [one for one in every if is_all or one.name != "review" or one is every[0]]
    for number, step in enumerate(steps, start=1):
        lines.append(_hang(f"{number}", step.text))
        lines += [Padding(_text(command, "cyan"), (0, 0, 0, 2)) for command in step.commands]
        if step.by_hand:
            lines.append(_hang(" ", f"or: {step.by_hand}"))
    return Group(*lines)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _hang(mark: str, text: str) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text(mark, style="bold"), _text(text))
    return grid


def _label(name: str, text: str) -> Text:
    return Text.assemble((f"{name}: ", "bold")).append_text(_text(text))


def _story(incident: Incident, most: int) -> list[RenderableType]:
    """Return the weightiest acts as a table of when and what, and how many more there are."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for when, sentence in story.story_lines(incident, most):
        grid.add_row(Text(when, style="dim"), _text(sentence))
    more = story.more_acts(incident, most)
    return [grid, *([Text(more, style="dim")] if more else [])]


def _strongest(incident: Incident) -> list[RenderableType]:
    """Return the strongest reasons, for an incident of which no act is told."""
    told = words.verdict(incident)
    lines: list[RenderableType] = []
    for reason in [reason for reason in words.strongest(incident, 6) if reason.text not in told][:3]:
        line = Text(f"{reason.weight:+5.1f}  ", style="dim")
        line.append_text(_text(reason.text))
        for count in words.more_counts_of(reason)[:2]:
            line.append(f"  {count}", style="cyan")
        lines.append(line)
    return lines


def _explanation(
    incident: Incident,
    rank: int,
    addresses: Addresses | None,
    ascii_only: bool,
    urgent: RenderableType,
    more: Sequence[RenderableType],
) -> Iterable[RenderableType]:
    yield _entry_head(incident, rank, ascii_only)
    yield _text(words.verdict(incident))
    if incident.story:
        yield from _section("What happened, UTC", Group(*_story(incident, len(incident.story))))
        if left := story.left_behind(incident):
            yield from _section("What is left behind", _text(f"{left}."))
    yield from _section("What to do now", Group(_text(f"It {describe_beginning(incident)}.", "dim"), urgent))
    if incident.actions:
        yield from _section("All steps", _bullets(incident.actions))
    yield from _section("The incident", _facts(incident, addresses))
    if incident.story and incident.summary:
        yield from _section("What is unusual", _text(incident.summary))
    yield from _section("Why", _evidence(incident, ascii_only))
    if reasons := explain_severity(incident):
        yield from _section(f"Severity: {incident.severity}", _bullets(reasons))
    if sure := list_confidence_reasons(incident):
        words_for = describe_confidence(incident)
        yield from _section(
            f"Confidence{f': a takeover is {words_for}' if words_for else ''}", _bullets(sure)
        )
    yield from more
    if incident.usual:
        yield from _section("Usual versus now", _usual(incident, ascii_only))
    normal = words.normal_ifs(incident)
    if normal:
        yield from _section("What would have made it normal", _bullets(normal))
    limits = incident.coverage or ("No limit of the logs is known for this account and time.",)
    yield from _section("What the logs could not show", _bullets(limits))


def _entry_head(incident: Incident, rank: int, ascii_only: bool) -> Text:
    head = Text.assemble((f"#{rank}  ", "bold"), _mark(incident.severity, ascii_only), "  ")
    head.append_text(_text(incident.account, "bold"))
    return head.append_text(_text(f"  {incident.id}", "dim"))


def _section(title: str, body: RenderableType) -> Iterable[RenderableType]:
    yield Text(f"\n{title}", style="bold")
    yield body


def _facts(incident: Incident, addresses: Addresses | None) -> Table:
    detected = incident.detected_at
    facts = [
        ("When", f"{span_text(incident.first_event, incident.last_event)} UTC"),
        ("Threshold", f"crossed at {minute_text(detected)} UTC" if detected is not None else "never crossed"),
        *([("Sessions", began)] if (began := words.beginnings_text(incident)) else []),
        ("Standing", "raised" if incident.raised else "below the budget"),
        ("Organisation", words.name_organisation(incident.tenant, [incident.account])),
        ("Kind", words.aspect_name(incident.kind)),
        ("Technique", words.technique(incident)),
        ("Records", f"{plural(words.record_count(incident), 'record')} judged the intruder's"),
        *([("Addresses", _count(addresses))] if addresses is not None else []),
        ("Mailboxes", _list(incident.mailboxes)),
        ("Messages", words.messages_text(incident)),
    ]
    if incident.related:
        facts.append(("Related", _list(incident.related)))
    grid = Table.grid(padding=(0, 2))
    for name, value in facts:
        grid.add_row(Text(name, style="dim"), _text(value))
    return grid


def _count(addresses: Addresses, most: int = 8) -> str:
    """Return the most frequent addresses as text; `seawall scope` accepts each of them, or a block, as indicator."""
    shown = ", ".join(f"{address} ({plural(records, 'record')})" for address, records in addresses[:most])
    more = len(addresses) - most
    return (shown or "no record carries one") + (f" and {more:,} more (--json)" if more > 0 else "")


def _list(names: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(names[:most]) or "none"
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, header_style="dim", show_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _evidence(incident: Incident, ascii_only: bool) -> Table:
    reasons, rest_count, rest = words.evidence(incident)
    counts = ["; ".join(words.more_counts_of(reason)) for reason in reasons]
    has_counts = any(counts)  # most reasons contain their counts
    table = _table("Weight", "", "Reason", *(["Counts"] if has_counts else []))
    table.columns[0].justify = "right"
    table.columns[0].no_wrap = table.columns[1].no_wrap = True
    widest = (
        max((abs(weight) for weight in (incident.base, *(r.weight for r in reasons))), default=1.0) or 1.0
    )
    for reason, count in zip(reasons, counts, strict=True):
        what = _text(words.sentence(reason.text))
        bar = _bar(reason.weight / widest, ascii_only)
        table.add_row(_weight(reason.weight), bar, what, *([Text(count)] if has_counts else []))
    if rest_count:
        table.add_row(_weight(rest), "", Text(f"{plural(rest_count, 'smaller reason')} together"))
    table.add_row(_weight(incident.base), _bar(incident.base / widest, ascii_only), Text("Base", style="dim"))
    table.add_section()
    table.add_row(Text(f"{incident.score:.1f}", style="bold"), "", Text("Score", style="bold"))
    return table


def _weight(weight: float) -> Text:
    return Text(f"{weight:+.1f}")


def _bar(share: float, ascii_only: bool) -> Text:
    length = max(1, round(abs(share) * _BAR))
    return Text(("#" if ascii_only else "█") * length, style="dark_orange" if share >= 0 else "blue")


def _usual(incident: Incident, ascii_only: bool) -> Table:
    table = _table("", "Field", "Now", "Usually", "This account", "Peers")
    unusual, ordinary = ("*", "-") if ascii_only else ("◆", "●")
    for row in incident.usual:
        mark = Text(unusual, style="dark_orange") if row.is_unusual else Text(ordinary, style="blue")
        now = _text(row.now, "bold" if row.is_unusual else "")
        usually = _text(words.usual_text(row))
        table.add_row(
            mark,
            _text(words.aspect_name(row.aspect)),
            now,
            usually,
            Text(words.describe_seen(row)),
            Text(words.peers_text(row)),
        )
    return table


def _bullets(lines: Sequence[str]) -> Table:
    grid = Table.grid(padding=(0, 1))
    for line in lines:
        grid.add_row(Text("  -", style="dim"), _text(line))
    return grid
