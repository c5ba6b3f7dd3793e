"""Search bytes for the private numbers of keys of which only the public key is known.

RSA: either prime and d, unencoded, in both byte orders, at any offset (`rsa_search`), and as Python integers
(`digits`). Elliptic curves: the scalar or seed within 4 KiB of the public point, or, little-endian and 8-byte
aligned, within 64 KiB (`points`). Every hit is proved by arithmetic, so there are no false positives.

Not found: numbers in other encodings (Java integers in a heap, blinded or masked values), dP, dQ and qInv, and
scalars far from their point. Sketches find the last two (`sketches`). Also not found: primes of keys with more than
two primes, with primes of unequal length, or that do not look random; d if gcd(p - 1, q - 1) is unusual (10 of 1,000
keys that reduce d modulo lcm(p - 1, q - 1)) or e is longer than 42 bits.
"""

from __future__ import annotations

from collections.abc import Iterable
from mmap import mmap
from typing import Protocol

import numpy as np
from cryptography.hazmat.primitives.asymmetric import rsa

from seawall.keys.leaks.findings import RawHit
from seawall.keys.leaks.number_search.points import FAR, PointSearch, point_of
from seawall.keys.leaks.number_search.rsa_modulus import rsa_modulus
from seawall.keys.leaks.number_search.rsa_search import RsaSearch
from seawall_base.compiled import try_out


class KnownKey(Protocol):
    """A public key, such as `seawall_tokens.jose.key.PublicKey`."""

    @property
    def thumbprint(self) -> str:
        """Return the RFC 7638 thumbprint."""

    @property
    def native(self) -> object:
        """Return the key object of `cryptography`."""


class KnownKeys:
    """Public keys whose private numbers are searched for. Not thread-safe; picklable.

    `before` and `after` are the bytes of context around a range that a complete search needs. `unsearched` are
    thumbprints of keys whose type or size is not supported.
    """

    def __init__(self, keys: Iterable[KnownKey]) -> None:
        moduli, points, unsearched = [], [], []
        for key in keys:
            modulus = point = None
            if isinstance(key.native, rsa.RSAPublicKey):
                modulus = rsa_modulus(key.thumbprint, key.native.public_numbers())
            else:
                point = point_of(key.thumbprint, key.native)
            if modulus:
                moduli.append(modulus)
            elif point:
                points.append(point)
            else:
                unsearched.append(key.thumbprint)
        self._rsa = RsaSearch(moduli)
        self._points = PointSearch(points)
        self.unsearched = tuple(unsearched)
        self.before = FAR
        self.after = max(FAR + 128, self._rsa.longest)
        self.shortfall: str | None = None
        self._is_prepared = False

    @classmethod
    def from_public(cls, keys: Iterable[KnownKey]) -> KnownKeys:
        """Prepare the search for these keys; duplicates are dropped."""
        return cls({key.thumbprint: key for key in keys}.values())

    def search(
        self, buffer: bytes | bytearray | memoryview | mmap, start: int = 0, end: int | None = None
    ) -> list[RawHit]:
        """Return the numbers that begin in [start, end) of the buffer and end within it, by offset.

        A scalar counts by the place of its public point; it may begin up to `before` bytes earlier or later.
        Afterwards `shortfall` is why this search is incomplete, None if it is complete.
        """
        self.prepare()
        return self._search(buffer, start, end)

    def prepare(self) -> None:
        """Compile the search functions, or load them from disk (one to a few seconds), before work is distributed."""
        if not self._is_prepared:
            self._is_prepared = True
            try_out(self._points.prepare)
            try_out(lambda: self._search(bytes(self.before + self.after + 64), 0, None))

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_is_prepared": False}  # each process compiles or loads for itself

    def _search(
        self, buffer: bytes | bytearray | memoryview | mmap, start: int, end: int | None
    ) -> list[RawHit]:
        data = np.frombuffer(buffer, np.uint8)
        end = len(data) if end is None else min(end, len(data))
        hits = {*self._rsa.search(data, start, end), *self._points.search(data, start, end)}
        self.shortfall = (
            "too many candidates for scalars near public points" if self._points.gave_up else None
        )
        return sorted(hits, key=lambda hit: (hit.offset, hit.form, hit.thumbprint or ""))
