"""Inner loop that finds where one of a few 8-byte windows may begin, in either byte order, compiled at first use.

A fold is a 16-bit hash of eight bytes. The four pairs first and last, second and second last, and so on, are combined
by exclusive or, and the four results added in twos. Reversing the eight bytes keeps the fold. Runs of one byte have
the fold 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import uint8

from seawall_base.compiled import compile_kernel

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

FEW = 32
STEP = 1024


@compile_kernel
def _fold(data: Bytes, size: int, x: Bytes, y: Bytes) -> None:
    """Compute the fold of each eight bytes, which is equal for both byte orders."""
    a, b, c, d = data, data[1:], data[2:], data[3:]
    e, f, g, h = data[4:], data[5:], data[6:], data[7:]
    for i in range(size):
        x[i] = uint8(a[i] ^ h[i]) + uint8(c[i] ^ f[i])
        y[i] = uint8(b[i] ^ g[i]) + uint8(d[i] ^ e[i])


@compile_kernel
def _is_any(x: Bytes, y: Bytes, size: int, x_wanted: Any, y_wanted: Any) -> bool:
    least = uint8(255)
    for i in range(size):
        least = min(least, uint8((x[i] ^ x_wanted) | (y[i] ^ y_wanted)))
    return bool(least == 0)


@compile_kernel
def _places_of(x: Bytes, y: Bytes, size: int, wanted: Bytes, marked: Bytes, out: Places) -> int:
    """Return rows (place, fold) with a wanted fold. A few folds are compared one by one, more are looked up in a table."""
    found = 0
    if wanted.shape[0] <= FEW:
        for w in range(wanted.shape[0]):
            x_wanted = wanted[w, 0]
            y_wanted = wanted[w, 1]
            if _is_any(x, y, size, x_wanted, y_wanted):
                for i in range(size):
                    if x[i] == x_wanted and y[i] == y_wanted:
                        out[found, 0] = i
                        out[found, 1] = np.int64(x_wanted) | np.int64(y_wanted) << 8
                        found += 1
        return found
    for i in range(size):
        value = np.int64(x[i]) | np.int64(y[i]) << 8
        if marked[value]:
            out[found, 0] = i
            out[found, 1] = value
            found += 1
    return found


@compile_kernel
def find_folds(
    data: Bytes, start: int, end: int, wanted: Bytes, marked: Bytes, out: Places
) -> tuple[int, int]:
    """Find places in [start, end) where eight bytes have a wanted fold in either byte order: rows (place, fold).

    `wanted` holds distinct folds as pairs of bytes; `marked` has a one for each of them among 65,536. Returns the
    number of rows written to `out`, which needs room for 2 x STEP, and the place to continue from. `end + 7` must not
    exceed the data.
    """
    x = np.empty(STEP, np.uint8)
    y = np.empty(STEP, np.uint8)
    found = 0
    for step in range(start, end, STEP):
        size = min(STEP, end - step)
        _fold(data[step : step + size + 7], size, x, y)
        more = _places_of(x, y, size, wanted, marked, out[found:])
        for row in range(found, found + more):
            out[row, 0] += step
        found += more
        if found + STEP > out.shape[0]:
            return found, step + size
    return found, end
