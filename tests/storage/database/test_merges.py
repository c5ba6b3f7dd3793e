"""Merged incidents stay whole, leave the queue while another one stands for them, and come back."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.storage.database import Database, QueueQuery, Transaction
from seawall_base.errors import UsageError
from tests.storage.database.test_incidents import incident
from tests.thoroughness import examples

ALL = [incident(number, raised=True) for number in range(5)]
IDS = [one.id for one in ALL]


@pytest.fixture
def stored(database: Database) -> Database:
    with database.writing() as work:
        work.incidents.put(ALL)
    return database


def list_open(work: Transaction) -> set[str]:
    return {row.id for row in work.incidents.rows(QueueQuery(queue="open"))}


def test_a_member_leaves_the_queue_and_stays_readable(stored: Database) -> None:
    with stored.writing() as work:
        before = work.incidents.revision()
        made = work.merges.merge(IDS[0], IDS[1], by="Ann", at=7, note=" same  attack ")
        assert (made.lead, made.member, made.note, made.given_by) == (IDS[0], IDS[1], "same  attack", "Ann")
        assert {id_ for _, id_ in work.incidents.changed_after(before)} == {IDS[0], IDS[1]}
    with stored.reading() as work:
        assert work.merges.members(IDS[0]) == [IDS[1]]
        assert work.merges.lead(IDS[1]) == IDS[0]
        assert (work.merges.lead(IDS[0]), work.merges.members(IDS[1])) == (None, [])
        assert list_open(work) == set(IDS) - {IDS[1]}
        assert work.incidents.get(IDS[1]) == ALL[1]
        assert work.incidents.count() == len(ALL)
    with stored.writing() as work:
        split = work.merges.split(IDS[0], IDS[1], by="Bob", at=9)
        assert split is not None
        assert split.member == IDS[1]
        assert list_open(work) == set(IDS)
        assert work.merges.split(IDS[0], IDS[1], by="Bob", at=9) is None
        assert work.merges.lead(IDS[1]) is None


def test_scoring_again_changes_nothing(stored: Database) -> None:
    with stored.writing() as work:
        work.merges.merge(IDS[0], IDS[1], by="Ann", at=7)
        work.incidents.put([incident(number, raised=True, score=50.0 + number) for number in range(5)])
        assert list_open(work) == set(IDS) - {IDS[1]}
        assert work.merges.members(IDS[0]) == [IDS[1]]
        work.announcements.add([IDS[1]], at=8)
        assert IDS[1] not in list_open(work)
        work.answers.give(IDS[1], "safe", by="Ann", at=9)
        assert [row.id for row in work.incidents.rows(QueueQuery(queue="answered"))] == [IDS[1]]


def test_the_overlay_follows_new_ids(stored: Database) -> None:
    lead, member = incident(10, raised=True), incident(11, raised=True)
    with stored.writing() as work:
        work.merges.merge(IDS[0], IDS[1], by="Ann", at=7)
        work.incidents.put([lead, member])
        work.incidents.remove([IDS[0], IDS[1]])
        work.aliases.put({IDS[0]: lead.id, IDS[1]: member.id}, at=8)
        assert work.merges.members(lead.id) == [member.id]
        assert member.id not in list_open(work)
        assert work.merges.split(lead.id, member.id, by="Ann", at=9) is not None
        assert member.id in list_open(work)


def test_a_member_comes_back_when_its_lead_is_gone(stored: Database) -> None:
    with stored.writing() as work:
        work.merges.merge(IDS[0], IDS[1], by="Ann", at=7)
    with stored.writing() as work:
        before = work.incidents.revision()
        work.incidents.remove([IDS[0]])
        assert IDS[1] in list_open(work)
        assert IDS[1] in {id_ for _, id_ in work.incidents.changed_after(before)}
    with stored.writing() as work:
        work.incidents.put([ALL[0]])
        assert IDS[1] not in list_open(work)
        assert work.incidents.prune(ALL[0].last_event + 1) == 1
        assert IDS[1] in list_open(work)


def test_detection_may_join_a_lead_with_its_member(stored: Database) -> None:
    joined = incident(12, raised=True)
    with stored.writing() as work:
        work.merges.merge(IDS[0], IDS[1], by="Ann", at=7)
        work.incidents.put([joined])
        work.incidents.remove(IDS[:2])
        work.aliases.put({IDS[0]: joined.id, IDS[1]: joined.id}, at=8)
        assert joined.id in list_open(work)
        assert (work.merges.lead(joined.id), work.merges.members(joined.id)) == (None, [])
        assert work.merges.of_lead(joined.id) == []


def test_what_makes_no_sense_is_refused(stored: Database) -> None:
    foreign = incident(20, tenant="fabrikam.example")
    with stored.writing() as work:
        work.incidents.put([foreign])
        work.merges.merge(IDS[0], IDS[1], by="Ann", at=7)
        for lead, member, why in (
            (IDS[2], IDS[2], "into itself"),
            (IDS[2], foreign.id, "different organisations"),
            (IDS[1], IDS[2], "part of"),
            (IDS[2], IDS[1], "already"),
            (IDS[2], IDS[0], "members of its own"),
            (IDS[2], "none", "no such incident"),
            ("none", IDS[2], "no such incident"),
        ):
            with pytest.raises(UsageError, match=why):
                work.merges.merge(lead, member, by="Ann", at=8)
        assert work.merges.members(IDS[0]) == [IDS[1]]


STEP = st.tuples(
    st.sampled_from(["merge", "split", "rename", "drop", "store"]), st.integers(0, 4), st.integers(0, 4)
)


@settings(
    max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(steps=st.lists(STEP, max_size=8))
def test_whatever_happens_no_incident_vanishes(stored: Database, steps: list[tuple[str, int, int]]) -> None:
    """Each incident that is not in the queue is a member of one that is."""

    class UndoneError(Exception):
        pass

    with pytest.raises(UndoneError), stored.writing() as work:  # noqa: PT012
        for act, one, other in steps:
            try:
                if act == "merge":
                    work.merges.merge(IDS[one], IDS[other], by="a", at=1)
                elif act == "split":
                    work.merges.split(IDS[one], IDS[other], by="a", at=2)
                elif act == "rename":
                    work.incidents.remove([IDS[one]])
                    work.aliases.put({IDS[one]: IDS[other]}, at=3)
                elif act == "drop":
                    work.incidents.remove([IDS[one]])
                else:
                    work.incidents.put([incident(one, raised=True, score=float(other))])
            except UsageError:
                continue
            queued = list_open(work)
            for id_ in work.incidents.ids() - queued:
                lead = work.merges.lead(id_)
                assert lead in queued
                assert id_ in work.merges.members(lead or "")
        raise UndoneError
