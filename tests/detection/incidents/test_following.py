"""Groups that follow: what an intruder repeats stays in the story, though the detector has learnt it, and judges nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.feedback.applying import apply_feedback
from seawall.detection.feedback.columns import CandidateColumns
from seawall.detection.feedback.regrouping import cases
from seawall.detection.incidents.cases import group
from seawall.detection.incidents.explain import incident
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.engine import KEPT_AT_LEAST, DetectionEngine
from seawall.detection.ranking.open_indicators import MOST_APPLICATIONS, OPEN_DAYS
from seawall.detection.ranking.ranker import load
from tests.detection.feedback.making import NOW, answered, fact
from tests.detection.feedback.making import candidate as with_facts
from tests.detection.incidents.test_engine import AWAY, history
from tests.detection.incidents.test_group import candidate
from tests.sample_events import batches, event, sign_in

FIRST = 24
"""Day on which the intruder begins."""

WHO: dict[str, Any] = {"account": "u3@x.example", "mailbox": "u3@x.example"}
OWN: dict[str, Any] = {**WHO, "src_prefix": "203.0.3.0/24", "src_asn": 64500}
"""What u3 shows every day, see `history`."""


def repeat(days: int, *, every: int = 1, **changes: Any) -> list[dict[str, Any]]:
    """The intruder reads a little mail on so many days, each time in the same way."""
    loud = [event(f"x0-{n}", FIRST, 200 + n, item_count=40, **{**WHO, **AWAY, **changes}) for n in range(20)]
    later = range(FIRST + every, FIRST + every * days, every)
    return [
        *loud,
        *(
            event(f"x{day - FIRST}-{n}", day, 200 + n, **{**WHO, **AWAY, **changes})
            for day in later
            for n in range(3)
        ),
    ]


def find(
    tmp_path: Path, rows: list[dict[str, Any]], stop: int | None = None
) -> tuple[list[ScoredCandidate], DetectionEngine]:
    """The candidates of all days. At the number of days `stop`, the engine is replaced by one with its state."""
    engine = DetectionEngine(load())
    found: list[ScoredCandidate] = []
    for place, (number, batch) in enumerate(batches(tmp_path, rows)):
        if place == stop:
            kept, engine = engine.state(), DetectionEngine(load())
            engine.restore(kept)
        found += engine.observe(batch, number).candidates
    return found, engine


def list_events(found: list[ScoredCandidate]) -> set[str]:
    """The records in the story of u3's highest case."""
    case = next(one for one in group(found) if one.top.account == "u3@x.example")
    return set(incident(case, (), raised=True, threshold=-4.0).events)


def test_an_intruder_who_repeats_himself_is_shown_on_day_five(tmp_path: Path) -> None:
    rows = [*history(30), *repeat(6)]
    found, _ = find(tmp_path, rows)
    assert {f"x{day}-{n}" for day in range(1, 6) for n in range(3)} <= list_events(found)
    mine = [one for one in found if one.account == "u3@x.example"]
    judged = [one.day for one in mine if not one.is_follow_up]
    assert max(judged) < max(
        one.day for one in mine
    )  # the last days are learnt, and no candidates by themselves


def test_what_the_owner_does_meanwhile_stays_out(tmp_path: Path) -> None:
    found, _ = find(tmp_path, [*history(30), *repeat(6)])
    assert not {uid for uid in list_events(found) if uid.startswith(("s", "e"))}


def test_a_new_application_on_the_known_network_follows_alone(tmp_path: Path) -> None:
    """Consent phishing: the account's own records from the same network stay out."""
    rows = [*history(30), *repeat(6, **{**OWN, "src_ip": "203.0.113.7", "src_asn_name": "Home", "src_location": "DE",
        "src_network_class": "residential"})]  # fmt: skip
    found, _ = find(tmp_path, rows)
    events = list_events(found)
    assert {f"x{day}-{n}" for day in range(1, 6) for n in range(3)} <= events
    assert all(uid.startswith("x") for uid in events)


def test_nothing_follows_after_the_window_of_the_incident(tmp_path: Path) -> None:
    rows = [*history(44), *repeat(3, every=OPEN_DAYS - 1)]
    found, _ = find(tmp_path, rows)
    days = {one.day - found[0].day for one in found if one.is_follow_up}
    assert days
    start = min(one.day for one in found if "x0-0" in one.events)
    assert {one.day - start for one in found if one.is_follow_up} == {OPEN_DAYS - 1}


def test_the_places_of_groups_that_follow_go_to_the_highest_incident(tmp_path: Path) -> None:
    """Everybody moves house on the intruder's first day: the intruder's records come first."""
    moved: dict[str, Any] = {
        "src_prefix": "192.0.2.0/24",
        "src_asn": 64777,
        "src_asn_name": "New",
        "src_ip": "192.0.2.9",
    }
    rows = [
        {**row, **moved} if int(row["metadata_uid"].rpartition("-")[2]) >= FIRST else row for row in history(28)
    ]  # fmt: skip
    found, _ = find(tmp_path, [*rows, *repeat(4)])
    assert {f"x{day}-{n}" for day in range(1, 4) for n in range(3)} <= list_events(found)
    days = [one.day for one in found if one.is_follow_up]
    assert max(days.count(day) for day in days) == KEPT_AT_LEAST


