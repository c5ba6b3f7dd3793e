"""Parse texts of addresses into numbers, and format prefixes, in bulk.

IPv4 texts are parsed on the bytes of an Arrow string array, without one Python object per address. Texts with a colon go
through `inet_pton` one by one. Anything else is no address: a port, a zone, leading zeros, blanks. A mapped IPv4 address
(`::ffff:192.0.2.1`) counts as IPv4.
"""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

MAPPED = bytes(10) + b"\xff\xff"
_DOT, _ZERO, _COLON = 46, 48, 58


@dataclass(frozen=True, slots=True)
class Addresses:
    """Hold the parsed addresses of `count` texts. A text in neither list is no address.

    - `v4_at`, `v6_at`: index of each address in the input, int64; `v4_at` is unsorted.
    - `v4`: uint32. `v6`: 16 big-endian bytes (dtype S16).
    """

    count: int
    v4_at: npt.NDArray[np.int64]
    v4: npt.NDArray[np.uint32]
    v6_at: npt.NDArray[np.int64]
    v6: npt.NDArray[np.bytes_]

    def texts(self) -> Iterator[tuple[int, str]]:
        """Yield (index in the input, canonical text) of every address."""
        for family, size, positions, addresses in (
            (socket.AF_INET, 4, self.v4_at, self.v4.astype(">u4")),
            (socket.AF_INET6, 16, self.v6_at, self.v6),
        ):
            raw = addresses.tobytes()
            for row, at in enumerate(positions.tolist()):
                yield at, socket.inet_ntop(family, raw[size * row : size * (row + 1)])


def as_text_array(addresses: Sequence[str | None] | npt.NDArray[Any] | pa.Array) -> pa.StringArray:
    """Return the texts as an Arrow string array; values that are no texts become null."""
    if isinstance(addresses, pa.Array):
        return addresses.cast(pa.string())
    values = addresses.tolist() if isinstance(addresses, np.ndarray) else addresses
    try:
        return pa.array(values, type=pa.string())
    except (UnicodeEncodeError, pa.ArrowInvalid, pa.ArrowTypeError):
        # Lone surrogates, NaN and the like are no addresses, and must not raise.
        safe = [value if isinstance(value, str) and value.isascii() else None for value in values]
        return pa.array(safe, type=pa.string())


def parse(texts: pa.StringArray) -> Addresses:
    """Parse every text. Never raises for content; null and invalid texts give no address."""
    count = len(texts)
    offsets, flat = _buffers(texts)
    v4_at, v4 = _parse_v4(offsets, flat)
    colons = np.flatnonzero(flat == _COLON)
    v6_at, mapped_at, v6, mapped = _parse_v6(texts, np.flatnonzero(_counts(colons, offsets)))
    if len(mapped_at):
        v4_at, v4 = np.concatenate([v4_at, mapped_at]), np.concatenate([v4, mapped])
    return Addresses(count, v4_at, v4, v6_at, v6)


def v4_prefixes(networks: npt.NDArray[np.uint32]) -> pa.StringArray:
    """Return the text of each /24, given as its upper 24 bits: 0xC00002 is 192.0.2.0/24."""
    octets = pa.array([str(number) for number in range(256)])
    parts = [octets.take(pa.array((networks >> shift) & 255, pa.int32())) for shift in (16, 8, 0)]
    return pa.compute.binary_join_element_wise(*parts, "0/24", ".")


def v6_prefixes(networks: npt.NDArray[np.uint64]) -> pa.StringArray:
    """Return the text of each /48, given as its upper 48 bits."""
    raw = (networks << np.uint64(16)).astype(">u8").tobytes()
    low = bytes(8)
    texts = [
        socket.inet_ntop(socket.AF_INET6, raw[start : start + 8] + low) + "/48"
        for start in range(0, len(raw), 8)
    ]
    return pa.array(texts, pa.string())


def _buffers(texts: pa.StringArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Return (offsets of each text, bytes) with null texts empty."""
    if texts.null_count:
        texts = texts.fill_null("")
    _, offset_buffer, byte_buffer = texts.buffers()
    if not len(texts):
        return np.zeros(1, np.int64), np.zeros(0, np.uint8)
    offsets = np.frombuffer(offset_buffer, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(
        np.int64
    )
    flat = np.frombuffer(byte_buffer, np.uint8) if byte_buffer else np.zeros(0, np.uint8)
    flat = flat[offsets[0] : offsets[-1]]
    return offsets - offsets[0], flat


def _counts(positions: npt.NDArray[np.int64], offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return how many of the sorted byte positions lie in each text."""
    if not len(positions):
        return np.zeros(len(offsets) - 1, np.int64)
    return np.diff(np.searchsorted(positions, offsets))


def _parse_v4(
    offsets: npt.NDArray[np.int64], flat: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
    """Return the index in the input and the address of every dotted quad."""
    is_dot = flat == _DOT
    is_other = (flat - np.uint8(_ZERO) > 9) & ~is_dot  # uint8 wraps: everything below "0" is large
    dots = np.flatnonzero(is_dot)
    length = np.diff(offsets)
    is_quad = (_counts(dots, offsets) == 3) & (length >= 7) & (length <= 15)
    is_quad &= _counts(np.flatnonzero(is_other), offsets) == 0
    at = np.flatnonzero(is_quad)
    if not len(at):
        return at, np.zeros(0, np.uint32)

    if len(at) < len(is_quad):
        dots = dots[np.repeat(is_quad, _counts(dots, offsets))]
    # Octet k is written between edges k and k+1, both exclusive.
    edges = [offsets[at] - 1, *dots.reshape(-1, 3).T, offsets[at + 1]]
    digits = flat - np.uint8(_ZERO)
    address = np.zeros(len(at), np.uint32)
    valid = np.ones(len(at), bool)
    for before, end in itertools.pairwise(edges):
        value, is_octet = _octets(digits, before + 1, end)
        address = (address << np.uint32(8)) | value
        valid &= is_octet
    return at[valid], address[valid]


def _octets(
    digits: npt.NDArray[np.uint8], start: npt.NDArray[np.int64], end: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.bool_]]:
    """Return the numbers at [start, end), and whether each is from 0 to 255 without a leading zero."""
    length = end - start
    value = digits[end - 1].astype(np.uint16)
    value += digits[end - 2] * (length > 1) * np.uint16(10)
    value += digits[end - 3] * (length > 2) * np.uint16(100)
    leads_with_zero = (digits[np.minimum(start, len(digits) - 1)] == 0) & (length > 1)
    return value, (length >= 1) & (length <= 3) & (value <= 255) & ~leads_with_zero


def _parse_v6(
    texts: pa.StringArray, candidates: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bytes_], npt.NDArray[np.uint32]]:
    """Return indices of IPv6 and of mapped IPv4 addresses, then the addresses of both."""
    v6_at: list[int] = []
    mapped_at: list[int] = []
    v6: list[bytes] = []
    mapped: list[int] = []
    chosen = texts.take(pa.array(candidates)).to_pylist()
    for position, text in zip(candidates.tolist(), chosen, strict=True):
        try:
            packed = socket.inet_pton(socket.AF_INET6, text)
        except (OSError, ValueError):  # ValueError: a NUL in the text
            continue
        if packed.startswith(MAPPED):
            mapped_at.append(position)
            mapped.append(int.from_bytes(packed[12:], "big"))
        else:
            v6_at.append(position)
            v6.append(packed)
    return (
        np.array(v6_at, np.int64),
        np.array(mapped_at, np.int64),
        np.frombuffer(b"".join(v6), "S16"),
        np.array(mapped, np.uint32),
    )
