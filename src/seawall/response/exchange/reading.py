"""Read the objects that a TAXII server sent, each by itself: one that makes no sense is counted, and stops nothing.

Everything is hostile: sizes, depth and counts are limited, and texts are kept short and visible.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from seawall.response.exchange.received_pattern import PatternUnread, read_pattern
from seawall.response.exchange.release import HASH_PATTERN
from seawall.response.export.stix_objects import TLP
from seawall.storage.database.received_indicators import ReceivedIndicator
from seawall_base.safe_text import visible
from seawall_base.times import parse_rfc3339

LARGEST_OBJECT: Final = 64 * 1024
LONGEST_NAME: Final = 200
LATEST: Final = 253_402_300_800_000_000
"""The year 10000, in microseconds since 1970."""

TLP_LEVELS: Final[Mapping[str, str]] = {
    **{id_: level for level, id_ in TLP.items()},
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": "clear",
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": "green",
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": "amber",
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": "amber+strict",
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": "red",
}
"""Levels of the markings of TLP 1 (in STIX 2.1 itself) and TLP 2.0."""

LEVELS: Final = ("", "clear", "green", "amber", "amber+strict", "red")
"""Levels from the least restrictive on. An unknown marking counts as the strictest."""

_ID: Final = re.compile(r"indicator--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _StixObject(msgspec.Struct, frozen=True):
    """What is read of an object; other properties are skipped."""

    type: str = ""
    id: str = ""
    spec_version: str = ""
    created: str = ""
    modified: str = ""
    name: str = ""
    pattern: str = ""
    pattern_type: str = ""
    valid_from: str = ""
    valid_until: str = ""
    confidence: int | None = None
    revoked: bool = False
    object_marking_refs: list[str] = msgspec.field(default_factory=list)


@dataclass(slots=True)
class ReadObjects:
    """What objects gave: indicators, the ids of those that their author took back, and how many were left out, by reason."""

    indicators: list[ReceivedIndicator] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


class _Unread(ValueError):
    """An object is left out, for this reason."""


def read_objects(objects: Iterable[msgspec.Raw], source: str, now: int) -> ReadObjects:
    """Read objects of a collection, at `now` (microseconds). Only indicators are kept; raises nothing."""
    found = ReadObjects()
    for raw in objects:
        try:
            _read(bytes(raw), source, now, found)
        except _Unread as reason:
            found.left_out[str(reason)] += 1
    return found


def _read(raw: bytes, source: str, now: int, found: ReadObjects) -> None:
    if len(raw) > LARGEST_OBJECT:
        raise _Unread("larger than an indicator may be")
    try:
        one = msgspec.json.decode(raw, type=_StixObject)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # a wrong type is a DecodeError too
        raise _Unread("no STIX object") from None
    if one.type != "indicator":
        raise _Unread("no indicator")
    if _ID.fullmatch(one.id) is None or one.spec_version != "2.1":
        raise _Unread("no indicator of STIX 2.1")
    if one.revoked:
        found.revoked.append(one.id)
        return
    try:
        values = read_pattern(one.pattern_type, one.pattern)
    except PatternUnread:
        raise _Unread("a pattern that names nothing in these logs, or more than values") from None
    start, modified = _time(one.valid_from), _time(one.modified)
    end = _time(one.valid_until) if one.valid_until else None
    if end is not None and end <= start:
        raise _Unread("a validity that ends before it begins")
    if end is not None and end <= now:
        raise _Unread("a validity that has ended")
    if one.confidence is not None and not 0 <= one.confidence <= 100:
        raise _Unread("a confidence that is not 0 to 100")
    found.indicators.append(
        ReceivedIndicator(
            source=source,
            id=one.id,
            values=tuple(values),
            start=start,
            modified=modified,
            at=now,
            end=end,
            is_hashed=one.pattern_type == HASH_PATTERN,
            confidence=one.confidence,
            tlp=_strictest(one.object_marking_refs),
            name=visible(one.name[:LONGEST_NAME]),
        )
    )


def _time(text: str) -> int:
    try:
        found = parse_rfc3339(text)
    except (ValueError, OverflowError):
        raise _Unread("a time that is none") from None
    if not 0 <= found < LATEST:
        raise _Unread("a time that is none")
    return found


def _strictest(markings: Iterable[str]) -> str:
    return max((TLP_LEVELS.get(id_, LEVELS[-1]) for id_ in markings), key=LEVELS.index, default="")
