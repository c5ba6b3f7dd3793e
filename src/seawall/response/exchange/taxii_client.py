"""Read from and add to collections of a TAXII 2.1 server (OASIS, 10 June 2021), within limits whatever it answers."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from seawall.response.errors import ExchangeFailed
from seawall.response.exchange.release import check_released
from seawall.response.exchange.taxii_access import TaxiiAccess
from seawall.response.export.stix_objects import Object
from seawall_base.errors import UsageError
from seawall_base.plurals import plural
from seawall_base.safe_text import visible
from seawall_base.times import parse_rfc3339

PAGE: Final = 500
MOST_PAGES: Final = 200
MOST_OBJECTS: Final = 50_000
MOST_ROOTS: Final = 20
MOST_COLLECTIONS: Final = 200
SECONDS: Final = 600.0
"""Seconds after which no further page is asked for."""

ADDED_AT_ONCE: Final = 100
STATUS_TRIES: Final = 5
_LONGEST_NEXT: Final = 4_096
_SHOWN: Final = 20
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,99}")
_ADDED_LAST: Final = "x-taxii-date-added-last"


class _Collection(msgspec.Struct, frozen=True):
    id: str
    title: str = ""
    alias: str = ""
    can_read: bool = False
    can_write: bool = False


class _Resource(msgspec.Struct, frozen=True):
    """A discovery, an API root or a collection: what it has says which."""

    api_roots: list[str] | None = None
    versions: list[str] | None = None
    can_read: bool | None = None
    id: str = ""
    title: str = ""
    can_write: bool = False


class _Collections(msgspec.Struct, frozen=True):
    collections: list[_Collection] = msgspec.field(default_factory=list)


class _Envelope(msgspec.Struct, frozen=True):
    objects: list[msgspec.Raw] = msgspec.field(default_factory=list)
    more: bool = False
    next: str | None = None


class _Status(msgspec.Struct, frozen=True):
    id: str = ""
    status: str = ""
    success_count: int = 0
    failure_count: int = 0
    pending_count: int = 0


@dataclass(frozen=True, slots=True)
class RemoteCollection:
    """A collection of a server: its address, and the API root's."""

    url: str
    root: str
    id: str
    title: str
    can_read: bool
    can_write: bool


@dataclass(frozen=True, slots=True)
class TaxiiPage:
    """Objects as they came, and the time of addition of the last one as the server wrote it, "" if it said none."""

    objects: Sequence[msgspec.Raw]
    added_last: str
    is_cut: bool = False
    """Whether the server has more that was not asked for: a limit was reached, or it gives no way on."""


@dataclass(frozen=True, slots=True)
class AddedCounts:
    """How many objects a server took, refused, and had not decided on in the end."""

    accepted: int = 0
    refused: int = 0
    pending: int = 0


def find_collection(access: TaxiiAccess, wanted: str, *, is_to_write: bool = False) -> RemoteCollection:
    """Return the collection of an id, alias or title, or the only one that may be read (or written).

    The address is a server's discovery, an API root or a collection. Raises `ExchangeFailed`, and `UsageError` unless exactly
    one is meant.
    """
    resource, _ = access.get(access.url, {}, _Resource)
    if resource.can_read is not None:
        root = re.sub(r"collections/[^/]*/$", "", access.url)
        given = _Collection(resource.id, resource.title, "", resource.can_read, resource.can_write)
        found = [RemoteCollection(access.url, root, given.id, given.title, given.can_read, given.can_write)]
    elif resource.api_roots is not None:
        found = _list_all(access, resource.api_roots, wanted)
    else:
        found = _list(access, access.url, wanted)
    if wanted and resource.can_read is None:
        meant = found
    else:
        meant = [one for one in found if (one.can_write if is_to_write else one.can_read)]
    if len(meant) != 1:
        names = ", ".join(f"{one.id} ({visible(one.title, 60)})" for one in found[:_SHOWN]) or "none"
        raise UsageError(
            f"{plural(len(meant), 'collection')} of the server could be meant; it has: {names}",
            fix="name one with --collection ID",
        )
    return meant[0]


