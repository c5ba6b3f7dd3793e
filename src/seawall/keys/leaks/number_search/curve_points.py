"""Compute the public points of many scalars at once, on the NIST curves y^2 = x^3 - 3 x + b.

OpenSSL is fast only on P-256, and only one by one. Here each scalar is a sum of table points, one for each of its
bytes, and one inversion serves an addition of all scalars (Montgomery's trick). Nothing is constant in time: the
inputs are guesses, and other code proves whether one is right.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import gmpy2
from cryptography.hazmat.primitives.asymmetric import ec

PRIMES: dict[str, int] = {
    "secp256r1": 2**256 - 2**224 + 2**192 + 2**96 - 1,
    "secp384r1": 2**384 - 2**128 - 2**96 + 2**32 - 1,
    "secp521r1": 2**521 - 1,
}

_Points = tuple[list[Any], list[Any]]
"""Affine coordinates of many points: all x, all y."""


def public_x(curve: ec.EllipticCurve, scalars: Sequence[bytes]) -> list[int | None]:
    """Return x of each scalar's point; None for zero, or if an addition met a special case.

    Scalars are big-endian bytes of one length.
    """
    prime = gmpy2.mpz(PRIMES[curve.name])
    xs: list[Any] = [None] * len(scalars)
    ys: list[Any] = [None] * len(scalars)
    lost: set[int] = set()
    length = len(scalars[0]) if scalars else 0
    for position, (table_x, table_y) in enumerate(_table(curve.name, length)):
        digits = [scalar[length - 1 - position] for scalar in scalars]
        rows = [row for row, digit in enumerate(digits) if digit]
        adding = [row for row in rows if xs[row] is not None]
        for row in rows:
            if xs[row] is None:
                xs[row], ys[row] = table_x[digits[row]], table_y[digits[row]]
        others = ([table_x[digits[row]] for row in adding], [table_y[digits[row]] for row in adding])
        sums_x, sums_y, special = _add(
            ([xs[row] for row in adding], [ys[row] for row in adding]), others, prime
        )
        lost.update(adding[at] for at in special)
        for row, x, y in zip(adding, sums_x, sums_y, strict=True):
            xs[row], ys[row] = x, y
    return [None if x is None or row in lost else int(x) for row, x in enumerate(xs)]


def _add(left: _Points, right: _Points, prime: Any) -> tuple[list[Any], list[Any], list[int]]:
    """Add points pairwise. Also return the pairs with equal x, whose sums are wrong."""
    slopes_below = [b - a for a, b in zip(left[0], right[0], strict=True)]
    special = [at for at, below in enumerate(slopes_below) if below == 0]
    for at in special:
        slopes_below[at] = gmpy2.mpz(1)
    product = gmpy2.mpz(1)
    products = []
    for below in slopes_below:
        products.append(product)
        product = product * below % prime
    inverse = gmpy2.invert(product, prime)
    sums_x, sums_y = [], []
    for at in range(len(slopes_below) - 1, -1, -1):
        x, y = left[0][at], left[1][at]
        slope = (right[1][at] - y) * (inverse * products[at] % prime) % prime
        inverse = inverse * slopes_below[at] % prime
        sum_x = (slope * slope - x - right[0][at]) % prime
        sums_x.append(sum_x)
        sums_y.append((slope * (x - sum_x) - y) % prime)
    return sums_x[::-1], sums_y[::-1], special


@functools.cache
def _table(name: str, length: int) -> list[_Points]:
    """Return, for each byte position, the points of its values 0 to 255; that of 0 is never used."""
    prime = gmpy2.mpz(PRIMES[name])
    curve = next(curve for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()) if curve.name == name)
    generator = ec.derive_private_key(1, curve).public_key().public_numbers()
    powers = [(gmpy2.mpz(generator.x), gmpy2.mpz(generator.y))]
    for _ in range(8 * length):
        powers.append(_double(*powers[-1], prime))
    ones = ([x for x, _ in powers[: 8 * length : 8]], [y for _, y in powers[: 8 * length : 8]])
    twos = ([x for x, _ in powers[1::8]], [y for _, y in powers[1::8]])
    columns = [ones, ones, twos]
    while len(columns) < 256:
        xs, ys, _ = _add(columns[-1], ones, prime)
        columns.append((xs, ys))
    return [([xs[row] for xs, _ in columns], [ys[row] for _, ys in columns]) for row in range(length)]


def _double(x: Any, y: Any, prime: Any) -> tuple[Any, Any]:
    slope = 3 * (x * x - 1) * gmpy2.invert(2 * y, prime) % prime
    doubled = (slope * slope - 2 * x) % prime
    return doubled, (slope * (x - doubled) - y) % prime
