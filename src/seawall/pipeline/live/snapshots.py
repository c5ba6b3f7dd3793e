"""Detection states after earlier days: the latest two in memory, others on disk."""

from __future__ import annotations

from pathlib import Path

from seawall.events.array_state import State
from seawall.storage import pack, unpack

LADDER = (1, 2, 3, 4, 7, 14, 30, 60, 120, 240, 480)
"""Ages in days before the last day for which a snapshot, or the nearest older one, is kept."""

AT_HAND = 2


class StateSnapshots:
    """States by the day after which they were taken. `folder` is private to this process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._days: set[int] = set()
        self._near: dict[int, State] = {}

    def days(self) -> frozenset[int]:
        """Return the days with a snapshot."""
        return frozenset(self._days)

    def latest(self, before: int) -> int | None:
        """Return the last day with a snapshot before a day, None if there is none."""
        return max((day for day in self._days if day < before), default=None)

    def put(self, day: int, state: State) -> None:
        """Store a state; the caller must not change it afterwards."""
        self._days.add(day)
        self._near[day] = state
        for far in sorted(self._near)[:-AT_HAND]:
            self._file(far).write_bytes(pack(self._near.pop(far)))

    def get(self, day: int) -> State:
        """Return the state after a day."""
        return self._near[day] if day in self._near else unpack(self._file(day).read_bytes())

    def drop(self, day: int) -> None:
        """Delete the state after a day."""
        self._days.discard(day)
        if self._near.pop(day, None) is None:
            self._file(day).unlink(missing_ok=True)

    def clear(self) -> None:
        """Delete all states."""
        for day in self.days():
            self.drop(day)

    def _file(self, day: int) -> Path:
        return self._folder / f"state-{day}"


def ladder(days: set[int] | frozenset[int], newest: int) -> set[int]:
    """Return the days whose snapshots to keep: for each age the nearest older one, and the next one to reach the age."""
    kept: set[int] = set()
    for back in LADDER:
        kept |= {max((day for day in days if day <= newest - back), default=newest)}
        kept |= {min((day for day in days if day >= newest - back), default=newest)}
    return kept & days
