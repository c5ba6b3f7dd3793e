"""Search text for the private numbers of keys of which only the public key is known.

Numbers may be written in hexadecimal, base64, decimal digits or as a list, in ASCII or UTF-16 (`written_numbers`). RSA: p, q
and d. Elliptic curves: the scalar or seed, alone or at either end of a decoded number, wherever the public point lies.
Every hit is proved by arithmetic.

Not found: numbers that `written_numbers` does not read; dP, dQ and qInv; scalars in the middle of longer numbers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from mmap import mmap

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.asymmetric import rsa

from seawall.keys.leaks.findings import RawHit
from seawall.keys.leaks.number_search.arithmetic import KnownKey
from seawall.keys.leaks.number_search.points import BYTES_FOR_WORK, MOST_WORK, WORK, PublicPoint, point_of
from seawall.keys.leaks.number_search.rsa_modulus import RsaModulus, rsa_modulus
from seawall.keys.leaks.number_search.rsa_search import RsaSearch
from seawall.keys.leaks.number_search.written_numbers import FEWEST, DecodedText, read_text
from seawall_base.compiled import try_out

Buffer = bytes | bytearray | memoryview | mmap

_PRINTABLE = frozenset(b"\t\n\r" + bytes(range(0x20, 0x7F)))
_FURTHEST = 4096
"""Letters of UTF-16 text on either side that are examined for the text's ends."""
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

    def search(self, buffer: Buffer, start: int = 0, end: int | None = None) -> list[RawHit]:
        """Return the written numbers that begin in [start, end) of the buffer, by offset.

        Afterwards `shortfall` is why this search is incomplete, None if it is complete.
        """
        self.prepare()
        return self._search(buffer, start, len(buffer) if end is None else min(end, len(buffer)))

    def _search(self, buffer: Buffer, start: int, end: int) -> list[RawHit]:
        written = read_text(np.frombuffer(buffer, np.uint8), start, end)
        hits: dict[tuple[int, str, str | None], RawHit] = {}
        found = (*self._rsa_hits(written), *self._scalars.search(written, end - start))
        for hit in (_place_hit(hit, row, written, buffer) for row, hit in found):
            place = hit.offset, hit.form, hit.thumbprint
            if (
                place not in hits or hit.length < hits[place].length
            ):  # a line that was also read together with the next one
                hits[place] = hit
        self.shortfall = "too many numbers in text that could be scalars" if self._scalars.gave_up else None
        return [hits[place] for place in sorted(hits, key=lambda place: (*place[:2], place[2] or ""))]

    def _rsa_hits(self, written: DecodedText) -> Iterator[tuple[int, RawHit]]:
        """Search all numbers as one buffer, separated by as many zeros as the longest may lack."""
        fitting = np.flatnonzero(written.rows[:, 4] >= self._shortest - _LEADING_ZEROS)
        if not self._shortest or not len(fitting):
            return
        zeros = bytes(self._padding)
        pieces, places, place = [zeros], [], self._padding
        for _, _, _, begin, size in written.rows[fitting].tolist():
            places.append(place)
            pieces += [written.content[begin : begin + size].tobytes(), zeros]
            place += size + self._padding
        data = np.frombuffer(b"".join(pieces), np.uint8)
        for hit in self._rsa.search(data, 0, len(data)):
            # a number without its leading zeros begins in the separating zeros
            row = int(fitting[max(bisect_right(places, hit.offset + hit.length - 1) - 1, 0)])
            yield row, _hit(written, row, hit.form, hit.thumbprint)


def _hit(written: DecodedText, row: int, form: str, thumbprint: str | None) -> RawHit:
    each = written.reading(row)
    return RawHit(each.first, f"{each.how}:{form}", thumbprint, each.last - each.first)


def _place_hit(hit: RawHit, row: int, written: DecodedText, buffer: Buffer) -> RawHit:
    """Return a hit in UTF-16 with its byte order."""
    if row < written.wide_rows:
        return hit
    is_big = _is_big_endian(buffer, hit.offset, hit.end - 2)
    return replace(hit, offset=hit.offset - is_big, form=f"utf16{'be' if is_big else 'le'}:{hit.form}")


def _is_big_endian(data: Buffer, first: int, last: int) -> bool:
    """Return whether the zeros of UTF-16 text stand before its letters, of which two are at `first` and `last`.

    The first letter of little-endian text has no zero before it, the last one of big-endian text none after it. If the text
    ends among zeros, odd offsets are big-endian.
    """
    for _ in range(_FURTHEST):
        if first == 0 or data[first - 1] != 0:
            return False
        if last + 1 >= len(data) or data[last + 1] != 0:
            return True
        before, after = first, last
        if first >= 2 and data[first - 2] in _PRINTABLE:
            first -= 2
        if last + 2 < len(data) and data[last + 2] in _PRINTABLE:
            last += 2
        if (before, after) == (first, last):
            break
    return first % 2 == 1


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

    def search(self, written: DecodedText, size: int) -> Iterator[tuple[int, RawHit]]:
        """Yield the numbers that are a private key, with their rows; `size` are the bytes of the range that they came from."""
        self.gave_up = False
        self._work_left = min(MOST_WORK, self._work_left + size // BYTES_FOR_WORK)
        chosen = {length: _Secrets(written, length) for length in {length for _, length in self._groups}}
        for (kind, length), points in self._groups.items():
            secrets = chosen[length]
            self._work_left -= WORK[length] * len(secrets.distinct)
            if self._work_left < 0:
                self.gave_up = True
                return
            known = {point.public: point for point in points}
            for content in points[0].likely(secrets.distinct, known):
                point = known.get(points[0].public_of(content) or b"")
                if point is not None:
                    form = "ed-seed" if kind == "Edwards" else "ec-scalar"
                    for row in secrets.rows_with(content):
                        yield row, _hit(written, row, form, point.thumbprint)


class _Secrets:
    """The ends of written numbers that could be a secret of one length."""

    def __init__(self, written: DecodedText, length: int) -> None:
        from seawall.keys.leaks.compiled_loops.text_kernels import choose_secrets

        room = 2 * len(written.rows)
        secrets, owners = np.empty((room, length), np.uint8), np.empty(room, np.int64)
        count = choose_secrets(
            written.content, written.rows, length, FEWEST, _LEADING_ZEROS, _AROUND, secrets, owners
        )
        self._secrets, self._owners = secrets[:count], owners[:count]
        self.distinct = _distinct(self._secrets)
        """The secrets, each once or seldom twice."""

    def rows_with(self, content: bytes) -> list[int]:
        """Return the readings that have this secret at an end."""
        here = (self._secrets == np.frombuffer(content, np.uint8)).all(axis=1)
        return [int(row) for row in np.unique(self._owners[here])]


def _distinct(secrets: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the rows without those that repeat another, found by their middle eight bytes."""
    middle = secrets.shape[1] // 2
    keys = np.ascontiguousarray(secrets[:, middle : middle + 8]).view(np.uint64).ravel()
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    is_first = np.zeros(len(secrets), np.bool_)
    is_first[first] = True
    distinct: npt.NDArray[np.uint8] = secrets[is_first | (secrets != secrets[first[which]]).any(axis=1)]
    return distinct
