"""Counts of days and peers are true, and none is of nothing or of one: too little to count is said in words."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.incident import BaselineComparison
from seawall.detection.incidents.count_words import (
    LITTLE_HISTORY,
    describe_days,
    describe_history,
    describe_peers,
)
from seawall.detection.incidents.explain import _describe_orphans, fact_text, summary
from seawall.detection.ranking.candidates import FieldEvidence
from seawall.detection.reason import Reason
from seawall.report.incident_words import counts_of, describe_seen, more_counts_of, peers_text
from tests.detection.feedback.making import VALUES, candidate

NONSENSE = re.compile(r"\bof (?:no|0|1)\b(?![,.\d])|\b1 (?:active )?days\b|\b1 peers\b|-\d")
SHARE = re.compile(r"([\d,]+) of ([\d,]+)")

days = st.floats(0, 400, allow_nan=False)
few = st.one_of(st.floats(0, 3, allow_nan=False), days)
counts = st.integers(0, 3) | st.integers(0, 100_000)


@st.composite
def facts(draw: st.DrawFn) -> FieldEvidence:
    """A fact of any history, also one whose counts fit together badly."""
    field = draw(st.sampled_from(("network", "client", "app", "country")))
    return FieldEvidence(field, "x", draw(few), draw(few), draw(counts), draw(counts), draw(counts), 6.0, ())


def is_sense(text: str) -> bool:
    shares = [tuple(int(part.replace(",", "")) for part in found) for found in SHARE.findall(text)]
    return not NONSENSE.search(text) and all(part <= whole and whole > 1 for part, whole in shares)


@given(facts(), facts())
def test_no_sentence_counts_of_nothing_or_of_one(one: FieldEvidence, other: FieldEvidence) -> None:
    assert is_sense(fact_text(one)), fact_text(one)
    said = summary(candidate((one, other)))
    assert is_sense(said), said
    numbers = {
        "seen_days": one.seen,
        "active_days": one.active_days,
        "peers_with": float(one.accounts),
        "peers": float(one.peers),
        "day_cohort": float(one.cohort),
    }
    reason = Reason("behaviour", one.field, fact_text(one), 1.0, "x", numbers)
    assert all(map(is_sense, counts_of(reason)))
    assert more_counts_of(reason) == ()  # the text has them all
    row = BaselineComparison("network", "x", (), one.seen, one.active_days, one.accounts, one.peers, True)
    assert is_sense(describe_seen(row))
    assert is_sense(peers_text(row))


@given(few, few)
def test_days_are_said_as_they_are(seen: float, active: float) -> None:
    text = describe_days(seen, active)
    assert ("no earlier active day" in text) is (round(active) == 0)
    assert ("only" in text) is (round(active) == 1)
    assert ("not seen" in text) is (round(active) == 1 and round(seen) == 0)
    assert bool(describe_history(active)) is (round(active) < LITTLE_HISTORY)


@given(counts, counts)
def test_peers_are_said_as_they_are(having: int, peers: int) -> None:
    text = describe_peers(having, peers)
    assert ("no peers" in text) is (peers == 0)
    assert ("only peer" in text) is (peers == 1)


@given(st.integers(0, 3), st.integers(0, 3))
def test_sessions_without_a_sign_in_are_counted_of_several_only(orphans: int, begun: int) -> None:
    values = {
        **VALUES,
        "orphan_sessions": float(min(orphans, begun)),
        "new_sessions": float(begun),
        "expected_orphans": 0.1,
    }
    text = _describe_orphans(candidate(values=values))
    assert is_sense(text.replace("0.1", "")), text
    assert ("no session" in text) is (begun == 0)
