"""Read from ranked cases what detection said about an incident: the first evidence, and when, how high and how it was raised."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from seawall.detection.incident import Incident
from seawall.detection.incidents.alert_budget import RankedCases, rank_cases
from seawall.detection.incidents.cases import IncidentCase
from seawall.detection.incidents.explain import complete_incident, describe_case
from seawall.detection.ranking.kept_groups import KeptCandidate


@dataclass(frozen=True, slots=True)
class DetectionVerdict:
    """What detection said about an incident. Times are in microseconds since 1970, None for never.

    `first_evidence` is the first of the intruder's records in any listed incident. `incident` is the highest incident with
    such records, `rank` its place among all of the organisation. `raised_at` is when the first one that is raised passed the
    threshold; `raised` are those. `others` counts raised incidents without any record of the intruder. `threshold` is the
    score of the lowest incident that is raised, None if none is.
    """

    first_evidence: int | None = None
    raised_at: int | None = None
    rank: int | None = None
    incident: Incident | None = None
    raised: tuple[Incident, ...] = ()
    others: int = 0
    threshold: float | None = None


NOT_SEEN = DetectionVerdict()


@dataclass(frozen=True, slots=True)
class IntruderRecords:
    """The intruder's records: the time of each by its id, and the accounts in them."""

    times: Mapping[str, int]
    accounts: frozenset[str]


def judge_candidates(
    candidates: Iterable[KeptCandidate],
    records: IntruderRecords,
    active: Mapping[str, int],
    days: int,
) -> DetectionVerdict:
    """Return what the default budget and threshold make of candidates. `active` counts accounts by organisation."""
    ranked = rank_cases(candidates, active, days, None, least_score=None)
    found = [
        (rank, incident)
        for rank, case in enumerate(ranked.cases, 1)
        if _may_concern(case, records.accounts)
        and _own_records(incident := _complete(case, ranked), records.times)
    ]
    return judge_incidents(found, records, len(ranked.chosen))


def judge_incidents(
    found: Collection[tuple[int, Incident]], records: IntruderRecords, raised: int
) -> DetectionVerdict:
    """Return the verdict of incidents with the intruder's records, given with their ranks. `raised` counts all raised ones."""
    if not found:
        return DetectionVerdict(others=raised)
    own = [incident for _, incident in found if incident.raised]
    rank, highest = min(found, key=lambda item: (not item[1].raised, item[0]))
    moments = [one.detected_at for one in own if one.detected_at is not None]
    return DetectionVerdict(
        first_evidence=min(
            records.times[uid] for _, one in found for uid in one.events if uid in records.times
        ),
        raised_at=min(moments, default=None),
        rank=rank,
        incident=highest,
        raised=tuple(own),
        others=raised - len(own),
        threshold=highest.details.get("threshold"),
    )


def _may_concern(case: IncidentCase, accounts: frozenset[str]) -> bool:
    return any(
        candidate.account in accounts or not accounts.isdisjoint(candidate.others)
        for candidate in case.candidates
    )


def _own_records(incident: Incident, times: Mapping[str, int]) -> bool:
    return any(uid in times for uid in incident.events)


def _complete(case: IncidentCase, ranked: RankedCases) -> Incident:
    described = case.describe()
    return complete_incident(
        describe_case(described),
        described,
        (),
        raised=case.id in ranked.chosen,
        threshold=ranked.threshold_of(case),
    )
