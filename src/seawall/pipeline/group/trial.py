"""Get past a message that ends its worker again and again, without stopping the partition for ever.

Each watch of a partition notes in the database that it began, and forgets the note once it has worked for a while or ends in
order. After some notes in a row, messages are read one at a time. Each is noted before anything is done with it, and one that
was in hand at several ends is left out, with a problem that says so. Only one such message is in hand in a process, so that no
other partition's message gets the blame. If the watch ends early for any other reason, its next start waits longer and longer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from seawall.storage.database import SlotDatabase

NAME: Final = "trial"
"""The checkpoint with the note: `starts`, `name` of the record in hand, and the number of `ends` at which it was in hand."""

HEALTHY_SECONDS: Final = 60.0
"""Seconds of work after which a start counts as good."""

CAREFUL_STARTS: Final = 3
"""From this start in a row on, messages are read one at a time."""

MOST_ENDS: Final = 3
"""Ends of its worker after which a message is left out."""

PAUSES: Final = (5.0, 300.0)
"""Seconds until the next start: after the second start that was careful, doubled with each further one, and at most."""

_one_in_hand: Final = threading.Lock()


@dataclass(slots=True)
class StartTrial:
    """A start of the watch of a slot. Threads may share it; `is_careful` says that records are to be taken one at a time."""

    database: SlotDatabase
    starts: int = 0
    is_careful: bool = False
    _name: str = ""
    _ends: int = 0

    @classmethod
    def begin(cls, database: SlotDatabase) -> StartTrial:
        """Note a start. Raises `LeaseLost` and other errors of the database."""
        with database.writing() as work:
            note = work.checkpoints.get(NAME) or {}
            name, starts = str(note.get("name", "")), int(note.get("starts", 0)) + 1
            ends = int(note.get("ends", 0)) + bool(name)
            work.checkpoints.put({NAME: _make_note(starts, name, ends)})
        return cls(database, starts, starts >= CAREFUL_STARTS, name, ends)

    @property
    def pause(self) -> float:
        """Seconds to wait before the watch begins."""
        late = self.starts - CAREFUL_STARTS - 2
        return 0.0 if late < 0 else min(PAUSES[0] * 2.0 ** min(late, 10), PAUSES[1])

    @contextmanager
    def take_in_hand(self, name: str, wait: Callable[[], None]) -> Iterator[bool]:
        """Note a record for a `with` block that queues it; `wait` returns once it is stored.

        Yield False if the record is to be left out. Raises errors of the database.
        """
        with _one_in_hand:
            if name != self._name:
                self._name, self._ends = name, 0
            with self.database.writing() as work:
                work.checkpoints.put({NAME: _make_note(self.starts, name, self._ends)})
            yield self._ends < MOST_ENDS
            wait()

    def pass_on(self) -> None:
        """Read many records at a time again: the ones that were suspected are stored."""
        self.is_careful = False

    def forget(self) -> None:
        """Forget the starts so far. Raises errors of the database."""
        if self.starts:
            with self.database.writing() as work:
                work.checkpoints.forget(NAME)
            self.starts, self.is_careful = 0, False


def _make_note(starts: int, name: str, ends: int) -> dict[str, Any]:
    return {"starts": starts, "name": name, "ends": ends}
