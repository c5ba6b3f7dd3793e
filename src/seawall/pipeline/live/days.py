"""The coded events of a shard by day: recent days in a spool, others read from the lake on demand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from seawall.events.array_state import RestoredState, State
from seawall.events.coded_batch import CodedBatch, Codes
from seawall.events.coder import Meanings
from seawall.events.grouping import Rows, distinct
from seawall.pipeline.live.duplicates import REMEMBERED_DAYS, DuplicateFilter
from seawall.pipeline.live.organisations import PRINT, SHARDS, Organisations
from seawall.storage import Spool
from seawall.storage.lake import Lake

DAY = 86_400_000_000
EPOCH = date(1970, 1, 1)

HELD_RECORDS = 10_000_000 // SHARDS
"""Records of a shard that stay in its spool on disk; beyond it, the oldest days must be read from the lake again.

The newest day always stays, however large.
"""

TAIL = 10_000
"""Records of a day that wait in memory until they are worth a file."""


class ShardDays:
    """The events of one shard's organisations by day.

    `known` are the days with events, `taken` the number of records taken. `folder` is private to this process.
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
        self._restored, self._released = 0, Counter[int]()

    def take(self, coded: pa.Table) -> frozenset[int]:
        """Add coded events of this shard that are in the lake already; return the days with new records.

        Copies of records in the spool are dropped.
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
        except OSError:  # the disk has no room for a second copy of what the lake has
            for day in days:
                self._let_go(day)
        self._copies.keep_from(max(self.known) - REMEMBERED_DAYS)
        self._drop_oldest(keep=days[-1])
        return frozenset(days)

    def fetch(self, day: int) -> int:
        """Load a day into the spool; return its number of records, without copies that the lake dropped."""
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
            self._drop_oldest(keep=day)
        return self._spool.rows(day)

    def available(self, days: Iterable[int]) -> dict[int, int]:
        """Return the number of records of each day in the spool or lake, without reading them.

        In the lake, events without an organisation are counted for every shard.
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
        """Return the number of records of a day in the spool."""
        return self._spool.rows(day)

    def holds(self, code: int, day: int) -> bool:
        """Return whether the spool has, or will read, all of the lake's events of an organisation for a day.

        A day that was in the spool before a restart is incomplete: later arrivals may be a part only.
        """
        is_whole = day not in self._held or day in self._fetched
        return is_whole and code in self._codes.get(day, ())

    def days_of(self, code: int) -> set[int]:
        """Return the days with events of an organisation."""
        return {day for day, codes in self._codes.items() if code in codes}

    def give(self, code: int, days: set[int]) -> None:
        """Forget an organisation's records of these days, because it moved to another shard."""
        for day in days:
            self._codes[day].discard(code)
            self._let_go(day)

    def receive(self, code: int, days: set[int]) -> None:
        """Take over an organisation's records of these days, which are in the lake."""
        self.known |= days
        for day in days:
            self._codes.setdefault(day, set()).add(code)
            self._let_go(day)

    def load(self, day: int) -> CodedBatch | None:
        """Return a day's events by time and record id, None if there are none any more."""
        records, _ = self.prepare(day)
        return self._spool.load(day)[0] if records else None

    def prepare(self, day: int) -> tuple[int, Meanings]:
        """Load a day into the spool; return its number of records, and what codes mean in what is read from now on."""
        records, meanings = self.fetch(day), self._organisations.meanings()
        self._spool.settle(*meanings)
        return records, meanings

    def version(self, day: int) -> tuple[int, int]:
        """Return numbers that change when a day's records were removed, or their order of arrival changed."""
        return self._restored, self._released[day]

    def load_part(self, day: int, rows: Rows) -> tuple[CodedBatch, Rows]:
        """Return the events of some records of a prepared day; see `Spool.load_part`."""
        return self._spool.load_part(day, rows)

    def read_keys(self, day: int, start: int) -> tuple[Codes, dict[str, np.ndarray]]:
        """Return the account of each record of a prepared day from `start` on, and their keys; see `Spool.read_keys`."""
        return self._spool.read_keys(day, start)

    def count_actors(self) -> int:
        """Return how many accounts are known, in all organisations."""
        return len(self._organisations.coder.actors)

    def find_actor(self, organisation: str, account: str) -> int | None:
        """Return the code of an account, None if it is unknown."""
        return self._organisations.find_actor(organisation, account)

    def state(self) -> State:
        """Return the organisations of each day in codes, as arrays."""
        rows = [(day, code) for day, codes in self._codes.items() for code in codes]
        return {"organisations": np.array(sorted(rows), np.int64).reshape(-1, 2)}

    def restore(self, state: State, known: set[int]) -> None:
        """Restore from a stored state. Raises `StateInvalid`."""
        self._codes = {}
        for day, code in RestoredState(state).array("organisations", np.int64, None, 2).tolist():
            self._codes.setdefault(day, set()).add(code)
        self.known = known
        for day in self._held:
            self._spool.drop(day)
        self._held, self._fetched, self._copies = set(), set(), DuplicateFilter()
        self._restored += 1
        self._spool = Spool(self._folder, self._organisations.coder.actors, held=TAIL)

    def _let_go(self, day: int) -> None:
        self._released[day] += 1
        self._spool.drop(day)
        self._held.discard(day)
        self._fetched.discard(day)
        self._copies.forget((day,))

    def _add(self, coded: pa.Table, wanted: set[int]) -> None:
        """Note the organisations of events, and put those of the wanted days into the spool."""
        day_of = coded["time"].to_numpy() // DAY
        keys = distinct((day_of << 32) | coded["org_uid"].to_numpy())
        for key in keys.tolist():
            self._codes.setdefault(key >> 32, set()).add(key & 0xFFFFFFFF)
        if not {key >> 32 for key in keys.tolist()} <= wanted:
            is_wanted = np.isin(day_of, sorted(wanted))
            coded, day_of = coded.filter(pa.array(is_wanted)), day_of[is_wanted]
        self._spool.add(coded.drop_columns([PRINT]))
        self._copies.learn(day_of, coded[PRINT].to_numpy())

    def _drop_oldest(self, keep: int) -> None:
        """Drop the oldest days from the spool until the others fit; they can be read again."""
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
