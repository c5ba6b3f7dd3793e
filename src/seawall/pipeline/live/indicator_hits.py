"""Keep which accounts of a store show indicators, from one search to the next and over a restart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from seawall.detection.feedback.indicator_hits import IndicatorHit, choose_hits
from seawall.storage.database import Transaction
from seawall.storage.database.columns import make_index_key
from seawall_base.msgspec_types import prepare

HITS: Final = "hits of indicators "
"""Beginning of the names of the settings that hold the hits, one for each organisation."""

KEPT_DAYS: Final = 60
"""Days for which hits of an indicator that has ended are kept, so that its incidents stay as they are."""

_DAY: Final = 86_400_000_000


class KnownHits:
    """The hits of a store by organisation. `mark` changes when they do."""

    def __init__(self) -> None:
        self.by_tenant: dict[str, tuple[IndicatorHit, ...]] = {}
        self.mark = 0

    def begin(self, work: Transaction) -> None:
        """Load the stored hits; those of another version are searched again."""
        self.by_tenant, self.mark = {}, self.mark + 1
        for document in work.settings.find_all(HITS, HITS):
            try:
                found = tuple(msgspec.convert(one, IndicatorHit) for one in document["hits"])
            except msgspec.ValidationError:
                continue
            self.by_tenant[str(document["tenant"])] = found

    def put(
        self, work: Transaction, found: Iterable[IndicatorHit], tenants: Collection[str], *, at: int
    ) -> frozenset[str]:
        """Replace the hits of organisations that were searched, at a time; return those for which something changed.

        A hit of an indicator that has ended since stays, although nothing searches for it any more.
        """
        fresh: dict[str, list[IndicatorHit]] = defaultdict(list)
        for hit in found:
            fresh[hit.tenant].append(hit)
        changed = set()
        for tenant in {*tenants, *fresh}:
            own = fresh.get(tenant, [])
            places = {_place_of(hit) for hit in own}
            ended = [
                hit
                for hit in self.by_tenant.get(tenant, ())
                if hit.end is not None
                and hit.end <= at
                and hit.last > at - KEPT_DAYS * _DAY
                and _place_of(hit) not in places
            ]
            now = _sort(choose_hits([*own, *ended]))
            if now != self.by_tenant.get(tenant, ()):
                changed.add(tenant)
                self._store(work, tenant, now)
        if changed:
            self.mark += 1
        return frozenset(changed)

    def _store(self, work: Transaction, tenant: str, hits: tuple[IndicatorHit, ...]) -> None:
        name = HITS + make_index_key(tenant)
        if hits:
            self.by_tenant[tenant] = hits
            documents: list[dict[str, Any]] = [msgspec.to_builtins(hit) for hit in hits]
            work.settings.put(name, {"tenant": tenant, "hits": documents})
        else:
            self.by_tenant.pop(tenant, None)
            work.settings.forget(name)


def name_organisations(
    hits: Iterable[IndicatorHit], nameless: str, known: Mapping[str, int]
) -> list[IndicatorHit]:
    """Return the hits with the organisation of events that state none, as detection chooses it: the mail domain's.

    `known` are the organisations with accounts. If there is only one, events without an organisation are its own.
    """
    found = []
    for hit in hits:
        if hit.tenant != nameless or nameless in known:
            found.append(hit)
            continue
        domain = hit.account.rpartition("@")[2].lower()
        tenant = next(iter(known)) if len(known) == 1 else domain if domain in known else hit.tenant
        found.append(replace(hit, tenant=tenant))
    return found


def _place_of(hit: IndicatorHit) -> tuple[str, int, str, str, str, str]:
    return hit.account, hit.day, hit.network, hit.kind, hit.value, hit.source


def _sort(hits: Sequence[IndicatorHit]) -> tuple[IndicatorHit, ...]:
    return tuple(sorted(hits, key=lambda hit: (hit.first, *_place_of(hit))))


prepare(IndicatorHit)
