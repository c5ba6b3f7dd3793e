"""Search bytes for unencoded private numbers of RSA public keys: primes and private exponents.

The kernels only propose candidates: a prime is confirmed by exact division, an exponent by deriving both primes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from seawall.keys.leaks.findings import RawHit
from seawall.keys.leaks.number_search.digits import DigitSearch
from seawall.keys.leaks.number_search.randomness import bounds_for, mark_random
from seawall.keys.leaks.number_search.rsa_modulus import RsaModulus

_SIEVE = (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43)
_SIEVE_PRODUCT = math.prod(_SIEVE)
_WORD = 1 << 64
_SEGMENT = 1 << 20
_HITS = 1 << 16

_CUT = 10
"""Copy of `exponent_kernels.CUT`, because importing that module takes a second."""
_TERM_BITS = 48
"""Copy of `prime_kernels.TERM_BITS`, because importing that module takes a second."""


_Found = Iterator[tuple[int, str, RsaModulus]]


class _Numbers(Protocol):
    length: int

    def windows(self, data: npt.NDArray[np.uint8], start: int, end: int) -> _Found:
        """Return the windows of `length` bytes in [start, end) that are a key's number, little-endian: (place, form, key)."""


class RsaSearch:
    """Search for the numbers of all keys at once. `docs/explanation/measurements.md` states the cost of each further key."""

    def __init__(self, moduli: Sequence[RsaModulus]) -> None:
        self._searches: list[_Numbers] = [
            _Primes([key for key in moduli if key.prime_length == length])
            for length in sorted({key.prime_length for key in moduli})
        ]
        with_exponents = [key for key in moduli if key.multiples]
        self._searches += [
            _Exponents([key for key in with_exponents if key.length == length])
            for length in sorted({key.length for key in with_exponents})
        ]
        self._digits = DigitSearch(moduli)
        self.longest = max(
            (key.length * 8 // 7 for key in moduli), default=0
        )  # the form with digits is the longest

    def search(self, data: npt.NDArray[np.uint8], start: int, end: int) -> Iterator[RawHit]:
        """Yield the numbers that begin in [start, end) and end within the data."""
        if not self._searches:
            return
        yield from self._digits.search(data, start, end)
        for low in range(start, end, _SEGMENT):
            high = min(low + _SEGMENT, end)
            stretch = data[low : high + self.longest - 1]
            turned = np.ascontiguousarray(stretch[::-1])
            for search in self._searches:
                length = search.length
                # In the reversed buffer, a window at i begins at `last - i`.
                last = len(stretch) - length
                for place, hit_form, key in search.windows(stretch, 0, min(high - low, last + 1)):
                    yield RawHit(low + place, f"{hit_form}-little-endian", key.thumbprint, length)
                first = max(0, last - (high - low) + 1)
                for place, hit_form, key in search.windows(turned, first, last + 1):
                    yield RawHit(low + last - place, f"{hit_form}-big-endian", key.thumbprint, length)


class _Primes:
    """Primes of keys whose primes have one length."""

    def __init__(self, keys: Sequence[RsaModulus]) -> None:
        self._keys = keys
        self.length = keys[0].prime_length
        self._bounds = bounds_for(self.length)
        self._bits, digits = _digits(self.length)
        self._smallest = np.uint8(min(key.smallest_top for key in keys))
        self._powers = np.array(
            [pow(2, 64 * i, _SIEVE_PRODUCT) for i in range(self.length // 8 + 1)], np.uint64
        )
        self._sieve = np.array([_SIEVE_PRODUCT, -pow(_SIEVE_PRODUCT, -1, _WORD) % _WORD], np.uint64)
        inverses = [pow(prime, -1, _WORD) for prime in _SIEVE]
        self._primes = np.array([inverses, [(_WORD - 1) // prime for prime in _SIEVE]], np.uint64)
        self._dividends = _rows(keys, self._bits, digits)
        self._terms = _rows(keys, _TERM_BITS, -(-self._bits * digits // _TERM_BITS), self._bits * digits)

    def windows(self, data: npt.NDArray[np.uint8], start: int, end: int) -> _Found:
        from seawall.keys.leaks.compiled_loops.prime_kernels import find_divisors

        out = np.empty((_HITS, 2), np.int64)
        flags = mark_random(data, self._bounds)
        here = start // 8 * 8
        while here < end:
            count, here = find_divisors(
                data, flags, end, self.length, self._bits, self._smallest, self._powers, self._sieve, self._primes,
                self._dividends, self._terms, here, out,
            )  # fmt: skip
            for place, index in out[:count].tolist():
                window = data[place : place + self.length].tobytes()
                if place >= start and self._keys[index].is_divided_by(window):
                    yield place, "rsa-prime", self._keys[index]


def _rows(keys: Sequence[RsaModulus], bits: int, digits: int, kept_bits: int | None = None) -> Any:
    """Return the moduli, or their `kept_bits` lowest bits, as rows of digits, lowest first."""
    kept = -1 if kept_bits is None else (1 << kept_bits) - 1
    rows = [[((key.n & kept) >> bits * i) % (1 << bits) for i in range(digits)] for key in keys]
    return np.array(rows, np.uint64)


def _digits(length: int) -> tuple[int, int]:
    """Return the bits of a digit and the number of digits for dividing windows of this many bytes.

    Four digits are computed together. The digits beyond the window have at least 16 bits, which show whether it
    divides.
    """
    for bits in (29, 28):
        digits = -(-(8 * length + 16) // (4 * bits)) * 4
        if digits * (1 << bits) ** 2 + (1 << 40) < _WORD:
            return bits, digits
    raise ValueError("longer than any modulus that is searched for")


class _Exponents:
    """Private exponents of keys whose moduli have one length."""

    def __init__(self, keys: Sequence[RsaModulus]) -> None:
        self._keys = keys
        self.length = keys[0].length
        self._bounds = bounds_for(self.length)
        self._factors = np.array(
            [[self._factor(key, multiple) for multiple in key.multiples] for key in keys], np.uint64
        )

    def _factor(self, key: RsaModulus, multiple: int) -> list[int]:
        """Return e times the multiple, divided by n, in the form that `find_exponents` needs."""
        fraction = (key.e * multiple << (8 * self.length - 64 + 192)) // key.n
        return [fraction >> shift & (_WORD - 1) for shift in (128 - _CUT, 128, 64, 0)]

    def windows(self, data: npt.NDArray[np.uint8], start: int, end: int) -> _Found:
        from seawall.keys.leaks.compiled_loops.exponent_kernels import find_exponents

        out = np.empty((_HITS, 3), np.int64)
        flags = mark_random(data, self._bounds)
        here = start // 8 * 8
        while here < end:
            count, here = find_exponents(data, flags, here, end, self.length, self._factors, out)
            for place, index, factor in out[:count].tolist():
                key = self._keys[index]
                window = data[place : place + self.length].tobytes()
                if place >= start and key.is_opened_by(window, key.multiples[factor]):
                    yield place, "rsa-d", key
