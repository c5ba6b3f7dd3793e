"""Inner loop that finds places where one of a few 8-byte windows may begin, forwards or backwards, compiled on first use.

A fold is two bytes made of eight: the four pairs first-last, second-last but one and so on are each combined with
exclusive or, and the four results added in twos. It is the same when the eight bytes are turned round, and sixteen bits are
all that it says about them. Runs of one byte have the fold 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import uint8

from seawall.keys.leaks.compiled_loops.compiled import compile_kernel

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

FEW = 32
STEP = 1024


@compile_kernel
def _fold(data: Bytes, size: int, x: Bytes, y: Bytes) -> None:
    """Two bytes of each eight bytes, the same when the eight are turned round."""
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
    """Rows (place, fold) where a fold is wanted: compared one by one while they are few, else looked up."""
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
    """Places in [start, end) where eight bytes, read forwards or backwards, have a wanted fold: rows (place, fold).

    `wanted` holds distinct folds as pairs of bytes, `marked` a one for each of them among 65,536. Gives the number of
    rows written to `out`, which takes at least 2 x STEP, and the place where to go on. `end + 7` may not exceed
    the data.
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
