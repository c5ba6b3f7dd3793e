"""Chain entries by SHA-256: each entry contains the digest of the one before, so that a later change is detectable.

An entry is either a list of values that includes its own digest, or a line whose digest the next line contains. `verify`
finds every entry that was changed, removed, inserted or moved. It does not find these:

- entries cut off the end, or a rewritten end: only a `ChainHead` that was noted elsewhere reveals both;
- a change in the last line of a chain of lines, because no line contains its digest yet: the noted head reveals it;
- another spelling of equal values, such as blanks in their JSON.

An entry may lose a person's name afterwards. It then keeps its digest, and a later entry of the same chain vouches for its
present content (`vouched`). So the chain and every head that was noted stay valid, and nobody can change an entry so
without leaving an entry that says it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

START: Final = "0" * 64
"""The digest that the first entry contains in place of a predecessor's."""


@dataclass(frozen=True, slots=True)
class ChainHead:
    """Name the last entry of a chain: its number, counted from 1, and its digest. An empty chain has number 0."""

    sequence: int = 0
    digest: str = START

    def __str__(self) -> str:
        return f"{self.sequence}:{self.digest}"


@dataclass(frozen=True, slots=True)
class ChainLink:
    """Hold an entry's stated number, predecessor and digest, all unproved. `computed` is the digest of its present content."""

    sequence: object
    previous: object
    digest: str
    computed: str


class ChainBroken(ValueError):
    """An entry does not fit. The text says which one and why; `head` is the last entry that fits."""

    def __init__(self, fault: str, head: ChainHead) -> None:
        super().__init__(fault)
        self.head = head


def parse_head(text: str) -> ChainHead:
    """Parse the text that `str(ChainHead)` returns. Raises ValueError."""
    sequence, _, digest = text.partition(":")
    if len(digest) != len(START) or not sequence.isdecimal():
        raise ValueError("a head is a number, a colon and 64 hexadecimal digits")
    return ChainHead(int(sequence), digest)


def digest_line(line: bytes) -> str:
    """Return the SHA-256 digest of a line, including its line feed, in hexadecimal."""
    return hashlib.sha256(line).hexdigest()


def digest_values(*values: Any) -> str:
    """Return the SHA-256 digest of plain values, in hexadecimal. The last value is the digest of the entry before.

    The digest covers one JSON array in ASCII, without blanks, with sorted keys.
    """
    text = json.dumps(values, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def verify(
    links: Iterable[ChainLink], noted: ChainHead | None = None, vouched: Mapping[int, str] | None = None
) -> ChainHead:
    """Return the head of an intact chain. `vouched` maps an entry to the digest of the content that later entries state.

    Raises ChainBroken at the first entry that does not fit, or differs from the head `noted`.
    """
    head = ChainHead()
    for link in links:
        fault = _fault(link, head, vouched or {})
        if fault:
            raise ChainBroken(fault, head)
        if noted is not None and link.sequence == noted.sequence and link.digest != noted.digest:
            raise ChainBroken(f"entry {noted.sequence} is not the one that was noted", head)
        head = ChainHead(head.sequence + 1, link.digest)
    if noted is not None and head.sequence < noted.sequence:
        raise ChainBroken(f"it ends at entry {head.sequence}; entry {noted.sequence} was noted", head)
    return head


def read_vouchers(stated: Iterable[tuple[int, object]]) -> dict[int, str]:
    """Return the digest of present content by entry, from (number of the voucher, what it states), ascending.

    A voucher states digests by the number of an earlier entry; anything else in it is left out.
    """
    vouched: dict[int, str] = {}
    for number, digests in stated:
        for name, digest in digests.items() if isinstance(digests, dict) else ():
            if name.isdecimal() and int(name) < number and isinstance(digest, str):
                vouched[int(name)] = digest
    return vouched


def _fault(link: ChainLink, head: ChainHead, vouched: Mapping[int, str]) -> str:
    """Return why an entry cannot follow a head, or "" if it can."""
    number = head.sequence + 1
    if link.sequence != number:
        return f"entry {number} is missing"
    if link.previous != head.digest:
        return f"entry {number} is not bound to the one before"
    if link.computed in (link.digest, vouched.get(number)):
        return ""
    return f"entry {number} was changed"
