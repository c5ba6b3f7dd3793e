"""Find where one of some known 8-byte windows may begin, in either byte order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

WINDOW = 8
_ROWS = 1 << 14


def fold_of(window: bytes) -> int:
    """Return the 16-bit fold of eight bytes, equal for both byte orders; see `folds`."""
    a, b, c, d, e, f, g, h = window
    return (((a ^ h) + (c ^ f)) & 0xFF) | (((b ^ g) + (d ^ e)) & 0xFF) << 8


def check_of(window: bytes) -> int:
    """Return a second 16-bit hash, also equal for both byte orders."""
    return int(_checks(np.frombuffer(window, np.uint8), np.zeros(1, np.int64))[0])


def _checks(data: npt.NDArray[np.uint8], places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    a, b, c, d, e, f, g, h = (data[places + i].astype(np.int64) for i in range(WINDOW))
    checks: npt.NDArray[np.int64] = ((a + h + d * e) & 0xFF) | ((b + g + c * f) & 0xFF) << 8
    return checks


class WindowFinder:
    """Find the places that have one of some folds; the caller must verify them.

    A fold may have a check (`check_of`), which the place must have too, or None.
    """

    def __init__(self, folds: Iterable[tuple[int, int | None]]) -> None:
        wanted = set(folds)
        distinct = sorted({fold for fold, _ in wanted})
        self._checked = np.array(
            sorted(fold << 16 | check for fold, check in wanted if check is not None), np.int64
        )
        self._unchecked = np.zeros(1 << 16, np.bool_)
        self._unchecked[[fold for fold, check in wanted if check is None]] = True
        self._wanted = np.array([[fold & 0xFF, fold >> 8] for fold in distinct], np.uint8).reshape(-1, 2)
        self._marked = np.zeros(1 << 16, np.uint8)
        self._marked[np.array(distinct, np.int64)] = 1

    def places(self, data: npt.NDArray[np.uint8], start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield (offset, fold) in [start, end), if eight bytes follow, in ascending order."""
        from seawall.keys.leaks.compiled_loops.folds import find_folds

        end = min(end, len(data) - WINDOW + 1)
        out = np.empty((_ROWS, 2), np.int64)
        while len(self._wanted) and start < end:
            count, start = find_folds(data, start, end, self._wanted, self._marked, out)
            rows = out[:count]
            if len(self._checked):
                rows = rows[self._fits(data, rows)]
            yield from rows[np.argsort(rows[:, 0], kind="stable")].tolist()

    def _fits(self, data: npt.NDArray[np.uint8], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        keys = rows[:, 1] << 16 | _checks(data, rows[:, 0])
        nearest = np.minimum(np.searchsorted(self._checked, keys), len(self._checked) - 1)
        fits: npt.NDArray[np.bool_] = self._unchecked[rows[:, 1]] | (self._checked[nearest] == keys)
        return fits
