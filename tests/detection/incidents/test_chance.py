"""The chance of a score: a rising curve, its document, its words, and the threshold that ships with it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.incidents.alert_budget import LEAST_SCORE, decide, resolve_least_score
from seawall.detection.ranking.chance import ChanceCurve, load_chance, parse_chance
from seawall.detection.ranking.features import FEATURES
from seawall.response.judgement import describe_chance, write_chance
from seawall.storage.files.incident_documents import incident_document, incident_from_document
from seawall_base.errors import ArtefactInvalid
from tests.detection.incidents import test_group
from tests.report.samples import incident

CURVE = ChanceCurve((-6.0, -2.0, 1.0), (0.01, 0.1, 0.7))
VALUES = dict.fromkeys(FEATURES, 0.0)


def document(**changes: Any) -> bytes:
    return json.dumps({"points": [[-3, 0.1], [0, 0.5]], "raised_from": None, "card": {}, **changes}).encode()


def test_the_curve_is_linear_between_points_and_flat_beyond() -> None:
    assert CURVE.estimate(-4.0) == pytest.approx(0.055)
    assert [CURVE.estimate(score) for score in (-100.0, -6.0, 1.0, 100.0)] == [0.01, 0.01, 0.7, 0.7]


@given(st.floats(-20, 20), st.floats(-20, 20))
def test_a_higher_score_is_never_less_likely_real(one: float, two: float) -> None:
    for curve in (CURVE, load_chance()):
        low, high = sorted((one, two))
        assert 0.0 <= curve.estimate(low) <= curve.estimate(high) <= 1.0


@given(st.floats(0, 1))
def test_the_least_score_of_a_chance_is_where_the_curve_reaches_it(chance: float) -> None:
    least = CURVE.least_score(chance)
    if chance > 0.7:
        assert least == math.inf
    elif chance <= 0.01:
        assert least == -math.inf
    else:
        assert CURVE.estimate(least) == pytest.approx(chance)


def test_a_level_curve_has_a_least_score() -> None:
    assert ChanceCurve((-1.0, 0.0, 1.0), (0.2, 0.5, 0.5)).least_score(0.5) == 0.0


def test_a_document_is_read() -> None:
    curve = parse_chance(document(raised_from=-1))
    assert (curve.scores, curve.chances, curve.raised_from) == ((-3.0, 0.0), (0.1, 0.5), -1.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"points": []},
        {"points": [[0, 0.5], [0, 0.6]]},
        {"points": [[0, 0.5], [1, 0.4]]},
        {"points": [[0, 0.5], [1, 1.1]]},
        {"points": [[0, -0.1], [1, 0.4]]},
        {"points": [[0, math.nan]]},
        {"points": [[0]]},
        {"points": 3},
        {"raised_from": "x"},
        {"raised_from": math.nan},
        {"card": None},
    ],
)
def test_what_is_no_rising_curve_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ArtefactInvalid):
        parse_chance(document(**changes))


def test_no_document_is_refused() -> None:
    for text in (b"", b"[]", b"{}", b"null"):
        with pytest.raises(ArtefactInvalid):
            parse_chance(text)


def test_every_incident_has_the_chance_of_its_score() -> None:
    found = [test_group.candidate(number, 0, number - 5.0, values=VALUES) for number in range(8)]
    for one in decide(found, (), {"org": 100}, 30, 1.0).incidents:
        assert one.chance == pytest.approx(load_chance().estimate(one.score), abs=1e-4)


def test_the_chance_is_kept_and_may_be_missing() -> None:
    one = replace(incident(), chance=0.31)
    assert incident_from_document(incident_document(one)).chance == 0.31
    old = incident_document(one)
    del old["chance"]
    assert incident_from_document(old).chance is None


@pytest.mark.parametrize(
    ("chance", "text"),
    [
        (0.31, "about 3 in 10 such incidents are real (31\u00a0%)"),
        (0.1, "about 1 in 10 such incidents is real (10\u00a0%)"),
        (0.0227, "about 1 in 40 such incidents is real (2.3\u00a0%)"),
        (0.00001, "fewer than 1 in 1,000 such incidents are real"),
        (0.949, "about 9 in 10 such incidents are real (95\u00a0%)"),
        (1.0, "more than 9 in 10 such incidents are real (100\u00a0%)"),
        (7.0, "more than 9 in 10 such incidents are real (100\u00a0%)"),
        (None, ""),
    ],
)
def test_the_chance_in_words(chance: float | None, text: str) -> None:
    one = replace(incident(), chance=chance)
    assert describe_chance(one) == text
    assert bool(write_chance(one)) == bool(text)


def test_the_threshold_is_what_was_asked_for_else_the_one_that_ships(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_least_score(-1.5) == -1.5
    assert resolve_least_score(-100.0) == LEAST_SCORE, "off"
    for shipped, least in ((None, LEAST_SCORE), (-0.5, -0.5)):
        curve = replace(CURVE, raised_from=shipped)
        monkeypatch.setattr("seawall.detection.incidents.alert_budget.load_chance", lambda found=curve: found)
        assert resolve_least_score(None) == least
        assert resolve_least_score(LEAST_SCORE) == LEAST_SCORE
