"""Search text for the private numbers of keys of which only the public key is known.

Numbers may be written in hexadecimal, base64, decimal digits or as a list (`written_numbers`). RSA: p, q and d.
Elliptic curves: the scalar or seed, alone or at either end of a decoded number, wherever the public point lies. Every
hit is proved by arithmetic.

Not found: numbers that `written_numbers` does not read; dP, dQ and qInv; scalars in the middle of longer numbers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from mmap import mmap

import numpy as np
from cryptography.hazmat.primitives.asymmetric import rsa

from seawall.keys.leaks.findings import RawHit
from seawall.keys.leaks.key_formats.key_numbers import is_random
from seawall.keys.leaks.number_search.arithmetic import KnownKey
from seawall.keys.leaks.number_search.points import BYTES_FOR_WORK, MOST_WORK, WORK, PublicPoint, point_of
from seawall.keys.leaks.number_search.rsa_modulus import RsaModulus, rsa_modulus
from seawall.keys.leaks.number_search.rsa_search import RsaSearch
from seawall.keys.leaks.number_search.written_numbers import FEWEST, DecodedBytes, read_numbers
from seawall_base.compiled import try_out

_AROUND = 8
"""Bytes that may surround a secret and its public key: `0x04` or a length."""
_LEADING_ZEROS = 4
"""Leading zero bytes that a number may lack."""


class WrittenSearch:
    """Public keys whose private numbers are searched in text. Not thread-safe; picklable."""

    def __init__(self, keys: Iterable[KnownKey]) -> None:
        moduli: list[RsaModulus] = []
        points: list[PublicPoint] = []
        for key in {key.thumbprint: key for key in keys}.values():
            if isinstance(key.native, rsa.RSAPublicKey):
                modulus = rsa_modulus(key.thumbprint, key.native.public_numbers())
                moduli += [modulus] if modulus else []
            else:
                point = point_of(key.thumbprint, key.native)
                points += [point] if point else []
        self._rsa = RsaSearch(moduli)
        self._shortest = min((key.prime_length for key in moduli), default=0)
        self._padding = max((key.length for key in moduli), default=0)
        self._scalars = _ScalarSearch(points)
        self.shortfall: str | None = None
        self._is_prepared = False

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_is_prepared": False}  # each process compiles or loads for itself

    def prepare(self) -> None:
        """Compile the search functions, or load them from disk, before work is distributed."""
        if not self._is_prepared:
            self._is_prepared = True
            text = b'{"number": "' + b"0123456789abcdef" * 64 + b'"}'
            try_out(self._scalars.prepare)
            try_out(lambda: self._search(text * 2, 0, len(text)))

    def search(
        self, buffer: bytes | bytearray | memoryview | mmap, start: int = 0, end: int | None = None
    ) -> list[RawHit]:
        """Return the written numbers that begin in [start, end) of the buffer, by offset.

        Afterwards `shortfall` is why this search is incomplete, None if it is complete.
        """
        self.prepare()
        return self._search(buffer, start, len(buffer) if end is None else min(end, len(buffer)))

    def _search(self, buffer: bytes | bytearray | memoryview | mmap, start: int, end: int) -> list[RawHit]:
        written = list(read_numbers(bytes(buffer), start, end))
        hits: dict[tuple[int, str, str | None], RawHit] = {}
        for hit in (*self._rsa_hits(written), *self._scalars.search(written, end - start)):
            place = hit.offset, hit.form, hit.thumbprint
            if (
                place not in hits or hit.length < hits[place].length
            ):  # a line that was also read together with the next one
                hits[place] = hit
        self.shortfall = "too many numbers in text that could be scalars" if self._scalars.gave_up else None
        return [hits[place] for place in sorted(hits, key=lambda place: (*place[:2], place[2] or ""))]

    def _rsa_hits(self, written: Sequence[DecodedBytes]) -> Iterator[RawHit]:
        """Search all numbers as one buffer, separated by as many zeros as the longest may lack."""
        fitting = [each for each in written if len(each.content) >= self._shortest - _LEADING_ZEROS]
        if not self._shortest or not fitting:
            return
        zeros = bytes(self._padding)
        pieces, places, place = [zeros], [], self._padding
        for each in fitting:
            places.append(place)
            pieces += [each.content, zeros]
            place += len(each.content) + self._padding
        data = np.frombuffer(b"".join(pieces), np.uint8)
        for hit in self._rsa.search(data, 0, len(data)):
            # a number without its leading zeros begins in the separating zeros
            each = fitting[max(bisect_right(places, hit.offset + hit.length - 1) - 1, 0)]
            yield RawHit(each.first, f"{each.how}:{hit.form}", hit.thumbprint, each.last - each.first)


class _ScalarSearch:
    """Try written numbers of the right length as scalars and seeds of some public points."""

    def __init__(self, points: Sequence[PublicPoint]) -> None:
        self._groups: dict[tuple[str, int], list[PublicPoint]] = {}
        for point in points:
            kind = point.curve.name if point.curve else "Edwards"
            self._groups.setdefault((kind, point.length), []).append(point)
        self._work_left = MOST_WORK
        self.gave_up = False

    def prepare(self) -> None:
        """Prepare the search on each curve, before work is distributed."""
        for points in self._groups.values():
            points[0].prepare()

    def search(self, written: Sequence[DecodedBytes], size: int) -> Iterator[RawHit]:
        """Yield the numbers that are a private key; `size` are the bytes of the range that they came from."""
        self.gave_up = False
        self._work_left = min(MOST_WORK, self._work_left + size // BYTES_FOR_WORK)
        by_length = {
            length: _candidates(written, length) for length in {length for _, length in self._groups}
        }
        for (kind, length), points in self._groups.items():
            candidates = by_length[length]
            self._work_left -= WORK[length] * len(candidates)
            if self._work_left < 0:
                self.gave_up = True
                return
            known = {point.public: point for point in points}
            for content in points[0].likely(list(candidates), known):
                point = known.get(points[0].public_of(content) or b"")
                if point is not None:
                    form = "ed-seed" if kind == "Edwards" else "ec-scalar"
                    for each in candidates[content]:
                        place = each.first, f"{each.how}:{form}"
                        yield RawHit(*place, point.thumbprint, each.last - each.first)


def _candidates(written: Sequence[DecodedBytes], length: int) -> dict[bytes, list[DecodedBytes]]:
    """Return the numbers that could be a secret of `length` bytes, each with the places where it is written."""
    candidates: dict[bytes, list[DecodedBytes]] = {}
    for each in written:
        if FEWEST <= len(each.content) <= 2 * length + _AROUND:
            for content in _ends(each.content, length):
                candidates.setdefault(content, []).append(each)
    return candidates


def _ends(content: bytes, length: int) -> Iterator[bytes]:
    """Yield either end of a number, at most twice as long, that could be a secret of `length` bytes, with missing zeros."""
    if FEWEST <= len(content) < length and length - len(content) <= _LEADING_ZEROS:
        content = content.rjust(length, b"\0")
    if length <= len(content) <= 2 * length + _AROUND:
        yield from {end for end in (content[:length], content[-length:]) if is_random(end)}
