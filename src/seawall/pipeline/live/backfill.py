"""Rank the past of an organisation: its first import, and late events for days before the live window.

Days that wait for ranking are stored together with their candidates, in one transaction. No stop can lose them, and pages
can always show what is not ranked yet.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import msgspec

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.feedback_values import FeedbackAnswer
from seawall.detection.incident import Incident
from seawall.pipeline.live.budget import RaisingLimits
from seawall.pipeline.live.budget_ranking import RANKED_DAYS, live_window
from seawall.pipeline.live.candidates import pack_candidate, unpack_candidate
from seawall.pipeline.live.commit import keep_past_ranking
from seawall.pipeline.live.detection import DayScoring
from seawall.pipeline.live.history import (
    HistoryNotice,
    PastDays,
    PastRanking,
    is_whole,
    make_ranking_notice,
    rank_past,
)
from seawall.pipeline.live.known_incidents import load_incidents
from seawall.pipeline.live.recent_candidates import Hits
from seawall.pipeline.live.recipients import Recipients
from seawall.storage.database import Database, FirstImport, QueueQuery, Transaction, WriterLease
from seawall.storage.database.columns import make_index_key
from seawall_base.clock import Clock

IMPORT_HOURS = 24
"""Events of an organisation within so many hours after its first record belong to its first import."""

LONGEST_QUIET = 300.0
"""Seconds after which the past is ranked even if more of it keeps arriving."""

_CLOSE_SECONDS = 1.0
_IMPORT = IMPORT_HOURS * 3_600_000_000


@dataclass(frozen=True, slots=True)
class BackfillState:
    """The inputs for ranking the past besides candidates, as of the last scoring. `notes` cover the days from `notes_from`
    on.
    """

    last_day: int
    accounts: Mapping[str, int]
    notes: Sequence[CoverageNote]
    notes_from: int | None
    limits: RaisingLimits
    answers: Sequence[FeedbackAnswer]
    announced: frozenset[str]
    hits: Hits = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BackfillOutcome:
    """The stored result of ranking one organisation's past. `announced` are the incidents that are announced individually."""

    tenant: str
    ranking: PastRanking
    announced: tuple[Incident, ...]
    history: HistoryNotice
    revision: int

    @property
    def news(self) -> Sequence[Incident | HistoryNotice]:
        """Everything to announce, in order."""
        return (*self.announced, *((self.history,) if self.history.raised else ()))


