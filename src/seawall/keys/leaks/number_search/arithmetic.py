"""Searches bytes for the private numbers of keys of which only the public half is known.

RSA: either prime and d, bare, in both orders of bytes, at any offset (`rsa_search`), and as Python's whole numbers
(`digits`). Elliptic curves: the scalar or seed within 4 KiB of the public point, or, little-endian and aligned to eight bytes,
within 64 KiB (`points`). Every hit has been proved by arithmetic; there are no false ones.

What this misses: numbers in other encodings (words of Java's integers in a heap, blinded or masked values), dP, dQ and
qInv, scalars far from their point (a sketch finds both, see `sketches`), primes of keys with more than two or of unequal
length, or that do not look random, d where gcd(p - 1, q - 1) is unusual (10 of 1,000 keys that take d modulo
lcm(p - 1, q - 1)) or e is longer than 42 bits.
"""

from __future__ import annotations

from collections.abc import Iterable
from mmap import mmap
from typing import Protocol

import numpy as np
from cryptography.hazmat.primitives.asymmetric import rsa

from seawall.keys.leaks.compiled_loops.compiled import try_out
from seawall.keys.leaks.findings import RawHit
from seawall.keys.leaks.number_search.points import FAR, PointSearch, point_of
from seawall.keys.leaks.number_search.rsa_modulus import rsa_modulus
from seawall.keys.leaks.number_search.rsa_search import RsaSearch


class KnownKey(Protocol):
    """A public key: `seawall_tokens.jose.key.PublicKey` is one."""

    @property
    def thumbprint(self) -> str:
        """RFC 7638 thumbprint."""

    @property
    def native(self) -> object:
        """The key of `cryptography`."""


class KnownKeys:
    """Public keys whose private numbers are searched for. One object serves one thread; it can be pickled.

    `before` and `after` say how many bytes around a stretch must be at hand for a search of it to miss nothing.
    `unsearched` are thumbprints of keys of a type or size that this search does not know.
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
        """Make ready for these keys; the same key twice is searched for once."""
        return cls({key.thumbprint: key for key in keys}.values())

    def search(
        self, buffer: bytes | bytearray | memoryview | mmap, start: int = 0, end: int | None = None
    ) -> list[RawHit]:
        """Numbers that begin in [start, end) of the buffer and end within it, by offset.

        Scalars are those whose public point begins there; they may begin up to `before` bytes earlier or later. After a
        call `shortfall` says why the search of this stretch is incomplete, None where it is complete.
        """
        self.prepare()
        return self._search(buffer, start, end)

    def prepare(self) -> None:
        """Compile, or load from disk, what a search runs: a second or a few, once, before work is shared out."""
        if not self._is_prepared:
            self._is_prepared = True
            try_out(lambda: self._search(bytes(self.before + self.after + 64), 0, None))

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_is_prepared": False}  # another process compiles or loads for itself

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
