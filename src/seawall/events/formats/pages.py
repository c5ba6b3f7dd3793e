"""Arrays and pages of JSON among the lines of a block: their objects become lines of their own.

A page is cut only if its records are, to the byte, what the general reader finds in it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial

import msgspec
import numpy as np
import numpy.typing as npt

from seawall.events.formats.json_records import unwrap_records
from seawall.events.formats.json_values import is_deeper
from seawall.events.formats.limits import Limits
from seawall.events.formats.line_blocks import LineBlock, Pages
from seawall.events.json_lines.layout import PADDING
from seawall.events.json_lines.pieces import cut_pages, cut_run
from seawall_base.compiled import try_out

Flags = npt.NDArray[np.bool_]

AROUND = 2
"""Levels that a page adds to its records."""
_MOST_PARTS = 4_000_000
"""Brackets and commas of a page from which the general reader takes another way."""
_LARGE = 4_000_000
_MOST_OBJECTS = 4_096
"""Objects of a run."""
_decode = msgspec.json.Decoder().decode


@lru_cache(1)
def prepare() -> None:
    """Compile, or read back what was compiled, before the first use in a process."""

    def use() -> None:
        text = b'[{"a":1}]'
        place = np.zeros(1, np.int64)
        data, room = np.frombuffer(bytearray(text + bytes(PADDING)), np.uint8), np.empty((8, 2), np.int64)
        cut_pages(
            data, place, place + len(text), np.zeros(1, np.bool_), 0, 4, room, np.empty((1, 3), np.int64)
        )
        find_run(bytearray(text + bytes(PADDING)), 1, len(text))

    try_out(use)


def find_run(buffer: bytearray, start: int, longest: int) -> npt.NDArray[np.int64]:
    """Return the spans of whole objects from a place of a text on, with nothing but separators between them, int64 (n, 2).

    Objects that may be pages, and all behind one, are left, as are those longer than `longest` bytes.
    """
    spans = np.empty((_MOST_OBJECTS, 2), np.int64)
    count = 0
    if len(buffer) - PADDING > start:
        count = cut_run(np.frombuffer(buffer, np.uint8), start, len(buffer) - PADDING, longest, spans)
    return spans[:count]


def cut_lines(block: LineBlock, is_ours: Flags, limits: Limits) -> LineBlock:
    """Return a block with the records of pages as lines.

    Lines that are not ours, bool (lines,), and those beyond the limit are not cut.
    """
    data = np.frombuffer(block.data, np.uint8)
    is_closed = ~is_ours | (block.ends - block.starts > limits.record_bytes)
    is_closed[block.starts_inside] = True
    most = limits.fast_records
    room = np.empty((len(block) + 4 * most, 2), np.int64)
    spans, counts = [np.zeros((0, 2), np.int64)], [np.zeros(0, np.int64)]
    cuts = np.empty((len(block), 3), np.int64)
    first = 0
    while first < len(block):
        after = cut_pages(data, block.starts, block.ends, is_closed, first, most, room, cuts)
        counts.append(np.diff(cuts[first:after, 0], prepend=0))
        spans.append(room[: cuts[after - 1, 0]].copy())
        first = after
    if not (cuts[:, 1] >= 0).any():
        return block
    each = np.concatenate(counts)
    is_page = cuts[:, 1] >= 0
    for place in np.flatnonzero(is_page).tolist():
        is_page[place] = _is_page(block, place, *cuts[place, 1:].tolist())
    return _cut(block, np.concatenate(spans), each, is_page)


def _is_page(block: LineBlock, place: int, array: int, after: int) -> bool:
    """Return whether a line is a page as the general reader has it, apart from the records in it."""
    start, end = int(block.starts[place]), int(block.ends[place])
    data = memoryview(block.data)
    before, behind = bytes(data[start:array]), bytes(data[after:end])
    if end - start > _LARGE and sum(map(bytes(data[start:end]).count, (b"[", b"{", b","))) >= _MOST_PARTS:
        return False
    if not before.strip(b" \t\r\n"):
        return not behind.strip(b" \t\r\n")
    try:
        around = _decode(before + b"[{}]" + behind)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    structures = [value for value in around.values() if isinstance(value, list | dict)]
    return len(structures) == 1 and unwrap_records(around) is structures[0]


def _cut(
    block: LineBlock,
    spans: npt.NDArray[np.int64],
    each: npt.NDArray[np.int64],
    is_page: Flags,
) -> LineBlock:
    """Put the spans in the places of the pages that they were found in, one line for each other line."""
    firsts = np.cumsum(each) - each
    refused = np.flatnonzero(~is_page & (each > 1))
    spans[firsts[~is_page]] = np.stack([block.starts, block.ends], 1)[~is_page]
    is_kept = np.ones(len(spans), np.bool_)
    for place in refused.tolist():
        is_kept[firsts[place] + 1 : firsts[place] + each[place]] = False
    spans = spans[is_kept]
    each = np.where(is_page, each, 1)
    firsts = np.cumsum(each) - each
    numbers = np.where(is_page, np.cumsum(is_page) - 1, -1)
    return replace(
        block,
        starts=np.ascontiguousarray(spans[:, 0]),
        ends=np.ascontiguousarray(spans[:, 1]),
        text_of=np.repeat(block.text_of, each),
        starts_inside=firsts[block.starts_inside],
        is_bounded=np.repeat(block.is_bounded, each),
        pages=Pages(
            np.repeat(numbers, each),
            block.starts[is_page],
            block.ends[is_page],
            firsts[is_page],
            np.zeros(np.count_nonzero(is_page), np.bool_),
        ),
    )


def check_pages(block: LineBlock, is_read: Flags, is_doubtful: Flags, limits: Limits) -> None:
    """Note in a part of a block which of its pages are clean; the others are left to the general reader as a whole.

    `is_read` and `is_doubtful`, bool (lines,), tell which records were read by column, and which of the lines that were looked at
    have to be valid JSON all the same. `is_read` loses the records of pages that are not clean.
    """
    pages = block.pages
    if pages is None:
        return
    is_ours = (pages.page_of >= 0) & (is_read | is_doubtful)
    is_left = is_ours & is_doubtful
    is_valid = partial(_is_valid, block, limits.depth - AROUND)
    refused = {
        int(page)
        for page, place in zip(pages.page_of[is_left].tolist(), np.flatnonzero(is_left).tolist(), strict=True)
        if not is_valid(place)
    }
    pages.is_clean[np.unique(pages.page_of[is_ours])] = True
    pages.is_clean[sorted(refused)] = False
    if refused:
        is_read &= (pages.page_of < 0) | pages.is_clean[pages.page_of]


def _is_valid(block: LineBlock, depth: int, place: int) -> bool:
    text = block.line(place)
    if is_deeper(text, depth):
        return False
    try:
        _decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True
