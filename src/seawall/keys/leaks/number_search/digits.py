"""Find RSA numbers as CPython stores integers: 30-bit digits in 32-bit words, lowest first (`longintrepr.h`).

A program that builds a key from a JWK, or reads a key's numbers, leaves them in its heap in this form. Misses exponents d
that have fewer digits than the modulus: any digit could be their highest, and a search for them would stop everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from seawall.keys.leaks.findings import RawHit
from seawall_base.compiled import compile_kernel

if TYPE_CHECKING:
    from seawall.keys.leaks.number_search.rsa_modulus import RsaModulus

BITS = 30
WORD = 4
STEP = 256
_ROOM = 1 << 12
_FEW = 1 << 24
"""A digit of a secret is below this with probability 1/64."""


@compile_kernel
def _is_any_between(words: npt.NDArray[np.uint32], size: int, least: Any, span: Any) -> bool:
    seen = False
    for i in range(size):
        seen |= np.uint32(words[i] - least) <= span
    return seen


@compile_kernel
def _looks_secret(words: npt.NDArray[np.uint32], place: int, count: int) -> bool:
    """Return whether all words but the last are digits, and few of them are small."""
    small = 0
    for i in range(count - 1):
        digit = words[place + i]
        if digit >= np.uint32(1 << BITS):
            return False
        small += digit < np.uint32(_FEW)
    return 8 * small <= count + 16


@compile_kernel
def find_digits(
    words: npt.NDArray[np.uint32],
    start: int,
    end: int,
    count: int,
    least: Any,
    most: Any,
    out: npt.NDArray[np.int64],
) -> tuple[int, int]:
    """Find places in [start, end) of `count` words that may be an odd secret whose highest digit lies in [least, most].

    Returns the number of places written to `out`, which needs room for 2 x STEP, and the place to continue from. `end
    + count - 1` must not exceed the words.
    """
    span = np.uint32(most - least)
    found = 0
    for step in range(start, end, STEP):
        last = min(step + STEP, end)
        tops = words[step + count - 1 : last + count - 1]
        if _is_any_between(tops, last - step, least, span):
            for place in range(step, last):
                top = words[place + count - 1]
                if (
                    least <= top <= most
                    and words[place] & np.uint32(1)
                    and _looks_secret(words, place, count)
                ):
                    out[found] = place
                    found += 1
            if found + STEP > out.shape[0]:
                return found, last
    return found, end


@dataclass(frozen=True, slots=True)
class _Number:
    """One wanted number: its digit count, the range of its highest digit, and its proof."""

    form: str
    count: int
    least: int
    most: int
    key: RsaModulus
    is_right: Callable[[RsaModulus, bytes], bool]


class _Similar:
    """Numbers of several keys with one form and length, found in one pass."""

    def __init__(self, numbers: Sequence[_Number]) -> None:
        self._numbers = numbers
        self.form, self.count = numbers[0].form, numbers[0].count
        self.least = np.uint32(min(number.least for number in numbers))
        self.most = np.uint32(max(number.most for number in numbers))

    def keys_of(self, window: bytes, highest: int) -> Iterator[RsaModulus]:
        """Yield the keys that a window is a number of; `highest` is its highest digit."""
        for number in self._numbers:
            if number.least <= highest <= number.most and number.is_right(number.key, window):
                yield number.key


class DigitSearch:
    """Search for primes and private exponents of several keys, at offsets divisible by four."""

    def __init__(self, moduli: Sequence[RsaModulus]) -> None:
        kinds: dict[tuple[str, int], list[_Number]] = {}
        for number in (number for key in moduli for number in _numbers(key)):
            kinds.setdefault((number.form, number.count), []).append(number)
        self._kinds = [_Similar(numbers) for numbers in kinds.values()]

    def search(self, data: npt.NDArray[np.uint8], start: int, end: int) -> Iterator[RawHit]:
        """Yield the numbers that begin in [start, end) and end within the data."""
        words = data[: len(data) // WORD * WORD].view("<u4")
        out = np.empty(_ROOM, np.int64)
        for kind in self._kinds:
            place = -(-start // WORD)
            last = min(-(-end // WORD), len(words) - kind.count + 1)
            while place < last:
                found, place = find_digits(words, place, last, kind.count, kind.least, kind.most, out)
                for at in out[:found].tolist():
                    digits = words[at : at + kind.count]
                    for key in kind.keys_of(_little_endian(digits), int(digits[-1])):
                        yield RawHit(WORD * at, f"{kind.form}-python-int", key.thumbprint, WORD * kind.count)


def _numbers(key: RsaModulus) -> Iterator[_Number]:
    bits = 8 * key.prime_length
    count = -(-bits // BITS)
    shift = BITS * (count - 1)
    least = max(key.n >> (bits + shift), 1)
    yield _Number("rsa-prime", count, least, ((1 << bits) - 1) >> shift, key, _is_prime)
    if key.multiples:
        count = -(-key.n.bit_length() // BITS)
        yield _Number("rsa-d", count, 1, key.n >> (BITS * (count - 1)), key, _is_exponent)


def _little_endian(digits: npt.NDArray[np.uint32]) -> bytes:
    value = 0
    for digit in reversed(digits.tolist()):
        value = value << BITS | digit
    return value.to_bytes(WORD * len(digits), "little")


def _is_prime(key: RsaModulus, window: bytes) -> bool:
    return key.is_divided_by(window)


def _is_exponent(key: RsaModulus, window: bytes) -> bool:
    return any(key.is_opened_by(window, multiple) for multiple in key.multiples)
