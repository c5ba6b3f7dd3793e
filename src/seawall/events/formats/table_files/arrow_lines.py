"""Write rows of Arrow tables as JSON lines, column by column, with limited memory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.formats.nested_columns import find_nested
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
    names = tuple(batch.schema.names)
    if len(names) == 1 and (text := _write_documents(names[0], batch.column(0))) is not None:
        return text
    fields: dict[str, Any] = {}
    for name, column in zip(names, batch.columns, strict=True):
        values = _write_column(column)
        fields[name] = values.fill_null(b'""') if name in kept_empty else values
    if paths := find_nested(names):
        fields = _nest(fields, paths)
    lines = _write_objects(list(fields.items()), batch.num_rows, b"}\n")
    if len(lines) != batch.num_rows:
        raise ValueError("rows were lost")
    return _data_of(lines).tobytes()


def _write_documents(name: str, column: Any) -> bytes | None:
    """Return a table's only column as lines if it holds JSON documents; None if it holds none. Other values are fields."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not _is_text(kind):
        return None
    texts = [text or b"" for text in column.cast(kind).cast(_BYTES).to_pylist()]
    is_document = [text.lstrip()[:1] in (b"{", b"[") for text in texts]
    if not any(is_document):
        return None
    return b"".join(
        (text.replace(b"\n", b" ") if is_json else _encode({name: as_json_text(text)})) + b"\n"
        for text, is_json in zip(texts, is_document, strict=True)
    )


def _nest(fields: dict[str, Any], paths: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """Put columns of these paths into objects, null where all are. A column whose object is taken stays where it is."""
    nested = {name: values for name, values in fields.items() if name not in paths}
    holders: dict[str, dict[str, Any]] = {}
    for name in filter(paths.__contains__, fields):
        holder, *rest = paths[name]
        if holder in nested:
            nested[name] = fields[name]
        else:
            holders.setdefault(holder, {})[".".join(rest)] = fields[name]
    for holder, members in holders.items():
        deeper = {name: tuple(name.split(".")) for name in members if "." in name}
        inner = _nest(members, deeper) if deeper else members
        is_empty = reduce(pc.and_, (values.is_null() for values in inner.values()))
        count = len(next(iter(inner.values())))
        texts = _write_objects(list(inner.items()), count, b"}")
        nested[holder] = pc.if_else(is_empty, pa.scalar(None, _BYTES), texts)
    return nested


def _write_objects(fields: list[tuple[str, Any]], count: int, end: bytes) -> Any:
    """Return objects of these fields without those that are null, large_binary (count,). `end` closes each."""
    if not fields:
        return pa.array([b"{" + end] * count, _BYTES)
    texts = [_join(pa.scalar(_encode(name) + b":", _BYTES), values) for name, values in fields]
    # The library leaves out rows in which every field is null.
    is_empty = reduce(pc.and_, (text.is_null() for text in texts))
    texts[0] = pc.if_else(is_empty, _NOTHING, texts[0])
    rows = pc.binary_join_element_wise(*texts, pa.scalar(b",", _BYTES), null_handling="skip")
    return _join(pa.scalar(b"{", _BYTES), rows, pa.scalar(end, _BYTES))


def _join(*texts: Any) -> Any:
    """Return texts one behind the other, null where one of them is."""
    return pc.binary_join_element_wise(*texts, _NOTHING, null_handling="emit_null")


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
    if types.is_floating(kind):
        return _write_floats(column)
    if types.is_timestamp(kind):
        return _write_times(column)
    if types.is_date(kind) or types.is_time(kind) or types.is_decimal(kind):
        return _write_texts(column.cast(pa.large_string()).cast(_BYTES))
    if types.is_nested(kind):
        return _write_nested(column)
    found = [None if value is None else _encode(_simplify(value, kind)) for value in column.to_pylist()]
    return pa.array(found, _BYTES)


def _write_nested(column: Any) -> Any:
    """Write structures and maps as objects, and lists as arrays."""
    kind = column.type
    types = pa.types
    if types.is_struct(kind):
        names = [kind.field(place).name for place in range(kind.num_fields)]
        fields = list(zip(names, map(_write_column, column.flatten()), strict=True))
        texts = _write_objects(fields, len(column), b"}")
    elif types.is_map(kind):
        start, end, places = _find_items(column)
        keys = column.keys.slice(start, end - start)
        names = _write_texts(keys.cast(pa.large_string()).cast(_BYTES))
        items = _write_column(column.items.slice(start, end - start)).fill_null(b"null")
        members = _join(names, pa.scalar(b":", _BYTES), items)
        texts = _join_items(b"{", places, members, b"}")
    elif types.is_list(kind) or types.is_large_list(kind):
        start, end, places = _find_items(column)
        items = _write_column(column.values.slice(start, end - start)).fill_null(b"null")
        texts = _join_items(b"[", places, items, b"]")
    else:
        raise ValueError(f"a column of type {kind}, which is not read")
    return pc.if_else(column.is_valid(), texts, pa.scalar(None, _BYTES))


def _find_items(column: Any) -> tuple[int, int, Sizes]:
    """Return begin and end of the items of lists or maps, and where each begins after the first, int64 (rows + 1,)."""
    places = np.asarray(column.offsets, np.int64)
    return int(places[0]), int(places[-1]), places - places[0]


def _join_items(begin: bytes, places: Sizes, items: Any, end: bytes) -> Any:
    lists = pa.LargeListArray.from_arrays(pa.array(places), items)
    joined = pc.binary_join(lists, pa.scalar(b",", _BYTES))
    return _join(pa.scalar(begin, _BYTES), joined, pa.scalar(end, _BYTES))


def _write_floats(column: Any) -> Any:
    """Write numbers; those that JSON lacks (infinite, not a number) are `null`."""
    wide = column.cast(pa.float32()) if pa.types.is_float16(column.type) else column
    texts = wide.cast(pa.large_string()).cast(_BYTES)
    return pc.if_else(pc.is_finite(wide), texts, pa.scalar(b"null", _BYTES))


def _write_texts(texts: Any) -> Any:
    if not _NEEDS_ESCAPE[_data_of(texts)].any():
        quote = pa.scalar(b'"', _BYTES)
        return _join(quote, texts, quote)
    found = [None if text is None else _encode(text.decode("utf-8", "replace")) for text in texts.to_pylist()]
    return pa.array(found, _BYTES)


def _write_times(column: Any) -> Any:
    """Write timestamps as ISO 8601, with `Z` if the column has a time zone."""
    if column.type.tz is not None:
        column = column.cast(pa.timestamp(column.type.unit, "UTC"))
    texts = pc.replace_substring_regex(column.cast(pa.string()), r"^([0-9-]+) ", r"\1T")
    return _write_texts(texts.cast(_BYTES))


def _simplify(value: Any, kind: Any) -> Any:
    """Return a value of a rare type as JSON can hold it."""
    if isinstance(value, bytes):
        # Without its extensions, the library gives a UUID as sixteen bytes.
        return str(UUID(bytes=value)) if kind == _UUID else as_json_text(value)
    return value
