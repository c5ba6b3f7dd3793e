"""Draw what several terminal outputs share: marks, texts, labels, the lines of a story and the urgent steps.

Log text never becomes markup: it passes `visible`, and is a `Text` without styles of its own.
"""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seawall.detection.incident import Incident, Severity
from seawall.report import incident_words as words
from seawall.report import story_words as story
from seawall.response.first_response import WhereToType, list_urgent_steps
from seawall_base.program_name import program
from seawall_base.safe_text import visible

MARKS: dict[Severity, tuple[str, str]] = {
    "critical": ("⬢", "bold red"),
    "high": ("▲", "dark_orange"),
    "medium": ("◆", "yellow"),
    "low": ("○", "cyan"),
}
"""A severity's symbol and style, so that colour alone never carries the meaning."""

_ASCII = {"critical": "!!", "high": "! ", "medium": "* ", "low": "- "}
_LINE = 400


def is_ascii_only(console: Console) -> bool:
    """Return whether the stream's encoding lacks the symbols; then ASCII characters replace them."""
    return not console.encoding.lower().startswith("utf")


def show_text(value: str, style: str = "") -> Text:
    """Return log text or our own as one text, bounded and without control characters."""
    return Text(visible(value, _LINE), style=style, overflow="fold")


def show_mark(severity: Severity, ascii_only: bool) -> Text:
    """Return the symbol and name of a severity."""
    shape, style = MARKS[severity]
    return Text(f"{_ASCII[severity] if ascii_only else shape} {severity}", style=style)


def list_urgent_lines(
    incident: Incident, number: str, folder: str, *, is_all: bool, now: int | None = None
) -> RenderableType:
    """Return what to do now as a numbered list; without `is_all`, without what comes after blocking.

    `number` and `folder` choose the incident; the folder is quoted as a shell wants it. `now` is the time at which it is read.
    """
    every = list_urgent_steps(incident, WhereToType(program(), number, folder), now=now)
    lines: list[RenderableType] = []
    steps = [one for one in every if is_all or one.name != "review" or one is every[0]]
    for place, step in enumerate(steps, start=1):
        lines.append(show_hanging(f"{place}", step.text))
        lines += [Padding(show_text(command, "cyan"), (0, 0, 0, 2)) for command in step.commands]
        if step.by_hand:
            lines.append(show_hanging(" ", f"or, only to block it: {step.by_hand}"))
    return Group(*lines)


def show_hanging(mark: str, text: str) -> RenderableType:
    """Return a text whose further lines are indented by its mark."""
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text(mark, style="bold"), show_text(text))
    return grid


def show_label(name: str, text: str) -> Text:
    """Return a text after a bold name."""
    return Text.assemble((f"{name}: ", "bold")).append_text(show_text(text))


def list_story_lines(incident: Incident, most: int) -> list[RenderableType]:
    """Return the weightiest acts as a table of when and what, and how many more there are."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for when, sentence in story.story_lines(incident, most):
        grid.add_row(Text(when, style="dim"), show_text(sentence))
    more = story.more_acts(incident, most)
    return [grid, *([Text(more, style="dim")] if more else [])]


def list_strongest_lines(incident: Incident) -> list[RenderableType]:
    """Return the strongest reasons, for an incident of which no act is told."""
    told = words.verdict(incident)
    lines: list[RenderableType] = []
    for reason in [reason for reason in words.strongest(incident, 6) if reason.text not in told][:3]:
        line = Text(f"{reason.weight:+5.1f}  ", style="dim")
        line.append_text(show_text(reason.text))
        for count in words.more_counts_of(reason)[:2]:
            line.append(f"  {count}", style="cyan")
        lines.append(line)
    return lines
