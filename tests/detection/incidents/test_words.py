"""What is said of an incident: one is one, and two are two."""

from __future__ import annotations

from dataclasses import replace
from math import log1p

import pytest

from seawall.detection.incidents.explain import _text, fact_text
from seawall.detection.ranking.candidates import ScoredCandidate
from tests.detection.feedback.making import candidate, fact


def counted(**counts: int) -> ScoredCandidate:
    """A candidate with features that are logarithms of one more than these counts."""
    found = candidate()
    values = {name: log1p(count) for name, count in counts.items()}
    return replace(found, values={**found.values, "items_z": 2.0, **values})


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        (
            (1, 1, 1),
            "1 failed sign-in before; a second factor was asked for and not given 1 time; sign-ins to 1 account",
        ),
        (
            (0, 2, 1500),
            "0 failed sign-ins before; a second factor was asked for and not given 2 times; sign-ins to 1,500 accounts",
        ),
    ],
)
def test_attempts(counts: tuple[int, int, int], text: str) -> None:
    failures, denials, breadth = counts
    top = counted(failures=failures, denials=denials, spray_breadth=breadth)
    assert (
        _text("behaviour", "attempts", top, {})
        == f"{text} failed from the same address block that day or the day before"
    )


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ((1, 1), "1 message read, 1 folder synchronised, 2.0 deviations above usual"),
        ((2048, 0), "2,048 messages read, 0 folders synchronised, 2.0 deviations above usual"),
    ],
)
def test_volume(counts: tuple[int, int], text: str) -> None:
    assert _text("behaviour", "volume", counted(items=counts[0], syncs=counts[1]), {}) == text


@pytest.mark.parametrize(
    ("cohort", "ending"),
    [(0, "peers use it"), (1, "1 other met it the same day"), (1200, "1,200 others met it the same day")],
)
def test_others_who_met_it(cohort: int, ending: str) -> None:
    assert fact_text(fact("client", "python/rest", cohort=cohort)).endswith(ending)
