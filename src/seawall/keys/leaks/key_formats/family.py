"""Define a family of forms: the byte patterns that reveal it, and its reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from seawall.keys.leaks.findings import RawHit

BEFORE = 64 << 10
"""Bytes of context before a pattern: no form begins farther before it (a 16,384-bit JWK in UTF-16: 27,000; a scalar
before its point: 64 KiB)."""
AHEAD = 128 << 10
"""Bytes of context after a pattern: no form ends farther after it."""


class SearchContext(Protocol):
    """The services that a search offers to its readers."""

    decoded: dict[str, tuple[int, int]]
    """For decoding readers: the anchor of the last decoding, and the offset that it reached."""

    def search(self, decoded: bytes) -> list[RawHit]:
        """Search bytes that the reader decoded; empty beyond the deepest level."""

    def stream(self, anchor: int, pieces: Iterator[bytes]) -> list[RawHit]:
        """Search a compressed stream at `anchor`, chunk by chunk, within limits."""

    def charge(self, letters: int) -> bool:
        """Request to examine this many letters.

        Return False if too much was examined for the size of the data.
        """

    def rest(self, size: int) -> Iterator[bytes]:
        """Yield what follows the present bytes, in chunks of at most `size` bytes, as far as readable."""


@dataclass(frozen=True, slots=True)
class KeyForm:
    """A form that a finding may have: its name, and its meaning."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class FormFamily:
    """Forms that one reader reads.

    `anchors` are patterns in YARA syntax. `read` gets the bytes, an anchor's offset and the surrounding search, and
    returns keys with consistent numbers. It never raises for content.
    """

    anchors: tuple[str, ...]
    read: Callable[[bytes, int, SearchContext], Iterable[RawHit]]
    forms: tuple[KeyForm, ...]


def text_anchors(*literals: str) -> tuple[str, ...]:
    """Return each literal as a pattern."""
    return tuple('"{}"'.format(literal.replace("\\", "\\\\").replace('"', '\\"')) for literal in literals)
