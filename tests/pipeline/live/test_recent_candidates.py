"""Ranking only those organisations for which something changed gives what ranking all of them anew gives."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incident import Incident
from seawall.detection.incidents.alert_budget import LEAST_SCORE
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.features import FEATURES
from seawall.pipeline.live.budget_ranking import rank_under_budget
from seawall.pipeline.live.recent_candidates import RankingSpan, RecentCandidates
from tests.detection.incidents import test_group
from tests.thoroughness import examples

VALUES = dict.fromkeys(FEATURES, 0.0)
TENANTS = ("a", "b", "c")
DAY = 86_400_000_000


def candidate(who: int, day: int, score: float, tenant: str) -> ScoredCandidate:
    return test_group.candidate(who, day, score, values=VALUES, tenant=tenant)


def note(tenant: str) -> CoverageNote:
    return CoverageNote(tenant, "all", "gap", 0, 100 * DAY, f"A gap in {tenant or 'all'}.")


FOUND = st.lists(
    st.tuples(st.integers(0, 4), st.floats(-13, 8), st.sampled_from(TENANTS)),
    max_size=6,
    unique_by=lambda c: c[::2],
)
STEPS = st.lists(
    st.fixed_dictionaries(
        {
            "days": st.dictionaries(st.tuples(st.integers(40, 60), st.integers(0, 1)), FOUND, max_size=3),
            "budget": st.sampled_from((0.1, 0.1, 0.1, 3.0)),
            "least": st.sampled_from((LEAST_SCORE, LEAST_SCORE, 1.0)),
            "mark": st.sampled_from((0, 0, 0, 1)),
            "accounts": st.sampled_from((10, 10, 500)),
            "notes": st.sets(st.sampled_from(("", *TENANTS))),
        }
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=examples(60))
@given(STEPS)
def test_what_did_not_change_need_not_be_ruled_on(steps: list[dict[str, Any]]) -> None:
    recent, known = RecentCandidates(), dict[tuple[int, int], list[ScoredCandidate]]()
    incidents: dict[str, dict[str, Incident]] = {}
    for step in steps:
        for (day, shard), found in step["days"].items():
            own = [candidate(who, day, score, tenant) for who, score, tenant in found]
            known[day, shard] = own
            recent.learn(day, shard, own)
        last = max((day for day, _ in known), default=0)
        recent.forget(last)
        notes = [note(tenant) for tenant in sorted(step["notes"])]
        accounts = dict.fromkeys(TENANTS, step["accounts"])
        span = RankingSpan(40, last, step["budget"], step["mark"], least_score=step["least"])
        update = recent.rank_changes(span, accounts, notes, ())
        for tenant in update.tenants:
            incidents[tenant] = {}
        for incident in update.ranking.incidents:
            incidents[incident.tenant][incident.id] = incident
        whole = rank_under_budget(
            [one for _, own in sorted(known.items()) for one in own],
            notes=notes,
            accounts_by_tenant=accounts,
            first_day=40,
            last_day=last,
            budget=step["budget"],
            least_score=step["least"],
        )
        kept = {id_: one for own in incidents.values() for id_, one in own.items()}
        assert kept == {one.id: one for one in whole.incidents}


def test_nothing_is_ruled_on_where_nothing_changed() -> None:
    recent = RecentCandidates()
    recent.learn(40, 0, [candidate(1, 40, 3.0, "a")])
    recent.learn(40, 1, [candidate(1, 40, 3.0, "b")])
    span, accounts = RankingSpan(40, 40, 1.0, None), {"a": 1, "b": 1}
    assert recent.rank_changes(span, accounts, (), ()).tenants == {"a", "b"}
    assert not recent.rank_changes(span, accounts, (), ()).tenants
    recent.learn(40, 1, [candidate(1, 40, 2.0, "b")])
    assert recent.rank_changes(span, accounts, (), ()).tenants == {"b"}
    assert recent.rank_changes(RankingSpan(40, 41, 1.0, None), accounts, (), ()).tenants == {"a", "b"}
