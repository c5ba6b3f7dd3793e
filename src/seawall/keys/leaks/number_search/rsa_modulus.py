"""A public RSA key as the search for its private numbers needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gmpy2

_SHARED = (2, 2, 3, 2, 5, 3)
"""Factors that p - 1 and q - 1 share most often, and those that they share now and then, the likelier first."""


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
"""Room for e times such a multiple: then one of 2^6 windows needs a second look."""


@dataclass(frozen=True, slots=True)
class RsaModulus:
    """A public RSA key as the search needs it."""

    thumbprint: str
    n: int
    e: int

    @property
    def prime_length(self) -> int:
        """Bytes of either prime, taking both to be of the same length."""
        return -(-self.n.bit_length() // 16)

    @property
    def length(self) -> int:
        """Bytes of the modulus, and so of d."""
        return -(-self.n.bit_length() // 8)

    @property
    def smallest_top(self) -> int:
        """Lower bound of a prime's highest byte: p = n / q > n / 2^(8 length)."""
        return self.n >> (8 * (2 * self.prime_length - 1))

    @property
    def multiples(self) -> tuple[int, ...]:
        """Numbers of which gcd(p - 1, q - 1) divides one, in all but a few keys of a thousand; none where e is too long.

        That common divisor is what d modulo lcm(p - 1, q - 1) lacks of d modulo (p - 1)(q - 1).
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
        """Whether a little-endian number is one of the primes."""
        number = int.from_bytes(window, "little")
        return 1 < number < self.n and self.n % number == 0

    def is_opened_by(self, window: bytes, multiple: int) -> bool:
        """Whether a little-endian number is a private exponent: from it phi(n) follows, and from that the primes.

        e d g = g + k phi(n), where k is e d g / n rounded up, because phi(n) is just below n.
        """
        d = int.from_bytes(window, "little")
        k = -(-self.e * d * multiple // self.n)
        phi, rest = divmod(multiple * (self.e * d - 1), k) if k else (0, 1)
        if rest:
            return False
        both = self.n + 1 - phi  # p + q
        return both > 0 and bool(gmpy2.is_square(both * both - 4 * self.n))


def rsa_modulus(thumbprint: str, numbers: Any) -> RsaModulus | None:
    """The key as the search needs it, None where its modulus is of a size that is not searched for."""
    if not SMALLEST_BITS <= numbers.n.bit_length() <= LARGEST_BITS or numbers.n % 2 == 0:
        return None
    return RsaModulus(thumbprint, int(numbers.n), int(numbers.e))


SMALLEST_BITS = 512


LARGEST_BITS = 8192
"""Moduli outside are not searched for: sums in `kernels` have room for no longer ones."""
