"""Print the explanation of one incident for a terminal.

Everything is built from `Text`, never from Rich's markup, and every value passes `visible`. So log text can neither colour,
move nor link anything. Without a terminal, the same lines are printed plain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from seawall.detection.incident import Incident
from seawall.report import attack_words
from seawall.report import incident_words as words
from seawall.report import story_words as story
from seawall.report.terminal_parts import (
    is_ascii_only,
    list_story_lines,
    list_urgent_lines,
    show_mark,
    show_text,
)
from seawall.response.first_response import describe_beginning
from seawall.response.judgement import (
    describe_confidence,
    explain_severity,
    list_confidence_reasons,
)
from seawall_base.plurals import plural
from seawall_base.times import minute_text, span_text

if TYPE_CHECKING:
    from seawall.response.incident_facts import IncidentFacts

_BAR = 20
_MOST_FACTS, _MOST_REQUESTS = 8, 3


Counted = Sequence[tuple[str, int]]
"""Texts with the number of records that say so, the most frequent first."""

Addresses = Sequence[tuple[str, int]]
"""Client addresses with their number of records, the most frequent first."""


def explanation(
    console: Console,
    incident: Incident,
    rank: int,
    folder: str,
    addresses: Addresses | None = None,
    facts: IncidentFacts | None = None,
    now: int | None = None,
) -> None:
    """Print one incident in full: reasons with numbers, usual versus now, and the limits of the logs.

    `addresses` are the client addresses of its records, None if unknown. `facts` are further facts from the events. `folder`
    is that of the results, quoted as a shell wants it; `now` is the time at which it is read.
    """
    more = list[RenderableType]()
    statements = facts.statements if facts else ()
    if said := words.statement_lines((*words.list_statements(incident), *statements)):
        more += _section("What others say", _bullets(said))
    if facts and facts.sign_ins:
        lines = _name_counted("", facts.sign_ins, _MOST_FACTS)
        lines += _name_counted("continues request ", facts.requests, _MOST_REQUESTS)
        more += _section("How its sign-ins were authenticated", _bullets(lines))
    urgent = list_urgent_lines(incident, f"{rank}", folder, is_all=True, now=now)
    console.print(Group(*_explanation(incident, rank, addresses, is_ascii_only(console), urgent, more)))


def _name_counted(what: str, found: Counted, most: int) -> list[str]:
    lines = [f"{plural(count, 'record')}: {what}{text}" for text, count in found[:most]]
    return lines + ([f"and {len(found) - most:,} more (--json)"] if len(found) > most else [])


def _explanation(
    incident: Incident,
    rank: int,
    addresses: Addresses | None,
    ascii_only: bool,
    urgent: RenderableType,
    more: Sequence[RenderableType],
) -> Iterable[RenderableType]:
    yield _entry_head(incident, rank, ascii_only)
    yield show_text(words.verdict(incident))
    if incident.story:
        yield from _section("What happened, UTC", Group(*list_story_lines(incident, len(incident.story))))
        if left := story.left_behind(incident):
            yield from _section("What is left behind", show_text(f"{left}."))
    yield from _section(
        "What to do now", Group(show_text(f"It {describe_beginning(incident)}.", "dim"), urgent)
    )
    if incident.actions:
        yield from _section("All steps", _bullets(incident.actions))
    yield from _section("The incident", _facts(incident, addresses))
    if tied := attack_words.link_lines(incident):
        yield from _section("Part of an attack", _bullets(tied))
    if incident.story and incident.summary:
        yield from _section("What is unusual", show_text(incident.summary))
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
    head = Text.assemble((f"#{rank}  ", "bold"), show_mark(incident.severity, ascii_only), "  ")
    head.append_text(show_text(incident.account, "bold"))
    return head.append_text(show_text(f"  {incident.id}", "dim"))


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
        grid.add_row(Text(name, style="dim"), show_text(value))
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
        what = show_text(words.sentence(reason.text))
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
        now = show_text(row.now, "bold" if row.is_unusual else "")
        usually = show_text(words.usual_text(row))
        table.add_row(
            mark,
            show_text(words.aspect_name(row.aspect)),
            now,
            usually,
            Text(words.describe_seen(row)),
            Text(words.peers_text(row)),
        )
    return table


def _bullets(lines: Sequence[str]) -> Table:
    grid = Table.grid(padding=(0, 1))
    for line in lines:
        grid.add_row(Text("  -", style="dim"), show_text(line))
    return grid
