"""Find private scalars and seeds near their public point: memory often holds both parts of a key close together.

A public point is searched as x big-endian, little-endian and, for prime-field curves, in OpenSSL's Montgomery form
with 64-bit words; an Edwards point as its encoding. Around each place every offset within `NEAR` bytes, and every
aligned one within `FAR`, is tried as a scalar if it is in range and looks random. A candidate counts only if its
computed public point is the wanted one.

An aligned offset is a multiple of eight. It counts from the public point, because a dump may shift its content, or
from the buffer's first byte. That byte should be the file's first, or a multiple of eight later. The nearest
`UNALIGNED` random-looking other offsets are tried too, if time permits.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey, Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from seawall.keys.leaks.findings import RawHit
from seawall.keys.leaks.number_search.curve_points import PRIMES, rows_with_public_key, rows_with_x
from seawall.keys.leaks.number_search.windows import WindowFinder, check_of, fold_of

NEAR = 4 << 10
"""Bytes on either side of a public point in which every offset is tried."""
FAR = 64 << 10
"""Bytes in which offsets divisible by `ALIGNED` are tried, as allocators use them; scalars only little-endian."""
ALIGNED = 8  # allocators use multiples of 16, but gdb's gcore shifts them by 8 in the file
UNALIGNED = 4_096
"""Unaligned candidates that are tried beyond `NEAR` in one range."""
MOST_WORK = 2_000_000
"""P-256 scalars (or equal work) tried in one range: about six seconds, at 3 us for a scalar.

Searched bytes earn new work, one for each `BYTES_FOR_WORK`: a log in which every line has a digest earns enough for all curves.
"""
BYTES_FOR_WORK = 16
BLOCK = 1 << 12

Bytes = npt.NDArray[np.uint8]

_FIELDS: dict[str, tuple[int, ec.EllipticCurve]] = {
    "secp256r1": (32, ec.SECP256R1()),
    "secp384r1": (48, ec.SECP384R1()),
    "secp521r1": (66, ec.SECP521R1()),
}
WORK = {32: 1, 48: 3, 57: 5, 66: 6}
"""Cost of one attempt, by the bytes of the private key."""
_FIRST, _LATER = 64, 2048
"""Candidates tried together: few at first, because a scalar usually lies close to its point."""


@dataclass(frozen=True, slots=True)
class PublicPoint:
    """A public point: its forms in memory, and the test of its private key."""

    thumbprint: str
    curve: ec.EllipticCurve | None
    edwards: type[Ed25519PrivateKey | Ed448PrivateKey] | None
    length: int
    public: bytes
    places: tuple[bytes, ...]
    """Encodings of the public point that are searched."""
    highest: int
    """Upper bound of a scalar's highest byte."""

    def likely(self, batch: Bytes, publics: Collection[bytes]) -> list[bytes]:
        """Return the big-endian scalars or seeds that may belong to one of `publics`, points of this curve: few others.

        `batch` has a row of bytes for each.
        """
        if self.edwards is not None:
            name = "Ed25519" if self.edwards is Ed25519PrivateKey else "Ed448"
            rows = rows_with_public_key(name, batch, publics)
        else:
            assert self.curve is not None  # noqa: S101 - one of the two is set
            rows = rows_with_x(self.curve, batch, [int.from_bytes(public, "big") for public in publics])
        return [batch[row].tobytes() for row in rows]

    def public_of(self, private: bytes) -> bytes | None:
        """Return the public key of a big-endian scalar or a seed, by OpenSSL; None if it has none."""
        if self.edwards is not None:
            return self.edwards.from_private_bytes(private).public_key().public_bytes_raw()
        assert self.curve is not None  # noqa: S101 - one of the two is set
        try:
            key = ec.derive_private_key(int.from_bytes(private, "big"), self.curve)
        except ValueError:  # zero, or not below the order
            return None
        return key.public_key().public_numbers().x.to_bytes(self.length, "big")

    def prepare(self) -> None:
        """Compile the search for private keys of this curve, or load it from disk, and compute its tables."""
        self.likely(np.ones((1, self.length), np.uint8), [self.public])


