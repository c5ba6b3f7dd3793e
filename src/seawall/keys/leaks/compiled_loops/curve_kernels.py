"""Multiply a curve's generator by many scalars, compiled to machine code on first use.

Each scalar is a sum of table points, one for each of its bytes. One inversion serves an addition of all scalars
(Montgomery's trick), so an addition costs six products. The curve is y^2 = x^3 + a x + b; additions need neither a nor b.
Nothing is constant in time: the inputs are guesses.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from seawall.keys.leaks.compiled_loops.instructions import Bytes, Words
from seawall.keys.leaks.compiled_loops.modular_instructions import multiply_modulo, subtract_modulo
from seawall_base.compiled import compile_kernel

ZERO, POINT, SPECIAL = 0, 1, 2
"""States of a sum: no point yet, a point, or the sum of points with equal x, which these formulas cannot add."""


@compile_kernel
def _is_zero(numbers: Words, row: int) -> bool:
    either = np.uint64(0)
    for i in range(numbers.shape[1]):
        either |= numbers[row, i]
    return bool(either == 0)


@compile_kernel
def _invert(number: Words, one: Words, prime: Any, negative: Any) -> None:
    """Replace the number in row 0 by its inverse: its power prime - 2 (Fermat). Row 1 is working space."""
    words = len(prime)
    for i in range(words):
        number[1, i] = number[0, i]
        number[0, i] = one[0, i]
    for word in range(words - 1, -1, -1):
        exponent = prime[word] - np.uint64(2 if word == 0 else 0)  # the primes' lowest words are above 2
        for bit in range(63, -1, -1):
            multiply_modulo(number, 0, number, 0, number, 0, prime, negative)
            if (exponent >> np.uint64(bit)) & np.uint64(1):
                multiply_modulo(number, 0, number, 0, number, 1, prime, negative)


@compile_kernel
def _add_column(
    xs: Words, ys: Words, states: Bytes, digits: Bytes, table_x: Words, table_y: Words, one: Words,
    prime: Any, negative: Any, below: Words, products: Words, small: Words,
) -> None:  # fmt: skip
    """Add to each sum the table's point for its digit. `below`, `products` and `small` are working space."""
    words = len(prime)
    small[0] = one[0]
    for row in range(digits.shape[0]):
        digit = int(digits[row])
        if digit == 0 or states[row] == SPECIAL:
            continue
        if states[row] == ZERO:
            continue
        subtract_modulo(below, row, table_x, digit, xs, row, prime)
        if _is_zero(below, row):
            states[row] = SPECIAL
            continue
        for i in range(words):
            products[row, i] = small[0, i]
        multiply_modulo(small, 0, small, 0, below, row, prime, negative)
    _invert(small, one, prime, negative)
    for row in range(digits.shape[0] - 1, -1, -1):
        digit = int(digits[row])
        if digit == 0 or states[row] == SPECIAL:
            continue
        if states[row] == ZERO:
            states[row] = POINT
            for i in range(words):
                xs[row, i] = table_x[digit, i]
                ys[row, i] = table_y[digit, i]
            continue
        multiply_modulo(products, row, small, 0, products, row, prime, negative)
        multiply_modulo(small, 0, small, 0, below, row, prime, negative)
        subtract_modulo(below, row, table_y, digit, ys, row, prime)
        multiply_modulo(below, row, below, row, products, row, prime, negative)  # the slope
        multiply_modulo(products, row, below, row, below, row, prime, negative)
        subtract_modulo(products, row, products, row, xs, row, prime)
        subtract_modulo(products, row, products, row, table_x, digit, prime)  # x of the sum
        subtract_modulo(xs, row, xs, row, products, row, prime)
        multiply_modulo(xs, row, xs, row, below, row, prime, negative)
        subtract_modulo(ys, row, xs, row, ys, row, prime)
        for i in range(words):
            xs[row, i] = products[row, i]


@compile_kernel
def add_table_points(
    xs: Words, ys: Words, states: Bytes, digits: Bytes, tables_x: Words, tables_y: Words, one: Words, prime: Any,
    negative: Any,
) -> None:  # fmt: skip
    """Add to each sum (`xs`, `ys`, `states`) the point for each of its digits, from the table of the digit's position.

    `digits` are rows, one for each sum. `tables_x` and `tables_y` have the axes position, digit, words. All coordinates are
    in Montgomery form.
    """
    count, words = xs.shape
    below, products = np.empty((count, words), np.uint64), np.empty((count, words), np.uint64)
    small = np.empty((2, words), np.uint64)
    here = np.empty(count, np.uint8)
    for position in range(tables_x.shape[0]):
        here[:] = digits[:, position]
        _add_column(
            xs, ys, states, here, tables_x[position], tables_y[position], one, prime, negative, below, products, small
        )  # fmt: skip
