"""Score the newest day of a shard again and again while it grows, and examine only accounts with new records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from seawall.detection.incidents.coverage import CoverageMeter
from seawall.detection.lineage.issuance import list_revoked
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.day_tables import Examined
from seawall.detection.ranking.engine import DetectionEngine
from seawall.detection.ranking.open_day import OpenDay
from seawall.detection.rules.resets import list_reset_rows
from seawall.events.array_state import State
from seawall.events.coded_batch import Bools, CodedBatch, Codes, Floats, mix
from seawall.events.coder import Meanings
from seawall.events.grouping import Rows, distinct
from seawall.pipeline.live.days import ShardDays
from seawall.pipeline.live.linked_accounts import KeyOwners, LinkedAccounts

MOST_GROUPS = 200_000
"""Groups of a shard's day above which nothing is kept from one scoring to the next: a group takes about 4 kB."""

PART_RECORDS = 60_000
"""Records that are examined together: each takes about 1 kB meanwhile."""


@dataclass(frozen=True, slots=True)
class GrownDay:
    """The results of scoring the newest day: `p` (g, patterns), `accounts` are active ones, `tenants` as in `DayResult`."""

    candidates: tuple[ScoredCandidate, ...]
    p: Floats
    meter: CoverageMeter
    events: int
    accounts: int
    tenants: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Part:
    """Hold all events of some accounts, the record of each, and what was examined; `has` says which accounts these are."""

    engine: DetectionEngine
    batch: CodedBatch
    origin: Rows
    examined: Examined
    has: Bools


