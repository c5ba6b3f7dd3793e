"""What a known indicator does to candidates: it adds a bounded weight, and raises a few incidents beside the budget at most."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.feedback.applying import apply_feedback
from seawall.detection.feedback.expected import DAY
from seawall.detection.feedback.hostile import MOST, STRONG
from seawall.detection.feedback.indicator_hits import MOST_HITS_OF_TENANT, IndicatorHit, apply_hits
from seawall.detection.incidents.alert_budget import compute_beside_limit, decide
from seawall.detection.incidents.explain import BESIDE_BUDGET
from seawall.pipeline.live.budget_ranking import rank_under_budget
from tests.detection.feedback.making import NOW, TODAY, answered, candidate, fact, values

NETWORK = "AS64501 Evil Hosting"
BOB = "bob@x.example"


def hit(**changes: Any) -> IndicatorHit:
    day = changes.get("day", TODAY - 3)
    base: dict[str, Any] = {
        "tenant": "org", "account": BOB, "account_type": "user", "day": day, "network": NETWORK, "kind": "address",
        "value": "198.51.100.66", "source": "hub.example", "confidence": 80, "first": day * DAY + 100, "last": day * DAY + 200,
        "records": 2, "events": ("x", "y"), "has_success": True, "others": 0, "peers": 100, "is_usual": False,
    }  # fmt: skip
    return IndicatorHit(**{**base, **changes})


def raised(candidates: Any, hits: Any, budget: float = 1 / 7) -> dict[str, Any]:
    found = decide(apply_hits(candidates, hits), (), {"org": 100}, 30, budget)
    return {one.account: one for one in found.incidents if one.raised}


def strong(count: int) -> list[Any]:
    return [
        candidate((fact("network", f"AS{n}"),), account=f"u{n}@x.example", day=TODAY - 2)
        for n in range(count)
    ]


def test_an_account_that_nothing_else_tells_of_is_raised_beside_the_budget_and_says_so() -> None:
    before = raised(strong(9), ())
    after = raised(strong(9), [hit()])
    assert after.keys() == {*before, BOB}, "nobody loses a place to it"
    incident = after[BOB]
    assert (incident.events, incident.kind, incident.chance) == (("x", "y"), "account-takeover", None)
    assert BESIDE_BUDGET in incident.summary
    assert incident.details["beside_budget"] == BESIDE_BUDGET
    assert incident.detected_at == hit().first
    assert incident.severity == "medium"
    (reason,) = (one for one in incident.reasons if one.aspect == "indicator")
    assert "hub.example" in reason.text
    assert "confidence 80 of 100" in reason.text
    assert incident.score == pytest.approx(incident.base + sum(one.weight for one in incident.reasons))
    assert [one["text"] for one in incident.details["statements"]] == [hit().describe()]


def test_what_is_raised_within_the_budget_shows_it_and_says_nothing_of_the_budget() -> None:
    own = candidate((fact("network", NETWORK),), account=BOB, day=TODAY - 3)
    incident = raised([own], [hit()])[BOB]
    assert incident.score == pytest.approx(own.score + STRONG)
    assert BESIDE_BUDGET not in incident.summary
    assert "beside_budget" not in incident.details
    assert any(one.aspect == "indicator" for one in incident.reasons)
    assert incident.chance is not None


def test_it_joins_the_case_of_the_account() -> None:
    top = candidate((fact("network", "AS9"),), account=BOB, day=TODAY - 4)
    found = decide(apply_hits([top], [hit()]), (), {"org": 100}, 30, 1.0)
    assert [one.account for one in found.incidents] == [BOB]
    (incident,) = found.incidents
    assert [one["text"] for one in incident.details["statements"]] == [hit().describe()]


@pytest.mark.parametrize(
    "changes",
    [
        {"others": 6},
        {"is_usual": True},
        {"has_success": False},
        {"kind": "network", "value": "AS64501"},
        {"kind": "user_agent", "value": "curl/8.1"},
        {"confidence": 29},
        {"prefix": 16},
        {"is_provider": True},
        {"kind": "account", "value": BOB},
    ],
    ids=str,
)
def test_what_proves_too_little_raises_nobody(changes: dict[str, Any]) -> None:
    assert BOB not in raised(strong(9), [hit(**changes)])
    assert len(apply_hits(strong(9), [hit(**changes)])) == 9


def test_a_list_of_everything_raises_no_more_than_its_allowance() -> None:
    limit = compute_beside_limit(4)
    hits = [hit(account=f"v{n}@x.example", value=f"198.51.100.{n}", network=f"AS7{n}") for n in range(200)]
    before, after = raised(strong(9), ()), raised(strong(9), hits)
    assert len(after) == len(before) + limit == len(before) + 3
    assert before.keys() < after.keys()
    made = apply_hits((), [*hits, *(hit(account=f"w{n}@x.example") for n in range(400))])
    assert len(made) == MOST_HITS_OF_TENANT


def test_without_a_budget_nothing_is_raised() -> None:
    assert raised(strong(3), [hit()], budget=0.0) == {}


def test_many_lists_that_name_one_value_count_once_and_many_values_have_a_limit() -> None:
    own = candidate((fact("network", NETWORK),), account=BOB, day=TODAY - 3)
    lists = [hit(source=f"hub{n}.example") for n in range(8)]
    (same,) = apply_hits([own], lists)
    assert same.score == pytest.approx(own.score + STRONG)
    assert "and 3 more" in same.adjustments[0].text
    (many,) = apply_hits([own], [hit(value=f"198.51.100.{n}") for n in range(8)])
    assert many.score == pytest.approx(own.score + MOST)


def test_a_case_that_an_answer_excuses_stays_down() -> None:
    own = candidate((fact("network", NETWORK),), account=BOB, day=TODAY - 3)
    story = [*strong(9), own]
    assert BOB in raised(story, [hit()], budget=0.03)
    other = candidate((fact("network", "AS9 Elsewhere"),), account=BOB)
    excused = apply_feedback(
        story, [answered(other, "expected-change", values=values(("network", NETWORK)))], NOW
    )
    assert BOB not in raised(excused, [hit()], budget=0.03)


@given(st.randoms(use_true_random=False), st.integers(0, 6))
def test_the_order_of_hits_changes_nothing(rng: random.Random, count: int) -> None:
    hits = [
        hit(account=f"u{n % 3}@x.example", network=f"AS{n % 2}", value=f"198.51.100.{n}")
        for n in range(count)
    ]
    shuffled = list(hits)
    rng.shuffle(shuffled)
    assert apply_hits(strong(3), hits) == apply_hits(strong(3), shuffled)
    assert apply_hits(strong(3), ()) == strong(3)


def test_a_watch_leaves_out_hits_before_its_window() -> None:
    def rank(day: int) -> list[str]:
        found = rank_under_budget(
            strong(3), notes=(), accounts_by_tenant={"org": 100}, first_day=TODAY - 200, last_day=TODAY, budget=1.0,
            hits=[hit(day=day)],
        )  # fmt: skip
        return [one.account for one in found.incidents]

    assert BOB in rank(TODAY - 3)
    assert BOB not in rank(TODAY - 60)
