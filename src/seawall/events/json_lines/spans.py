"""Compiled numbering of the distinct values of columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64, uint64

from seawall.events.json_lines.layout import FORM_BITS, Bytes
from seawall.events.json_lines.texts import hash_bytes, is_same
from seawall_base.compiled import compile_kernel

FEWEST_SLOTS = 1 << 10
"""Slots that the table of a column begins with. It grows as values come, so that those of most columns stay near at hand."""


@compile_kernel
def _grow(data: Bytes, spans: Any, firsts: Any, count: int, seed: Any, table: Any, mask: int) -> int:
    """Put the values of a column into a table four times as large; return its mask."""
    mask = min(4 * mask + 3, len(table) - 1)
    table[: mask + 1] = -1
    for known in range(count):
        first = firsts[known]
        size = spans[first, 1] >> FORM_BITS
        slot = int64(hash_bytes(data, spans[first, 0], size, seed) & uint64(mask))
        while table[slot] >= 0:
            slot = (slot + 1) & mask
        table[slot] = known
    return mask


@compile_kernel
def number_values(
    data: Bytes,
    cells: Any,
    columns: Any,
    rows: Any,
    seed: Any,
    tables: Any,
    codes: Any,
    firsts: Any,
    counts: Any,
) -> None:
    """Number the distinct values of some rows of columns as they come: `codes`, int32 (columns, rows), is -1 without a value.

    `firsts`, int64 (columns, rows), gets the row in which each value is first, and `counts` how many there are. Each of `tables`
    has at least twice as many slots as rows, a power of two and FEWEST_SLOTS or more. All values of a row are looked at
    together: they lie side by side.
    """
    masks = np.full(len(columns), FEWEST_SLOTS - 1, np.int64)
    tables[:, :FEWEST_SLOTS] = -1
    counts[:] = 0
    for place in range(len(rows)):
        row = rows[place]
        for number in range(len(columns)):
            spans = cells[columns[number]]
            start = spans[row, 0]
            if start < 0:
                codes[number, place] = -1
                continue
            size = spans[row, 1] >> FORM_BITS
            mask = masks[number]
            slot = int64(hash_bytes(data, start, size, seed) & uint64(mask))
            while True:
                known = tables[number, slot]
                if known < 0:
                    count = counts[number]
                    tables[number, slot] = codes[number, place] = count
                    firsts[number, count] = row
                    counts[number] = count + 1
                    if 2 * count > mask and mask < tables.shape[1] - 1:
                        masks[number] = _grow(
                            data, spans, firsts[number], count + 1, seed, tables[number], mask
                        )
                    break
                first = firsts[number, known]
                if spans[first, 1] >> FORM_BITS == size and is_same(data, spans[first, 0], data, start, size):
                    codes[number, place] = known
                    break
                slot = (slot + 1) & mask


@compile_kernel
def mark_held(cells: Any, rows: Any, held: Any) -> None:
    """Mark in `held` the columns of `cells`, int32 (columns, lines, 2), that have a value in any of the rows."""
    for column in range(len(held)):
        for row in rows:
            if cells[column, row, 0] >= 0:
                held[column] = True
                break
