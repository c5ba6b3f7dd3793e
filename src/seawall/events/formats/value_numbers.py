"""Number texts and tuples of them, so that an equal one has the same number in every batch. Compiled: needs numba."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import int64, uint64

from seawall_base.compiled import compile_kernel, load_word, try_out

Codes = npt.NDArray[np.int32]

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SEED = np.uint64(hash("numbers of texts") & 0xFFFFFFFFFFFFFFFF)
_FEWEST = 1 << 10


@compile_kernel
def _load_part(data: Any, place: int, size: int) -> Any:
    """Read fewer than eight bytes, and no byte behind them."""
    word = uint64(0)
    for at in range(size):
        word |= uint64(data[place + at]) << uint64(8 * at)
    return word


@compile_kernel
def _mix(found: Any, word: Any) -> Any:
    found = (found ^ word) * _FACTOR
    return found ^ (found >> uint64(29))


@compile_kernel
def _hash_text(data: Any, start: int, size: int, seed: Any) -> Any:
    found = seed ^ (uint64(size) * _FACTOR)
    place, end = start, start + size
    while place + 8 <= end:
        found = _mix(found, load_word(data, place))
        place += 8
    if place < end:
        found = _mix(found, _load_part(data, place, end - place))
    return _mix(found, found >> uint64(32))


@compile_kernel
def _is_same(one: Any, start: int, other: Any, place: int, size: int) -> bool:
    at = 0
    while at + 8 <= size:
        if load_word(one, start + at) != load_word(other, place + at):
            return False
        at += 8
    while at < size:
        if one[start + at] != other[place + at]:
            return False
        at += 1
    return True


@compile_kernel
def _number_texts(
    data: Any,
    offsets: Any,
    wanted: Any,
    seed: Any,
    slots: Any,
    hashes: Any,
    ends: Any,
    letters: Any,
    count: int,
    codes: Any,
) -> int:
    """Write the numbers of the wanted texts to `codes`, -1 for the others; keep those that are new; return how many are kept.

    `data` and `offsets` are those of an Arrow string array. There is room for all of them.
    """
    mask = len(slots) - 1
    for row in range(len(codes)):
        if not wanted[row]:
            codes[row] = -1
            continue
        start, size = int64(offsets[row]), int64(offsets[row + 1]) - int64(offsets[row])
        found = _hash_text(data, start, size, seed)
        slot = int64(found & uint64(mask))
        while True:
            known = slots[slot]
            if known < 0:
                at = ends[count]
                for place in range(size):  # an assignment of slices takes two seconds to compile
                    letters[at + place] = data[start + place]
                ends[count + 1] = at + size
                hashes[count] = found
                slots[slot] = codes[row] = count
                count += 1
                break
            at = ends[known]
            if (
                hashes[known] == found
                and ends[known + 1] - at == size
                and _is_same(data, start, letters, at, size)
            ):
                codes[row] = known
                break
            slot = (slot + 1) & mask
    return count


@compile_kernel
def _place(hashes: Any, count: int, slots: Any) -> None:
    """Put what is kept into empty slots."""
    mask = len(slots) - 1
    for known in range(count):
        slot = int64(hashes[known] & uint64(mask))
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = known


@compile_kernel
def _number_tuples(
    columns: Any, seed: Any, slots: Any, hashes: Any, tuples: Any, count: int, numbers: Any, firsts: Any
) -> int:
    """Write the numbers of the tuples of numbers in the rows of `columns`, int32 (columns, n), to `numbers`, int32 (n,).

    Keep those that are new, and write the rows in which they are first to `firsts`; return how many are kept.
    """
    mask, width, before = len(slots) - 1, len(columns), count
    for row in range(len(numbers)):
        found = seed
        for column in range(width):
            found = _mix(found, uint64(columns[column, row]))
        found = _mix(found, found >> uint64(32))
        slot = int64(found & uint64(mask))
        while True:
            known = slots[slot]
            if known < 0:
                for column in range(width):
                    tuples[count, column] = columns[column, row]
                hashes[count] = found
                firsts[count - before] = row
                slots[slot] = numbers[row] = count
                count += 1
                break
            is_same = hashes[known] == found
            for column in range(width):
                is_same &= tuples[known, column] == columns[column, row]
            if is_same:
                numbers[row] = known
                break
            slot = (slot + 1) & mask
    return count


@compile_kernel
def _renumber(codes: Any, scratch: Any, numbers: Any, used: Any) -> int:
    """Number the codes of some rows anew, in the order in which they come; write the old ones to `used`; return how many.

    `scratch`, int32, has a place for each old code and holds -1, before and after. -1 stays.
    """
    count = 0
    for row in range(len(codes)):
        code = codes[row]
        if code < 0:
            numbers[row] = -1
            continue
        if scratch[code] < 0:
            scratch[code] = count
            used[count] = code
            count += 1
        numbers[row] = scratch[code]
    for place in range(count):
        scratch[used[place]] = -1
    return count


class _Table:
    """Find what is kept by its hash: `slots` has at least twice as many places as there are `hashes`."""

    def __init__(self) -> None:
        self.count = 0
        self.hashes = np.empty(_FEWEST, np.uint64)
        self.slots = np.full(2 * _FEWEST, -1, np.int32)

    def reserve(self, more: int) -> None:
        """Make room for as many more."""
        size = self.count + more
        if size <= len(self.hashes):
            return
        self.hashes = lengthen(self.hashes, size)
        self.slots = np.full(2 << len(self.hashes).bit_length(), -1, np.int32)
        _place(self.hashes, self.count, self.slots)


class TextNumbers:
    """Give each text a number, in the order in which they come. Several threads may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._table = _Table()
        self._ends = np.zeros(_FEWEST + 1, np.int64)
        self._letters = np.empty(1 << 16, np.uint8)

    def __len__(self) -> int:
        return self._table.count

    @property
    def size(self) -> int:
        """Return the bytes of all texts."""
        return int(self._ends[self._table.count])

    def number(self, texts: Any, wanted: npt.NDArray[np.bool_]) -> Codes:
        """Return the numbers of the wanted ones of an Arrow string array, int32 (n,); -1 for the others, which are not kept."""
        offsets, letters = _buffers(texts)
        codes = np.empty(len(texts), np.int32)
        with self._lock:
            table, before = self._table, self.size
            table.reserve(len(codes))
            self._ends = lengthen(self._ends, table.count + len(codes) + 1)
            self._letters = lengthen(self._letters, before + int(offsets[-1]) - int(offsets[0]))
            kept = (_SEED, table.slots, table.hashes, self._ends, self._letters, table.count)
            table.count = _number_texts(letters, offsets, wanted, *kept, codes)
        return codes


