"""Find long runs of letters of one alphabet, in ASCII or UTF-16, without examining most of the bytes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from seawall_base.compiled import compile_kernel

_ROOM = 1 << 12
ASCII, UTF16 = 1, 2
"""Bytes of a letter."""

Bytes = npt.NDArray[np.uint8]


@compile_kernel
def _is_letter(data: Bytes, alphabet: Bytes, place: int, width: int) -> bool:
    """Return whether the byte at a place is a letter; one of UTF-16 has a zero byte before or after it."""
    if not alphabet[data[place]]:
        return False
    if width == 1:
        return True
    return (place + 1 < len(data) and data[place + 1] == 0) or (place > 0 and data[place - 1] == 0)


@compile_kernel
def _find_runs(
    data: Bytes, alphabet: Bytes, start: int, end: int, shortest: int, width: int, out: npt.NDArray[np.int64]
) -> tuple[int, int]:
    """Write rows (first, last + 1) of runs that begin in [start, end); return their number and the place to continue from.

    Letters are `width` bytes apart, from `start` on. A run of `shortest` letters that begins at or after a place contains
    the letter `shortest - 1` after it. If that is no letter, no run begins before it.
    """
    found = 0
    place = start
    size = len(data)
    while place < end:
        probe = place + (shortest - 1) * width
        if probe >= size:
            return found, end
        if not _is_letter(data, alphabet, probe, width):
            place = probe + width
            continue
        first = probe
        while first > place and _is_letter(data, alphabet, first - width, width):
            first -= width
        if first >= end:
            return found, end
        last = probe + width
        while last < size and _is_letter(data, alphabet, last, width):
            last += width
        if last - first >= shortest * width:
            out[found, 0] = first
            out[found, 1] = last
            found += 1
        place = last + width
        if found == out.shape[0]:
            return found, place
    return found, end


class RunFinder:
    """Find the runs of at least `shortest` letters of an alphabet."""

    def __init__(self, alphabet: bytes, shortest: int) -> None:
        self._alphabet = np.zeros(256, np.uint8)
        self._alphabet[list(alphabet)] = 1
        self._shortest = shortest

    def runs(self, data: Bytes, start: int, end: int) -> npt.NDArray[np.int64]:
        """Return rows (first letter, end) of the runs that begin in [start, end), in order.

        A run that begins before `start` is skipped. The end may lie beyond `end`.
        """
        if start > 0 and self._alphabet[data[start - 1]]:
            others = np.flatnonzero(self._alphabet[data[start:end]] == 0)
            start = start + int(others[0]) if len(others) else end
        return self._rows(data, start, end, ASCII)

    def wide_runs(self, data: Bytes) -> Iterator[tuple[int, int]]:
        """Yield the first letter and the end of each run of UTF-16 letters, of either byte order.

        A letter at an end that has only the other letters' zero beside it may be a byte of something else. Then the run is
        given with the letters of little-endian text, and with those of big-endian text.
        """
        for parity in range(UTF16):
            for first, last in self._rows(data, parity, len(data), UTF16).tolist():
                is_little = first == 0 or data[first - 1] != 0
                is_big = last - 1 >= len(data) or data[last - 1] != 0
                yield from {(first, last - 2 * is_big), (first + 2 * is_little, last)}

    def _rows(self, data: Bytes, start: int, end: int, width: int) -> npt.NDArray[np.int64]:
        pieces = [np.empty((0, 2), np.int64)]
        while start < end:
            out = np.empty((_ROOM, 2), np.int64)
            count, start = _find_runs(data, self._alphabet, start, end, self._shortest, width, out)
            pieces.append(out[:count])
        return np.concatenate(pieces)
