"""Find what is wrong with a set's keys: each key itself, its dates, and its membership in this set."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from seawall.keys.inventory.codes import KINDS, InventoryFinding
from seawall.keys.inventory.documents import KeyDocument
from seawall.keys.inventory.entries import KeySetEntry
from seawall.keys.inventory.history import DAY, Listing, date, length
from seawall.keys.inventory.issuers import TEMPLATE, audience_of, fits, is_consumer
from seawall.keys.inventory.store import InventoryKey
from seawall_base.plurals import plural


def make_finding(
    code: str, listing: Listing, entry: KeySetEntry | None = None, detail: str = ""
) -> InventoryFinding:
    """Build a finding about a set, or about one of its entries."""
    if entry is None:
        return InventoryFinding(KINDS[code], listing.source, detail, issuer=listing.issuer)
    return InventoryFinding(
        KINDS[code],
        listing.source,
        detail,
        entry.place,
        entry.issuer or listing.issuer,
        entry.kid,
        entry.thumbprint,
    )


def check_set(document: KeyDocument, listing: Listing) -> Iterator[InventoryFinding]:
    """Yield findings about the set itself."""
    if not document.total:
        yield make_finding("set-empty", listing)
    if not document.complete:
        yield make_finding(
            "set-too-large",
            listing,
            detail=f"{document.total:,} keys, the first {len(listing.entries):,} examined",
        )
    if not document.issuer_fits:
        yield make_finding("discovery-mismatch", listing)
    yield from _find_duplicates(listing)
    yield from _check_issuers(listing)
    for entry in listing.entries:
        for fault in entry.faults:
            yield make_finding(fault.code, listing, entry, fault.detail)


def _find_duplicates(listing: Listing) -> Iterator[InventoryFinding]:
    """Yield findings for two keys with one kid, and for one key listed twice or under two kids."""
    kids = Counter(entry.kid for entry in listing.entries if entry.kid)
    by_identity: dict[str, list[KeySetEntry]] = defaultdict(list)
    for entry in listing.entries:
        if entry.kid and kids[entry.kid] > 1:
            yield make_finding("duplicate-kid", listing, entry, f"{kids[entry.kid]} entries have it")
        if entry.identity:
            by_identity[entry.identity].append(entry)
    for entries in by_identity.values():
        for entry in entries[1:]:
            yield make_finding(
                "same-key-two-kids", listing, entry, f"also listed at place {entries[0].place}"
            )


def _check_issuers(listing: Listing) -> Iterator[InventoryFinding]:
    """Yield findings for keys without an issuer, or with one that does not belong to this set.

    A set is shared if its keys name different issuers, or only some keys name one. It is also shared if its own
    issuer is a template, or one that Entra's URLs call `common`.
    """
    named = {entry.issuer for entry in listing.entries if entry.issuer}
    audience = audience_of(listing.issuer, listing.source)
    organisations = any(not is_consumer(issuer) for issuer in named)
    shared = (
        audience == "shared" or len(named) > 1 or (bool(named) and any(not e.issuer for e in listing.entries))
    )
    for entry in listing.entries:
        if entry.thumbprint is None:
            continue
        if not entry.issuer:
            if shared:
                yield make_finding("issuer-unbound-key", listing, entry)
        elif is_consumer(entry.issuer) and audience != "consumer":
            if audience == "organisation":
                yield make_finding("consumer-key-in-organisation-set", listing, entry)
            elif audience == "shared" or organisations:
                yield make_finding("consumer-key-in-shared-set", listing, entry)
            elif listing.issuer is not None:
                yield make_finding("issuer-mismatch", listing, entry, f"the set is that of {listing.issuer}")
        elif listing.issuer is not None and not fits(entry.issuer, listing.issuer):
            yield make_finding("issuer-mismatch", listing, entry, f"the set is that of {listing.issuer}")
        elif audience == "consumer" and TEMPLATE not in entry.issuer and not is_consumer(entry.issuer):
            yield make_finding("issuer-mismatch", listing, entry, "the set is that of personal accounts")


def check_dates(
    listing: Listing, keys: Mapping[str, InventoryKey], now: int, max_age: int
) -> Iterator[InventoryFinding]:
    """Yield findings from the dates of certificates and inventory. `keys` are by identity; `max_age` is in seconds."""
    for entry in listing.entries:
        dates = entry.certificate
        if dates.not_after is not None and dates.not_after < now:
            yield make_finding("expired-still-served", listing, entry, f"since {date(dates.not_after)}")
        if dates.not_before is not None and dates.not_before > now:
            yield make_finding("not-yet-valid", listing, entry, f"until {date(dates.not_before)}")
        key = keys.get(entry.identity or "")
        if key is not None and (age := compute_age(key, now)) > max_age:
            yield make_finding(
                "too-old", listing, entry, f"{length(age)} old, allowed are {plural(max_age // DAY, 'day')}"
            )


def compute_age(key: InventoryKey, now: int) -> int:
    """Return the key's minimum age in seconds: since first seen, or since its certificate began."""
    since = key.first_seen if key.not_before is None else min(key.first_seen, key.not_before)
    return max(0, now - since)
