"""A containment draws attention: what follows is raised whatever the budget, apart from what was contained, and reversibly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.feedback.applying import apply_feedback, compute_effects
from seawall.detection.feedback.columns import CandidateColumns
from seawall.detection.feedback.expected import DAY
from seawall.detection.feedback.regrouping import cases, id_of, select_cases
from seawall.detection.feedback_values import FeedbackAnswer
from seawall.detection.incidents.alert_budget import (
    LEAST_SCORE,
    RaisingThreshold,
    compute_incident_limit,
    decide,
)
from seawall.detection.incidents.cases import group
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.pipeline.live.standing_feedback import containment_feedback
from seawall.response.containment.values import Containment, IntruderIndicators
from seawall.storage.database.containments import ContainmentRecord

from .making import ACCOUNTS, NOW, TODAY, candidate, fact

ADA, BEN = ACCOUNTS[:2]
AT = (TODAY - 5) * DAY


def containment(**actor: Any) -> tuple[FeedbackAnswer, ...]:
    """What is remembered of a containment of Ada's account five days ago."""
    known = IntruderIndicators(
        accounts=(ADA,), first=AT - DAY, last=AT,
        **{"prefixes": ("198.51.100.0/24",), "clients": ("python/rest", "chrome/browser"),
           "usual": {"clients": ("chrome/browser",)}, **actor},
    )  # fmt: skip
    found = Containment("plan-1", AT, AT + 30 * DAY, known, ("org",))
    kept = ContainmentRecord(
        1, "plan-1", "org", msgspec.to_builtins(found), found.until, "Ann", AT, None, None
    )
    return tuple(containment_feedback(kept))


def at_day(day: int, account: str = ADA, *facts: Any, **changes: Any) -> ScoredCandidate:
    return candidate(facts, {"network.backed_off": 0.5}, day=day, account=account, **changes)


def raised(
    found: list[ScoredCandidate],
    answers: tuple[FeedbackAnswer, ...],
    budget: float = 0.0,
    least: float = LEAST_SCORE,
) -> list[Any]:
    taught = apply_feedback(found, answers, NOW)
    decision = decide(taught, [], {"org": 100}, 30, budget, least_score=least)
    return [one for one in decision.incidents if one.raised]


def test_what_follows_a_containment_is_raised_without_a_budget() -> None:
    old, new = at_day(TODAY - 6), at_day(TODAY - 2, ADA, fact("client", "curl/rest"))
    assert raised([old, new], ()) == []
    (one,) = raised([old, new], containment())
    assert one.first_event == new.first
    reason = next(reason for reason in one.reasons if reason.aspect == "contained")
    assert "contained on" in reason.text
    assert "plan plan-1" in reason.text
    assert "changed since then: client curl/rest" in reason.text
    assert one.score == pytest.approx(one.base + sum(reason.weight for reason in one.reasons))


def test_what_follows_a_containment_is_raised_below_the_threshold() -> None:
    old, new = at_day(TODAY - 6), at_day(TODAY - 2, ADA, fact("client", "curl/rest"))
    assert raised([old, new], (), 9.0, least=50.0) == []
    (one,) = raised([old, new], containment(), 9.0, least=50.0)
    assert one.first_event == new.first
    assert one.score < 50.0


def test_it_is_told_apart_from_what_was_contained() -> None:
    """However near and however much weaker: else it would only be another day of the incident that is known."""
    old, new = candidate(account=ADA, day=TODAY - 6), at_day(TODAY - 4)
    together = decide([old, new], [], {"org": 100}, 30, 1.0).incidents
    assert len(together) == 1
    apart = decide(apply_feedback([old, new], containment(), NOW), [], {"org": 100}, 30, 1.0).incidents
    assert [one.first_event for one in apart if one.raised] == [old.first, new.first]
    assert apart[0].id == together[0].id


def test_another_account_that_shows_the_intruders_rare_thing() -> None:
    shared = at_day(TODAY - 1, BEN, fact("prefix", "198.51.100.0/24"), fact("client", "curl/rest"))
    (one,) = raised([shared], containment())
    text = next(reason.text for reason in one.reasons if reason.aspect == "contained")
    assert "shares prefix 198.51.100.0/24 with the intruder that was contained on" in text
    common = at_day(TODAY - 1, BEN, fact("prefix", "198.51.100.0/24", accounts=60))
    assert raised([common], containment()) == []
    alone = at_day(TODAY - 1, BEN, fact("client", "python/rest"))
    assert raised([alone], containment()) == [], "a client alone is easily shared"
    assert apply_feedback([alone], containment(), NOW)[0].score > alone.score
    both = at_day(TODAY - 1, BEN, fact("client", "python/rest"), fact("app", "evil-app"))
    assert len(raised([both], containment(applications=("evil-app",)))) == 1
    usual = at_day(TODAY - 1, BEN, fact("client", "chrome/browser"))
    assert raised([usual], containment()) == [], "what the contained account's owner uses tells nothing"


def test_it_ends_by_itself_and_leaves_no_trace_when_ended() -> None:
    late = at_day(TODAY + 30, ADA)
    assert raised([late], containment()) == []
    found = [at_day(TODAY - 2, ADA), at_day(TODAY - 1, BEN)]
    assert apply_feedback(found, (), NOW) == found
    assert [one.adjustments for one in apply_feedback(found, containment(), NOW)][1] == ()


def test_a_containment_teaches_no_weights() -> None:
    found = [at_day(TODAY - 2, ADA, fact("prefix", "198.51.100.0/24"))]
    assert compute_effects(CandidateColumns(found), containment(), NOW).factors == {}


def test_what_cannot_be_read_says_nothing() -> None:
    kept = ContainmentRecord(1, "plan-1", "org", {"id": 3}, 0, "Ann", 0, None, None)
    assert list(containment_feedback(kept)) == []


@given(
    st.lists(
        st.tuples(st.integers(TODAY - 20, TODAY), st.sampled_from([ADA, BEN]), st.floats(-4, 4),
                  st.sampled_from(["198.51.100.0/24", "192.0.2.0/24"])), max_size=8),
    st.floats(0, 0.2),
    st.booleans(),
    st.sampled_from([LEAST_SCORE, 0.0, 1.0]),
)  # fmt: skip
def test_the_desk_says_the_same_as_the_watch(
    rows: list[tuple[int, str, float, str]], budget: float, is_on: bool, least: float
) -> None:
    found = [
        replace(candidate((fact("prefix", prefix),), {"network.backed_off": score}, day=day, account=account,
                          first=day * DAY + number), network=prefix)
        for number, (day, account, score, prefix) in enumerate(rows)
    ]  # fmt: skip
    answers = containment() if is_on else ()
    columns = CandidateColumns(found)
    changed = compute_effects(columns, answers, NOW)
    scores = columns.scores + changed.change
    made = cases(columns, scores, changed.raising)
    limits = {tenant: compute_incident_limit(budget, 100, 30) for tenant in columns.of_tenant}
    let = select_cases(
        columns,
        made,
        limits,
        changed.change,
        since=0,
        is_sparing=False,
        raising=changed.raising,
        threshold=RaisingThreshold(least),
    )
    taught = apply_feedback(found, answers, NOW)
    assert [id_of(columns, case) for case in made] == [case.id for case in group(taught)]
    decision = decide(taught, [], {"org": 100}, 30, budget, least_score=least)
    expected = {one.id for one in decision.incidents if one.raised}
    assert {id_of(columns, case) for case in let if case.score >= LEAST_SCORE} == expected
