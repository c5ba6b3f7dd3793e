"""Search for received and saved indicators while a watch runs: in new records, and back over kept ones when an indicator comes.

New records are compared with the indicators when they arrive. Only if one of them shows something, the last days of its
organisation are searched, because a value counts by how many accounts use it. A thread does that, for a small share of the
time. Which organisations still wait for it is stored together with the records, so that no stop loses any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from seawall.detection.feedback.indicator_hits import IndicatorHit
from seawall.events.array_state import RestoredState, pack_texts
from seawall.pipeline.live.background_worker import BackgroundWorker
from seawall.pipeline.live.budget_ranking import DAY, RANKED_DAYS
from seawall.pipeline.live.indicator_hits import KnownHits, name_organisations
from seawall.pipeline.live.organisations import NAMELESS
from seawall.response.exchange.group_key import GroupKey
from seawall.response.exchange.hit_search import HIT_COLUMNS, HitSearch, list_searched
from seawall.response.exchange.matching import IndicatorMatcher, WantedIndicator, list_wanted
from seawall.response.search_window import EARLIEST, LATEST
from seawall.storage.database import Database, Transaction, WriterLease
from seawall.storage.files.state_file import pack, unpack
from seawall.storage.lake import EventQuery, Lake
from seawall_base.clock import Clock
from seawall_base.errors import SeawallError

WAITING: Final = "indicator-search"
"""The state with the organisations that wait to be searched, and the indicators that were searched for last."""

LOOK_BACK_DAYS: Final = RANKED_DAYS
"""Days before the newest one that are searched: those that a watch ranks."""

MOST_AT_ONCE: Final = 20
"""Organisations that are searched before the results are stored."""

_LOOK_SECONDS: Final = 5.0
_DUTY: Final = 8.0
"""Rest after a search, as a multiple of its duration."""

_LONGEST_REST: Final = 300.0
_FAULT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits of the organisations that were searched."""

    tenants: frozenset[str]
    hits: tuple[IndicatorHit, ...]


class ScoredDays(Protocol):
    """What a search needs of detection: the last scored day, None before the first, and accounts by organisation."""

    @property
    def newest(self) -> int | None:
        """The last scored day."""

    @property
    def tenants(self) -> Mapping[str, int]:
        """The number of accounts by organisation."""


class _TenantMatcher(IndicatorMatcher):
    """Note which organisations show something, valid or not."""

    def __init__(self, wanted: Sequence[WantedIndicator], key: GroupKey | None) -> None:
        super().__init__(wanted, key)
        self.tenants: set[str] = set()

    def _add_rows(
        self, table: pa.Table, column: pa.ChunkedArray, number: int, values: Sequence[str | int], tenant: str
    ) -> None:
        del number
        rows = table["org_uid"].filter(pc.is_in(column, value_set=pa.array(values, column.type)))
        self.tenants.update(name or tenant for name in pc.unique(rows).to_pylist())


