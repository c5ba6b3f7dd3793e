"""The collections, and which of their objects a request means: filters, order and versions of TAXII 2.1."""

from __future__ import annotations

import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from seawall.console.endpoint import ROLES
from seawall.console.taxii.answers import TaxiiRefused
from seawall.response.exchange.publishing import RELEASED
from seawall.response.export.stix_objects import SEAWALL
from seawall.storage.database import Database, Role
from seawall.storage.database.exchange_collections import CollectionObject
from seawall.storage.database.exchange_tokens import ExchangeToken
from seawall_base.times import parse_rfc3339

PAGE: Final = 500
SPECIFICATION: Final = "2.1"
STIX_MEDIA: Final = "application/stix+json;version=2.1"
KIND: Final = "indicator"


@dataclass(frozen=True, slots=True)
class TaxiiCollection:
    """A collection: its name in the database, its id, and the role that may add objects (None: nobody)."""

    name: str
    title: str
    description: str
    writer: Role | None = None

    @property
    def id(self) -> str:
        """Return the id, which is the same in every installation."""
        return str(uuid.uuid5(SEAWALL, f"taxii collection {self.name}"))

    def may_add(self, token: ExchangeToken) -> bool:
        """Return whether this token may add objects."""
        return self.writer is not None and ROLES.index(token.role) >= ROLES.index(self.writer)

    def describe(self, token: ExchangeToken) -> dict[str, object]:
        """Return the collection as this token's owner sees it."""
        return {
            "id": self.id,
            "title": self.title,
            "description": self.description,
            "alias": self.name,
            "can_read": True,
            "can_write": self.may_add(token),
            "media_types": [STIX_MEDIA],
        }


OWN: Final = TaxiiCollection(
    RELEASED,
    "Released indicators",
    "Indicators that this installation passes on: values of campaigns, and keyed hashes",
)
CONTRIBUTED: Final = TaxiiCollection(
    "contributed", "Contributed indicators", "Indicators that members add for each other", writer="analyst"
)
COLLECTIONS: Final = (OWN, CONTRIBUTED)


def find_collection(wanted: str) -> TaxiiCollection:
    """Return the collection of an id or alias. Raises `TaxiiRefused` (404)."""
    for one in COLLECTIONS:
        if wanted in (one.id, one.name):
            return one
    raise TaxiiRefused(404, "There is no such collection")


@dataclass(slots=True)
class CollectionCache:
    """Keep the objects of each collection in memory until they change."""

    _held: dict[str, tuple[tuple[int, str], list[CollectionObject]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, database: Database, collection: TaxiiCollection) -> Sequence[CollectionObject]:
        """Return the objects of a collection, the first added first."""
        with database.reading() as work:
            stamp = work.collection_objects.stamp(collection.name)
            with self._lock:
                held = self._held.get(collection.name)
            if held is not None and held[0] == stamp:
                return held[1]
            objects = work.collection_objects.all(collection.name)
        with self._lock:
            self._held[collection.name] = (stamp, objects)
        return objects


@dataclass(frozen=True, slots=True)
class ObjectFilter:
    """Which objects a request means. Empty sets: all. `after` is a time of addition in microseconds."""

    after: int = -1
    ids: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    versions: frozenset[str] = frozenset({"last"})
    specifications: frozenset[str] = frozenset()

    def choose(self, objects: Sequence[CollectionObject]) -> list[CollectionObject]:
        """Return the chosen objects, in the order given."""
        if (self.types and KIND not in self.types) or (
            self.specifications and SPECIFICATION not in self.specifications
        ):
            return []
        named = [one for one in objects if not self.ids or one.id in self.ids]
        is_chosen = self._versions(named)
        return [one for one in named if one.added > self.after and is_chosen(one)]

    def _versions(self, objects: Sequence[CollectionObject]) -> Callable[[CollectionObject], bool]:
        if "all" in self.versions:
            return lambda _: True
        times: dict[str, list[int]] = defaultdict(list)
        for one in objects:
            times[one.id].append(one.version_time)
        first = {id_: min(found) for id_, found in times.items()} if "first" in self.versions else {}
        last = {id_: max(found) for id_, found in times.items()} if "last" in self.versions else {}
        moments = {parse_rfc3339(text) for text in self.versions - {"first", "last"}}
        return lambda one: one.version_time in ({first.get(one.id), last.get(one.id)} | moments)


def read_filter(
    query: Mapping[str, str], allowed: Sequence[str], ids: frozenset[str] = frozenset()
) -> ObjectFilter:
    """Return the filter of a query; `allowed` are the names of `match` that count here. Raises `TaxiiRefused` (400)."""

    def match(name: str) -> frozenset[str]:
        text = query.get(f"match[{name}]", "") if name in allowed else ""
        return frozenset(part.strip() for part in text.split(",") if part.strip())

    versions = match("version") or frozenset({"last"})
    for text in versions - {"first", "last", "all"}:
        parse_moment(text, "match[version]")
    after = parse_moment(query["added_after"], "added_after") if "added_after" in query else -1
    return ObjectFilter(after, ids or match("id"), match("type"), versions, match("spec_version"))


def parse_moment(text: str, name: str) -> int:
    """Return a time in microseconds since 1970. Raises `TaxiiRefused` (400)."""
    try:
        return parse_rfc3339(text[:40].replace(" ", "+"))
    except (ValueError, OverflowError):
        raise TaxiiRefused(400, f"{name} is no time") from None


def parse_limit(query: Mapping[str, str]) -> int:
    """Return how many objects a page has. Raises `TaxiiRefused` (400)."""
    text = query.get("limit", str(PAGE))
    if not (text.isascii() and text.isdecimal() and 0 < len(text) <= 18 and int(text) > 0):
        raise TaxiiRefused(400, "limit is no number above 0")
    return min(int(text), PAGE)
