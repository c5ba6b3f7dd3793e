"""Find which of many guesses is the private key of a public point, on the NIST and the Edwards curves.

OpenSSL computes points one by one. Here compiled loops compute x of many scalars' points at once (`curve_kernels`). Edwards
curves are taken in their Weierstrass form, which has the same group (RFC 7748, section 4; Bernstein and others, "Twisted
Edwards Curves", 2008). Nothing is constant in time: the inputs are guesses, and other code proves whether one is right.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
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
_BATCH = 2048
"""Scalars multiplied together: few enough to stay in a core's own cache, and enough to share an inversion."""
_BITS, _LANES, _POINT = 28, 8, 1
"""Copies of `modular_instructions.BITS`, `instructions.LANES` and `curve_kernels.POINT`, whose import takes a second."""
_LOWEST = 1 << 2 * _BITS
"""Modulus of the bits by which points are compared."""

_Words = npt.NDArray[np.uint64]
_Table = npt.NDArray[np.uint32]
Scalars = Sequence[bytes] | npt.NDArray[np.uint8]
"""Numbers as bytes of one length, or as the rows of an array."""


@dataclass(frozen=True, slots=True)
class _Edwards:
    """A twisted Edwards curve a x^2 + y^2 = 1 + d x^2 y^2, its generator, and how seeds give scalars (RFC 8032)."""

    prime: int
    a: int
    d: int
    generator: tuple[int, int]
    length: int
    """Bytes of a scalar and of y."""
    scalars_of: Callable[[Iterable[bytes]], npt.NDArray[np.uint8]]

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


def _scalars_25519(seeds: Iterable[bytes]) -> npt.NDArray[np.uint8]:
    digests = b"".join([hashlib.sha512(seed).digest() for seed in seeds])
    rows = np.frombuffer(digests, np.uint8).reshape(-1, 64)[:, :32].copy()
    rows[:, 0] &= 0xF8
    rows[:, 31] = rows[:, 31] & 0x7F | 0x40
    return rows


def _scalars_448(seeds: Iterable[bytes]) -> npt.NDArray[np.uint8]:
    digests = b"".join([hashlib.shake_256(seed).digest(57) for seed in seeds])
    rows = np.frombuffer(digests, np.uint8).reshape(-1, 57)[:, :56].copy()
    rows[:, 0] &= 0xFC
    rows[:, 55] |= 0x80
    return rows


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
        _scalars_25519,
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
        _scalars_448,
    ),
}


