"""Read the subset of DER (X.690) that private keys need, out of arbitrary bytes."""

from __future__ import annotations

from dataclasses import dataclass

INTEGER, BIT_STRING, OCTETS, OBJECT, SEQUENCE = 0x02, 0x03, 0x04, 0x06, 0x30


class MalformedDer(ValueError):
    """The bytes are not the expected element."""


class TruncatedDer(MalformedDer):
    """An element begins correctly and extends beyond the available bytes."""


@dataclass(frozen=True, slots=True)
class DerElement:
    """The place of one element: header at `start`, content from `body` to `end`."""

    tag: int
    start: int
    body: int
    end: int


def element(data: bytes, start: int, limit: int, tag: int | None = None) -> DerElement:
    """Read the header at `start`.

    Raises `TruncatedDer` if the element ends after `limit`.
    """
    if start + 2 > limit:
        raise TruncatedDer
    found, length, body = data[start], data[start + 1], start + 2
    if tag is not None and found != tag:
        raise MalformedDer
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 3:
            raise MalformedDer
        if body + size > limit:
            raise TruncatedDer
        length = int.from_bytes(data[body : body + size], "big")
        body += size
        if length < 0x80 or length >> (8 * (size - 1)) == 0:
            raise MalformedDer
    if body + length > limit:
        raise TruncatedDer
    return DerElement(found, start, body, body + length)


def integer(data: bytes, start: int, limit: int) -> tuple[int, int]:
    """Read a non-negative INTEGER: its value and the offset after it."""
    found = element(data, start, limit, INTEGER)
    content = data[found.body : found.end]
    if not content or content[0] & 0x80 or (len(content) > 1 and content[0] == 0 and not content[1] & 0x80):
        raise MalformedDer
    return int.from_bytes(content, "big"), found.end


def content(data: bytes, found: DerElement) -> bytes:
    """Return the content bytes of an element."""
    return data[found.body : found.end]
