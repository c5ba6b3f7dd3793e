"""Finds where one of some known 8-byte windows may begin, forwards or backwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

WINDOW = 8
_ROWS = 1 << 14


def fold_of(window: bytes) -> int:
    """Sixteen bits that say something about eight bytes, whichever way round: `folds` explains them."""
    a, b, c, d, e, f, g, h = window
    return (((a ^ h) + (c ^ f)) & 0xFF) | (((b ^ g) + (d ^ e)) & 0xFF) << 8


class WindowFinder:
    """Knows some folds and finds the places that have one of them; what lies there must still be looked at."""

    def __init__(self, folds: Sequence[int]) -> None:
        distinct = sorted(set(folds))
        self._wanted = np.array([[fold & 0xFF, fold >> 8] for fold in distinct], np.uint8).reshape(-1, 2)
        self._marked = np.zeros(1 << 16, np.uint8)
        self._marked[np.array(distinct, np.int64)] = 1

    def places(self, data: npt.NDArray[np.uint8], start: int, end: int) -> Iterator[tuple[int, int]]:
        """Places (offset, fold) in [start, end), as far as eight bytes follow, in ascending order."""
        from seawall.keys.leaks.folds import find_folds

        end = min(end, len(data) - WINDOW + 1)
        out = np.empty((_ROWS, 2), np.int64)
        while len(self._wanted) and start < end:
            count, start = find_folds(data, start, end, self._wanted, self._marked, out)
            rows = out[:count]
            yield from rows[np.argsort(rows[:, 0], kind="stable")].tolist()
