"""Compare a set with the inventory: new, vanished and reappeared keys, and kids with another key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from seawall.keys.inventory.codes import KINDS, InventoryFinding
from seawall.keys.inventory.entries import KeySetEntry
from seawall.keys.inventory.store import InventoryKey, NamedKey
from seawall_base.plurals import plural

DAY: Final = 86_400
SHORT_ABSENCE: Final = 7 * DAY
"""Shorter absences are `flapping`. Entra's set for organisations lost and regained keys 45 times in two months."""

LONG_ABSENCE: Final = 30 * DAY
"""Absences from this length on are `returned`: no rotation is undone after a month, so a retired key is listed."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A set as listed now. `name` is the inventory's name of it; `issuer` is its owner, if known.

    `complete` is false if not every entry was examined; then no key counts as gone.
    """

    name: str
    source: str
    issuer: str | None
    entries: tuple[KeySetEntry, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class InventoryChanges:
    """Result of a comparison: keys to store, and findings."""

    keys: tuple[InventoryKey, ...]
    findings: tuple[InventoryFinding, ...]


def compare(
    listing: Listing, known: Iterable[InventoryKey], kids: Sequence[NamedKey], now: int, *, first: bool
) -> InventoryChanges:
    """Compare a listing with the inventory's keys and kids of the same set. `first`: it has none yet."""
    before = {key.identity: key for key in known}
    after: dict[str, InventoryKey] = {}
    findings: list[InventoryFinding] = []
    for entry in listing.entries:
        if entry.identity is None or entry.thumbprint is None or entry.identity in after:
            continue
        old = before.get(entry.identity)
        key = _note(listing, entry, old, now)
        after[entry.identity] = key
        if old is None and not first:
            findings.append(_finding("new-key", listing, key, "not seen at any earlier run"))
        if key.returns:
            code = code_of_absence(key.longest_gap)
            words = f"away for {length(key.longest_gap)}, back {plural(key.returns, 'time')}"
            findings.append(_finding(code, listing, key, words))
    if listing.complete:
        for old in before.values():
            if old.identity not in after and old.gone_since is None:
                after[old.identity] = replace(old, gone_since=now)
                findings.append(_finding("vanished", listing, old, f"listed until {date(old.last_seen)}"))
    findings += _find_changed_kids(listing, kids, before)
    return InventoryChanges(tuple(after.values()), tuple(findings))


def code_of_absence(seconds: int) -> str:
    """Return the finding code for a key listed again after this many seconds."""
    if seconds >= LONG_ABSENCE:
        return "returned"
    return "returned-early" if seconds >= SHORT_ABSENCE else "flapping"


def _note(listing: Listing, entry: KeySetEntry, old: InventoryKey | None, now: int) -> InventoryKey:
    # Counted from the first run that missed the key: it may have vanished any time before, as runs may be far apart.
    gap = now - old.gone_since if old is not None and old.gone_since is not None else None
    return InventoryKey(
        set_name=listing.name,
        identity=entry.identity or "",
        thumbprint=entry.thumbprint or "",
        kid=entry.kid,
        kty=entry.kty or "",
        curve=entry.curve,
        algorithm=entry.algorithm,
        issuer=entry.issuer or listing.issuer,
        modulus=entry.modulus,
        # a certificate omitted later does not make the key newer
        not_before=entry.certificate.not_before or (old.not_before if old else None),
        not_after=entry.certificate.not_after,
        first_seen=old.first_seen if old else now,
        last_seen=now,
        returns=(old.returns if old else 0) + (gap is not None),
        longest_gap=max(old.longest_gap if old else 0, gap or 0),
    )


def _find_changed_kids(
    listing: Listing, kids: Sequence[NamedKey], before: Mapping[str, InventoryKey]
) -> Iterable[InventoryFinding]:
    earlier: dict[str, list[NamedKey]] = {}
    for name in kids:
        earlier.setdefault(name.kid, []).append(name)
    listed = {(entry.kid, entry.identity) for entry in listing.entries}
    for entry in listing.entries:
        if entry.kid is None or entry.identity is None:
            continue
        others = [name for name in earlier.get(entry.kid, ()) if (entry.kid, name.identity) not in listed]
        if others:
            last = max(others, key=lambda name: name.last_seen)
            old = before.get(last.identity)
            words = f"until {date(last.last_seen)} it named {old.thumbprint if old else 'another key'}"
            yield InventoryFinding(
                KINDS["kid-changed-key"], listing.source, words, entry.place, entry.issuer or listing.issuer, entry.kid,
                entry.thumbprint,
            )  # fmt: skip


def _finding(code: str, listing: Listing, key: InventoryKey, detail: str) -> InventoryFinding:
    return InventoryFinding(
        KINDS[code], listing.source, detail, issuer=key.issuer, kid=key.kid, thumbprint=key.thumbprint
    )


def date(seconds: int) -> str:
    """Format a UTC day; a time outside the calendar is given in seconds."""
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError):
        return f"{seconds:,} seconds after 1970"


def length(seconds: int) -> str:
    """Format a duration in days, hours or minutes."""
    for unit, size in (("day", DAY), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            return plural(seconds // size, unit)
    return "less than a minute"
