"""Incidents of which only the coverage sentences changed are stored a little later; all others at once."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.incident import Incident
from seawall.detection.incidents.cases import group
from seawall.detection.incidents.explain import incident
from seawall.pipeline.live.incident_changes import IncidentChanges
from tests.pipeline.live.test_recent_candidates import candidate


def made(who: int, score: float = 3.0) -> Incident:
    (case,) = group([candidate(who, 40, score, "a")])
    return incident(case, (), raised=True, threshold=0.0)


def said(one: Incident, text: str) -> Incident:
    return replace(one, coverage=(text,))


def test_only_coverage_sentences_wait() -> None:
    changes, first, second = IncidentChanges(10.0), made(1), made(2)
    assert changes.choose({}, [first, second], 100.0) == [first, second]
    assert changes.due_at() is None
    stored = {first.id: first, second.id: second}
    lower = replace(second, score=1.0, coverage=("x",))
    assert changes.choose(stored, [said(first, "x"), lower], 101.0) == [lower]
    assert changes.due_at() == 110.0
    stored[second.id] = lower
    assert changes.choose(stored, [said(first, "y"), lower], 109.9) == []
    assert changes.choose(stored, [], 110.0) == [said(first, "y")]
    assert changes.due_at() is None


def test_what_changed_back_or_is_gone_does_not_wait() -> None:
    changes, first, second = IncidentChanges(10.0), made(1), made(2)
    changes.choose({}, [first, second], 0.0)
    stored = {first.id: first, second.id: second}
    changes.choose(stored, [said(first, "x"), said(second, "x")], 1.0)
    changes.choose(stored, [first], 2.0)
    changes.forget([second.id])
    assert changes.due_at() is None
    assert changes.choose(stored, [], 50.0) == []


def test_without_delay_everything_is_stored_at_once() -> None:
    changes, first = IncidentChanges(0.0), made(1)
    stored = {first.id: first}
    changes.choose({}, [first], 5.0)
    assert changes.choose(stored, [said(first, "x")], 5.0) == [said(first, "x")]


@given(
    st.lists(
        st.tuples(
            st.sampled_from((1, 2, 3)), st.sampled_from("abc"), st.sampled_from((1.0, 2.0)), st.floats(0, 9)
        )
    )
)
def test_after_the_delay_the_store_holds_the_latest(steps: list[tuple[int, str, float, float]]) -> None:
    changes, now = IncidentChanges(10.0), 0.0
    stored, latest = dict[str, Incident](), dict[str, Incident]()
    base = {who: made(who) for who in (1, 2, 3)}
    for who, text, score, more in steps:
        now += more
        one = replace(said(base[who], text), score=score)
        latest[one.id] = one
        chosen = changes.choose(stored, [one], now)
        stored |= {other.id: other for other in chosen}
        assert replace(stored[one.id], coverage=one.coverage) == one
    due = changes.due_at()
    if due is not None:
        assert now <= due <= now + 10.0
        stored |= {other.id: other for other in changes.choose(stored, [], due)}
    assert stored == latest
