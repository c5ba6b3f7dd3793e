"""Audit key sets: read the sources, compare them with the inventory, judge every key, and store the run."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from seawall.keys.inventory import checks, relations
from seawall.keys.inventory.codes import KINDS, SEVERITIES, InventoryFinding
from seawall.keys.inventory.documents import Fetch, KeyDocument, UnreadableSource, read_sources
from seawall.keys.inventory.entries import describe
from seawall.keys.inventory.history import DAY, Listing, compare
from seawall.keys.inventory.store import InventoryKey, KeyInventory, NamedKey
from seawall.keys.inventory.used import KeyUsage, find_unlisted_keys, read_used
from seawall_base.errors import InputUnreadable, UsageError
from seawall_base.plurals import plural
from seawall_tokens.jose.key_set import KeySetRefused, read_key_set

MOST_REMEMBERED: Final = 5_000
"""Keys that the inventory keeps for one set: fourteen years of daily rotation."""
MAX_AGE_DAYS: Final = 400
"""Maximum age of a key in days.

Entra lists a key for some months although its certificate is valid for years; an older key was forgotten.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """Request of an audit. `issuer` owns the one bare key set among the sources.

    `accepted` are findings that a person has accepted: pairs of a code and a thumbprint, kid or source.
    """

    sources: tuple[str, ...]
    store: Path | None = None
    issuer: str | None = None
    used: Path | None = None
    accepted: tuple[tuple[str, str], ...] = ()
    max_age_days: int = MAX_AGE_DAYS


@dataclass(frozen=True, slots=True)
class AuditedSet:
    """A set that was read, with the inventory's keys of it, also those no longer listed.

    `verifier` is empty if Seawall's verifier accepts the set, else its reason for refusing the whole set.
    """

    listing: Listing
    document: KeyDocument
    keys: tuple[InventoryKey, ...]
    verifier: str = ""


@dataclass(frozen=True, slots=True)
class AuditResult:
    """Findings, worst first, with accepted ones separate.

    `notes` say what could not be judged; `fresh` says that the inventory began with this run.
    """

    sets: tuple[AuditedSet, ...]
    findings: tuple[InventoryFinding, ...]
    unread: tuple[UnreadableSource, ...]
    notes: tuple[str, ...]
    now: int
    fresh: bool
    accepted: tuple[InventoryFinding, ...] = ()

    @property
    def partial(self) -> bool:
        """Return whether something was not examined that should have been."""
        return (
            any(not unread.foreign for unread in self.unread)
            or any(not audited.listing.complete for audited in self.sets)
            or bool(self.notes)
        )


def audit(settings: AuditSettings, fetch: Fetch, now: Callable[[], float]) -> AuditResult:
    """Audit every source.

    Raises `InputUnreadable` if none could be read, `KeyInventoryBroken` or `UsageError`. The sources are read before the
    inventory is opened, so that a slow answer does not hold the lock.
    """
    unknown = sorted({code for code, _ in settings.accepted} - KINDS.keys())
    if unknown:
        raise UsageError(
            f"no finding has the code {unknown[0]!r}", fix="docs/reference/key-findings.md lists the codes"
        )
    used = read_used(settings.used) if settings.used is not None else None
    read = list(read_sources(settings.sources, fetch))
    documents = [item for item in read if isinstance(item, KeyDocument)]
    unread = tuple(item for item in read if isinstance(item, UnreadableSource))
    if not documents:
        reasons = "; ".join(f"{item.source}: {item.reason}" for item in unread[:5])
        raise InputUnreadable(
            f"no key set could be read: {reasons}",
            fix="check the sources; for a private certificate authority give --ca FILE",
        )
    pairs = _listings(documents, settings)
    with _open(settings.store) as inventory:
        result = _examine(settings, inventory, pairs, used, int(now()))
        inventory.commit()
    sets, findings, notes, today = result
    findings += [
        InventoryFinding(KINDS["set-malformed"], item.source, item.reason)
        for item in unread
        if item.malformed
    ]
    ordered = sorted(dict.fromkeys(findings), key=_order)
    accepted = tuple(finding for finding in ordered if _is_accepted(finding, settings.accepted))
    standing = tuple(finding for finding in ordered if not _is_accepted(finding, settings.accepted))
    return AuditResult(sets, standing, unread, tuple(notes), today, inventory.fresh, accepted)


def _is_accepted(finding: InventoryFinding, accepted: Sequence[tuple[str, str]]) -> bool:
    """Return whether a finding was accepted: a key's by its thumbprint or kid, a set's by its source."""
    names = {finding.thumbprint, finding.kid} if finding.thumbprint or finding.kid else {finding.source}
    return any(code == finding.kind.code and name in names for code, name in accepted)


def _open(store: Path | None) -> KeyInventory:
    return KeyInventory.open(store) if store is not None else KeyInventory.in_memory()