def test_many_new_applications_take_no_more_memory_than_a_network(tmp_path: Path) -> None:
    """Whoever uses hundreds of applications at once cannot fill the state."""
    sizes = []
    for applications in (MOST_APPLICATIONS, 300):
        rows = [
            event(f"x{n}", FIRST, 200 + n, item_count=40, **{**OWN, "app_uid": f"odd{n}", "client": "python/rest"})
            for n in range(applications)
        ]  # fmt: skip
        folder = tmp_path / str(applications)
        folder.mkdir()
        sizes.append(find(folder, [*history(25), *rows])[1].open.nbytes())
    assert sizes[1] <= sizes[0]


def test_what_is_kept_of_two_organisations_is_in_the_order_of_each_alone(tmp_path: Path) -> None:
    """A scan keeps what follows beside the candidates of its organisation, as a watch of each does."""
    rows = [*history(30), *repeat(4)]
    both = [*rows, *({**row, "metadata_uid": f"o-{row['metadata_uid']}", "org_uid": "other"} for row in rows)]
    found, _ = find(tmp_path, both)
    days = {one.day for one in found if one.is_follow_up}
    assert days
    for day in days:
        tenants = [one.tenant for one in found if one.day == day]
        assert tenants == sorted(tenants)


def test_a_stop_changes_nothing(tmp_path: Path) -> None:
    rows = [*history(30), *repeat(6)]
    whole, _ = find(tmp_path, rows)
    assert any(one.is_follow_up for one in whole)
    for stop in (FIRST, FIRST + 1, FIRST + 3):
        assert find(tmp_path, rows, stop)[0] == whole


@pytest.mark.parametrize("is_new", [True, False])
def test_failed_sign_ins_from_a_new_network_are_evidence(tmp_path: Path, is_new: bool) -> None:
    """Prompts that the owner refused, before the intruder came in; failures on the usual network are the owner's own."""
    own = {**WHO, **AWAY} if is_new else OWN
    failures = [
        sign_in(f"p{n}", FIRST, 150 + n, **{**own, "mailbox": None, "status": "failure"}) for n in range(5)
    ]
    found, _ = find(tmp_path, [*history(25), *repeat(1), *failures])
    assert ({f"p{n}" for n in range(5)} <= list_events(found)) is is_new
    top = next(one for one in found if "x0-0" in one.events)
    assert top.first == min(time for time, _ in top.curve)  # failures gain nothing, and date nothing


def following(number: int, day: int, *days: int, **changes: Any) -> ScoredCandidate:
    """A group that shows again what was new on the given days."""
    return candidate(
        number, day, -12.0, follows=days, is_follow_up=True, events=(f"f{number}-{day}",), **changes
    )


candidates = st.builds(
    candidate,
    st.integers(0, 2),
    st.integers(0, 40),
    st.floats(-8, 8),
    network=st.sampled_from(["AS1", "AS2"]),
)
follow_ups = st.builds(
    lambda number, day, days, network: following(number, day, *days, network=network),
    st.integers(0, 2),
    st.integers(0, 40),
    st.lists(st.integers(0, 40), min_size=1, max_size=2),
    st.sampled_from(["AS1", "AS2"]),
)


@given(st.lists(candidates, max_size=12), st.lists(follow_ups, max_size=8))
def test_groups_that_follow_open_no_case_and_change_no_score(
    found: list[ScoredCandidate], more: list[ScoredCandidate]
) -> None:
    with_them, without = group([*found, *more]), group(found)
    assert [(one.id, one.score, one.related, one.family) for one in with_them] == [
        (one.id, one.score, one.related, one.family) for one in without
    ]
    for case, before in zip(with_them, without, strict=True):
        assert case.candidates[: len(before.candidates)] == before.candidates
        shown = {(one.day, one.network) for one in before.candidates}
        for one in case.candidates[len(before.candidates) :]:
            assert one.is_follow_up
            assert one.account == case.top.account
            assert any((day, one.network) in shown for day in one.follows)


def test_a_group_joins_only_the_case_in_whose_story_its_indicator_was_new() -> None:
    top = candidate(1, 0, 3.0)
    joins, other_day = following(1, 3, 0), following(1, 4, 2)
    elsewhere, another = following(1, 3, 0, network="AS9"), following(2, 3, 0)
    late = following(1, OPEN_DAYS + 1, 0)
    (case,) = group([top, joins, other_day, elsewhere, another, late])
    assert case.candidates == (top, joins)
    assert group([joins]) == []


def test_candidates_that_follow_join_whatever_their_score_in_both_ways_of_grouping() -> None:
    """The console groups candidates as columns."""
    top, aside = candidate(1, 0, 3.0), candidate(1, 1, 2.5, network="AS9")
    later = candidate(1, 3, -3.0, network="AS9", follows=(1,))
    unlike = candidate(1, 4, -3.0, network="AS8")
    found = [top, aside, later, unlike]
    (case,) = group(found)
    assert case.candidates == (top, aside, later)
    columns = CandidateColumns(found)
    (rows,) = cases(columns, columns.scores)
    assert [found[row] for row in rows.story] == [top, aside, later]


def test_answers_leave_groups_that_follow_as_they_are() -> None:
    top = with_facts((fact("network", "AS9"),))
    joins = replace(top, day=top.day + 1, score=-12.0, parts={}, follows=(top.day,), is_follow_up=True)
    alone = apply_feedback([top], [answered(top, "compromised")], NOW)
    assert apply_feedback([top, joins], [answered(top, "compromised")], NOW) == [*alone, joins]
    assert alone[0].score != top.score
