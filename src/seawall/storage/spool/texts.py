"""Pieces of a day in a spool, and text columns of a large day that are read from disk on demand."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from seawall.events.grouping import Rows, distinct

HELD_PIECES, HELD_BYTES = 8, 64 << 20
"""Pieces of a text column that stay in memory, and bytes of them: records close in time usually lie in few pieces."""


@dataclass(frozen=True, slots=True)
class SpoolPiece:
    """A record batch of a spool file: `rows` events of a day, `columns` in the order of the file."""

    path: Path
    place: int
    rows: int
    columns: tuple[str, ...]

    def read(self, names: Sequence[str]) -> pa.RecordBatch:
        """Return the named columns as a record batch. The file is mapped into memory, so that only these are read."""
        # Told to read some fields alone, Arrow reads all of them, and each keeps all of them in memory.
        with _open(str(self.path)) as source:
            return pa.ipc.open_file(source).get_batch(self.place).select(list(names))


def _open(path: str) -> pa.NativeFile:
    """Open a file, mapped into memory where a mapped file can be deleted."""
    return pa.OSFile(path, "rb") if sys.platform == "win32" else pa.memory_map(path, "rb")


@dataclass(frozen=True, slots=True)
class HeldPiece:
    """A record batch in memory, with the interface of `SpoolPiece`."""

    batch: pa.RecordBatch

    @property
    def rows(self) -> int:
        """Number of events."""
        return int(self.batch.num_rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.batch.schema.names)

    def read(self, names: Sequence[str]) -> pa.RecordBatch:
        """Return the named columns as a record batch."""
        return self.batch.select(list(names))


class StoredTexts:
    """A text column of n events, read from disk piece by piece, so that memory holds few pieces.

    It supports `len`, `[row]`, `take`, `slice` and `is_valid` like an Arrow array.
    """

    __slots__ = ("_ends", "_held", "_name", "_pieces", "_rows")

    def __init__(self, pieces: Sequence[SpoolPiece | HeldPiece], ends: Rows, name: str, rows: Rows) -> None:
        """`ends` is the number of rows up to the end of each piece; `rows` (n,) gives the row behind each position."""
        self._pieces, self._ends, self._name, self._rows = pieces, ends, name, rows
        self._held: dict[int, pa.Array] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: int) -> pa.Scalar:
        return self.take(np.array([row]))[0]

    def in_order(self, rows: Rows) -> StoredTexts:
        """Return the texts of the given rows as a column of its own."""
        return StoredTexts(self._pieces, self._ends, self._name, self._rows[rows])

    def take(self, rows: npt.ArrayLike) -> pa.Array:
        """Return the texts of the given rows as an Arrow array."""
        wanted = self._rows[np.asarray(rows)]
        piece = np.searchsorted(self._ends, wanted, side="right")
        parts, places = [], []
        for number in distinct(piece).tolist():
            mine = np.flatnonzero(piece == number)
            first = int(self._ends[number - 1]) if number else 0
            parts.append(self._piece(number).take(pa.array(wanted[mine] - first)))
            places.append(mine)
        if len(parts) < 2:
            return parts[0] if parts else pa.array([], pa.string())
        return pa.concat_arrays(parts).take(pa.array(np.argsort(np.concatenate(places))))

    def slice(self, offset: int, length: int) -> pa.Array:
        """Return the texts from `offset` on, at most `length`, as an Arrow array."""
        return self.take(np.arange(offset, min(offset + length, len(self))))

    def map(self, function: Callable[[pa.Array], npt.NDArray[np.generic]]) -> npt.NDArray[np.generic]:
        """Return the function's value for each text, (n,); the function gets whole pieces, and no piece stays in memory."""
        said = [function(self._read(number)) for number in range(len(self._pieces))]
        return np.concatenate(said)[self._rows]

    def is_valid(self) -> npt.NDArray[np.generic]:
        """Return whether each row has a text, bool (n,)."""
        return self.map(lambda texts: np.asarray(texts.is_valid()))

    def _piece(self, number: int) -> pa.Array:
        held = self._held.pop(number, None)
        if held is None:
            held = self._read(number)
            while self._held and self._is_full(held.nbytes):
                del self._held[next(iter(self._held))]
        # re-inserted at the end: the dict's first piece is the least recently used
        self._held[number] = held
        return held

    def _is_full(self, size: int) -> bool:
        """Return whether a piece of so many bytes is too much beside those that are held."""
        held = sum(piece.nbytes for piece in self._held.values())
        return len(self._held) >= HELD_PIECES or held + size > HELD_BYTES

    def _read(self, number: int) -> pa.Array:
        return self._pieces[number].read([self._name]).column(0)


def select_rows(
    pieces: Sequence[SpoolPiece | HeldPiece], ends: Rows, rows: Rows, names: Sequence[str]
) -> list[pa.RecordBatch]:
    """Return the named columns of some rows of a day, by piece. `rows` are ascending, `ends` as for `StoredTexts`."""
    cuts = np.searchsorted(rows, np.append(0, ends))
    parts = []
    for number, piece in enumerate(pieces):
        mine = rows[cuts[number] : cuts[number + 1]]
        if len(mine):
            batch = piece.read(names)
            first = int(ends[number - 1]) if number else 0
            is_whole = len(mine) == piece.rows
            parts.append(batch if is_whole else batch.take(pa.array(mine - first)))
    return parts or [piece.read(names).slice(0, 0) for piece in pieces[:1]]