class GrowingDay:
    """Hold what is known of the newest day of a shard; it starts afresh if the day, or what is known before it, changes.

    `make_engine` returns an engine with a state, or a fresh one for None.
    """

    def __init__(self, days: ShardDays, make_engine: Callable[[State | None], DetectionEngine]) -> None:
        self._days, self._make_engine = days, make_engine
        self.forget()

    def forget(self) -> None:
        """Forget the day."""
        self._day: int | None = None
        self._before: State | None = None
        self._version: object = None
        self._meanings: Meanings | None = None
        self._open: OpenDay | None = None
        self._scored: GrownDay | None = None
        self._actors: Codes = np.empty(0, np.int32)
        self._shown: Codes = np.empty(0, np.int32)
        self._links, self._ids, self._tokens = LinkedAccounts(), KeyOwners(), KeyOwners()

    def score(self, day: int, before: State | None) -> GrownDay | None:
        """Score a day with records, given the state before it; return None if its records must be scored together."""
        records, meanings = self._days.prepare(day)
        is_known = self._day == day and self._before is before and self._version == self._days.version(day)
        is_known = is_known and len(self._actors) <= records
        if not is_known or not _is_same(self._meanings, meanings):
            self.forget()
        self._day, self._before, self._version = day, before, self._days.version(day)
        self._meanings = meanings
        if self._scored is not None and len(self._actors) == records:
            return self._scored
        try:
            self._scored = self._score(day, before)
        except BaseException:
            self.forget()
            raise
        scored = self._scored
        if scored is None or len(scored.p) > MOST_GROUPS:
            self.forget()
        return scored

    def _score(self, day: int, before: State | None) -> GrownDay | None:
        changed = self._read_keys(day)
        engine = self._make_engine(before)
        if self._open is None:
            self._open = OpenDay(engine, day)
        grown = self._open
        # candidates are described again, so their accounts are read along: most stay candidates
        part = self._examine_all(grown, day, before, np.concatenate([changed, self._shown]))
        outdated = grown.list_outdated()
        if len(outdated):
            part = self._examine_all(grown, day, before, np.concatenate([outdated, self._shown]))
        if not grown.is_exact:
            return None
        scored = grown.conclude(engine, part.batch.vocabularies)
        self._shown = scored.actors
        if not part.has[self._shown].all():
            part = self._examine(grown, day, before, self._shown)
        kept = grown.keep(part.engine, part.batch, part.origin, part.examined, scored)
        today, vocabularies = scored.groups.day, part.batch.vocabularies
        return GrownDay(
            tuple(one.describe() for groups in kept for one in groups.list_candidates()),
            scored.p,
            grown.meter(vocabularies),
            grown.count_events(),
            len(distinct(today.actor)),
            engine.behaviour.accounts_of(vocabularies["org_uid"], today),
        )

    def _examine_all(self, grown: OpenDay, day: int, before: State | None, actors: Codes) -> _Part:
        """Examine accounts, some at a time so that memory does not grow with the day; return the last part."""
        while True:
            chosen = self._choose(actors)
            part = self._examine(grown, day, before, chosen)
            grown.replace(part.engine, part.batch, part.origin, part.examined, part.has)
            actors = actors[~part.has[actors]]
            if not len(actors):
                return part

    def _choose(self, actors: Codes) -> Codes:
        """Return as many accounts as have `PART_RECORDS` records together, or an eighth of the day's, and at least one."""
        actors = distinct(actors)
        counts = np.bincount(self._actors + 1, minlength=int(actors.max(initial=0)) + 2)[actors + 1]
        most = max(PART_RECORDS, len(self._actors) // 8)
        return actors[: max(int(np.searchsorted(np.cumsum(counts), most, side="right")), 1)]

    def _examine(self, grown: OpenDay, day: int, before: State | None, actors: Codes) -> _Part:
        """Examine accounts and those linked to them."""
        batch, origin, has = self._load(day, actors)
        engine = self._make_engine(before)
        return _Part(engine, batch, origin, grown.examine(engine, batch), has)

    def _read_keys(self, day: int) -> Codes:
        """Read which accounts the new records belong to, and link accounts; return the accounts."""
        actors, keys = self._days.read_keys(day, len(self._actors))
        self._actors = np.concatenate([self._actors, actors])
        tokens = keys["hash of token_uid"]
        tokens = np.where(tokens != 0, np.maximum(mix(tokens, keys["org_uid"].astype(np.uint64)), 1), 0)
        for owners, found in ((self._ids, keys["hash of metadata_uid"]), (self._tokens, tokens)):
            for one, other in set(owners.add(found, actors)):
                self._links.link(one, other)
        return distinct(actors)

    def _load(self, day: int, actors: Codes) -> tuple[CodedBatch, Rows, Bools]:
        """Return all events of accounts and those linked to them, the record of each, and which accounts these are."""
        while True:
            self._link_targets()
            is_wanted = self._links.spread(actors, self._days.count_actors())
            rows = np.flatnonzero(is_wanted[self._actors])
            batch, origin = self._days.load_part(day, rows)
            for row, account in (*list_revoked(batch), *list_reset_rows(batch)):
                self._links.name_target(batch.value("org_uid", row), account, int(batch.actor[row]))
            self._link_targets()
            if (self._links.spread(actors, self._days.count_actors()) == is_wanted).all():
                return batch, origin, is_wanted

    def _link_targets(self) -> None:
        """Link accounts with those that their records change, as soon as these are known."""
        waiting = self._links.targets
        for name in list(waiting):
            target = self._days.find_actor(*name)
            if target is not None:
                for actor in waiting.pop(name):
                    self._links.link(actor, target)


def _is_same(known: Meanings | None, meanings: Meanings) -> bool:
    """Return whether codes known before have the same meaning."""
    if known is None or known[0] is not meanings[0] or known[1].keys() != meanings[1].keys():
        return False
    for name, mapping in known[1].items():
        size = len(mapping) - 1  # the last place is for MISSING
        if not np.array_equal(mapping[:size], meanings[1][name][:size]):
            return False
    pairs = ((known[2], meanings[2]), (known[2].mailboxes, meanings[2].mailboxes))
    return all(
        np.array_equal(old.keys, new.keys) and np.array_equal(old.names, new.names) for old, new in pairs
    )
