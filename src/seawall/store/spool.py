"""Coded events on disk between reading and scoring, a record batch for each day, so that memory stays flat."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa

from seawall.schema.batches import MISSING, CodedBatch, Codes, Interner, Vocabulary, hash_text, pair_keys
from seawall.store.coder import NUMBERS, TEXTS

DAY = 86_400_000_000
PREFERRED = ("entra_signin", "entra_audit", "m365_audit", "office_activity")
"""Of twins, the record of the source that says most comes first and is filled up from the others."""

FILLED_TEXTS = ("resource_uid", "token_uid", "parameters")
"""Texts that are filled up too; `unmapped` is the record's own."""


class Spool:
    """Days of coded events. Add tables in any order, then `settle`, then `load` day by day."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._days: dict[int, list[tuple[Path, int]]] = defaultdict(list)
        self._vocabularies: dict[str, Vocabulary] = {}
        self._mappings: dict[str, Codes] = {}
        self._actors = Interner()

    def add(self, table: pa.Table) -> None:
        """Write a table of coded events, in order of time, cut at midnight UTC."""
        if not table.num_rows:
            return
        time = table["time"].to_numpy()
        if (np.diff(time) < 0).any():
            table = table.take(pa.array(np.argsort(time, kind="stable")))
            time = table["time"].to_numpy()
        table = table.combine_chunks()
        days, starts = np.unique(time // DAY, return_index=True)
        path = (
            self._folder
            / f"{sum(map(len, self._days.values())):06d}-{len(list(self._folder.iterdir())):06d}.arrow"
        )
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            for place, (day, start) in enumerate(zip(days.tolist(), starts.tolist(), strict=True)):
                end = starts[place + 1] if place + 1 < len(starts) else len(time)
                writer.write_table(table.slice(start, end - start))
                self._days[day].append((path, place))

    def settle(self, vocabularies: dict[str, Vocabulary], mappings: dict[str, Codes]) -> None:
        """Say what codes mean now that everything was read."""
        self._vocabularies, self._mappings = vocabularies, mappings

    def days(self) -> list[int]:
        """Return the days that hold events, as days since the epoch, in order."""
        return sorted(self._days)

    def load(self, day: int) -> tuple[CodedBatch, int]:
        """Return a day's events in order of time and record id, and how many duplicates were dropped or merged."""
        tables = [self._read(path, place) for path, place in self._days[day]]
        table = pa.concat_tables(tables).combine_chunks()
        codes = {name: mapping[table[name].to_numpy()] for name, mapping in self._mappings.items()}
        numbers = {name: table[name].to_numpy().astype(np.int64) for name in NUMBERS}
        texts = {name: _one(table[name]) for name in TEXTS}
        time = table["time"].to_numpy().astype(np.int64)
        identity = hash_text(texts["metadata_uid"])
        rank = self._ranks()[codes["source"]]
        order = np.lexsort((numbers["source_line"], codes["source_file"], rank, identity, codes["org_uid"]))
        start = _starts(codes["org_uid"][order], identity[order])
        keep = order[start]
        if not start.all():
            _fill(codes, numbers, order, start)
            texts |= {name: _filled(texts[name], order, start) for name in FILLED_TEXTS}
        final = keep[np.lexsort((identity[keep], time[keep]))]
        actor = self._actor_codes(codes["org_uid"][final], codes["account"][final])
        batch = CodedBatch(
            time[final],
            {name: column[final] for name, column in codes.items()},
            {name: column[final] for name, column in numbers.items()},
            {name: column.take(pa.array(final)) for name, column in texts.items()},
            actor,
            self._vocabularies,
        )
        return batch, len(order) - len(keep)

    def _actor_codes(self, organisation: Codes, account: Codes) -> Codes:
        codes = self._actors.learn(pair_keys(organisation, account))
        return np.where(account == MISSING, MISSING, codes).astype(np.int32)

    def _ranks(self) -> np.ndarray:
        values = self._vocabularies["source"].values
        ranks = [PREFERRED.index(value) if value in PREFERRED else len(PREFERRED) for value in values]
        return np.array([*ranks, len(PREFERRED)])

    @staticmethod
    def _read(path: Path, place: int) -> pa.Table:
        with pa.OSFile(str(path), "rb") as source:
            return pa.Table.from_batches([pa.ipc.open_file(source).get_batch(place)])


def _one(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 0:
        return pa.array([], column.type)
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def _starts(organisation: Codes, identity: np.ndarray) -> np.ndarray:
    """Return which rows begin a new record, for rows in order of organisation and identity. No id: always new."""
    start = np.ones(len(identity), bool)
    same = (identity[1:] == identity[:-1]) & (organisation[1:] == organisation[:-1]) & (identity[1:] != 0)
    start[1:] = ~same
    return start


def _fill(
    codes: dict[str, Codes], numbers: dict[str, np.ndarray], order: np.ndarray, start: np.ndarray
) -> None:
    """Fill what the first of each run of twins lacks from the next one that has it; never overwrite."""
    for table in (codes, numbers):
        for name, column in table.items():
            if name in ("source", "source_file", "source_line"):
                continue
            missing = 0 if name == "token_issued_time" else MISSING
            owners, donors = _donations(column != missing, order, start)
            column[owners] = column[donors]


def _filled(column: pa.Array, order: np.ndarray, start: np.ndarray) -> pa.Array:
    """Return a text column in which the first of each run of twins has what only a later one said."""
    owners, donors = _donations(column.is_valid().to_numpy(zero_copy_only=False), order, start)
    if not len(owners):
        return column
    rows = np.arange(len(column))
    rows[owners] = donors
    return column.take(pa.array(rows))


def _donations(valid: np.ndarray, order: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that begin a run of twins and hold no value, and the first later twin that holds one."""
    later = np.flatnonzero(~start)
    later = later[valid[order[later]]]
    runs, at = np.unique((np.cumsum(start) - 1)[later], return_index=True)
    owners, donors = order[start][runs], order[later[at]]
    return owners[~valid[owners]], donors[~valid[owners]]