def _listings(documents: Sequence[KeyDocument], settings: AuditSettings) -> list[tuple[KeyDocument, Listing]]:
    """Return each set once, whatever sources led to it."""
    bare = [document for document in documents if document.issuer is None]
    if settings.issuer is not None and len(bare) != 1:
        raise UsageError(
            f"--issuer names the issuer of one key set, and {len(bare)} sets do not name theirs",
            fix="audit them one by one, or give discovery documents",
        )
    if settings.issuer is None and settings.store is not None and any(item.source == "-" for item in bare):
        raise UsageError("the ledger cannot name a key set from standard input", fix="give --issuer URL")
    listings: dict[str, tuple[KeyDocument, Listing]] = {}
    for document in documents:
        name = _name_set(document, settings)
        if name in listings:
            continue
        issuer = document.issuer or settings.issuer
        entries = tuple(describe(jwk, place) for place, jwk in enumerate(document.entries))
        listings[name] = document, Listing(name, document.source, issuer, entries, document.complete)
    return list(listings.values())


def _name_set(document: KeyDocument, settings: AuditSettings) -> str:
    """Return the inventory's name of a set: the given issuer, the URL, or the file's full path."""
    if document.issuer is None and settings.issuer is not None:
        return settings.issuer
    if document.source == "-" or "://" in document.source:
        return document.source
    return os.path.abspath(document.source)  # noqa: PTH100 - a/../b is b, links stay as they are named


def _examine(
    settings: AuditSettings,
    inventory: KeyInventory,
    pairs: Sequence[tuple[KeyDocument, Listing]],
    used: KeyUsage | None,
    now: int,
) -> tuple[tuple[AuditedSet, ...], list[InventoryFinding], list[str], int]:
    findings: list[InventoryFinding] = []
    notes: list[str] = []
    before = inventory.sets()
    latest = max((known.last_read for known in before.values()), default=0)
    if latest > now:
        notes.append(
            f"the ledger was last written {latest - now:,} seconds in the future: one of the clocks is wrong"
        )
        now = latest
    kids = []
    remembered = _by_set(inventory.known_keys())
    for document, listing in pairs:
        names = inventory.kids(listing.name)
        kids.append((listing, names))
        known = remembered.get(listing.name, [])
        change = compare(listing, known, names, now, first=listing.name not in before)
        findings += _remember(inventory, listing, known, names, change.keys, now)
        keys = {key.identity: key for key in change.keys}
        findings += change.findings
        findings += checks.check_set(document, listing)
        findings += checks.check_dates(listing, keys, now, settings.max_age_days * DAY)
    everything = inventory.known_keys()
    sources = {listing.name: listing.source for _, listing in pairs}
    findings += relations.same_keys(everything, sources)
    findings += relations.shared_primes(everything, sources)
    if used is not None:
        more, unjudged = find_unlisted_keys(used, [listing for _, listing in pairs], kids)
        findings += more
        notes += unjudged
        if used.lines_not_read:
            notes.append(f"not understood: {plural(used.lines_not_read, 'line')} of {settings.used}")
    sets = tuple(
        AuditedSet(
            listing,
            document,
            tuple(key for key in everything if key.set_name == listing.name),
            _verdict(document),
        )
        for document, listing in pairs
    )
    return sets, findings, notes, now


def _by_set(keys: Iterable[InventoryKey]) -> dict[str, list[InventoryKey]]:
    found: dict[str, list[InventoryKey]] = defaultdict(list)
    for key in keys:
        found[key.set_name].append(key)
    return found


def _remember(
    inventory: KeyInventory,
    listing: Listing,
    known: Sequence[InventoryKey],
    names: Sequence[NamedKey],
    keys: Sequence[InventoryKey],
    now: int,
) -> list[InventoryFinding]:
    """Store the keys that a set lists now. If it lists too many, update only the known ones."""
    old = {key.identity for key in known}
    new = [key for key in keys if key.identity not in old][: max(0, MOST_REMEMBERED - len(old))]
    kept = [*(key for key in keys if key.identity in old), *new]
    identities = {key.identity for key in kept}
    inventory.remember_set(listing.name, listing.issuer, now)
    inventory.remember_keys(kept)
    if len(names) < MOST_REMEMBERED:
        listed = [(e.kid, e.identity) for e in listing.entries if e.kid and e.identity in identities]
        inventory.remember_kids(listing.name, [(kid, identity) for kid, identity in listed if identity], now)
    if len(kept) < len(keys):
        return [checks.make_finding("set-restless", listing, detail=f"{len(old):,} keys are remembered")]
    return []


def _verdict(document: KeyDocument) -> str:
    if not document.complete:
        return "too-many"
    try:
        read_key_set({"keys": list(document.entries)})
    except KeySetRefused as refused:
        return refused.code
    return ""


def _order(finding: InventoryFinding) -> tuple[object, ...]:
    return (
        -SEVERITIES.index(finding.kind.severity),
        finding.kind.code,
        finding.source,
        finding.place if finding.place is not None else -1,
        finding.issuer or "",
        finding.kid or "",
        finding.thumbprint or "",
        finding.detail,
    )
