"""Multiply a curve's generator by many scalars, compiled to machine code on first use.

Each scalar is a sum of table points, one for each of its bytes. One inversion serves an addition of all scalars
(Montgomery's trick), so an addition costs six products. Eight scalars are added at once (`modular_instructions`). No table
holds the neutral point, so every addition is one of two points. The curve is y^2 = x^3 + a x + b; additions need neither a nor
b. Nothing is constant in time: the inputs are guesses.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from seawall.keys.leaks.compiled_loops.instructions import LANES, Bytes, Words
from seawall.keys.leaks.compiled_loops.modular_instructions import (
    BITS,
    add_doubled,
    copy_block,
    multiply_blocks,
    subtract_loosely,
    subtract_reduced,
)
from seawall_base.compiled import compile_kernel

POINT, SPECIAL = 1, 2
"""States of a sum: a point, or the sum of points with equal x, which these formulas cannot add."""
Table = npt.NDArray[np.uint32]

_NIBBLE = 4


@compile_kernel
def _multiply(out: Words, o: int, left: Words, a: int, right: Words, b: int, prime: Any) -> None:
    multiply_blocks(out, o, left, a, right, b, prime[0], prime[1], prime[2])


@compile_kernel
def _invert(number: Words, powers: Words, one: Words, exponent: Bytes, prime: Any) -> None:
    """Replace the numbers in block 0 by their inverses: their power prime - 2 (Fermat), four bits at a time."""
    powers[0] = one[0]
    for i in range(1, 1 << _NIBBLE):
        _multiply(powers, i, powers, i - 1, number, 0, prime)
    number[0] = powers[exponent[0]]
    for i in range(1, len(exponent)):
        for _ in range(_NIBBLE):
            _multiply(number, 0, number, 0, number, 0, prime)
        if exponent[i]:
            _multiply(number, 0, number, 0, powers, exponent[i], prime)


@compile_kernel
def _gather(table: Table, digits: Bytes, block: int, out: Words) -> None:
    """Copy the table's number for each lane's digit to block 1."""
    for lane in range(LANES):
        digit = int(digits[LANES * block + lane])
        for i in range(out.shape[1]):
            out[1, i, lane] = table[digit, i]


@compile_kernel
def _set_equal_apart(below: Words, block: int, equal: Any, one: Words, states: Bytes) -> None:
    """Mark lanes whose difference is a multiple of the prime, by its lowest 56 bits, and set the difference to one."""
    mask = np.uint64((1 << 2 * BITS) - 1)
    is_any = False
    for lane in range(LANES):
        low = (below[block, 0, lane] + (below[block, 1, lane] << np.uint64(BITS))) & mask
        is_any |= (low == equal[0]) | (low == equal[1])
    if is_any:
        for lane in range(LANES):
            low = (below[block, 0, lane] + (below[block, 1, lane] << np.uint64(BITS))) & mask
            if low == equal[0] or low == equal[1]:
                states[LANES * block + lane] = SPECIAL
                for i in range(below.shape[1]):
                    below[block, i, lane] = one[0, i, lane]


@compile_kernel
def _add_column(
    xs: Words, ys: Words, states: Bytes, digits: Bytes, table_x: Table, table_y: Table, field: Any,
    below: Words, products: Words, small: Words, powers: Words,
) -> None:  # fmt: skip
    """Add to each sum the table's point for its digit. `below`, `products`, `small` and `powers` are working space."""
    one, exponent, prime, multiple, larger, missing, top, equal = field
    copy_block(small, 0, one, 0)
    for block in range(len(xs)):
        _gather(table_x, digits, block, small)
        subtract_loosely(below, block, small, 1, xs, block, multiple)
        _set_equal_apart(below, block, equal, one, states)
        copy_block(products, block, small, 0)
        _multiply(small, 0, below, block, small, 0, prime)
    _invert(small, powers, one, exponent, prime)
    for block in range(len(xs) - 1, -1, -1):
        _multiply(products, block, small, 0, products, block, prime)
        _multiply(small, 0, below, block, small, 0, prime)
        add_doubled(small, 2, below, block, xs, block, multiple)
        _gather(table_y, digits, block, small)
        subtract_loosely(below, block, small, 1, ys, block, multiple)
        _multiply(products, block, below, block, products, block, prime)  # the slope
        _multiply(below, block, products, block, products, block, prime)
        subtract_reduced(small, 1, below, block, small, 2, larger, missing, top)  # x of the sum
        subtract_loosely(below, block, xs, block, small, 1, multiple)
        copy_block(xs, block, small, 1)
        _multiply(below, block, below, block, products, block, prime)
        subtract_reduced(ys, block, below, block, ys, block, multiple, missing, top)


@compile_kernel
def add_table_points(
    xs: Words, ys: Words, states: Bytes, digits: Bytes, tables_x: Table, tables_y: Table, field: Any
) -> None:
    """Add to each sum (`xs`, `ys`, `states`) the point for each of its digits, from the table of the digit's position.

    `xs` and `ys` have the axes block, digit of 28 bits, lane; `states` has one number a sum. `digits` are rows, one for each
    position. The tables have the axes position, digit, digit of 28 bits. All coordinates are in Montgomery form. `field` is
    (one, digits of prime - 2 to base 16, (digits of the prime to add, to take away, -1 / prime), four and eight times the
    prime, missing, top, lowest 56 bits of three and four times the prime), see `modular_instructions`.
    """
    below, products = np.empty_like(xs), np.empty_like(xs)
    small = np.zeros((3, xs.shape[1], LANES), np.uint64)
    powers = np.empty((1 << _NIBBLE, xs.shape[1], LANES), np.uint64)
    for position in range(tables_x.shape[0]):
        _add_column(
            xs, ys, states, digits[position], tables_x[position], tables_y[position], field, below, products, small, powers
        )  # fmt: skip
