"""What holds of every answer: sums stay exact, nothing is muted that must not be, and everything can be taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.detection.feedback.applying import FeedbackModel, apply_feedback
from seawall.detection.feedback.columns import CandidateColumns
from seawall.detection.feedback.units import UNIT_IN_GROUP, WEIGHTED
from seawall.detection.feedback_values import FeedbackAnswer
from seawall.detection.incidents.cases import group
from seawall.detection.incidents.explain import incident
from seawall.detection.ranking.aspects import weights
from seawall.detection.ranking.candidates import ScoredCandidate
from tests.detection.feedback.making import NOW, candidates, given_answers, worlds
from tests.thoroughness import examples

World = tuple[list[ScoredCandidate], list[FeedbackAnswer]]


@settings(max_examples=examples(100))
@given(worlds())
def test_base_parts_and_adjustments_sum_to_the_score(world: World) -> None:
    for one in apply_feedback(*world, NOW):
        total = one.base + sum(one.parts.values()) + sum(change.weight for change in one.adjustments)
        assert one.score == pytest.approx(total, abs=1e-9)
        assert one.curve[-1][1] == pytest.approx(one.score, abs=1e-9)


@settings(max_examples=examples(100))
@given(worlds())
def test_the_reasons_of_an_incident_sum_to_its_score_and_tell_of_every_adjustment(world: World) -> None:
    for case in group(apply_feedback(*world, NOW)):
        shown = incident(case, (), raised=True, threshold=0.0)
        assert shown.base + sum(reason.weight for reason in shown.reasons) == pytest.approx(
            shown.score, abs=1e-4
        )
        texts = " | ".join(reason.text for reason in shown.reasons)
        assert all(change.text in texts for change in case.top.adjustments)


@settings(max_examples=examples(100))
@given(st.data(), worlds(), st.sampled_from(("expected-change", "safe")))
def test_a_benign_answer_never_raises_a_score(data: st.DataObject, world: World, kind: str) -> None:
    found, given_ = world
    before = apply_feedback(found, given_, NOW)
    more = data.draw(given_answers(found, len(given_) + 1, kind))
    after = apply_feedback(found, [*given_, more], NOW)
    assert all(new.score <= old.score + 1e-9 for old, new in zip(before, after, strict=True))


@settings(max_examples=examples(100))
@given(st.data(), worlds())
def test_a_confirmed_takeover_never_lowers_a_score(data: st.DataObject, world: World) -> None:
    found, given_ = world
    before = apply_feedback(found, given_, NOW)
    more = data.draw(given_answers(found, len(given_) + 1, "compromised"))
    after = apply_feedback(found, [*given_, more], NOW)
    assert all(new.score >= old.score - 1e-9 for old, new in zip(before, after, strict=True))


@settings(max_examples=examples(100))
@given(worlds(), st.sampled_from(("lineage.foreign", "lineage.outlived")))
def test_nothing_lowers_a_token_of_another_issuer_or_use_after_revocation(world: World, feature: str) -> None:
    found = [replace(one, values={**one.values, feature: 1.0}) for one in world[0]]
    for old, new in zip(found, apply_feedback(found, world[1], NOW), strict=True):
        assert new.score >= old.score
        assert all(change.weight >= 0 for change in new.adjustments)


@settings(max_examples=examples(100))
@given(worlds())
def test_what_was_never_issued_keeps_its_weight(world: World) -> None:
    """Only what an unknown network adds to the doubt about a token's birth can be expected."""
    for one in apply_feedback(*world, NOW):
        found = weights(one)
        off = -sum(c.weight for c in one.adjustments if (c.layer, c.aspect) == ("lineage", "birth"))
        assert 0 <= off <= max(found.get("lineage.birthless", 0.0), 0.0) + 1e-9


@settings(max_examples=examples(100))
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_matter(world: World, random: object) -> None:
    found, given_ = world
    shuffled = sorted(given_, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert apply_feedback(found, given_, NOW) == apply_feedback(found, shuffled, NOW)


@settings(max_examples=examples(100))
@given(worlds(), st.integers(0, 3))
def test_withdrawing_an_answer_leaves_no_trace(world: World, which: int) -> None:
    found, given_ = world
    left = [one for one in given_ if one.id != which + 1]
    teaching = FeedbackModel()
    teaching.apply(found, given_, NOW)
    assert teaching.apply(found, left, NOW) == apply_feedback(found, left, NOW)
    assert apply_feedback(found, [], NOW) == found


@settings(max_examples=examples(100))
@given(worlds())
def test_answers_stay_in_their_organisation(world: World) -> None:
    found, given_ = world
    for old, new in zip(found, apply_feedback(found, given_, NOW), strict=True):
        if all(answer.tenant != old.tenant for answer in given_):
            assert new is old


@settings(max_examples=examples(100))
@given(worlds(), st.integers(0, 5))
def test_candidates_are_judged_one_by_one(world: World, which: int) -> None:
    found, given_ = world
    alone = found[which % len(found)]
    assert apply_feedback([alone], given_, NOW)[0] == apply_feedback(found, given_, NOW)[which % len(found)]


@given(st.lists(candidates(), min_size=1, max_size=8))
@settings(max_examples=examples(50))
def test_columns_say_the_same_as_each_candidate(found: list[ScoredCandidate]) -> None:
    columns = CandidateColumns(found, CandidateColumns(found[:3]))
    for row, one in enumerate(found):
        said = weights(one)
        assert columns.weights[row].tolist() == pytest.approx(
            [said.get(name, 0.0) for name in WEIGHTED], abs=1e-9
        )


def test_what_is_taken_off_is_weighed_once() -> None:
    assert UNIT_IN_GROUP.sum(axis=1).max() == 1.0