def point_of(thumbprint: str, native: object) -> PublicPoint | None:
    """Return the point of a public key, None if its type is not searched."""
    if isinstance(native, ec.EllipticCurvePublicKey) and native.curve.name in _FIELDS:
        length, curve = _FIELDS[native.curve.name]
        prime = PRIMES[native.curve.name]
        x = native.public_numbers().x
        public = x.to_bytes(length, "big")
        words = 8 * -(-length // 8)
        montgomery = (x * pow(2, 8 * words, prime) % prime).to_bytes(length, "little")
        highest = 1 if length == 66 else 255
        return PublicPoint(
            thumbprint, curve, None, length, public, (public, public[::-1], montgomery), highest
        )
    if isinstance(native, Ed25519PublicKey | Ed448PublicKey):
        public = native.public_bytes_raw()
        kind = Ed25519PrivateKey if isinstance(native, Ed25519PublicKey) else Ed448PrivateKey
        return PublicPoint(thumbprint, None, kind, len(public), public, (public,), 255)
    return None


@dataclass(slots=True)
class PointRange:
    """Bytes [first, last) around the places of a point."""

    point: PublicPoint
    first: int
    last: int
    places: list[int]


class PointSearch:
    """Search for private keys near their public points. `gave_up`: there were too many candidates."""

    def __init__(self, points: Sequence[PublicPoint]) -> None:
        self._points = points
        self._forms = [(point, form) for point in points for form in point.places]
        self._finder = WindowFinder([(fold_of(form[:8]), check_of(form[:8])) for _, form in self._forms])
        self._work_left = MOST_WORK
        self.gave_up = False

    def prepare(self) -> None:
        """Prepare the search on each curve, before work is distributed."""
        for point in {(point.curve, point.edwards): point for point in self._points}.values():
            point.prepare()

    def search(self, data: Bytes, start: int, end: int) -> Iterator[RawHit]:
        """Yield the private keys of points that begin in [start, end); they may lie up to `FAR` bytes before or after."""
        self.gave_up = False
        if not self._points:
            return
        self._work_left = min(MOST_WORK, self._work_left + (end - start) // BYTES_FOR_WORK)
        for stretch in self._stretches(data, start, end):
            private = self._private_half(stretch, data)
            if private is not None:
                yield from _copies(stretch, private, data)

    def _private_half(self, stretch: PointRange, data: Bytes) -> bytes | None:
        has_time = self._work_left > MOST_WORK // 2
        candidates = _candidates(stretch, data, UNALIGNED if has_time else 0)
        size = _FIRST
        while batch := list(itertools.islice(candidates, size)):
            point = stretch.point
            rows = np.frombuffer(b"".join(batch), np.uint8).reshape(len(batch), -1)
            for private in point.likely(rows, [point.public]):
                if point.public_of(private) == point.public:
                    return private
            self._work_left -= WORK[stretch.point.length] * len(batch)
            if self._work_left < 0:
                self.gave_up = True
                return None
            size = _LATER
        return None

    def _stretches(self, data: Bytes, start: int, end: int) -> Iterator[PointRange]:
        """Yield the ranges to search for each point, merged where they touch."""
        open_stretches: dict[str, PointRange] = {}
        for place, _ in self._finder.places(data, start, end):
            for point, form in self._forms:
                if data[place : place + len(form)].tobytes() != form:
                    continue
                first, last = max(0, place - FAR), min(len(data), place + len(form) + FAR)
                before = open_stretches.get(point.thumbprint)
                if before and first <= before.last:
                    before.last = last
                    before.places.append(place)
                    continue
                if before:
                    yield before
                open_stretches[point.thumbprint] = PointRange(point, first, last, [place])
        yield from open_stretches.values()


def _places_to_try(stretch: PointRange, length: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the offsets in a range, nearest to a point first: those within `NEAR` and the aligned ones, then all others."""
    indexes = np.arange(stretch.last - stretch.first - length + 1)
    distances = _distances(indexes, np.array(stretch.places) - stretch.first)
    starts = {0, *(place % ALIGNED for place in stretch.places)}
    is_likely = (distances <= NEAR) | np.isin((indexes + stretch.first) % ALIGNED, list(starts))
    order = np.argsort(distances, kind="stable")
    return order[is_likely[order]], order[~is_likely[order]]


def _random_looking(indexes: npt.NDArray[np.int64], windows: npt.NDArray[np.uint8]) -> Iterator[int]:
    for low in range(0, len(indexes), BLOCK):
        some = indexes[low : low + BLOCK]
        yield from some[_looks_random(windows[some])].tolist()


def _candidates(stretch: PointRange, data: Bytes, unaligned: int) -> Iterator[bytes]:
    """Yield possible private keys, each once, as big-endian bytes, nearest to the point first.

    After the near and the aligned ones come `unaligned` others.
    """
    point = stretch.point
    if stretch.last - stretch.first < point.length:
        return
    windows = np.lib.stride_tricks.sliding_window_view(data[stretch.first : stretch.last], point.length)
    likely, others = _places_to_try(stretch, point.length)
    near = _distances(likely, np.array(stretch.places) - stretch.first) <= NEAR
    both_orders = set(likely[near].tolist())
    tried: set[bytes] = set()
    last = itertools.islice(_random_looking(others, windows), unaligned)
    for index in itertools.chain(_random_looking(likely, windows), last):
        private = windows[index].tobytes()
        orders = (private,) if point.edwards else (private[::-1], private)
        for order in orders if index in both_orders else orders[:1]:
            if order[0] <= point.highest and order not in tried:
                tried.add(order)
                yield order


def _distances(indexes: npt.NDArray[np.int64], places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the distance from each index to the nearest of some ascending places."""
    after = np.searchsorted(places, indexes)
    before = places[np.maximum(after - 1, 0)]
    behind = places[np.minimum(after, len(places) - 1)]
    distances: npt.NDArray[np.int64] = np.minimum(np.abs(indexes - before), np.abs(indexes - behind))
    return distances


def _copies(stretch: PointRange, private: bytes, data: Bytes) -> Iterator[RawHit]:
    """Yield all places of a private key in a range."""
    point = stretch.point
    content_of_stretch = data[stretch.first : stretch.last].tobytes()
    forms = {"ed-seed": private}
    if not point.edwards:
        forms = {"ec-scalar-big-endian": private, "ec-scalar-little-endian": private[::-1]}
    for form, content in forms.items():
        place = content_of_stretch.find(content)
        while place >= 0:
            yield RawHit(stretch.first + place, form, point.thumbprint, point.length)
            place = content_of_stretch.find(content, place + 1)


def _looks_random(windows: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Return whether each window has enough different bytes.

    Only one in some hundred million random windows has fewer.
    """
    length = windows.shape[1]
    different = (np.diff(np.sort(windows, axis=1), axis=1) != 0).sum(axis=1) + 1
    is_ascii = (windows < 0x80).all(axis=1)
    random_looking: npt.NDArray[np.bool_] = (
        different >= {32: 22, 48: 32, 57: 37, 66: 41}[length]
    ) & ~is_ascii
    return random_looking
