"""Hold stored events that wait for the next scoring: the first in memory, further ones in files, so that storing goes on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from seawall.pipeline.live.rows import rows_by_day

MOST_HELD = 200_000
"""Events that wait in memory; further ones wait in files."""

MOST_ARRIVED = 4_000_000
"""Events that may wait in all; beyond it, no further batches are stored until the scoring ends."""


@dataclass(slots=True)
class ArrivedEvents:
    """Tables in the order of arrival. `days` are those of their events."""

    folder: Path
    rows: int = 0
    days: set[int] = field(default_factory=set)
    _waiting: list[pa.Table | Path] = field(default_factory=list)
    _files: int = 0

    def add(self, events: pa.Table) -> None:
        """Add a table. If the disk has no room for it, it stays in memory."""
        is_held = self.rows + events.num_rows <= MOST_HELD
        self._waiting.append(events if is_held else self._write(events))
        self.rows += events.num_rows
        self.days |= rows_by_day(events).keys()

    @property
    def is_full(self) -> bool:
        """Return whether no more events may wait."""
        return self.rows >= MOST_ARRIVED

    def take(self) -> list[pa.Table | Path]:
        """Return everything added since the last call, for `read_arrived`."""
        taken, self._waiting = self._waiting, []
        self.rows, self.days = 0, set()
        return taken

    def clear(self) -> None:
        """Forget everything, and delete all files."""
        self.take()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, events: pa.Table) -> pa.Table | Path:
        self._files += 1
        path = self.folder / f"{self._files:08d}.arrow"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, events.schema) as writer:
                writer.write_table(events)
        except OSError:
            path.unlink(missing_ok=True)
            return events
        return path


def read_arrived(waiting: list[pa.Table | Path]) -> Iterator[pa.Table]:
    """Yield the tables that `ArrivedEvents.take` returned, and delete their files."""
    for one in waiting:
        if isinstance(one, Path):
            with pa.OSFile(str(one), "rb") as source:
                events = pa.ipc.open_file(source).read_all()
            one.unlink()
            yield events
        else:
            yield one
