"""Build tables of the event schema from columns, and find rows whose time is unreadable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.event import EVENT_SCHEMA
from seawall.events.formats.distinct_values import Column
from seawall.events.iso8601_columns import cast_plain_iso, iso_microseconds
from seawall.events.times import EARLIEST, LATEST, in_range, to_microseconds

NO_TIME = np.iinfo(np.int64).min
"""Stands for an unreadable time."""


@dataclass(slots=True)
class Normalised:
    """Hold a source's columns: `time` in microseconds since 1970 (NO_TIME if unreadable), and the others by schema name."""

    time: npt.NDArray[np.int64]
    columns: dict[str, Any]


def parse_times(array: Any) -> npt.NDArray[np.int64]:
    """Return the times of a text column in microseconds since 1970, int64 (n,); NO_TIME if missing or unreadable."""
    text = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if len(text) == 0:
        return np.zeros(0, np.int64)
    moments = cast_plain_iso(text)
    if moments is not None:
        return np.asarray(moments.fill_null(NO_TIME), np.int64)
    times, is_read = iso_microseconds(text)
    times[~is_read] = NO_TIME
    odd = np.flatnonzero(~is_read & text.is_valid().to_numpy(zero_copy_only=False))
    if len(odd):
        times[odd] = _one_by_one(text.take(pa.array(odd)))
    return times


def _one_by_one(text: Any) -> npt.NDArray[np.int64]:
    column = Column.of(text)
    known = [to_microseconds(value) for value in column.values]
    table = np.array(
        [NO_TIME if value is None else max(min(value, 2**62), -(2**62)) for value in known] + [NO_TIME],
        np.int64,
    )
    return table[column.codes]


def readable(time: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return which times were read and lie between 1990 and 2100, bool (n,)."""
    return (time >= EARLIEST) & (time < LATEST)


def timestamps(time: npt.NDArray[np.int64]) -> Any:
    """Return times as an Arrow UTC timestamp column; out-of-range values become null."""
    return pa.array(time, pa.int64(), mask=~readable(time)).cast(pa.timestamp("us", tz="UTC"))


def to_events(normalised: Normalised, source: str, source_file: str, lines: npt.NDArray[np.int64]) -> Any:
    """Return a table of EVENT_SCHEMA with the rows in their order. Columns that the source lacks are null."""
    count = len(lines)
    arrays = []
    for field in EVENT_SCHEMA:
        if field.name == "time":
            arrays.append(timestamps(normalised.time))
        elif field.name == "source_line":
            arrays.append(pa.array(lines, pa.int64()))
        elif field.name in ("source", "source_file"):
            value = source if field.name == "source" else source_file
            arrays.append(constant_name(value, count))
        else:
            arrays.append(_type(normalised.columns.get(field.name), field.type, count))
    return pa.table(arrays, schema=EVENT_SCHEMA)


def _type(column: Any, kind: Any, count: int) -> Any:
    if column is None:
        return _nulls(kind, count)
    if isinstance(column, Column):
        if pa.types.is_dictionary(kind):
            return column.array()
        return column.array().cast(pa.string())
    if isinstance(column, np.ndarray):
        missing = np.isnan(column)
        filled = np.where(missing, 0, column)
        if pa.types.is_boolean(kind):
            return pa.array(filled != 0, mask=missing)
        return pa.array(filled.astype(np.int32), kind, mask=missing)
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks != 1 else column.chunk(0)
    if pa.types.is_dictionary(kind) and not pa.types.is_dictionary(column.type):
        return Column.of(column).array()
    column = column if column.type == kind else column.cast(kind)
    if not pa.types.is_string(kind) or column.null_count == len(column):
        return column
    is_blank = pc.equal(pc.binary_length(column), 0)
    return pc.if_else(is_blank, None, column) if pc.any(is_blank).as_py() else column


def _nulls(kind: Any, count: int) -> Any:
    if pa.types.is_dictionary(kind):
        return Column(np.full(count, -1, np.int32), pa.array([], pa.string())).array()
    return pa.nulls(count, kind)


def constant_name(value: str, count: int) -> Any:
    """Return a name column with the same value in each row."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([value], pa.string()))


def empty_events() -> Any:
    """Return a table of EVENT_SCHEMA without rows."""
    return pa.table([_nulls(field.type, 0) for field in EVENT_SCHEMA], schema=EVENT_SCHEMA)


__all__ = [
    "NO_TIME",
    "Normalised",
    "constant_name",
    "empty_events",
    "in_range",
    "parse_times",
    "readable",
    "timestamps",
    "to_events",
]
