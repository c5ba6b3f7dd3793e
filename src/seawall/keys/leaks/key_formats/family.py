"""A family of forms: what gives it away in any bytes, and how it is then read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from seawall.keys.leaks.findings import RawHit

BEFORE = 64 << 10
"""Bytes of look-behind: no form begins farther before what gives it away (a JWK of 16,384 bits in UTF-16: 27,000; a
scalar before its point: 64 KiB)."""
AHEAD = 128 << 10
"""Bytes of look-ahead: no form ends farther after it."""


class SearchContext(Protocol):
    """What a reader may ask of the search that called it."""

    decoded: dict[str, tuple[int, int]]
    """For readers of encodings: from which anchor to which offset the bytes at hand were decoded last."""

    def search(self, decoded: bytes) -> list[RawHit]:
        """Search bytes that the reader decoded; empty beyond the deepest level."""

    def stream(self, anchor: int, pieces: Iterator[bytes]) -> list[RawHit]:
        """Search what a compressed stream at `anchor` gives, piece by piece, within limits."""

    def charge(self, letters: int) -> bool:
        """Ask to look at so many letters; no where too much has been looked at for the bytes that there are."""

    def rest(self, size: int) -> Iterator[bytes]:
        """What comes after the bytes at hand, in pieces of at most `size` bytes, as far as it can be read."""


@dataclass(frozen=True, slots=True)
class Form:
    """One name that a finding may bear, and what it stands for."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class FormFamily:
    """Forms that are read by one reader.

    `anchors` are patterns in YARA's syntax; `read` gets the bytes, the offset of an anchor and the search around it,
    and answers with keys that hold together. It never raises for content.
    """

    anchors: tuple[str, ...]
    read: Callable[[bytes, int, SearchContext], Iterable[RawHit]]
    forms: tuple[Form, ...]


def text_anchors(*literals: str) -> tuple[str, ...]:
    """Each literal as a pattern."""
    return tuple('"{}"'.format(literal.replace("\\", "\\\\").replace('"', '\\"')) for literal in literals)
