"""Find long runs of letters of one alphabet without examining most of the bytes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from seawall_base.compiled import compile_kernel

_ROOM = 1 << 12

Bytes = npt.NDArray[np.uint8]


@compile_kernel
def _find_runs(
    data: Bytes, alphabet: Bytes, start: int, end: int, shortest: int, out: npt.NDArray[np.int64]
) -> tuple[int, int]:
    """Write rows (first, last + 1) of runs that begin in [start, end); return their number and the place to continue from.

    A run of `shortest` letters that begins at or after a place contains the byte `shortest - 1` after it. If that is
    no letter, no run begins before it.
    """
    found = 0
    place = start
    size = len(data)
    while place < end:
        probe = place + shortest - 1
        if probe >= size:
            return found, end
        if not alphabet[data[probe]]:
            place = probe + 1
            continue
        first = probe
        while first > place and alphabet[data[first - 1]]:
            first -= 1
        if first >= end:
            return found, end
        last = probe + 1
        while last < size and alphabet[data[last]]:
            last += 1
        if last - first >= shortest:
            out[found, 0] = first
            out[found, 1] = last
            found += 1
        place = last + 1
        if found == out.shape[0]:
            return found, place
    return found, end


class RunFinder:
    """Find the runs of at least `shortest` letters of an alphabet."""

    def __init__(self, alphabet: bytes, shortest: int) -> None:
        self._alphabet = np.zeros(256, np.uint8)
        self._alphabet[list(alphabet)] = 1
        self._shortest = shortest

    def runs(self, data: Bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the first letter and the end of each run that begins in [start, end), in order.

        A run that begins before `start` is skipped. The end may lie beyond `end`.
        """
        if start > 0 and self._alphabet[data[start - 1]]:
            others = np.flatnonzero(self._alphabet[data[start:end]] == 0)
            start = start + int(others[0]) if len(others) else end
        out = np.empty((_ROOM, 2), np.int64)
        while start < end:
            count, start = _find_runs(data, self._alphabet, start, end, self._shortest, out)
            yield from out[:count].tolist()
