"""The one kind of row that moves between the tasks of Spark: what it is, whose, of which days, and its content as bytes.

Events of tasks move as compressed Arrow streams in one column, so that Spark never sees their fifty columns: turning these
into its own rows and back took longer than detection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

SCHEMA: Final = pa.schema(
    [
        ("kind", pa.string()),
        ("shelf", pa.int32()),
        ("day", pa.int32()),
        ("last_day", pa.int32()),
        ("place", pa.int64()),
        ("rows", pa.int64()),
        ("names", pa.list_(pa.string())),
        ("content", pa.binary()),
    ]
)
COLUMNS: Final = "kind string, shelf int, day int, last_day int, place bigint, rows bigint, names array<string>, content binary"
"""The same as Spark writes it."""

ALWAYS: Final = (1 << 31) - 1
"""Day of what belongs to no day, and is replaced whenever its shelf is scored."""

BEGINNING: Final = -1
"""Stands for the day before all days."""

_TOGETHER, _ROWS = 8 << 20, 512
"""Bytes and rows that are handed to Spark together."""


@dataclass(frozen=True, slots=True)
class LakeRow:
    """Hold one row. Days are days since 1970; `names` are organisations as records state them, unless the kind says more."""

    kind: str
    shelf: int = 0
    day: int = 0
    last_day: int = 0
    place: int = 0
    rows: int = 0
    names: tuple[str, ...] = ()
    content: bytes = b""


def pack_rows(rows: Iterable[LakeRow]) -> Iterator[pa.RecordBatch]:
    """Yield rows as record batches of `SCHEMA`."""
    waiting: list[LakeRow] = []
    size = 0
    for row in rows:
        waiting.append(row)
        size += len(row.content)
        if size >= _TOGETHER or len(waiting) >= _ROWS:
            yield _make_batch(waiting)
            waiting, size = [], 0
    if waiting:
        yield _make_batch(waiting)


def unpack_rows(batches: Iterable[pa.RecordBatch]) -> Iterator[LakeRow]:
    """Yield the rows of record batches with the columns of `SCHEMA`."""
    for batch in batches:
        columns = [batch.column(name).to_pylist() for name in SCHEMA.names]
        for kind, shelf, day, last, place, count, names, content in zip(*columns, strict=True):
            yield LakeRow(kind, shelf, day, last, place, count, tuple(names or ()), content or b"")


def _make_batch(rows: list[LakeRow]) -> pa.RecordBatch:
    columns = [pa.array([getattr(row, one.name) for row in rows], one.type) for one in SCHEMA]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)
