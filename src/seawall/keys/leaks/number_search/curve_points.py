"""Find which of many guesses is the private key of a public point, on the NIST and the Edwards curves.

OpenSSL computes points one by one. Here compiled loops compute x of many scalars' points at once (`curve_kernels`). Edwards
curves are taken in their Weierstrass form, which has the same group (RFC 7748, section 4; Bernstein and others, "Twisted
Edwards Curves", 2008). Nothing is constant in time: the inputs are guesses, and other code proves whether one is right.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gmpy2
import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.asymmetric import ec

PRIMES: dict[str, int] = {
    "secp256r1": 2**256 - 2**224 + 2**192 + 2**96 - 1,
    "secp384r1": 2**384 - 2**128 - 2**96 + 2**32 - 1,
    "secp521r1": 2**521 - 1,
}
_BATCH = 512
"""Scalars multiplied together, so that their working space stays in a core's own cache."""
_WORD = 1 << 64

_Words = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class _Edwards:
    """A twisted Edwards curve a x^2 + y^2 = 1 + d x^2 y^2, its generator, and how a seed gives a scalar (RFC 8032)."""

    prime: int
    a: int
    d: int
    generator: tuple[int, int]
    length: int
    """Bytes of a scalar and of y."""
    scalar_of: Callable[[bytes], bytes]

    def weierstrass(self, y: int) -> int | None:
        """Return x in Weierstrass form of the points with this y, None for the neutral point."""
        if (1 - y) % self.prime == 0:
            return None
        ratio = (1 + y) * pow(1 - y, -1, self.prime) % self.prime
        middle = 2 * (self.a + self.d) * pow(self.a - self.d, -1, self.prime)
        return (ratio + middle * pow(3, -1, self.prime)) * self._scale % self.prime

    @property
    def _scale(self) -> int:
        return (self.a - self.d) * pow(4, -1, self.prime) % self.prime

    def weierstrass_generator(self) -> tuple[int, int, int]:
        """Return the generator in Weierstrass form, and the coefficient of x in that form's equation."""
        x, y = self.generator
        first = self.weierstrass(y) or 0
        ratio = (1 + y) * pow((1 - y) * x, -1, self.prime)
        middle = 2 * (self.a + self.d) * pow(self.a - self.d, -1, self.prime)
        linear = (3 - middle * middle) * pow(3, -1, self.prime) * self._scale**2
        return first, ratio * self._scale % self.prime, linear % self.prime


def _scalar_25519(seed: bytes) -> bytes:
    digest = hashlib.sha512(seed).digest()
    return bytes((digest[0] & 0xF8, *digest[1:31], digest[31] & 0x7F | 0x40))


def _scalar_448(seed: bytes) -> bytes:
    digest = hashlib.shake_256(seed).digest(57)
    return bytes((digest[0] & 0xFC, *digest[1:55], digest[55] | 0x80))


_P25519, _P448 = 2**255 - 19, 2**448 - 2**224 - 1
_EDWARDS = {
    "Ed25519": _Edwards(
        _P25519,
        -1,
        -121665 * pow(121666, -1, _P25519) % _P25519,
        (
            15112221349535400772501151409588531511454012693041857206046113283949847762202,
            46316835694926478169428394003475163141307993866256225615783033603165251855960,
        ),
        32,
        _scalar_25519,
    ),
    "Ed448": _Edwards(
        _P448,
        1,
        -39081 % _P448,
        (
            224580040295924300187604334099896036246789641632564134246125461686950415467406032909029192869357953282578032075146446173674602635247710,
            298819210078481492676017930443930673437544040154080242095928241372331506189835876003536878655418784733982303233503462500531545062832660,
        ),
        56,
        _scalar_448,
    ),
}


@dataclass(frozen=True, slots=True)
class _Multiples:
    """The multiples of a generator for each byte of a scalar, and the field's constants, in Montgomery form."""

    prime: int
    xs: _Words
    ys: _Words
    one: _Words
    words: tuple[np.uint64, ...]
    negative: np.uint64

    def points(self, scalars: npt.NDArray[np.uint8]) -> tuple[_Words, npt.NDArray[np.uint8]]:
        """Return x of the points of scalars (rows of bytes, lowest first), and the state of each."""
        xs = np.zeros((len(scalars), len(self.words)), np.uint64)
        states = np.zeros(len(scalars), np.uint8)
        for low in range(0, len(scalars), _BATCH):
            part = slice(low, low + _BATCH)
            self.add(xs[part], np.zeros_like(xs[part]), states[part], scalars[part])
        return xs, states

    def add(
        self, xs: _Words, ys: _Words, states: npt.NDArray[np.uint8], digits: npt.NDArray[np.uint8]
    ) -> None:
        """Add the multiples that `digits` (a row for each sum) name to the sums."""
        from seawall.keys.leaks.compiled_loops.curve_kernels import add_table_points

        add_table_points(xs, ys, states, digits, self.xs, self.ys, self.one, self.words, self.negative)


