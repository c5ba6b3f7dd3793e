"""Print the queue of incidents for a terminal: attacks first to last, the first in full, and no more than one screen holds."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seawall.detection.incident import Incident
from seawall.detection.incidents.reading_order import number_incidents
from seawall.detection.incidents.story.telling import KEY_LINES
from seawall.report import attack_words as attacks
from seawall.report import incident_words as words
from seawall.report import story_words as story
from seawall.report.attack_words import AttackView
from seawall.report.terminal_parts import (
    is_ascii_only,
    list_story_lines,
    list_strongest_lines,
    list_urgent_lines,
    show_label,
    show_mark,
    show_text,
)
from seawall.response.first_response import describe_beginning
from seawall.response.judgement import describe_confidence, describe_confidence_briefly, describe_severity
from seawall_base.plurals import plural
from seawall_base.safe_text import visible
from seawall_base.times import day_text, minute_text, span_text

SHOWN = 10
"""Incidents that one screen holds."""

BRIEF_FROM = 4
"""With more incidents than this, those after the first are told in one sentence each, and the first in fewer lines."""

BRIEF_LINES = 5
"""Lines of the first incident's story beside many others."""

_SEVERITY_REASONS = 2
_UNUSUAL_REASONS = 3
_LONGEST_NAME = 60


def queue(
    console: Console,
    incidents: Sequence[Incident],
    folder: str,
    period: tuple[int, int] | None = None,
    now: int | None = None,
) -> None:
    """Print incidents in reading order, each with its number: what the first attack did in full, the others in short.

    `folder` is that of the results, quoted as a shell wants it; `period` is the first and last time of the logs, `now` the time
    at which it is read. No more are printed than one screen holds.
    """
    ascii_only = is_ascii_only(console)
    shown, left = attacks.group_by_attack(number_incidents(incidents)), SHOWN
    is_brief = len(shown) > BRIEF_FROM
    for place, view in enumerate(shown):
        if left <= 0:
            break
        lines = (BRIEF_LINES if is_brief else KEY_LINES) if place == 0 else 0
        rank, incident = view.lead
        is_alone = len(view.members) == 1
        entry = (
            _entry(incident, rank, ascii_only, lines, is_brief=is_brief)
            if is_alone
            else _attack(view, ascii_only, lines)
        )
        console.print(entry)
        if place == 0:
            begun = describe_beginning(attacks.as_whole(view), None if period is None else period[1])
            steps = list_urgent_lines(incident, f"{rank}", folder, is_all=False, now=now)
            parts = Group(*_describe_judgement(incident), show_label("do now", begun), steps)
            console.print(Padding(parts, (0, 0, 0, 5)))
        if not is_alone:
            console.print(_members(view, ascii_only, min(left, len(view.members))))
        left -= len(view.members)


def _attack(view: AttackView, ascii_only: bool, lines: int) -> RenderableType:
    """Return one attack on several accounts; with `lines`, so many acts of all of them, and what they left behind."""
    rank, incident = view.lead
    head = Text.assemble((f"{rank:>3}  ", "bold"), show_mark(view.severity, ascii_only), "  ")
    head.append(f"{sure}  " if (sure := describe_confidence(incident)) else "")
    head.append(f"one attack on {plural(len(view.accounts), 'account')}", style="bold")
    head.append(f"  {span_text(view.first, view.last)} UTC", style="dim")
    parts: list[RenderableType] = [show_text(attacks.attack_title(view) + ".")]
    if lines:
        acts = attacks.list_acts(view, BRIEF_LINES if len(view.members) > BRIEF_FROM else lines)
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column()
        for act in acts:
            who = Text(f"{visible(act.account, _LONGEST_NAME)} ", style="bold")
            grid.add_row(Text(act.when, style="dim"), who.append_text(show_text(act.sentence)))
        more = attacks.count_more_acts(view, len(acts))
        parts += [grid, *([Text(more, style="dim")] if more else [])]
        if left := attacks.left_behind_text(view):
            parts.append(show_label("left behind", left))
    elif incident.story:
        parts.append(_describe_unusual(incident))
    return Group(head, *(Padding(part, (0, 0, 0, 5)) for part in parts))


def _members(view: AttackView, ascii_only: bool, most: int) -> RenderableType:
    """Return the incidents of an attack, a line each: rank, severity, and what was done."""
    lines: list[RenderableType] = [Text("its incidents:")]
    for rank, incident in view.members[:most]:
        line = Text.assemble((f"{rank:>3}  ", "bold"), show_mark(incident.severity, ascii_only), "  ")
        line.append(f"{day_text(incident.first_event)}  ", style="dim")
        line.append_text(show_text(words.verdict(incident)))
        line.no_wrap, line.overflow = True, "ellipsis"
        lines.append(line)
    if len(view.members) > most:
        lines.append(Text(f"and {plural(len(view.members) - most, 'more incident')}", style="dim"))
    return Padding(Group(*lines), (0, 0, 0, 5))


def _entry(incident: Incident, rank: int, ascii_only: bool, lines: int, *, is_brief: bool) -> RenderableType:
    """Return one incident of the queue. With `lines`, it is told in full: so many acts."""
    head = Text.assemble((f"{rank:>3}  ", "bold"), show_mark(incident.severity, ascii_only), "  ")
    head.append(f"{sure}  " if (sure := describe_confidence(incident)) else "")
    head.append_text(show_text(incident.account, "bold"))
    head.append(f"  {minute_text(incident.first_event)} UTC", style="dim")
    title = show_text(words.verdict(incident))
    if is_brief and not lines:
        title.no_wrap, title.overflow = True, "ellipsis"
    parts: list[RenderableType] = [title]
    if lines and incident.story:
        parts += list_story_lines(incident, lines)
    elif lines:
        parts += list_strongest_lines(incident)
    if incident.story and not lines:
        parts.append(_describe_unusual(incident))
    left = story.left_behind(incident, 3 if is_brief or not lines else story.LEFT_SHOWN)
    if left and (lines or not is_brief):
        parts.append(show_label("left behind", left))
    return Group(head, *(Padding(part, (0, 0, 0, 5)) for part in parts))


def _describe_unusual(incident: Incident) -> Text:
    """Return in one line what is most unusual, so that a story of ordinary acts says why it is told."""
    line = show_label("unusual", words.describe_unusual(incident))
    line.no_wrap, line.overflow, line.style = True, "ellipsis", "dim"
    return line


def _describe_judgement(incident: Incident) -> list[RenderableType]:
    """Return a line each about what is unusual, severity and confidence, in short."""
    lines: list[RenderableType] = []
    if incident.story and (unusual := words.describe_unusual(incident, _UNUSUAL_REASONS)):
        lines.append(show_label("unusual", unusual))
    if severity := describe_severity(incident, _SEVERITY_REASONS):
        lines.append(show_label("severity", f"{incident.severity}: {_lower(severity)}"))
    if sure := describe_confidence_briefly(incident):
        lines.append(show_label("confidence", sure))
    return lines


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