class IndicatorSearch:
    """The search of one watch, used by its main thread. `hits` are what was found."""

    def __init__(self, lake: Lake, clock: Clock, key: GroupKey | None = None) -> None:
        self._lake, self._clock, self._key = lake, clock, key
        self.hits = KnownHits()
        self._wanted: list[WantedIndicator] = []
        self._matcher = _TenantMatcher((), key)
        self._waiting: set[str] = set()
        self._running: frozenset[str] = frozenset()
        self._mark, self._searched = "", ""
        self.fault: str | None = None
        self._worker = BackgroundWorker[SearchResult]("seawall-indicators")
        self._began, self._next_look, self._next_search = 0.0, 0.0, 0.0

    def begin(self, work: Transaction) -> None:
        """Load the indicators, the hits, and what waited at the last stop."""
        self._worker.abandon()
        self.hits.begin(work)
        stored = work.states.get(WAITING)
        self._waiting, self._searched = read_waiting(stored)
        self._running, self._mark = frozenset(), ""
        self._next_look, self._next_search = 0.0, 0.0
        self._load(work)

    def take(self, events: pa.Table) -> dict[str, bytes]:
        """Compare new events with the indicators; return the state to store with them, if something waits now."""
        if not self._wanted:
            return {}
        self._matcher.add(events, NAMELESS)
        fresh, self._matcher.tenants = self._matcher.tenants - self._waiting, set()
        if not fresh:
            return {}
        self._waiting |= fresh
        return {WAITING: self._state()}

    @property
    def is_waiting(self) -> bool:
        """Return whether something is still to be searched."""
        return bool(self._waiting) or self._worker.is_busy

    def work(
        self,
        database: Database,
        writer: WriterLease,
        days: ScoredDays,
        *,
        is_pressed: bool = False,
    ) -> bool:
        """Look for changed indicators, store the results of a search that is over, and begin the next.

        With `is_pressed`, nothing rests. Returns whether the hits changed.
        """
        now, before = self._clock.monotonic(), self.hits.mark
        if self._worker.is_done:
            is_good = self._finish(database, writer, days.tenants)
            rest = min(_DUTY * (now - self._began), _LONGEST_REST) if is_good else _FAULT_SECONDS
            self._next_search = now if is_pressed else now + rest
        if now >= self._next_look:
            self._next_look = now + _LOOK_SECONDS
            with database.reading() as work:
                is_changed = self._load(work)
            if is_changed:
                with database.writing(writer) as work:
                    work.states.put(WAITING, self._state())
        is_free = not self._worker.is_busy and (is_pressed or now >= self._next_search)
        if days.newest is not None and self._waiting and is_free:
            self._began = now
            self._worker.begin(self._make_job(days.newest))
        return self.hits.mark != before

    def close(self) -> None:
        """Wait for a search, and end the thread. Its organisations wait for the next start."""
        self._worker.close()

    def _load(self, work: Transaction) -> bool:
        """Load the indicators if they changed; return whether organisations wait because of that."""
        saved = work.indicators.all()
        mark = repr(
            (work.received_indicators.revision, [(one.key, one.since) for one in saved], bool(self._key))
        )
        if mark == self._mark:
            return False
        self._mark = mark
        self._wanted = list_searched(list_wanted(saved, work.received_indicators.all()), self._key)
        self._matcher = _TenantMatcher(self._wanted, self._key)
        if mark == self._searched:
            return False
        self._searched = mark
        if not self._wanted and not self.hits.by_tenant:
            return False
        self._waiting |= set(self._lake.tenants())
        return True

    def _make_job(self, newest: int) -> Callable[[], SearchResult]:
        tenants = sorted(self._waiting)[:MOST_AT_ONCE]
        if NAMELESS in self._waiting:  # its events may belong to any other
            tenants = sorted(self._waiting | set(self._lake.tenants()))
        wanted, key, lake = self._wanted, self._key, self._lake
        # days that are not scored yet are searched too
        query = EventQuery(max((newest - LOOK_BACK_DAYS + 1) * DAY, EARLIEST), LATEST)

        def run() -> SearchResult:
            found: list[IndicatorHit] = []
            for tenant in tenants if wanted else ():
                search = HitSearch(wanted, key)
                for tables in _read_days(lake, tenant, query):
                    search.add_day(tables, tenant)
                found += search.list_hits()
            return SearchResult(frozenset(tenants), tuple(found))

        self._waiting -= set(tenants)  # what arrives meanwhile makes them wait again
        self._running = frozenset(tenants)
        return run

    def _finish(self, database: Database, writer: WriterLease, accounts: Mapping[str, int]) -> bool:
        """Store what a search found; return False if it failed. Then its organisations wait again, and the watch goes on."""
        running, self._running = self._running, frozenset()
        try:
            result = self._worker.result()
        except (SeawallError, OSError) as error:
            self._waiting |= running
            self.fault = f"indicators are not searched for: {error}"
            return False
        self.fault = None
        hits = name_organisations(result.hits, NAMELESS, accounts)
        searched = set(result.tenants)
        if NAMELESS in searched:  # organisations that are known by their domain alone
            searched |= self.hits.by_tenant.keys() & accounts.keys()
        with database.writing(writer) as work:
            self.hits.put(work, hits, searched, at=self._clock.now())
            work.states.put(WAITING, self._state())
        return True

    def _state(self) -> bytes:
        waiting = sorted(self._waiting | self._running)
        return pack(pack_texts("waiting", waiting) | pack_texts("searched", [self._searched]))


def read_waiting(stored: bytes | None) -> tuple[set[str], str]:
    """Return the organisations that wait, and the mark of the indicators that were searched for. Raises `StateInvalid`."""
    if stored is None:
        return set(), ""
    state = RestoredState(unpack(stored))
    return set(state.texts("waiting")), state.texts("searched", 1)[0]


def _read_days(lake: Lake, tenant: str, query: EventQuery) -> Iterator[list[pa.Table]]:
    """Yield the events of an organisation with names in place of object ids, day by day."""
    name = lake.nameless if tenant == NAMELESS else tenant
    return lake.rows_of_days(name, query, list(HIT_COLUMNS))