class TupleNumbers:
    """Give each tuple of numbers a number, in the order in which they come."""

    def __init__(self, width: int) -> None:
        self._table = _Table()
        self._tuples = np.empty((_FEWEST, width), np.int32)

    def __len__(self) -> int:
        return self._table.count

    def number(self, columns: Codes) -> tuple[Codes, npt.NDArray[np.int64]]:
        """Return the number of the tuple in each row of `columns`, int32 (width, n), and the first row of each new tuple."""
        width, rows = columns.shape
        if width != self._tuples.shape[1]:
            raise ValueError("tuples of another size")
        numbers, firsts = np.empty(rows, np.int32), np.empty(rows, np.int64)
        table, before = self._table, self._table.count
        table.reserve(rows)
        self._tuples = lengthen(self._tuples, before + rows)
        kept = (_SEED, table.slots, table.hashes, self._tuples, before)
        table.count = _number_tuples(columns, *kept, numbers, firsts)
        return numbers, firsts[: table.count - before]


class UsedCodes:
    """Number the codes that a batch uses by their first row, whatever was numbered in other batches."""

    def __init__(self) -> None:
        self._scratch = np.full(_FEWEST, -1, np.int32)

    def renumber(self, codes: Codes, size: int) -> tuple[Codes, Codes]:
        """Return new codes, -1 for -1, and the old code of each new one. Old ones are below `size`."""
        if size > len(self._scratch):
            self._scratch = np.full(2 * size, -1, np.int32)
        numbers, used = np.empty(len(codes), np.int32), np.empty(len(codes), np.int32)
        return numbers, used[: _renumber(codes, self._scratch, numbers, used)]


def lengthen(array: Any, size: int) -> Any:
    """Return an array of `size` rows or more with the same content; it grows by half at least, so that this is rare."""
    if size <= len(array):
        return array
    longer = np.empty((max(size, len(array) * 3 // 2), *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer


def _buffers(texts: Any) -> tuple[Codes, npt.NDArray[np.uint8]]:
    """Return offsets and bytes of an Arrow string array, both not to be written to: one compiled function serves all."""
    if not len(texts):
        return np.zeros(1, np.int32), np.zeros(0, np.uint8)
    _, offsets, letters = texts.buffers()
    places = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    found = np.zeros(0, np.uint8) if letters is None else np.frombuffer(letters, np.uint8)
    places.flags.writeable = found.flags.writeable = False
    return places, found


@lru_cache(1)
def prepare() -> None:
    """Compile, or read back what was compiled, before the first use in a process."""

    def use() -> None:
        texts = pa.array(["a", "b"], pa.string())
        codes = TextNumbers().number(texts, np.ones(2, np.bool_))
        numbers, _ = TupleNumbers(1).number(codes[None])
        UsedCodes().renumber(numbers, 2)
        table = _Table()
        table.reserve(2 * _FEWEST)

    try_out(use)
