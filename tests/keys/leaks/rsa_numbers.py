"""RSA keys of any shape for tests, from seeds: throw-away numbers that sign nothing."""

from __future__ import annotations

import functools
import math
import random
from dataclasses import dataclass
from typing import Any

import gmpy2
from cryptography.hazmat.primitives.asymmetric import rsa


@dataclass(frozen=True)
class Numbers:
    """A key pair as numbers; as `native` and `thumbprint` say, also a public key."""

    thumbprint: str
    p: int
    q: int
    e: int

    @property
    def n(self) -> int:
        return self.p * self.q

    @property
    def native(self) -> Any:
        return rsa.RSAPublicNumbers(self.e, self.n).public_key()

    @property
    def phi(self) -> int:
        return (self.p - 1) * (self.q - 1)

    @property
    def shared(self) -> int:
        return math.gcd(self.p - 1, self.q - 1)

    @property
    def half(self) -> int:
        return -(-self.n.bit_length() // 16)

    @property
    def whole(self) -> int:
        return -(-self.n.bit_length() // 8)

    @property
    def d_of_phi(self) -> int:
        return pow(self.e, -1, self.phi)

    @property
    def d_of_lambda(self) -> int:
        return pow(self.e, -1, self.phi // self.shared)


@functools.cache
def numbers(bits: int, seed: int = 0, e: int = 65537) -> Numbers:
    """Primes with half the bits each, the same for the same arguments."""
    dice = random.Random(f"{bits} {seed} {e}")
    while True:
        p, q = (_prime(dice, bits // 2) for _ in range(2))
        if p != q and (p * q).bit_length() == bits and math.gcd(e, (p - 1) * (q - 1)) == 1:
            return Numbers(f"{bits}-{seed}-{e}", p, q, e)


@functools.cache
def ordinary_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """A throw-away key, made now, of the 99 in 100 whose d is found bare, and with a d of full length."""
    while True:
        key = rsa.generate_private_key(65537, bits)
        private = key.private_numbers()
        if math.gcd(private.p - 1, private.q - 1) <= 12 and private.d.bit_length() > bits - 8:
            return key


def _prime(dice: random.Random, bits: int) -> int:
    return int(gmpy2.next_prime(dice.getrandbits(bits) | 1 << bits - 1))


def noise(size: int, seed: int) -> bytearray:
    return bytearray(random.Random(seed).randbytes(size))
