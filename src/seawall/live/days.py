"""The events of each day, coded: those of open days at hand, all others read from the lake when they are asked for."""

from __future__ import annotations

import tempfile
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


class Days:
    """What was taken in, by day, in the codes of one coder that only grows.

    `rows` counts the records of each day as they came, copies included: what is not an event is a duplicate.
    """

    def __init__(self, lake: Lake) -> None:
        self.coder = Coder()
        self.rows: dict[int, int] = {}
        self._lake = lake
        self._tenants = set(lake.tenants())
        self._organisations: dict[int, set[int]] = {}
        self._homes: list[str] = []

    def take(self, events: pa.Table) -> frozenset[int]:
        """Note events that the lake holds already; return their days."""
        self._tenants |= {name or "unknown" for name in events["org_uid"].unique().to_pylist()}
        days, counts = np.unique(events["time"].cast(pa.int64()).to_numpy() // DAY, return_counts=True)
        for day, count in zip(days.tolist(), counts.tolist(), strict=True):
            self.rows[day] = self.rows.get(day, 0) + count
        self._encoded(events)
        return frozenset(days.tolist())

    def know(self, days: Iterable[int]) -> None:
        """Code days whose codes may not be known: after a restart those that were taken after the state was kept."""
        for day in days:
            for events in self._read(day):
                self._encoded(events)

    def moved(self) -> frozenset[int]:
        """Return the days in which an organisation is another one than when this was asked before."""
        texts, homes = self.coder.vocabularies["org_uid"].values, self.coder.homes()
        before = self._homes + texts[len(self._homes) :]
        changed = {code for code, (was, now) in enumerate(zip(before, homes, strict=True)) if was != now}
        self._homes = homes
        return frozenset(day for day, codes in self._organisations.items() if codes & changed)

    def load(self, day: int) -> CodedBatch | None:
        """Return a day's events in order of time and record id, None where the lake holds none."""
        with tempfile.TemporaryDirectory() as folder:
            spool = Spool(Path(folder), self.coder.actors)
            for events in self._read(day):
                spool.add(self.coder.encode(events))
            if not spool.days():
                return None
            vocabularies, mappings = self.coder.meanings()
            spool.settle(vocabularies, mappings)
            return spool.load(day)[0]

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

    def _encoded(self, events: pa.Table) -> pa.Table:
        coded = self.coder.encode(events)
        day_of = coded["time"].to_numpy() // DAY
        keys = np.unique((day_of << 32) | coded["org_uid"].to_numpy())
        for key in keys.tolist():
            self._organisations.setdefault(key >> 32, set()).add(key & 0xFFFFFFFF)
        return coded

    def _read(self, day: int) -> Iterator[pa.Table]:
        for tenant in sorted(self._tenants):
            yield from self._lake.day(tenant, EPOCH + timedelta(days=day))
