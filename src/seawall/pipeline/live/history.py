"""Rank the past of an organisation over its whole span: a first import and late events. Pure functions.

Every scoring ranks a live window of 30 days (`budget_ranking`). A first import reaches further back, and so may late events. Both
are ranked here as a scan of the same events would rank them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.feedback.applying import apply_feedback
from seawall.detection.feedback.indicator_hits import IndicatorHit, apply_hits
from seawall.detection.feedback_values import FeedbackAnswer
from seawall.detection.incident import Incident
from seawall.detection.incidents.alert_budget import LEAST_SCORE, BudgetDecision, decide
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.pipeline.live.budget_ranking import DAY, RANKED_DAYS, LiveWindow, live_window, rank_under_budget
from seawall.pipeline.live.incident_matching import match_incidents
from seawall.storage.database import FirstImport
from seawall_base.times import rfc3339

GROWN = 0.05
"""Log-odds by which late events must increase a score before they raise an incident that was not raised before."""

_NEVER = 1 << 62
_WORST_TOLD = 10


@dataclass(frozen=True, slots=True)
class PastDays:
    """The inputs for ranking the past of one organisation.

    `candidates` are all stored ones, `known` the stored incidents by id, `history` the ids of those that are history,
    `announced` the announced ids. `last_day` is the last scored day, `accounts` the number of active accounts. `notes` are
    coverage notes, `import_notes` those of the first import.
    """

    first_import: FirstImport
    last_day: int
    candidates: Sequence[ScoredCandidate]
    known: Mapping[str, Incident]
    history: frozenset[str]
    announced: frozenset[str]
    notes: Sequence[CoverageNote]
    import_notes: Sequence[CoverageNote]
    accounts: int
    budget: float | None
    answers: Sequence[FeedbackAnswer] = ()
    least_score: float | None = LEAST_SCORE
    hits: Sequence[IndicatorHit] = ()

    @property
    def live_since(self) -> int:
        """First day of the live window; earlier days are history."""
        return self.last_day - RANKED_DAYS + 1


@dataclass(frozen=True, slots=True)
class PastRanking:
    """The result of ranking one organisation's past.

    `incidents` are to be stored, `gone` are ids to delete, `renamed` new ids by old ones. `history` are ids to mark as
    history; `news` are incidents among them that are raised now and were not before. `announced` are raised and unannounced
    incidents of the live window.
    """

    incidents: tuple[Incident, ...] = ()
    gone: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    history: frozenset[str] = frozenset()
    news: tuple[Incident, ...] = ()
    announced: tuple[Incident, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryNotice:
    """The message that an organisation's past was ranked. `raised` are newly raised incidents, highest score first.

    Days are days since 1970; `last_day` is the last day before the live window. `candidates` counts incidents not raised.
    """

    tenant: str
    first_day: int
    last_day: int
    raised: tuple[Incident, ...]
    candidates: int

    def document(self) -> dict[str, Any]:
        """Return the message as a JSON object for webhooks."""
        return {
            "tenant": self.tenant,
            "from": rfc3339(self.first_day * DAY),
            "to": rfc3339((self.last_day + 1) * DAY),
            "raised": len(self.raised),
            "candidates": self.candidates,
            "worst": [one.id for one in self.raised[:_WORST_TOLD]],
        }


def make_ranking_notice(past: PastDays, ranking: PastRanking) -> HistoryNotice:
    """Return the message about a ranking of the past."""
    candidates = sum(one.id in ranking.history and not one.raised for one in ranking.incidents)
    raised = tuple(sorted(ranking.news, key=lambda one: (-one.score, one.id)))
    first = past.first_import
    return HistoryNotice(first.tenant, first.first_day, past.live_since - 1, raised, candidates)


def make_past_incidents_notice(tenant: str, raised: Sequence[Incident], before: int) -> HistoryNotice:
    """Return the message about raised incidents that ended before a time, in microseconds."""
    worst_first = tuple(sorted(raised, key=lambda one: (-one.score, one.id)))
    first = min(one.first_event for one in raised) // DAY
    return HistoryNotice(tenant, first, before // DAY - 1, worst_first, 0)


def window_of(first_import: FirstImport | None, first_day: int, last_day: int) -> LiveWindow:
    """Return the days of an organisation that are ranked again when something changes.

    These are all days while its first import is open and longer than the live window. `first_day` and `last_day` are the
    store's.
    """
    if first_import is None:
        return live_window(first_day, last_day)
    start = first_import.first_day
    if is_whole(first_import, start, last_day):
        return LiveWindow(start, last_day - start + 1, start)
    return live_window(first_day, last_day, first_import.last_day)


def is_whole(first_import: FirstImport, first_day: int, last_day: int) -> bool:
    """Return whether a first import is open and longer than the live window, and so is ranked over its whole span."""
    return first_import.is_open and last_day - first_day + 1 > RANKED_DAYS


def rank_past(past: PastDays) -> PastRanking:
    """Rank all days before the live window of an organisation; while its first import is open, all days.

    The first import is ranked like a scan of its days. For later days, new and grown incidents are added, and raised
    incidents stay raised: late events retract nothing.
    """
    one = past.first_import
    if one.is_open:
        return _merge_parts(past, _find_imported_days(past, past.last_day))
    parts = []
    if one.last_day is not None:
        parts.append(_find_imported_days(past, one.last_day))
    parts.append(_find_lived_days(past))
    return _merge_parts(past, *parts)


@dataclass(frozen=True, slots=True)
class _Part:
    """The incidents of some days, the day of each one's strongest group, and the fate of earlier incidents."""

    incidents: Mapping[str, Incident]
    days: Mapping[str, int]
    gone: Sequence[str]
    renamed: Mapping[str, str]
    lapsed: Sequence[Incident] = ()


