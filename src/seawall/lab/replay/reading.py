"""Read the logs of an organisation once, and give each incident its days: the honest records and its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from seawall.detection.rules.sigma.run import RuleSet
from seawall.events.coded_batch import CodedBatch
from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from seawall.storage import Coder, Spool

KeepsEvent = Callable[[pa.Table], pa.Table]
"""Function that returns the events of a table which the user's own logs would have too."""


def keep_by_all(functions: Sequence[KeepsEvent]) -> KeepsEvent | None:
    """Return a function that keeps what each of the functions keeps, None without any."""

    def keep(table: pa.Table) -> pa.Table:
        for one in functions:
            table = one(table)
        return table

    return keep if functions else None


@dataclass(slots=True)
class ReadLogs:
    """Coded days of several parts of logs. `tables` are the events of each part, with texts.

    Where several incidents share the honest days (`is_shared`), each day is kept in memory once it is merged.
    """

    spool: Spool
    tables: dict[str, list[pa.Table]] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)
    is_shared: bool = False
    _merged: dict[int, CodedBatch] = field(default_factory=dict)

    def days(
        self, part: str, days: Sequence[int], *, with_honest: bool = True
    ) -> Iterator[tuple[int, CodedBatch]]:
        """Yield days, by their numbers since 1970, with the records of one part and of honest people."""
        names = self.spool.vocabularies["source_file"].values
        wanted = (part, HONEST_PART) if with_honest else (part,)
        is_wanted = np.array([_part_of(name) in wanted for name in names], bool)
        for day in days:
            batch = self._load(day)
            rows = np.flatnonzero(is_wanted[batch.codes["source_file"]])
            yield day, batch if len(rows) == len(batch) else batch.take(rows)

    def _load(self, day: int) -> CodedBatch:
        if day in self._merged:
            return self._merged[day]
        batch, _ = self.spool.load(day)
        if self.is_shared:
            self._merged[day] = batch
        return batch


HONEST_PART = "part-0"


_ALONE = 2
"""Parts of one incident: the honest one and its own."""


def _part_of(name: str) -> str:
    return next((piece for piece in Path(name).parts if piece.startswith("part-")), HONEST_PART)


def read_parts(
    parts: Sequence[Path], rules: RuleSet, scratch: Path, keeps: KeepsEvent | None = None
) -> ReadLogs:
    """Read parts of logs, each a folder named `part-…`, into one spool."""
    networks, coder = Networks.load(()), Coder(marks=rules.mark)
    logs = ReadLogs(Spool(scratch), is_shared=len(parts) > _ALONE)
    for part in parts:
        held = logs.tables.setdefault(part.name, [])
        for table, records in _read_tables([part], networks):
            kept = table if keeps is None else keeps(table)
            logs.records[part.name] = logs.records.get(part.name, 0) + records
            if kept.num_rows:
                logs.spool.add(coder.encode(kept))
                held.append(kept)
    logs.spool.settle(*coder.settle())
    return logs


def _read_tables(parts: Iterable[Path], networks: Networks) -> Iterator[tuple[pa.Table, int]]:
    for batch in read(list(parts)):
        if batch.events.num_rows:
            yield enrich(batch.events, networks), batch.records