def _list_all(access: TaxiiAccess, places: Sequence[str], wanted: str) -> list[RemoteCollection]:
    """Return the collections of all API roots on this host. One that fails stops the others only if all fail."""
    roots = [root for root in dict.fromkeys(map(access.resolve, places[:MOST_ROOTS])) if root is not None]
    found: list[RemoteCollection] = []
    failures: list[ExchangeFailed] = []
    for root in roots:
        try:
            found += _list(access, root, wanted)
        except ExchangeFailed as failure:
            failures.append(failure)
    if failures and len(failures) == len(roots):
        raise failures[0]
    return found


def _list(access: TaxiiAccess, root: str, wanted: str) -> list[RemoteCollection]:
    listed, _ = access.get(f"{root}collections/", {}, _Collections)
    found = []
    for one in listed.collections[:MOST_COLLECTIONS]:
        is_wanted = not wanted or wanted in (one.id, one.alias, one.title)
        if _NAME.fullmatch(one.id) and is_wanted:
            url = f"{root}collections/{one.id}/"
            found.append(RemoteCollection(url, root, one.id, one.title, one.can_read, one.can_write))
    return found


def read_pages(
    access: TaxiiAccess, collection: RemoteCollection, added_after: str = ""
) -> Iterator[TaxiiPage]:
    """Yield the pages of a collection's indicators that were added after a time. Raises `ExchangeFailed` within.

    It ends whatever the server says: a page that gives no way on, a page that comes again, and the limits end it with
    `is_cut`. The same `next` on every page is no sign: the reference server names its pages so.
    """
    query = {"limit": str(PAGE), "match[type]": "indicator", "match[spec_version]": "2.1"}
    if added_after:
        query["added_after"] = added_after
    end, count, pages = time.monotonic() + SECONDS, 0, set[bytes]()
    for number in range(1, MOST_PAGES + 1):
        envelope, headers = access.get(f"{collection.url}objects/", query, _Envelope)
        last = _added_last(headers.get(_ADDED_LAST, ""))
        count += len(envelope.objects)
        way = _way_on(envelope, last, query)
        may_go_on = number < MOST_PAGES and count < MOST_OBJECTS and time.monotonic() < end
        page = hashlib.blake2b(b"\0".join(map(bytes, envelope.objects)), digest_size=16).digest()
        is_cut = envelope.more and (way is None or page in pages or not may_go_on)
        room = MOST_OBJECTS - (count - len(envelope.objects))
        yield TaxiiPage(envelope.objects[:room], last, is_cut)
        if is_cut or not envelope.more or way is None:
            return
        pages.add(page)
        query[way[0]] = way[1]


def _way_on(envelope: _Envelope, last: str, query: dict[str, str]) -> tuple[str, str] | None:
    """Return the parameter that asks for the next page: `next`, or without it the time of the last addition."""
    if envelope.next is not None:
        is_plausible = 0 < len(envelope.next) <= _LONGEST_NEXT and "\0" not in envelope.next
        return ("next", envelope.next) if is_plausible and envelope.next.isprintable() else None
    return ("added_after", last) if last and "next" not in query else None


def _added_last(text: str) -> str:
    """Return a time of addition if it is one."""
    try:
        parse_rfc3339(text[:40])
    except (ValueError, OverflowError):
        return ""
    return text[:40]


def add_objects(access: TaxiiAccess, collection: RemoteCollection, objects: Sequence[Object]) -> AddedCounts:
    """Add released indicators to a collection. Raises `ExchangeRefused` before anything is sent, and `ExchangeFailed`."""
    for one in objects:
        check_released(one)
    accepted = refused = pending = 0
    for start in range(0, len(objects), ADDED_AT_ONCE):
        piece = list(objects[start : start + ADDED_AT_ONCE])
        status = access.post(f"{collection.url}objects/", {"objects": piece}, _Status)
        status = _wait(access, collection, status)
        accepted += max(status.success_count, 0)
        refused += max(status.failure_count, 0)
        pending += max(status.pending_count, 0)
    return AddedCounts(accepted, refused, pending)


def _wait(access: TaxiiAccess, collection: RemoteCollection, status: _Status) -> _Status:
    """Ask again a few times while a server has not decided."""
    for _ in range(STATUS_TRIES):
        if status.status != "pending" or not _NAME.fullmatch(status.id):
            break
        time.sleep(1.0)
        status, _headers = access.get(f"{collection.root}status/{status.id}/", {}, _Status)
    return status
