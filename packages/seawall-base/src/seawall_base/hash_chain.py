"""Chains of entries, each bound to the one before by its SHA-256 digest, so that a change among them shows.

A chain is of values, whose entries hold their own digest, or of lines, whose digest the next line holds. `verify` finds every
entry that was changed, taken out, put in or moved. It cannot find what follows no rule that the chain states:

- entries that were cut off the end, or an end that was computed anew: a `ChainHead` that was noted elsewhere shows both;
- a change within the last line of a chain of lines, for no line holds its digest yet: the noted head shows that too;
- another spelling of the same values, such as blanks in their JSON: nothing that they say has changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

START: Final = "0" * 64
"""What the first entry is bound to."""


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The end of a chain at some time: its last entry's number, counted from 1, and digest. An empty chain has number 0."""

    sequence: int = 0
    digest: str = START

    def __str__(self) -> str:
        return f"{self.sequence}:{self.digest}"


@dataclass(frozen=True, slots=True)
class ChainLink:
    """What an entry states of itself, as it was read: `computed` is the digest of its content now, the rest is unproved."""

    sequence: object
    previous: object
    digest: str
    computed: str


class ChainBroken(ValueError):
    """An entry does not fit: the text says which and why, and `head` is the last one that holds."""

    def __init__(self, fault: str, head: ChainHead) -> None:
        super().__init__(fault)
        self.head = head


def parse_head(text: str) -> ChainHead:
    """Return the head that `str` wrote. Raises ValueError."""
    sequence, _, digest = text.partition(":")
    if len(digest) != len(START) or not sequence.isdecimal():
        raise ValueError("a head is a number, a colon and 64 hexadecimal digits")
    return ChainHead(int(sequence), digest)


def digest_line(line: bytes) -> str:
    """Return the digest of a line, its end included."""
    return hashlib.sha256(line).hexdigest()


def digest_values(*values: Any) -> str:
    """Return the digest of plain values, the digest before them the last: one JSON array in ASCII, no blanks, keys in order."""
    text = json.dumps(values, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def verify(links: Iterable[ChainLink], noted: ChainHead | None = None) -> ChainHead:
    """Return the end of a whole chain. Raises ChainBroken at the first entry that does not fit, or is not the one `noted`."""
    head = ChainHead()
    for link in links:
        fault = _fault(link, head)
        if fault:
            raise ChainBroken(fault, head)
        if noted is not None and link.sequence == noted.sequence and link.digest != noted.digest:
            raise ChainBroken(f"entry {noted.sequence} is not the one that was noted", head)
        head = ChainHead(head.sequence + 1, link.digest)
    if noted is not None and head.sequence < noted.sequence:
        raise ChainBroken(f"it ends at entry {head.sequence}; entry {noted.sequence} was noted", head)
    return head


def _fault(link: ChainLink, head: ChainHead) -> str:
    """Say why a link cannot follow a head, "" where it does."""
    number = head.sequence + 1
    if link.sequence != number:
        return f"entry {number} is missing"
    if link.previous != head.digest:
        return f"entry {number} is not bound to the one before"
    return "" if link.digest == link.computed else f"entry {number} was changed"
