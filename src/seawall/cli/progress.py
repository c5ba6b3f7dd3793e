"""Progress of long work on stderr: phase, bar, rate and time left on a terminal, silence elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from seawall_base.plurals import plural

if TYPE_CHECKING:
    from rich.progress import Progress, Task, TaskID
    from rich.text import Text

    from seawall_base.progress import Progress as Report

_NAMES = {"read": "Reading", "score": "Scoring", "write": "Writing", "search": "Searching"}


@contextmanager
def show_progress(*, quiet: bool) -> Iterator[Report]:
    """Yield the function to hand to the engine; the bars are gone when the work is done."""
    if quiet or not sys.stderr.isatty():
        yield _silent
        return
    bars = _bars()
    with bars:
        yield _Bars(bars)


def _silent(phase: str, done: int, total: int, records: int) -> None:
    """Nobody is watching."""


class _Bars:
    """One bar a phase, made when the phase begins."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, phase: str, done: int, total: int, records: int) -> None:
        if phase not in self._tasks:
            self._finish()
            name = _NAMES.get(phase, phase.capitalize())
            self._tasks[phase] = self._progress.add_task(name, total=None, unit=phase)
        self._progress.update(self._tasks[phase], completed=done, total=total or None, records=records)

    def _finish(self) -> None:
        for task in self._tasks.values():
            total = self._progress.tasks[task].total
            self._progress.update(task, completed=total if total is not None else 1, total=total or 1)


def _bars() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        ProgressColumn,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Amount(ProgressColumn):
        """Bytes while reading, days while scoring, and records with their rate."""

        def render(self, task: Task) -> Text:
            return Text(_amount(task), style="dim")

    return Progress(
        TextColumn("{task.description:<9}"),
        BarColumn(bar_width=28),
        TaskProgressColumn(),
        Amount(),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        transient=True,
        refresh_per_second=8,
    )


def _amount(task: Task) -> str:
    from rich.filesize import decimal

    unit, total = task.fields.get("unit"), int(task.total or 0)
    if unit == "read":
        amount = f"{decimal(int(task.completed))} of {decimal(total)}"
    elif unit == "search":
        speed = decimal(int(task.completed / (task.elapsed or 1)))
        amount = f"{decimal(int(task.completed))} of {decimal(total)}, {speed}/s"
    elif unit == "score":
        amount = f"day {int(task.completed):,} of {total:,}"
    else:
        amount = ""
    records = int(task.fields.get("records", 0))
    if not records:
        return amount
    elapsed = task.elapsed or 0.0
    rate = f", {records / elapsed:,.0f}/s" if elapsed > 0.5 and unit == "read" else ""
    return f"{amount}  {plural(records, 'record')}{rate}"