@dataclass(frozen=True, slots=True)
class _Field:
    """A curve's field: the constants of its arithmetic (see `modular_instructions`)."""

    prime: int

    @property
    def digits(self) -> int:
        """Return the digits of a number: they have seven bits more than the prime, or more."""
        return -(-(self.prime.bit_length() + 7) // _BITS)

    def number(self, value: Any) -> list[int]:
        """Return the digits of a number in Montgomery form."""
        return _digits((value << _BITS * self.digits) % self.prime, self.digits)

    def value(self, digits: Sequence[int]) -> int:
        """Return the value of a number in Montgomery form."""
        number = sum(digit << _BITS * place for place, digit in enumerate(digits))
        return int(number * pow(2, -_BITS * self.digits, self.prime) % self.prime)

    def constants(self) -> tuple[Any, ...]:
        """Return the constants in the order of `add_table_points`."""
        count, bits = self.digits, self.prime.bit_length()
        one = np.repeat(np.array(self.number(1), np.uint64), _LANES).reshape(1, count, _LANES)
        exponent = [int(nibble, 16) for nibble in f"{self.prime - 2:x}"]
        negative = -pow(self.prime, -1, 1 << _BITS) % (1 << _BITS)
        balanced = self._balance()
        plus, minus = (
            tuple(np.uint64(sign * digit) if sign * digit > 0 else None for digit in balanced)
            for sign in (1, -1)
        )
        return (
            one, np.array(exponent, np.uint8), (plus, minus, None if negative == 1 else np.uint64(negative)),
            self._multiple(4, 2), self._multiple(8, 7), _words(_digits((1 << bits) - self.prime, count)),
            np.uint64(bits - _BITS * (count - 1)), _words([times * self.prime % _LOWEST for times in (3, 4)]),
        )  # fmt: skip

    def _balance(self) -> list[int]:
        """Return the prime's digits between -2^27 and 2^27."""
        digits, rest = [], self.prime
        for _ in range(self.digits):
            digit = (rest + (1 << (_BITS - 1))) % (1 << _BITS) - (1 << (_BITS - 1))
            digits.append(digit)
            rest = (rest - digit) >> _BITS
        return digits

    def _multiple(self, times: int, spare: int) -> tuple[np.uint64, ...]:
        """Return a multiple of the prime whose digits but the highest are at least `spare` times 2^28 - 1."""
        digits = _digits(times * self.prime, self.digits)
        more = [spare << _BITS, *[(spare << _BITS) - spare] * (self.digits - 2), -spare]
        return _words([digit + add for digit, add in zip(digits, more, strict=True)])


@dataclass(frozen=True, slots=True)
class _Multiples:
    """Multiples of a generator for each byte of a scalar, and the field's constants.

    Byte `b` at position `i` has the multiple `(b + 2) 256^i`: never the neutral point, and never a multiple that the bytes
    below could sum up to. One more position takes away what that adds.
    """

    field: _Field
    xs: _Table
    ys: _Table
    constants: tuple[Any, ...]

    def points(self, scalars: npt.NDArray[np.uint8]) -> tuple[_Words, npt.NDArray[np.uint8]]:
        """Return x of the points of scalars (rows of bytes, lowest first) as rows of digits, and the state of each."""
        xs, states = [], []
        for low in range(0, len(scalars), _BATCH):
            some = scalars[low : low + _BATCH]
            digits = np.zeros((len(self.xs), -(-len(some) // _LANES) * _LANES), np.uint8)
            digits[:-1, : len(some)] = some.T
            sums = self.start(digits[0])
            state = np.ones(digits.shape[1], np.uint8)
            self.add(*sums, state, digits[1:], self.xs[1:], self.ys[1:])
            xs.append(sums[0].transpose(0, 2, 1).reshape(-1, self.field.digits)[: len(some)])
            states.append(state[: len(some)])
        return np.concatenate(xs), np.concatenate(states)

    def start(self, digits: npt.NDArray[np.uint8]) -> tuple[_Words, _Words]:
        """Return the points that digits of the first position name."""
        x, y = (
            table[0, digits].reshape(-1, _LANES, self.field.digits).transpose(0, 2, 1).astype(np.uint64, "C")
            for table in (self.xs, self.ys)
        )
        return x, y

    def add(
        self,
        xs: _Words,
        ys: _Words,
        states: npt.NDArray[np.uint8],
        digits: npt.NDArray[np.uint8],
        tables_x: _Table,
        tables_y: _Table,
    ) -> None:
        """Add the table points that `digits` (a row for each position) name to the sums."""
        from seawall.keys.leaks.compiled_loops.curve_kernels import add_table_points

        add_table_points(xs, ys, states, digits, tables_x, tables_y, self.constants)


def public_x(curve: ec.EllipticCurve, scalars: Scalars) -> list[int | None]:
    """Return x of each scalar's point; None for zero, or if an addition met a special case.

    Scalars are big-endian bytes of one length.
    """
    if not len(scalars):
        return []
    multiples = _multiples(curve.name, len(scalars[0]))
    xs, states = multiples.points(_reversed_rows(scalars))
    values = map(multiples.field.value, xs.tolist())
    return [value if state == _POINT else None for value, state in zip(values, states.tolist(), strict=True)]


def rows_with_x(curve: ec.EllipticCurve, scalars: Scalars, wanted: Collection[int]) -> list[int]:
    """Return the indices of scalars whose point may have a wanted x; few others are among them.

    Scalars are big-endian bytes of one length.
    """
    if not len(scalars):
        return []
    return _likely_rows(_multiples(curve.name, len(scalars[0])), _reversed_rows(scalars), wanted)


def rows_with_public_key(name: str, seeds: Scalars, wanted: Collection[bytes]) -> list[int]:
    """Return the indices of seeds (`Ed25519` or `Ed448`) that may belong to a wanted public key; few others are among them."""
    if not len(seeds):
        return []
    curve = _EDWARDS[name]
    rows = curve.scalars_of(map(bytes, seeds))
    ys = (int.from_bytes(public, "little") % (1 << curve.prime.bit_length()) for public in wanted)
    xs = [x for x in map(curve.weierstrass, ys) if x is not None]
    return _likely_rows(_multiples(name, curve.length), rows, xs)


def _likely_rows(multiples: _Multiples, rows: npt.NDArray[np.uint8], wanted: Collection[int]) -> list[int]:
    xs, states = multiples.points(rows)
    field = multiples.field
    numbers = ((x << _BITS * field.digits) % field.prime for x in wanted)
    # the kernel's numbers may exceed the prime a little
    lowest = [each % _LOWEST for number in numbers for each in (number, number + field.prime)]
    found = xs[:, 0] | xs[:, 1] << np.uint64(_BITS)
    likely = np.isin(found, np.array(lowest, np.uint64)) | (states != _POINT)
    return [int(row) for row in np.flatnonzero(likely)]


def _reversed_rows(scalars: Scalars) -> npt.NDArray[np.uint8]:
    if not isinstance(scalars, np.ndarray):
        scalars = np.frombuffer(b"".join(scalars), np.uint8).reshape(len(scalars), -1)
    return np.ascontiguousarray(scalars[:, ::-1])


@functools.cache
def _multiples(name: str, length: int) -> _Multiples:
    """Return the tables of a curve's generator for scalars of `length` bytes."""
    prime, x, y, linear = _generator(name)
    field = _Field(prime)
    powers = [(gmpy2.mpz(x), gmpy2.mpz(y))]
    for _ in range(8 * length):
        powers.append(_double(*powers[-1], linear, prime))
    tables = np.zeros((2, length + 1, 256, field.digits), np.uint32)
    multiples = _Multiples(field, tables[0], tables[1], field.constants())
    _fill(multiples, powers)
    more = functools.reduce(lambda a, b: _add(a, b, prime), powers[1 : 8 * length : 8])
    for axis, value in enumerate((more[0], -more[1])):
        tables[axis, -1, 0] = field.number(value)
    return multiples


def _fill(multiples: _Multiples, powers: Sequence[tuple[Any, Any]]) -> None:
    """Fill the tables: the doubled power of 256 of each position, and the power added again and again."""
    positions = len(multiples.xs) - 1
    tables = (multiples.xs, multiples.ys)
    ones = np.zeros((2, 1, 256, multiples.field.digits), np.uint32)
    for position in range(positions):
        for axis, table in enumerate(tables):
            ones[axis, 0, position] = multiples.field.number(powers[8 * position][axis])
            table[position, 0] = multiples.field.number(powers[8 * position + 1][axis])
    rows = -(-positions // _LANES) * _LANES
    digits = np.minimum(np.arange(rows, dtype=np.uint8), positions - 1)  # each position adds its own point
    sums = [
        table[digits, 0].reshape(-1, _LANES, multiples.field.digits).transpose(0, 2, 1).astype(np.uint64, "C")
        for table in tables
    ]
    states = np.ones(rows, np.uint8)
    for multiple in range(1, 256):
        multiples.add(sums[0], sums[1], states, digits.reshape(1, -1), ones[0], ones[1])
        for table, numbers in zip(tables, sums, strict=True):
            table[:-1, multiple] = numbers.transpose(0, 2, 1).reshape(rows, -1)[:positions]


def _generator(name: str) -> tuple[int, int, int, int]:
    """Return a curve's prime, its generator, and the coefficient of x in its equation."""
    if name in _EDWARDS:
        return _EDWARDS[name].prime, *_EDWARDS[name].weierstrass_generator()
    curve = next(curve for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()) if curve.name == name)
    point = ec.derive_private_key(1, curve).public_key().public_numbers()
    return PRIMES[name], point.x, point.y, -3


def _digits(value: Any, count: int) -> list[int]:
    """Return a number's digits of 28 bits, lowest first."""
    return [int(value >> _BITS * place) % (1 << _BITS) for place in range(count)]


def _words(digits: Sequence[int]) -> tuple[np.uint64, ...]:
    return tuple(map(np.uint64, digits))


def _add(a: tuple[Any, Any], b: tuple[Any, Any], prime: int) -> tuple[Any, Any]:
    slope = (b[1] - a[1]) * gmpy2.invert(b[0] - a[0], prime) % prime
    x = (slope * slope - a[0] - b[0]) % prime
    return x, (slope * (a[0] - x) - a[1]) % prime


def _double(x: Any, y: Any, linear: int, prime: int) -> tuple[Any, Any]:
    slope = (3 * x * x + linear) * gmpy2.invert(2 * y, prime) % prime
    doubled = (slope * slope - 2 * x) % prime
    return doubled, (slope * (x - doubled) - y) % prime
