"""Compiled joining of columns of JSON texts into JSON objects, as `object_texts.objects` does."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from seawall.events.formats.json_values import encode
from seawall.events.json_lines.copies import copy_bytes, make_texts
from seawall.events.json_lines.layout import PADDING, Bytes
from seawall_base.compiled import compile_kernel, try_out


@compile_kernel
def _is_something(data: Bytes, start: int, size: int) -> bool:
    """Return whether a value is none of `null`, `""`, `[]` and `{}`."""
    if size == 2:
        return bool(data[start] not in (0x22, 0x5B, 0x7B))
    return bool(size > 0 and (size != 4 or data[start] != 0x6E))


@compile_kernel
def _join(
    data: Bytes, offsets: Any, is_valid: Any, names: Bytes, ends: Any, rows: int, texts: Bytes, found: Any
) -> None:
    """Write the objects of `rows` rows to `texts`, and the end of each to `found`, int32 (rows + 1,).

    `offsets`, int32, and `is_valid` are those of the values, one column after the other. `names` end at `ends`.
    """
    at = 0
    for row in range(rows):
        begin = at
        for column in range(len(ends)):
            place = column * rows + row
            start, size = offsets[place], offsets[place + 1] - offsets[place]
            if not is_valid[place] or not _is_something(data, start, size):
                continue
            texts[at] = 0x7B if at == begin else 0x2C
            first = ends[column - 1] if column > 0 else 0
            at = copy_bytes(names, first, ends[column] - first, texts, at + 1)
            at = copy_bytes(data, start, size, texts, at)
        if at > begin:
            texts[at] = 0x7D
            at += 1
        found[row + 1] = at


def join_objects(columns: Sequence[tuple[str, Any]], rows: int) -> Any:
    """Join columns of values' texts, with their names, into the text of one object per row; null if the row has no value."""
    if not columns or not rows:
        return pa.nulls(rows, pa.string())
    keys = [f"{encode(name)}:".encode() for name, _ in columns]
    values = pa.concat_arrays([column for _, column in columns])
    _, offsets, data = values.buffers()
    size = 0 if data is None else data.size
    held = np.empty(size + PADDING, np.uint8)
    if data is not None:
        held[:size] = np.frombuffer(data, np.uint8)
    texts = np.empty(size + rows * (sum(map(len, keys)) + len(keys) + 2) + PADDING, np.uint8)
    ends = np.zeros(rows + 1, np.int32)
    _join(
        held,
        np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1],
        values.is_valid().to_numpy(False),
        np.frombuffer(b"".join(keys) + bytes(PADDING), np.uint8),
        np.cumsum([len(key) for key in keys]),
        rows,
        texts,
        ends,
    )
    return make_texts(np.diff(ends) > 0, ends, texts)


@lru_cache(1)
def prepare() -> None:
    """Compile, or read back what was compiled, before the first use in a process."""
    try_out(lambda: join_objects([("a", pa.array(["1"]))], 1))
