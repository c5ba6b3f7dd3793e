"""The events of each day, coded: those of late at hand, all others read from the lake when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from seawall.schema.batches import CodedBatch
from seawall.schema.state import Saved, State, nested, texts_kept
from seawall.store import Coder, Spool
from seawall.store.lake import Lake

DAY = 86_400_000_000
EPOCH = date(1970, 1, 1)

HELD_RECORDS = 10_000_000
"""Records at hand in coded form, on the disk; of more, the oldest days are read from the lake again."""

TAIL = 50_000
"""Records of a day that wait in memory until they are worth a file."""

NOT_SCORED = "unmapped"
"""The one text that nothing looks at: it stays in the lake."""


class Days:
    """What was taken in, by day, in the codes of one coder that only grows.

    `rows` counts the records of each day as they came, copies included: what is not an event is a duplicate. `folder` is
    for files of this process alone.
    """

    def __init__(self, lake: Lake, folder: Path) -> None:
        self.coder = Coder(unseen=False)
        self.rows: dict[int, int] = {}
        self._lake, self._folder = lake, folder
        self._spool = Spool(folder, self.coder.actors, held=TAIL)
        self._held: set[int] = set()
        self._tenants = set(lake.tenants())
        self._organisations: dict[int, set[int]] = {}
        self._homes: list[str] = []

    def take(self, events: pa.Table) -> frozenset[int]:
        """Note events that the lake holds already; return their days."""
        self._tenants |= {name or "unknown" for name in events["org_uid"].unique().to_pylist()}
        days, counts = np.unique(events["time"].cast(pa.int64()).to_numpy() // DAY, return_counts=True)
        for day, count in zip(days.tolist(), counts.tolist(), strict=True):
            if day not in self.rows:
                self._held.add(day)
            self.rows[day] = self.rows.get(day, 0) + count
        try:
            self._add(events, self._held)
        except OSError:  # there is no room for what the lake has as well
            for day in days.tolist():
                self._spool.drop(day)
                self._held.discard(day)
        self._give_way(keep=days.tolist()[-1])
        return frozenset(days.tolist())

    def fetch(self, day: int) -> int:
        """Have a day at hand; return how many records of it there are, copies that the lake left out not counted."""
        if day not in self._held:
            try:
                for events in self._read(day):
                    self._add(events, {day})
            except BaseException:
                self._spool.drop(day)
                raise
            self._held.add(day)
            self._give_way(keep=day)
        return self._spool.rows(day)

    def available(self, days: Iterable[int]) -> dict[int, int]:
        """Return how many records of each day are at hand or in the lake, without reading them."""
        wanted = set(days)
        found = {day: self._spool.rows(day) for day in wanted & self._held}
        if wanted - self._held:
            for size in self._lake.size().days:
                day = (size.day - EPOCH).days
                if day in wanted - self._held:
                    found[day] = found.get(day, 0) + size.rows
        return found

    def moved(self) -> frozenset[int]:
        """Return the days in which an organisation is another one than when this was asked before."""
        texts, homes = self.coder.vocabularies["org_uid"].values, self.coder.homes()
        before = self._homes + texts[len(self._homes) :]
        changed = {code for code, (was, now) in enumerate(zip(before, homes, strict=True)) if was != now}
        self._homes = homes
        return frozenset(day for day, codes in self._organisations.items() if codes & changed)

    def settle(self) -> None:
        """Say what codes mean just now; `load` goes by it."""
        self._spool.settle(*self.coder.meanings())

    def load(self, day: int) -> CodedBatch | None:
        """Return a day's events in order of time and record id, None where there are none any more."""
        if not self.fetch(day):
            return None
        self.settle()
        return self._spool.load(day)[0]

    def state(self) -> State:
        """Return the coder's state, and what is known in its codes, as plain arrays."""
        codes = sorted((day, code) for day, found in self._organisations.items() for code in found)
        return {
            **nested(coder=self.coder.state()),
            "organisations": np.array(codes, np.int64).reshape(-1, 2),
            **texts_kept("homes", self._homes),
        }

    def restore(self, state: State) -> None:
        """Know what was kept. Raises `StateInvalid`."""
        part = "coder."
        self.coder.restore({name[len(part) :]: one for name, one in state.items() if name.startswith(part)})
        saved = Saved(state)
        self._homes = saved.texts("homes")
        self._organisations = {}
        for day, code in saved.array("organisations", np.int64, None, 2).tolist():
            self._organisations.setdefault(day, set()).add(code)
        for day in self._held:
            self._spool.drop(day)
        self._held = set()
        self._spool = Spool(self._folder, self.coder.actors, held=TAIL)

    def _add(self, events: pa.Table, wanted: set[int]) -> None:
        """Code events, and hold those of the wanted days."""
        coded = self.coder.encode(events)
        place = coded.column_names.index(NOT_SCORED)
        coded = coded.set_column(place, NOT_SCORED, pa.nulls(len(coded), pa.string()))
        day_of = coded["time"].to_numpy() // DAY
        keys = np.unique((day_of << 32) | coded["org_uid"].to_numpy())
        for key in keys.tolist():
            self._organisations.setdefault(key >> 32, set()).add(key & 0xFFFFFFFF)
        if not {key >> 32 for key in keys.tolist()} <= wanted:
            coded = coded.filter(pa.array(np.isin(day_of, sorted(wanted))))
        self._spool.add(coded)

    def _give_way(self, keep: int) -> None:
        """Let the oldest days go until the others fit; they can be read again."""
        for day in sorted(self._held - {keep}):
            if sum(map(self._spool.rows, self._held)) <= HELD_RECORDS:
                break
            self._spool.drop(day)
            self._held.discard(day)

    def _read(self, day: int) -> Iterator[pa.Table]:
        for tenant in sorted(self._tenants):
            yield from self._lake.day(tenant, EPOCH + timedelta(days=day))
