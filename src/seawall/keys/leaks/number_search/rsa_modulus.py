"""A public RSA key, prepared for the search for its private numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gmpy2

_SHARED = (2, 2, 3, 2, 5, 3)
"""Factors that p - 1 and q - 1 most often share, more probable first."""


_SHARED_RARELY = (
    7,
    2,
    11,
    13,
    2,
    17,
    19,
    3,
    5,
    23,
    29,
    31,
    2,
    37,
    7,
    41,
    43,
    2,
    47,
    3,
    53,
    59,
    61,
    67,
    71,
    73,
    79,
)


_MULTIPLES = 2


_FACTOR_BITS = 44
"""Room for e times such a multiple: then one of 2^6 windows needs a second test."""


@dataclass(frozen=True, slots=True)
class RsaModulus:
    """A public RSA key, prepared for the search."""

    thumbprint: str
    n: int
    e: int

    @property
    def prime_length(self) -> int:
        """Return the bytes of either prime, assuming equal lengths."""
        return -(-self.n.bit_length() // 16)

    @property
    def length(self) -> int:
        """Return the bytes of the modulus, and so of d."""
        return -(-self.n.bit_length() // 8)

    @property
    def smallest_top(self) -> int:
        """Return the lower bound of a prime's highest byte: p = n / q > n / 2^(8 length)."""
        return self.n >> (8 * (2 * self.prime_length - 1))

    @property
    def multiples(self) -> tuple[int, ...]:
        """Return numbers of which gcd(p - 1, q - 1) divides one, for all but a few of 1,000 keys; none if e is too long.

        That gcd is the factor between lcm(p - 1, q - 1) and (p - 1)(q - 1), the two usual moduli of d.
        """
        products = [1] * _MULTIPLES
        turn = 0
        for factor in _SHARED:
            if (self.e * products[0] * factor).bit_length() <= _FACTOR_BITS:
                products = [product * factor for product in products]
        for factor in _SHARED_RARELY:
            for _ in products:
                turn = (turn + 1) % _MULTIPLES
                if (self.e * products[turn] * factor).bit_length() <= _FACTOR_BITS:
                    products[turn] *= factor
                    break
        return tuple(products) if products[0] % 2 == 0 else ()

    def is_divided_by(self, window: bytes) -> bool:
        """Return whether a little-endian number is one of the primes."""
        number = int.from_bytes(window, "little")
        return 1 < number < self.n and self.n % number == 0

    def is_opened_by(self, window: bytes, multiple: int) -> bool:
        """Return whether a little-endian number is a private exponent, by computing phi(n) and the primes from it.

        e d g = g + k phi(n), with k = e d g / n rounded up, because phi(n) is just below n.
        """
        d = int.from_bytes(window, "little")
        k = -(-self.e * d * multiple // self.n)
        phi, rest = divmod(multiple * (self.e * d - 1), k) if k else (0, 1)
        if rest:
            return False
        both = self.n + 1 - phi  # p + q
        return both > 0 and bool(gmpy2.is_square(both * both - 4 * self.n))


def rsa_modulus(thumbprint: str, numbers: Any) -> RsaModulus | None:
    """Prepare a key for the search, None if its modulus has an unsupported size."""
    if not SMALLEST_BITS <= numbers.n.bit_length() <= LARGEST_BITS or numbers.n % 2 == 0:
        return None
    return RsaModulus(thumbprint, int(numbers.n), int(numbers.e))


SMALLEST_BITS = 512


LARGEST_BITS = 8192
"""Supported modulus sizes; sums in the kernels have no room for longer ones."""
