"""The events of each day of a shard, coded: those of late at hand, all others read from the lake when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from seawall.events.array_state import RestoredState, State
from seawall.events.coded_batch import CodedBatch
from seawall.events.grouping import distinct
from seawall.pipeline.live.duplicates import REMEMBERED_DAYS, DuplicateFilter
from seawall.pipeline.live.organisations import PRINT, SHARDS, Organisations
from seawall.storage import Spool
from seawall.storage.lake import Lake

DAY = 86_400_000_000
EPOCH = date(1970, 1, 1)

HELD_RECORDS = 10_000_000 // SHARDS
"""Records of a shard at hand in coded form, on the disk; of more, the oldest days are read from the lake again.

The newest day stays at hand, however large it is.
"""

TAIL = 10_000
"""Records of a day that wait in memory until they are worth a file."""


class ShardDays:
    """What was taken in of one shard's organisations, by day.

    `known` are the days that something came for, `taken` how many records were taken in. `folder` is for files of this process
    alone.
    """

    def __init__(self, shard: int, organisations: Organisations, lake: Lake, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.known: set[int] = set()
        self.taken = 0
        self._shard, self._organisations = shard, organisations
        self._lake, self._folder = lake, folder
        self._spool = Spool(folder, organisations.coder.actors, held=TAIL)
        self._held: set[int] = set()
        self._fetched: set[int] = set()
        self._codes: dict[int, set[int]] = {}
        self._copies = DuplicateFilter()

    def take(self, coded: pa.Table) -> frozenset[int]:
        """Note coded events of this shard that the lake holds already; return the days for which they say something.

        A copy of a record that is at hand says nothing.
        """
        is_fresh = self._copies.fresh(coded["time"].to_numpy() // DAY, coded[PRINT].to_numpy())
        if not is_fresh.all():
            coded = coded.filter(pa.array(is_fresh))
        if not coded.num_rows:
            return frozenset()
        days = distinct(coded["time"].to_numpy() // DAY).tolist()
        self._held |= set(days) - self.known
        self.known |= set(days)
        self.taken += coded.num_rows
        try:
            self._add(coded, self._held)
        except OSError:  # there is no room for what the lake has as well
            for day in days:
                self._let_go(day)
        self._copies.keep_from(max(self.known) - REMEMBERED_DAYS)
        self._give_way(keep=days[-1])
        return frozenset(days)

    def fetch(self, day: int) -> int:
        """Have a day at hand; return how many records of it there are, copies that the lake left out not counted."""
        if day not in self._held:
            self._codes.pop(day, None)
            try:
                for coded in self._read(day):
                    self._add(coded, {day})
            except BaseException:
                self._let_go(day)
                raise
            self._held.add(day)
            self._fetched.add(day)
            self._give_way(keep=day)
        return self._spool.rows(day)

    def available(self, days: Iterable[int]) -> dict[int, int]:
        """Return how many records of each day are at hand or in the lake, without reading them.

        Of days in the lake events that state no organisation are counted for every shard.
        """
        wanted = set(days)
        found = {day: self._spool.rows(day) for day in wanted & self._held}
        if wanted - self._held:
            names = set(self._organisations.of_shard(self._shard))
            for size in self._lake.size().days:
                day = (size.day - EPOCH).days
                if day in wanted - self._held and size.tenant in names:
                    found[day] = found.get(day, 0) + size.rows
        return found

    def rows(self, day: int) -> int:
        """Return how many records of a day are at hand."""
        return self._spool.rows(day)

    def holds(self, code: int, day: int) -> bool:
        """Whether all that the lake has of an organisation for a day is known to be at hand, or is going to be read.

        What was at hand before a stop is not: what came since may be less than all.
        """
        is_whole = day not in self._held or day in self._fetched
        return is_whole and code in self._codes.get(day, ())

    def days_of(self, code: int) -> set[int]:
        """Return the days for which something of an organisation came."""
        return {day for day, codes in self._codes.items() if code in codes}

    def give(self, code: int, days: set[int]) -> None:
        """An organisation is of another shard now: forget its records of these days."""
        for day in days:
            self._codes[day].discard(code)
            self._let_go(day)

    def receive(self, code: int, days: set[int]) -> None:
        """Records of these days, which the lake holds, are of this shard now."""
        self.known |= days
        for day in days:
            self._codes.setdefault(day, set()).add(code)
            self._let_go(day)

    def load(self, day: int) -> CodedBatch | None:
        """Return a day's events in order of time and record id, None where there are none any more."""
        if not self.fetch(day):
            return None
        self._spool.settle(*self._organisations.meanings())
        return self._spool.load(day)[0]

    def state(self) -> State:
        """Return what is known in codes, as plain arrays."""
        rows = [(day, code) for day, codes in self._codes.items() for code in codes]
        return {"organisations": np.array(sorted(rows), np.int64).reshape(-1, 2)}

    def restore(self, state: State, known: set[int]) -> None:
        """Know what was kept. Raises `StateInvalid`."""
        self._codes = {}
        for day, code in RestoredState(state).array("organisations", np.int64, None, 2).tolist():
            self._codes.setdefault(day, set()).add(code)
        self.known = known
        for day in self._held:
            self._spool.drop(day)
        self._held, self._fetched, self._copies = set(), set(), DuplicateFilter()
        self._spool = Spool(self._folder, self._organisations.coder.actors, held=TAIL)

    def _let_go(self, day: int) -> None:
        self._spool.drop(day)
        self._held.discard(day)
        self._fetched.discard(day)
        self._copies.forget((day,))

    def _add(self, coded: pa.Table, wanted: set[int]) -> None:
        """Note whose events these are, and hold those of the wanted days."""
        day_of = coded["time"].to_numpy() // DAY
        keys = distinct((day_of << 32) | coded["org_uid"].to_numpy())
        for key in keys.tolist():
            self._codes.setdefault(key >> 32, set()).add(key & 0xFFFFFFFF)
        if not {key >> 32 for key in keys.tolist()} <= wanted:
            is_wanted = np.isin(day_of, sorted(wanted))
            coded, day_of = coded.filter(pa.array(is_wanted)), day_of[is_wanted]
        self._spool.add(coded.drop_columns([PRINT]))
        self._copies.learn(day_of, coded[PRINT].to_numpy())

    def _give_way(self, keep: int) -> None:
        """Let the oldest days go until the others fit; they can be read again."""
        for day in sorted(self._held - {keep}):
            if sum(map(self._spool.rows, self._held)) <= HELD_RECORDS:
                break
            self._let_go(day)

    def _read(self, day: int) -> Iterator[pa.Table]:
        for name in self._organisations.of_shard(self._shard):
            for events in self._lake.day(name, EPOCH + timedelta(days=day)):
                coded = self._organisations.encode(events)
                self._organisations.seen |= {
                    (code, day) for code in distinct(coded["org_uid"].to_numpy()).tolist()
                }
                if (own := self._organisations.split(coded).get(self._shard)) is not None:
                    yield own
