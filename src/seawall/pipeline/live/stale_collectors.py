"""Detect collectors that no longer get on, from the ledgers beside the followed folders, against the rhythm of each.

A source may be quiet because nothing happens there. A collector gets on in its ledger even then: it proves that nothing
happened. When it stops, expires or is refused, the ledger stands still.

Not detected: a collector without a ledger, one that got on fewer than three times since the watch began, and one whose
settings no longer list the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from seawall.collection.collector import ledger_folder
from seawall.collection.errors import CollectionBroken
from seawall.collection.ledger import read_feed_statuses

LEAST_SILENCE: Final = 2 * 3600 * 1_000_000
"""Microseconds of standing still below which nobody is told."""

LEAST_STEPS: Final = 3
LONGER: Final = 3
"""How many times longer than its longest pause a collector stands still before somebody is told."""

MOST_FEEDS: Final = 1_000

Key = tuple[str, str]
"""Organisation, and the collector's name with the log that it fetches."""


class CollectorRhythm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one collector gets on. Times are microseconds since 1970.

    Everything `until` is fetched. That grew last at `grew_at`, and `steps` times since the watch knows it; `longest` is the
    longest time between two of them. `is_stale` once somebody was told.
    """

    until: int
    grew_at: int
    steps: int = 0
    longest: int = 0
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class CollectorChange:
    """A collector that stands still, or gets on again. `since` is when it got on last before."""

    key: Key
    is_stale: bool
    since: int


def read_collectors(folders: Iterable[Path]) -> dict[Key, int]:
    """Return until when the collectors of followed folders have fetched everything. A broken ledger is left out."""
    found: dict[Key, int] = {}
    for folder in folders:
        for out in (folder, *folder.parents[:2]):
            place = ledger_folder(out)
            if not place.is_dir():
                continue
            with suppress(CollectionBroken, OSError):
                for status in read_feed_statuses(place):
                    feed = status.feed
                    if not feed.ended and len(found) < MOST_FEEDS:
                        found[feed.tenant, f"collector of {feed.vendor} {feed.feed}"] = status.asked_until
            break
    return found


def follow_collectors(
    known: Mapping[Key, CollectorRhythm], seen: Mapping[Key, int], wall: int
) -> tuple[dict[Key, CollectorRhythm], list[CollectorChange]]:
    """Return the rhythms now, and the collectors that fell silent or get on again. `wall` is the present time. Pure."""
    rhythms: dict[Key, CollectorRhythm] = {}
    changes: list[CollectorChange] = []
    for key, until in sorted(seen.items()):
        before = known.get(key)
        if before is None or wall < before.grew_at:
            rhythms[key] = CollectorRhythm(until, wall)
        elif until > before.until:
            if before.is_stale:
                changes.append(CollectorChange(key, False, before.grew_at))
            pause = 0 if before.is_stale else wall - before.grew_at
            steps, longest = before.steps + 1, max(before.longest, pause)
            rhythms[key] = CollectorRhythm(until, wall, steps, longest)
        else:
            is_stale = before.is_stale or _stands_still(before, wall)
            if is_stale and not before.is_stale:
                changes.append(CollectorChange(key, True, before.grew_at))
            rhythms[key] = msgspec.structs.replace(before, is_stale=is_stale)
    return rhythms, changes


def _stands_still(rhythm: CollectorRhythm, wall: int) -> bool:
    allowed = max(LEAST_SILENCE, LONGER * rhythm.longest)
    return rhythm.steps >= LEAST_STEPS and wall - rhythm.grew_at > allowed
