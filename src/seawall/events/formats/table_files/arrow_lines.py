"""Write rows of Arrow tables as JSON lines, column by column, with limited memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from functools import reduce
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.formats.table_files.avro_values import as_json_text
from seawall.events.formats.table_files.table_part import build_oversized_line

_SLICE = 8 << 20
"""Bytes of values that are written together."""
_encode = msgspec.json.Encoder().encode
_NEEDS_ESCAPE = np.zeros(256, np.bool_)
_NEEDS_ESCAPE[:32] = True
_NEEDS_ESCAPE[[ord('"'), ord("\\")]] = True
_BYTES, _UUID = pa.large_binary(), pa.binary(16)
_NOTHING = pa.scalar(b"", _BYTES)
Sizes = npt.NDArray[np.int64]


def write_lines(batch: Any, kept_empty: frozenset[str], limit: int) -> Iterator[bytes]:
    """Yield the rows of a record batch as JSON lines, without fields that are null.

    Columns of `kept_empty` give an empty text for null. A row of more than `limit` bytes becomes a line that is too large.
    """
    sizes = np.zeros(batch.num_rows, np.int64)
    for column in batch.columns:
        sizes += _measure(column)
    at = 0
    while at < batch.num_rows:
        if sizes[at] > limit:
            yield from build_oversized_line(limit)
            at += 1
            continue
        total = np.cumsum(sizes[at:])
        end = at + max(int(np.searchsorted(total, max(_SLICE, int(total[0])), side="right")), 1)
        yield _write_slice(batch.slice(at, end - at), kept_empty)
        at = end


def _measure(array: Any) -> Sizes:
    """Return the sizes of the values of an array when they are written out, int64 (rows,)."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        found = _measure(array.dictionary)
        places = array.indices.fill_null(0).to_numpy(zero_copy_only=False)
        return found[places] if len(found) else np.zeros(len(array), np.int64)
    if _is_text(kind):
        return np.asarray(pc.binary_length(array).fill_null(0), np.int64) + 4
    if pa.types.is_struct(kind):
        total = np.full(len(array), 4, np.int64)
        for field in array.flatten():
            total += _measure(field)
        return total
    if pa.types.is_map(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind):
        offsets = np.asarray(array.offsets, np.int64)
        inner = array.values if not pa.types.is_map(kind) else None
        sizes = _measure(array.keys) + _measure(array.items) if inner is None else _measure(inner)
        before = np.concatenate([[0], np.cumsum(sizes + 16)])
        return np.asarray(before[offsets[1:]] - before[offsets[:-1]] + 4, np.int64)
    return np.full(len(array), 24, np.int64)


def _is_text(kind: Any) -> bool:
    types = pa.types
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
    )


def _write_slice(batch: Any, kept_empty: frozenset[str]) -> bytes:
    fields = []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        values = _write_column(column)
        if name in kept_empty:
            values = values.fill_null(b'""')
        key = pa.scalar(_encode(name) + b":", _BYTES)
        fields.append(pc.binary_join_element_wise(key, values, _NOTHING, null_handling="emit_null"))
    # The library leaves out rows in which every field is null.
    is_empty = reduce(pc.and_, (field.is_null() for field in fields))
    fields[0] = pc.if_else(is_empty, _NOTHING, fields[0])
    rows = pc.binary_join_element_wise(*fields, pa.scalar(b",", _BYTES), null_handling="skip")
    lines = pc.binary_join_element_wise(pa.scalar(b"{", _BYTES), rows, pa.scalar(b"}\n", _BYTES), _NOTHING)
    if len(lines) != batch.num_rows:
        raise ValueError("rows were lost")
    return _data_of(lines).tobytes()


def _data_of(array: Any) -> npt.NDArray[np.uint8]:
    """Return the bytes of all values of an array of large binary values, uint8 (bytes,)."""
    _, offsets, data = array.buffers()
    if not len(array) or data is None:
        return np.zeros(0, np.uint8)
    places = np.frombuffer(offsets, np.int64)
    start, end = places[array.offset], places[array.offset + len(array)]
    return np.frombuffer(data, np.uint8)[start:end]


def _write_column(column: Any) -> Any:
    """Return the values of a column as JSON, large_binary (rows,), null where they are."""
    kind = column.type
    types = pa.types
    if types.is_dictionary(kind):
        # Write each value once, and none that no row uses: it may be much larger than the others.
        values = pc.unique(column.indices)
        if 2 * len(values) > len(column):
            return _write_column(column.dictionary.take(column.indices))
        places = pc.index_in(column.indices, value_set=values)
        return _write_column(column.dictionary.take(values)).take(places)
    if types.is_null(kind):
        return pa.nulls(len(column), _BYTES)
    if types.is_string(kind) or types.is_large_string(kind):
        return _write_texts(column.cast(_BYTES))
    if types.is_integer(kind) or types.is_boolean(kind):
        return column.cast(pa.large_string()).cast(_BYTES)
    if types.is_timestamp(kind):
        return _write_times(column)
    if types.is_date(kind) or types.is_time(kind) or types.is_decimal(kind):
        return _write_texts(column.cast(pa.large_string()).cast(_BYTES))
    reduced = column.cast(_reduce(kind), safe=False) if types.is_nested(kind) else column
    found = [None if value is None else _encode(_simplify(value, kind)) for value in reduced.to_pylist()]
    return pa.array(found, _BYTES)


def _write_texts(texts: Any) -> Any:
    if not _NEEDS_ESCAPE[_data_of(texts)].any():
        quote = pa.scalar(b'"', _BYTES)
        return pc.binary_join_element_wise(quote, texts, quote, _NOTHING, null_handling="emit_null")
    found = [None if text is None else _encode(text.decode("utf-8", "replace")) for text in texts.to_pylist()]
    return pa.array(found, _BYTES)


def _write_times(column: Any) -> Any:
    """Write timestamps as ISO 8601, with `Z` if the column has a time zone."""
    if column.type.tz is not None:
        column = column.cast(pa.timestamp(column.type.unit, "UTC"))
    texts = pc.replace_substring_regex(column.cast(pa.string()), r"^([0-9-]+) ", r"\1T")
    return _write_texts(texts.cast(_BYTES))


def _reduce(kind: Any) -> Any:
    """Return a type without dictionaries, and without nanoseconds, which Python's times lack."""
    types = pa.types
    if types.is_dictionary(kind):
        return kind.value_type
    if types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz) if kind.unit == "ns" else kind
    if types.is_struct(kind):
        return pa.struct(
            [kind.field(at).with_type(_reduce(kind.field(at).type)) for at in range(kind.num_fields)]
        )
    if types.is_map(kind):
        return pa.map_(_reduce(kind.key_type), _reduce(kind.item_type))
    if types.is_large_list(kind):
        return pa.large_list(_reduce(kind.value_type))
    return pa.list_(_reduce(kind.value_type)) if types.is_list(kind) else kind


def _simplify(value: Any, kind: Any) -> Any:
    """Return a value as JSON can hold it. Fields of structures that are null are left out."""
    types = pa.types
    if value is None:
        return None
    if types.is_map(kind):
        return {str(key): _simplify(item, kind.item_type) for key, item in value}
    if types.is_struct(kind):
        return {
            name: _simplify(item, kind.field(name).type) for name, item in value.items() if item is not None
        }
    if types.is_list(kind) or types.is_large_list(kind):
        return [_simplify(item, kind.value_type) for item in value]
    if isinstance(value, bytes):
        # Without its extensions, the library gives a UUID as sixteen bytes.
        return str(UUID(bytes=value)) if kind == _UUID else as_json_text(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
