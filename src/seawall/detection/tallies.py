"""Count whole numbers by keys, so that counts of parts can be added in any order, and exchange them.

An organisation's accounts may be cut into parts (see `seawall.detection.parts`). Each account lies in one part, so every number
that several accounts share is a sum over parts. It is exchanged as integers, and becomes a fraction or a logarithm only in the
last step: the result then depends neither on the number of parts nor on their order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from seawall.detection.errors import PartInvalid
from seawall.events.coded_batch import Bools, Floats, Keys, Times
from seawall.events.grouping import Rows

Note = tuple[str | int | float, ...]
"""A row of texts and numbers that is too rare to be coded: the name of an account whose sessions were ended, for example."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Hold counts, int64 (n,), by distinct rows of keys, int64 (n, k), in ascending order."""

    keys: Times
    counts: Times

    def __len__(self) -> int:
        return len(self.counts)

    def column(self, place: int) -> Times:
        """Return one column of the keys, int64 (n,)."""
        return self.keys[:, place]

    def find(self, *columns: npt.NDArray[Any]) -> Times:
        """Return the count of each of m rows of keys, given as k columns, int64 (m,); 0 for an unknown row."""
        asked = _stack(columns)
        together = np.concatenate([self.keys, asked])
        order, begins = _order(together)
        place = np.empty(len(together), np.intp)
        place[order] = np.cumsum(begins) - 1
        known = np.zeros(int(begins.sum()), np.int64)
        known[place[: len(self)]] = self.counts
        return np.asarray(known[place[len(self) :]])

    def select(self, mask: Bools) -> Tally:
        """Return the rows where the mask, bool (n,), is true."""
        return Tally(self.keys[mask], self.counts[mask])

    def take_columns(self, *places: int) -> Tally:
        """Return the counts by some of the columns, summed over the others."""
        return _sum_rows(self.keys[:, list(places)], self.counts)

    def repeat(self, *places: int) -> tuple[Times, ...]:
        """Return columns in which each row comes as often as it was counted: the rows that were counted, in order of keys."""
        return tuple(np.repeat(self.keys[:, place], self.counts) for place in places)


def count_rows(*columns: npt.NDArray[Any], counts: npt.NDArray[Any] | None = None) -> Tally:
    """Count rows, given as columns (m,) of whole numbers; `counts` (m,) says how often each counts, by default once."""
    keys = _stack(columns)
    return _sum_rows(keys, np.ones(len(keys), np.int64) if counts is None else counts.astype(np.int64))


def code_floats(values: Floats) -> Times:
    """Return floating-point numbers as whole ones, int64 (n,), bit by bit: they are keys, and never added."""
    return np.ascontiguousarray(values, np.float64).view(np.int64)


def decode_floats(codes: Times) -> Floats:
    """Return the numbers behind the result of `code_floats`, float64 (n,)."""
    return np.ascontiguousarray(codes, np.int64).view(np.float64)


def decode_keys(codes: Times) -> Keys:
    """Return the hashes that a column of keys holds, uint64 (n,)."""
    return np.ascontiguousarray(codes, np.int64).view(np.uint64)


@dataclass(frozen=True, slots=True)
class Exchange:
    """Hold what a part tells the others in one round: counts by name, and notes by name, in ascending order."""

    tallies: Mapping[str, Tally] = field(default_factory=dict)
    notes: Mapping[str, tuple[Note, ...]] = field(default_factory=dict)

    def tally(self, name: str, columns: int) -> Tally:
        """Return the counts of a name, with `columns` columns of keys; none for an unknown name."""
        found = self.tallies.get(name)
        return Tally(np.zeros((0, columns), np.int64), np.zeros(0, np.int64)) if found is None else found

    def list_notes(self, name: str) -> tuple[Note, ...]:
        """Return the notes of a name."""
        return self.notes.get(name, ())

    def pack(self) -> bytes:
        """Return the exchange as bytes: an Arrow stream with a row for each tally, then a row of notes."""
        names = sorted(self.tallies)
        tallies = [self.tallies[name] for name in names]
        notes = json.dumps({name: self.notes[name] for name in sorted(self.notes) if self.notes[name]})
        batch = pa.record_batch(
            {
                "name": pa.array([*names, None], pa.string()),
                "columns": pa.array([*(one.keys.shape[1] for one in tallies), 0], pa.int32()),
                "keys": pa.array(
                    [*(one.keys.astype("<i8").tobytes() for one in tallies), b""], pa.large_binary()
                ),
                "counts": pa.array(
                    [*(one.counts.astype("<i8").tobytes() for one in tallies), notes.encode()],
                    pa.large_binary(),
                ),
            }
        )
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        return bytes(sink.getvalue().to_pybytes())

    @classmethod
    def unpack(cls, packed: bytes) -> Exchange:
        """Return the exchange that `pack` packed. Raises `PartInvalid`."""
        try:
            rows = pa.ipc.open_stream(packed).read_all().to_pylist()
            notes = json.loads(rows.pop()["counts"])
            tallies = {row["name"]: _unpack_tally(row) for row in rows}
            return cls(tallies, {name: tuple(tuple(one) for one in found) for name, found in notes.items()})
        except (pa.ArrowException, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise PartInvalid(
                "what a part of an organisation sent cannot be read",
                fix="run all parts with the same version of Seawall",
            ) from error


def merge_exchanges(parts: Iterable[Exchange]) -> Exchange:
    """Return what parts tell together. The order of parts does not matter, nor whether some were merged before."""
    found = list(parts)
    if len(found) == 1:
        return found[0]
    tallies, notes = {}, {}
    for name in sorted({name for one in found for name in one.tallies}):
        same = [one.tallies[name] for one in found if name in one.tallies]
        tallies[name] = _sum_rows(
            np.concatenate([one.keys for one in same]), np.concatenate([one.counts for one in same])
        )
    for name in sorted({name for one in found for name in one.notes}):
        notes[name] = tuple(sorted(row for one in found for row in one.list_notes(name)))
    return Exchange(tallies, notes)


def _stack(columns: Iterable[npt.NDArray[Any]]) -> Times:
    return np.stack(
        [one.view(np.int64) if one.dtype == np.uint64 else one.astype(np.int64) for one in columns], axis=1
    )


def _order(keys: Times) -> tuple[Rows, Bools]:
    """Return the rows in ascending order, and where a new one begins among them."""
    order = np.lexsort(keys.T[::-1]) if len(keys) else np.zeros(0, np.intp)
    ordered = keys[order]
    begins = np.ones(len(keys), bool)
    begins[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return order, begins


def _sum_rows(keys: Times, counts: Times) -> Tally:
    order, begins = _order(keys)
    at = np.flatnonzero(begins)
    sums = np.add.reduceat(counts[order], at) if len(at) else np.zeros(0, np.int64)
    return Tally(keys[order[at]], sums)


def _unpack_tally(row: Mapping[str, Any]) -> Tally:
    counts = np.frombuffer(row["counts"], "<i8").astype(np.int64)
    keys = np.frombuffer(row["keys"], "<i8").astype(np.int64).reshape(len(counts), row["columns"])
    if not _order(keys)[1].all():
        raise ValueError("keys come twice")
    return Tally(keys, counts)