def public_x(curve: ec.EllipticCurve, scalars: Sequence[bytes]) -> list[int | None]:
    """Return x of each scalar's point; None for zero, or if an addition met a special case.

    Scalars are big-endian bytes of one length.
    """
    if not scalars:
        return []
    multiples = _multiples(curve.name, len(scalars[0]))
    xs, states = multiples.points(_reversed_rows(scalars))
    shift = pow(2, -64 * len(multiples.words), multiples.prime)
    values = (int.from_bytes(row.tobytes(), "little") * shift % multiples.prime for row in xs)
    return [value if state == 1 else None for value, state in zip(values, states.tolist(), strict=True)]


def rows_with_x(curve: ec.EllipticCurve, scalars: Sequence[bytes], wanted: Collection[int]) -> list[int]:
    """Return the indices of scalars whose point may have a wanted x; few others are among them.

    Scalars are big-endian bytes of one length.
    """
    if not scalars:
        return []
    return _likely_rows(_multiples(curve.name, len(scalars[0])), _reversed_rows(scalars), wanted)


def rows_with_public_key(name: str, seeds: Sequence[bytes], wanted: Collection[bytes]) -> list[int]:
    """Return the indices of seeds (`Ed25519` or `Ed448`) that may belong to a wanted public key; few others are among them."""
    if not seeds:
        return []
    curve = _EDWARDS[name]
    rows = np.frombuffer(b"".join(map(curve.scalar_of, seeds)), np.uint8).reshape(len(seeds), -1)
    ys = (int.from_bytes(public, "little") % (1 << curve.prime.bit_length()) for public in wanted)
    xs = [x for x in map(curve.weierstrass, ys) if x is not None]
    return _likely_rows(_multiples(name, curve.length), rows, xs)


def _likely_rows(multiples: _Multiples, rows: npt.NDArray[np.uint8], wanted: Collection[int]) -> list[int]:
    xs, states = multiples.points(rows)
    shift = 64 * len(multiples.words)
    lowest = [((x << shift) % multiples.prime) % _WORD for x in wanted]
    likely = np.isin(xs[:, 0], np.array(lowest, np.uint64)) | (states != 1)
    return [int(row) for row in np.flatnonzero(likely)]


def _reversed_rows(scalars: Sequence[bytes]) -> npt.NDArray[np.uint8]:
    rows = np.frombuffer(b"".join(scalars), np.uint8).reshape(len(scalars), -1)
    return np.ascontiguousarray(rows[:, ::-1])


@functools.cache
def _multiples(name: str, length: int) -> _Multiples:
    """Return the tables of a curve's generator for scalars of `length` bytes."""
    prime, x, y, linear = _generator(name)
    count = -(-prime.bit_length() // 64)
    powers = [(gmpy2.mpz(x), gmpy2.mpz(y))]
    for _ in range(8 * length):
        powers.append(_double(*powers[-1], linear, prime))
    tables = np.zeros((2, length, 256, count), np.uint64)
    for position in range(length):
        for multiple in (1, 2):
            for axis, value in enumerate(powers[8 * position + multiple - 1]):
                tables[axis, position, multiple] = _montgomery_row(value, prime, count)
    multiples = _Multiples(
        prime, tables[0], tables[1], _montgomery_row(1, prime, count).reshape(1, -1), tuple(_row(prime, count)),
        np.uint64(-pow(prime, -1, _WORD) % _WORD),
    )  # fmt: skip
    _fill(multiples)
    return multiples


def _fill(multiples: _Multiples) -> None:
    """Fill tables whose multiples 1 and 2 of each position are given, by adding multiple 1 again and again."""
    positions = len(multiples.xs)
    ones = np.zeros((2, 1, positions + 1, len(multiples.words)), np.uint64)
    ones[0, 0, 1:], ones[1, 0, 1:] = multiples.xs[:, 1], multiples.ys[:, 1]
    adding = replace(multiples, xs=ones[0], ys=ones[1])
    xs, ys = multiples.xs[:, 2].copy(), multiples.ys[:, 2].copy()
    states = np.ones(positions, np.uint8)
    digits = np.arange(1, positions + 1, dtype=np.uint8).reshape(-1, 1)  # each position adds its own point
    for multiple in range(3, 256):
        adding.add(xs, ys, states, digits)
        multiples.xs[:, multiple], multiples.ys[:, multiple] = xs, ys


def _generator(name: str) -> tuple[int, int, int, int]:
    """Return a curve's prime, its generator, and the coefficient of x in its equation."""
    if name in _EDWARDS:
        return _EDWARDS[name].prime, *_EDWARDS[name].weierstrass_generator()
    curve = next(curve for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()) if curve.name == name)
    point = ec.derive_private_key(1, curve).public_key().public_numbers()
    return PRIMES[name], point.x, point.y, -3


def _montgomery_row(value: Any, prime: int, count: int) -> _Words:
    return _row((value << 64 * count) % prime, count)


def _row(value: Any, count: int) -> _Words:
    return np.frombuffer(int(value).to_bytes(8 * count, "little"), "<u8").astype(np.uint64)


def _double(x: Any, y: Any, linear: int, prime: int) -> tuple[Any, Any]:
    slope = (3 * x * x + linear) * gmpy2.invert(2 * y, prime) % prime
    doubled = (slope * slope - 2 * x) % prime
    return doubled, (slope * (x - doubled) - y) % prime