def _find_imported_days(past: PastDays, until: int) -> _Part:
    """Rank the days of the first import up to a day, like a scan of them."""
    decision = _decide(past, past.first_import.first_day, until, past.import_notes)
    # incidents of days without stored candidates stay as they are
    start, end = min((one.day for one in past.candidates), default=until + 1) * DAY, (until + 1) * DAY
    before = {
        id_: one for id_, one in past.known.items() if start <= one.first_event and one.last_event < end
    }
    now = {one.id: one for one in decision.incidents}
    shown = set(past.announced)
    # history that was shown as raised stays in the store, though it is raised no longer
    if not past.first_import.is_open:
        shown |= {id_ for id_ in past.history if id_ in before and before[id_].raised}
    gone, renamed, lapsed = match_incidents(before, now, shown, -_NEVER)
    return _Part(now, decision.days, gone, renamed, lapsed)


def _find_lived_days(past: PastDays) -> _Part:
    """Rank the days after the first import that have left the live window."""
    one = past.first_import
    first = one.first_day if one.last_day is None else one.last_day + 1
    if first >= past.live_since:
        return _Part({}, {}, (), {})
    decision = _decide(past, first, past.last_day, past.notes)
    live = {incident.id for incident in _rank_live_window(past)}
    before = {
        id_: incident
        for id_, incident in past.known.items()
        if incident.first_event >= first * DAY and id_ not in live
    }
    now = {
        incident.id: incident
        for incident in decision.incidents
        if decision.days[incident.id] < past.live_since and incident.id not in live
    }
    gone, renamed, _ = match_incidents(before, now, set(past.announced), _NEVER)
    ancestors = {new: before[old] for old, new in renamed.items()}
    kept = {id_: _as_raised(incident, before.get(id_) or ancestors.get(id_)) for id_, incident in now.items()}
    return _Part(kept, decision.days, gone, renamed)


def _decide(past: PastDays, first: int, until: int, notes: Sequence[CoverageNote]) -> BudgetDecision:
    """Return the incidents that a scan of some days would raise."""
    own: Sequence[ScoredCandidate] = [one for one in past.candidates if first <= one.day <= until]
    if past.answers:
        own = apply_feedback(own, past.answers, (past.last_day + 1) * DAY)
    accounts = {past.first_import.tenant: past.accounts}
    days = until - first + 1
    found = apply_hits(own, [one for one in past.hits if first <= one.day <= until])
    return decide(found, notes, accounts, days, past.budget, least_score=past.least_score)


def _rank_live_window(past: PastDays) -> Sequence[Incident]:
    """Return the incidents that the live window ranks; they are not changed here."""
    one = past.first_import
    window = live_window(one.first_day, past.last_day, one.last_day)
    return rank_under_budget(
        [candidate for candidate in past.candidates if candidate.day >= window.candidates_from],
        notes=(),
        accounts_by_tenant={one.tenant: past.accounts},
        first_day=one.first_day,
        last_day=past.last_day,
        budget=past.budget,
        answers=past.answers,
        imported_until=one.last_day,
        least_score=past.least_score,
        hits=past.hits,
    ).incidents


def _as_raised(now: Incident, before: Incident | None) -> Incident:
    """Return an incident, raised if it was before, or if late events created it or raised its score by `GROWN`."""
    if before is None:
        return now
    is_raised = before.raised or (now.raised and now.score > before.score + GROWN)
    return replace(now, raised=is_raised)


def _merge_parts(past: PastDays, *parts: _Part) -> PastRanking:
    now = {id_: incident for part in parts for id_, incident in part.incidents.items()}
    days = {id_: day for part in parts for id_, day in part.days.items()}
    renamed = {old: new for part in parts for old, new in part.renamed.items()}
    old = {id_ for id_ in now if days[id_] < past.live_since}
    told = past.announced | {new for before, new in renamed.items() if before in past.announced}
    inherited = {new for before, new in renamed.items() if before not in past.history}
    known = {*past.known, *inherited} - past.history
    # incidents that were raised while much was unread, and never announced, count as news
    untold = {id_ for id_ in old - told if now[id_].raised}
    history = frozenset(old if past.first_import.is_open else (old - known) | untold)
    said = past.announced | {id_ for id_ in past.history if past.known[id_].raised}
    said |= {new for before, new in renamed.items() if before in said}
    return PastRanking(
        incidents=(*now.values(), *(one for part in parts for one in part.lapsed)),
        gone=tuple(id_ for part in parts for id_ in part.gone),
        renamed=renamed,
        history=history,
        news=tuple(now[id_] for id_ in now if id_ in history and now[id_].raised and id_ not in said),
        announced=tuple(now[id_] for id_ in now if id_ not in old and id_ not in told and now[id_].raised),
    )