class Backfill:
    """The first imports of all organisations, and those that wait for ranking. Used by one thread."""

    def __init__(
        self, clock: Clock, quiet_seconds: float, step: Callable[[str], None] = lambda _: None
    ) -> None:
        self._clock, self._quiet, self._step = clock, quiet_seconds, step
        self._imports: dict[str, FirstImport] = {}
        self._first_days: dict[str, int] = {}
        self._changed: set[str] = set()
        self._unranked: set[str] = set()
        self._again: set[str] = set()
        self._next_close = -math.inf
        self._mark: object = None
        self._newest = 0
        self._touched: tuple[float, float] | None = None

    def begin(self, work: Transaction, first_days: Mapping[str, int], newest: int | None) -> None:
        """Load the first imports; `first_days` has the first day of each organisation with accounts.

        An organisation without a stored first import was scored by a version without this feature. All of its past is
        ranked then.
        """
        self._imports = {}
        self._first_days, self._newest = dict(first_days), newest or 0
        self._unranked, self._again, self._mark, self._touched = set(), set(), None, None
        for one in work.first_imports.all():
            self._put(one)
        self._changed = set()
        for tenant, day in first_days.items():
            if tenant not in self._imports:
                is_old = day < self._newest - RANKED_DAYS + 1
                self._put(FirstImport(tenant, 0, False, day, waiting_from=day if is_old else None))
        if not work.dirty.all():  # events from now on do not belong to an import that is over
            self._close()
        if self.is_waiting:
            self._touch()

    @property
    def keeps_coverage(self) -> bool:
        """Return whether some organisation is, or may still be, ranked over more than the live window."""
        is_new = not self._imports
        return is_new or bool(self._unranked) or any(one.is_open for one in self._imports.values())

    @property
    def is_waiting(self) -> bool:
        """Return whether some organisation waits for ranking."""
        return bool(self._again or self._unranked)

    @property
    def unjudged_tenants(self) -> frozenset[str]:
        """Organisations with days before the live window that are not ranked yet."""
        return frozenset(self._unranked)

    @property
    def imported_until(self) -> tuple[tuple[str, int], ...]:
        """Last day of the first import by organisation, for imports that are over and reached beyond the live window."""
        found = ((tenant, one.last_day) for tenant, one in self._imports.items())
        return tuple(sorted((tenant, day) for tenant, day in found if day is not None))

    @property
    def whole(self) -> frozenset[str]:
        """Organisations whose open first import is ranked over its whole span instead of the live window."""
        return frozenset(
            tenant for tenant, one in self._imports.items() if is_whole(one, one.first_day, self._newest)
        )

    def learn(self, database: Database, scoring: DayScoring, tenants: Iterable[str], newest: int) -> None:
        """Note the effects of a scoring before it is stored: new organisations, and changed candidates of past days."""
        self._newest = newest
        for (day, _), result in scoring.days.items():
            for tenant in result.tenants:
                self._first_days[tenant] = min(day, self._first_days.get(tenant, day))
        for tenant in tenants:
            if tenant not in self._imports:
                day = self._first_days.get(tenant, newest)
                self._put(FirstImport(tenant, self._clock.now(), True, day))
        self._reach_back()
        if not scoring.days:
            return
        found = dict.fromkeys(self.whole, self._start())
        with database.reading() as work:
            for tenant, day in self._find_changed_past(work, scoring).items():
                found[tenant] = min(day, found.get(tenant, day))
        for tenant, day in found.items():
            known = self._imports[tenant].waiting_from
            self._put(replace(self._imports[tenant], waiting_from=day if known is None else min(day, known)))
        if found:
            self._touch()

    def _start(self) -> int:
        """Return the first day of all open imports: as in a scan, they share one span for the budget."""
        days = (
            self._first_days.get(tenant, one.first_day)
            for tenant, one in self._imports.items()
            if one.is_open
        )
        return min(days, default=self._newest)

    def _reach_back(self) -> None:
        """Extend imports to the earliest known day."""
        start = self._start()
        for tenant, one in list(self._imports.items()):
            first = start if one.is_open else min(one.first_day, self._first_days.get(tenant, one.first_day))
            if first != one.first_day:
                self._put(replace(one, first_day=first))

    def _find_changed_past(self, work: Transaction, scoring: DayScoring) -> dict[str, int]:
        """Return the first day before the live window with changed candidates, by organisation whose first import is over."""
        since = {
            tenant: live_window(one.first_day, self._newest, one.last_day).since
            for tenant, one in self._imports.items()
            if not one.is_open
        }
        latest = max(since.values(), default=0)
        by_key = {make_index_key(tenant): tenant for tenant in since}
        found: dict[str, int] = {}
        for (day, shard), result in sorted(scoring.days.items()):
            if day >= latest:
                continue
            before, now = work.candidates.by_tenant(day, shard), defaultdict[str, list[bytes]](list)
            for one in result.candidates:
                now[make_index_key(one.tenant)].append(pack_candidate(one))
            for tenant_key in before.keys() | now.keys():
                tenant = by_key.get(tenant_key)
                is_past = tenant is not None and day < since[tenant]
                if tenant is not None and is_past and before.get(tenant_key) != now.get(tenant_key):
                    found.setdefault(tenant, day)
        return found

    def ask_again(self, mark: object) -> None:
        """Compare `mark`, which covers answers and budget; if it changed, open first imports are ranked again."""
        if mark != self._mark:
            self._again |= self.whole
            self._touch()
        self._mark = mark

    def take_changed(self) -> tuple[FirstImport, ...]:
        """Return the first imports that changed since the last call, to be stored."""
        changed, self._changed = sorted(self._changed), set()
        return tuple(self._imports[tenant] for tenant in changed)

    def is_due(self, *, is_pressed: bool, is_scored: bool) -> bool:
        """Return whether to rank now: once nothing more has arrived for a while, or after `LONGEST_QUIET`."""
        if not self.is_waiting or self._touched is None:
            return False
        first, last = self._touched
        now = self._clock.monotonic()
        is_quiet = is_scored and (is_pressed or now - last >= self._quiet)
        return is_quiet or now - first >= LONGEST_QUIET

    def rank_next(
        self,
        database: Database,
        writer: WriterLease,
        standing: BackfillState,
        *,
        is_settled: bool,
        targets: Recipients,
    ) -> BackfillOutcome | None:
        """Rank the past of one waiting organisation, and store the result; return None if none waits.

        While much is still unread (`is_settled` false), nothing is announced, and the organisation is ranked again later.
        """
        tenant = min(self._unranked | self._again, default=None)
        if tenant is None:
            return None
        one = self._imports[tenant]
        with database.reading() as work:
            past = _load_past(work, one, standing)
        ranking = rank_past(past)
        kept = replace(one, waiting_from=None, notes=tuple(asdict(note) for note in past.import_notes))
        history = make_ranking_notice(past, ranking)
        with database.writing(writer) as work:
            announced = keep_past_ranking(
                work,
                ranking,
                kept,
                history=history,
                targets=targets,
                at=self._clock.now(),
                is_told=is_settled,
            )
            revision = work.incidents.revision()
            self._step("past-written")
        self._step("past-ranked")
        self._put(kept)
        self._changed.discard(tenant)
        self._again.discard(tenant)
        if ranking.announced and not is_settled:
            self._again.add(tenant)
        if not self._unranked:
            self._touched = None
            if self._again:
                self._touch()
        return BackfillOutcome(tenant, ranking, tuple(announced), history, revision)

    def close(self, database: Database, writer: WriterLease) -> bool:
        """End the first imports that have been open long enough; return whether any ended. All their days are scored again."""
        if self._clock.monotonic() < self._next_close or not self._close():
            return False
        with database.writing(writer) as work:
            work.first_imports.put(self.take_changed())
        return True

    def _close(self) -> bool:
        self._next_close = self._clock.monotonic() + _CLOSE_SECONDS
        at, whole = self._clock.now(), self.whole
        for one in [one for one in self._imports.values() if one.is_open and one.began_at > at]:
            self._put(replace(one, began_at=at))  # the wall clock was set back
        over = [
            one
            for one in self._imports.values()
            if one.is_open and one.waiting_from is None and at - one.began_at >= _IMPORT
        ]
        for one in over:
            self._put(replace(one, is_open=False, last_day=self._newest if one.tenant in whole else None))
        return bool(over)

    def _put(self, one: FirstImport) -> None:
        self._imports[one.tenant] = one
        self._changed.add(one.tenant)
        if one.waiting_from is None:
            self._unranked.discard(one.tenant)
        else:
            self._unranked.add(one.tenant)

    def _touch(self) -> None:
        now = self._clock.monotonic()
        self._touched = (now if self._touched is None else self._touched[0], now)


def _load_past(work: Transaction, one: FirstImport, standing: BackfillState) -> PastDays:
    """Return the inputs for ranking an organisation's past."""
    known = load_incidents(work, QueueQuery(tenant=one.tenant))
    notes = [note for note in standing.notes if note.tenant in ("", one.tenant)]
    return PastDays(
        one,
        standing.last_day,
        [unpack_candidate(content) for content in work.candidates.of_tenant(one.tenant)],
        known,
        frozenset(work.incidents.history() & known.keys()),
        standing.announced,
        notes,
        _import_notes(one, notes, standing.notes_from),
        standing.accounts.get(one.tenant, 0),
        standing.limits.per_day,
        standing.answers,
        standing.limits.least_score,
        standing.hits.get(one.tenant, ()),
    )


def _import_notes(
    one: FirstImport, notes: Sequence[CoverageNote], notes_from: int | None
) -> Sequence[CoverageNote]:
    """Return the coverage notes of a first import: current ones, or those of its first ranking if days were forgotten
    since.
    """
    if not one.is_open and one.last_day is None:
        return ()
    if one.notes and (notes_from is None or notes_from > one.first_day):
        return [msgspec.convert(note, CoverageNote) for note in one.notes]
    return notes
