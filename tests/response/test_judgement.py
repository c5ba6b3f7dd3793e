"""Severity and confidence are two things: each has its own words and reasons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seawall.detection.incident import BaselineComparison, Incident
from seawall.response.judgement import (
    describe_confidence,
    describe_confidence_briefly,
    describe_severity,
    explain_severity,
    list_confidence_reasons,
    list_severity_reasons,
)
from tests.report.samples import incident

IMPACT = "Impact extreme and takeover likely make it high."
DONE = (
    "A role was given (\u201cOkta: a role: was given\u201d): whoever holds it can change the organisation.",
    "Mail was read or synchronised (at least 12 messages): what it says may be known outside.",
    "The account can administer the organisation, so more than its own mailbox is at stake.",
)
SURE = (
    "The score makes a takeover possible.",
    "Rules name 3 techniques: T1098, T1110, T1556.",
    "It shares a new network that few use with b@x.example.",
)


def judged(days: float = 40.0, **details: object) -> Incident:
    row = BaselineComparison("network", "x", (), 0.0, days, 0, 5, True)
    said = {
        "severity_because": [IMPACT, *DONE, *SURE],
        "confidence_because": list(SURE),
        "likelihood": "likely",
    }
    return replace(incident(), usual=(row,), chance=0.0106, details={**said, **details})


def test_what_was_done_and_to_whom_is_the_severity() -> None:
    found = judged()
    assert list_severity_reasons(found) == (DONE[0], DONE[2], DONE[1])
    assert explain_severity(found) == (DONE[0], DONE[2], DONE[1], IMPACT)
    assert describe_severity(found) == (
        "A role was given; the account can administer the organisation; "
        "mail was read or synchronised (at least 12 messages)"
    )
    assert (
        describe_severity(found, 2)
        == "A role was given; the account can administer the organisation; 1 more reason"
    )


def test_rules_other_incidents_and_the_chance_are_the_confidence() -> None:
    found = judged()
    chance = "By its score alone, about 1 in 90 such incidents is real (1.1\u00a0%)."
    assert list_confidence_reasons(found) == SURE[1:]  # a low chance would read as the opposite
    assert list_confidence_reasons(judged(likelihood="possible")) == (*SURE[1:], chance)
    high = list_confidence_reasons(replace(found, chance=0.98))
    assert high == (*SURE[1:], "By its score alone, more than 9 in 10 such incidents are real (98\u00a0%).")
    assert describe_confidence(found) == "likely"
    assert describe_confidence_briefly(found) == "a takeover is likely; rules name 3 techniques"
    alone = replace(found, details={**found.details, "severity_because": [], "confidence_because": []})
    assert "about 1 in 90 such incidents is real" in describe_confidence_briefly(alone)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0.0, "no earlier active day of the account is known"),
        (1.2, "only one earlier active day of the account is known"),
        (2.0, "only 2 earlier active days of the account are known"),
        (3.0, ""),
        (40.0, ""),
    ],
)
def test_too_little_history_is_said_in_words(days: float, words: str) -> None:
    said = list_confidence_reasons(judged(days))[-1]
    assert ("Too little history" in said) is bool(words)
    assert words in said


def test_results_of_earlier_versions_and_odd_ones_are_shown_as_far_as_they_go() -> None:
    old = replace(judged(), details={"severity_because": [IMPACT, *DONE]}, chance=None)
    assert set(list_severity_reasons(old)) == set(DONE)
    assert describe_confidence(old) == describe_confidence_briefly(old) == ""
    odd = replace(judged(likelihood=7, severity_because=7, confidence_because=[7]), chance=None)
    assert (describe_severity(odd), describe_confidence(odd), list_confidence_reasons(odd)) == ("", "", ())
