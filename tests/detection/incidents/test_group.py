"""Cases and budgets: one case an account and window, families by a rare network, never more raised than allowed."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.incidents.alert_budget import (
    RaisingThreshold,
    compute_incident_limit,
    find_threshold,
    select_within_budget,
)
from seawall.detection.incidents.cases import group
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.chance import load_chance
from seawall.detection.ranking.patterns import PATTERNS


def candidate(number: int, day: int, score: float, **changes: Any) -> ScoredCandidate:
    """A candidate of an account on a day."""
    start = day * 86_400_000_000
    base: dict[str, Any] = {
        "tenant": "org", "account": f"u{number}@x.example", "account_type": "user",
        "day": day, "network": f"AS{number}", "score": score, "base": 0.0, "parts": {"evidence": score}, "unsupervised": score,
        "pattern": PATTERNS[0], "p": 0.01, "first": start, "last": start + 60, "facts": (), "rules": (), "values": {},
        "events": (f"e{number}-{day}",), "more_events": 0, "mailboxes": (), "proved": 1, "possible": 0,
        "throttled": False, "unlinked": False,
    }  # fmt: skip
    return ScoredCandidate(**{**base, **changes})


def test_an_accounts_groups_within_the_window_are_one_case() -> None:
    cases = group([candidate(1, 0, 3.0), candidate(1, 5, 2.5), candidate(1, 30, 1.0), candidate(2, 5, 2.0)])
    assert [(case.top.account, case.top.day, len(case.candidates)) for case in cases] == [
        ("u1@x.example", 0, 2), ("u2@x.example", 5, 1), ("u1@x.example", 30, 1),
    ]  # fmt: skip
    assert cases[0].score > 3.0


def test_accounts_that_share_a_rare_new_network_are_a_family() -> None:
    new = {"network": "AS77", "values": {"network.is_new": 1.0}}
    cases = group([candidate(1, 0, 3.0, **new), candidate(2, 1, 2.0, **new), candidate(3, 1, 1.0)])
    assert cases[0].family
    assert cases[0].family == cases[1].family
    assert cases[0].related == ("u2@x.example",)
    assert not cases[2].family


def test_a_network_that_many_share_is_no_family() -> None:
    new = {"network": "AS77", "values": {"network.is_new": 1.0}}
    assert not any(case.family for case in group([candidate(n, 0, 1.0, **new) for n in range(20)]))


def test_ids_are_stable_and_distinct() -> None:
    found = [candidate(1, 0, 3.0), candidate(2, 0, 3.0), candidate(1, 40, 3.0)]
    ids = [case.id for case in group(found)]
    assert ids == [case.id for case in group(reversed(found))]
    assert len(set(ids)) == 3


def test_budgets() -> None:
    assert compute_incident_limit(None, 1000, 30) == 60
    assert (
        compute_incident_limit(None, 10, 28) == 4
    )  # ten mailboxes still see their worst account once a week
    assert compute_incident_limit(0.0, 1000, 30) == 0
    assert compute_incident_limit(0.01, 1000, 30) == 1
    assert compute_incident_limit(3.0, 10, 7) == 21


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 60), st.floats(-8, 8)), max_size=60),
    st.integers(0, 10),
)
def test_never_more_is_raised_than_allowed_and_always_the_worst(
    found: list[tuple[int, int, float]], limit: int
) -> None:
    cases = group([candidate(*one, base=-3.0) for one in found])
    for sparing, least in ((False, -9.0), (True, -9.0), (False, 1.5), (True, 1.5)):
        chosen = select_within_budget(
            cases, {"org": limit}, -9.0, sparing=sparing, threshold=RaisingThreshold(least)
        )
        worthy = [case.id for case in cases if case.score >= least and (not sparing or case.score >= -3.0)]
        assert [case.id for case in cases if case.id in chosen] == worthy[:limit]


def test_what_its_reasons_speak_against_is_spared_though_budget_is_left() -> None:
    cases = group([candidate(1, 0, -4.9, base=-5.0), candidate(2, 0, -5.1, base=-5.0)])
    assert select_within_budget(cases, {"org": 10}, -9.0, sparing=True) == {cases[0].id}
    assert select_within_budget(cases, {"org": 10}, -9.0) == {case.id for case in cases}
    assert not select_within_budget(cases, {"org": 10}, -4.0)  # below the floor


def test_the_threshold_that_ships_spares_organisations_at_the_floor_of_the_budget() -> None:
    shipped = load_chance().raised_from
    assert shipped is not None
    accounts = {"small": 71, "large": 72}
    assert find_threshold(None, accounts, None) == RaisingThreshold(shipped, frozenset({"small"}))
    assert find_threshold(shipped, accounts, None) == RaisingThreshold(shipped)
    assert find_threshold(None, accounts, None).holds_for(accounts) == shipped
    assert find_threshold(None, accounts, None).holds_for({"small"}) is None


def test_the_threshold_that_ships_belongs_to_the_default_budget() -> None:
    assert find_threshold(None, {"large": 10_000}, 3.0) == RaisingThreshold()
    assert find_threshold(-0.8, {"large": 10_000}, 3.0) == RaisingThreshold(-0.8)


def test_a_threshold_does_not_apply_to_spared_organisations() -> None:
    cases = group([candidate(1, 0, 2.0, base=-5.0), candidate(2, 0, 0.5, base=-5.0)])
    limits = {"org": 10}
    assert select_within_budget(cases, limits, -9.0, threshold=RaisingThreshold(1.0)) == {cases[0].id}
    threshold = RaisingThreshold(1.0, frozenset({"org"}))
    spared = select_within_budget(cases, limits, -9.0, threshold=threshold)
    assert spared == {case.id for case in cases}
