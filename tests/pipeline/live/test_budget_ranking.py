"""What is raised is a pure function of candidates, answers and budget; a span of 30 days is ranked as a scan would."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.detection.incidents.alert_budget import LEAST_SCORE, decide
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.features import FEATURES
from seawall.pipeline.live.budget_ranking import CANDIDATE_DAYS, RANKED_DAYS, rank_under_budget
from tests.detection.incidents import test_group
from tests.thoroughness import examples

VALUES = dict.fromkeys(FEATURES, 0.0)


def candidate(number: int, day: int, score: float) -> ScoredCandidate:
    """A candidate of an account on a day."""
    return test_group.candidate(number, day, score, values=VALUES)


FOUND = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, RANKED_DAYS - 1), st.floats(-13, 8)), max_size=40
)


@settings(max_examples=examples(50))
@given(
    FOUND,
    st.integers(RANKED_DAYS - 1, 200),
    st.sampled_from((None, 0.0, 0.1, 3.0)),
    st.sampled_from((LEAST_SCORE, 0.5)),
)
def test_a_span_of_thirty_days_is_ruled_on_as_a_scan_would(
    found: list[tuple[int, int, float]], last: int, budget: float | None, least: float
) -> None:
    candidates = [candidate(who, last - back, score) for who, back, score in found]
    first = last - RANKED_DAYS + 1
    ranking = rank_under_budget(
        candidates, notes=(), accounts_by_tenant={"org": 300}, first_day=first, last_day=last, budget=budget,
        least_score=least,
    )  # fmt: skip
    decision = decide(candidates, (), {"org": 300}, RANKED_DAYS, budget, least_score=least)
    assert ranking.incidents == decision.incidents
    assert (ranking.thresholds, ranking.limits, ranking.spent) == (
        decision.thresholds, decision.limits, decision.spent,
    )  # fmt: skip
    again = rank_under_budget(
        reversed(candidates), notes=(), accounts_by_tenant={"org": 300}, first_day=first, last_day=last,
        budget=budget, least_score=least,
    )  # fmt: skip
    assert again.incidents == ranking.incidents


def raised(
    *candidates: ScoredCandidate, first: int = 0, last: int = 100, budget: float | None = 0.1
) -> list[str]:
    ranking = rank_under_budget(
        candidates, notes=(), accounts_by_tenant={"org": 1000}, first_day=first, last_day=last, budget=budget,
    )  # fmt: skip
    return [one.account for one in ranking.incidents if one.raised]


def test_the_budget_is_spent_on_the_last_thirty_days() -> None:
    old = [candidate(n, 100 - RANKED_DAYS, 5.0) for n in range(9)]
    new = [candidate(n, 100 - RANKED_DAYS + 1, 4.0 - n / 10) for n in range(20, 29)]
    assert raised(*old, *new) == ["u20@x.example", "u21@x.example", "u22@x.example"]  # 0.1 a day
    assert raised(*old, *new, first=91) == ["u20@x.example"]  # ten days of logs: one incident


def test_a_case_whose_strongest_group_is_older_takes_its_later_groups_with_it() -> None:
    first, echo = candidate(1, 100 - RANKED_DAYS, 5.0), candidate(1, 95 - RANKED_DAYS + 10, 2.0)
    assert raised(first, echo) == []
    assert raised(echo) == ["u1@x.example"]


def test_candidates_that_are_too_old_are_not_looked_at() -> None:
    ancient, echo = candidate(1, 100 - CANDIDATE_DAYS, 5.0), candidate(1, 100 - RANKED_DAYS + 1, 2.0)
    assert raised(ancient, echo) == ["u1@x.example"]
    assert raised(candidate(1, 101, 5.0)) == []  # and what was not ranked yet
