"""What analysts add to incidents stays beside them: detection may write them again, rename them and drop them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings

from seawall.storage.database import Database, QueueQuery, SearchTerm, TaskDraft, Transaction
from seawall.storage.database.comments import LONGEST_COMMENT
from seawall.storage.database.handling import MOST_TAGS
from seawall.storage.database.incident_queue import Field
from seawall.storage.errors import ChangedMeanwhile
from seawall_base.errors import UsageError
from tests.storage.database.test_incidents import HOSTILE, incident
from tests.thoroughness import examples

ONE, TWO = incident(1), incident(2)


@pytest.fixture
def stored(database: Database) -> Database:
    with database.writing() as work:
        work.incidents.put([ONE, TWO])
    return database


def fill(work: Transaction) -> None:
    work.handling.put(ONE.id, owner="Ann", status="in-progress", due_at=500, expected=0, by="Bob", at=10)
    work.handling.add_tag(ONE.id, "  Finance  Team ", by="Bob", at=11)
    work.comments.add(ONE.id, "Called the owner.\r\nIt was not him.", by="Ann", at=12)
    work.tasks.add(ONE.id, TaskDraft("Reset the password", "Ann", 400), by="Bob", at=13)
    work.stars.add(ONE.id, "r1", {"ip": "203.0.113.7"}, record_at=5, remark="First sign-in", by="Ann", at=14)


def list_added(work: Transaction, id_: str) -> list[object]:
    """Everything that analysts added to an incident."""
    held = work.handling.get(id_)
    return [
        (held.owner, held.status, held.due_at),
        work.handling.tags(id_),
        [(one.text, one.given_by) for one in work.comments.of(id_)],
        [(one.title, one.assignee, one.due_at, one.done_by) for one in work.tasks.of(id_)],
        [(one.record, one.remark, one.document) for one in work.stars.of(id_)],
    ]


FILLED = [
    ("Ann", "in-progress", 500),
    ["finance team"],
    [("Called the owner.\nIt was not him.", "Ann")],
    [("Reset the password", "Ann", 400, None)],
    [("r1", "First sign-in", {"ip": "203.0.113.7"})],
]
EMPTY = [(None, "new", None), [], [], [], []]


def test_what_was_added_comes_back(stored: Database) -> None:
    with stored.writing() as work:
        fill(work)
    with stored.reading() as work:
        assert list_added(work, ONE.id) == FILLED
        assert list_added(work, TWO.id) == EMPTY


def test_detection_may_write_rename_and_drop_the_incident(stored: Database) -> None:
    with stored.writing() as work:
        fill(work)
        work.incidents.put([incident(1, score=99.0, title="Another title")])
    with stored.writing() as work:
        assert list_added(work, ONE.id) == FILLED
        grown = incident(3)
        work.incidents.remove([ONE.id])
        work.incidents.put([grown])
        work.aliases.put({ONE.id: grown.id}, at=20)
        assert list_added(work, grown.id) == FILLED
    with stored.writing() as work:
        work.handling.put(grown.id, owner=None, status="closed", due_at=None, expected=1, by="Ann", at=30)
        assert list_added(work, grown.id)[0] == (None, "closed", None)
        work.incidents.prune(10**15)
        work.incidents.put([grown])
        assert list_added(work, grown.id)[1:] == FILLED[1:]


def test_a_change_based_on_an_older_version_is_refused(stored: Database) -> None:
    with stored.writing() as work:
        fill(work)
        comment, task, star = work.comments.of(ONE.id)[0], work.tasks.of(ONE.id)[0], work.stars.of(ONE.id)[0]
        work.comments.change(comment.id, "other", expected=1, at=20)
        before, after = work.tasks.change(task.id, TaskDraft("x", is_done=True), expected=1, by="Bob", at=21)
        assert (before.title, after.title, after.done_at, after.done_by) == (
            "Reset the password",
            "x",
            21,
            "Bob",
        )
        work.stars.change(star.id, "other", expected=1)
    with stored.writing() as work:
        with pytest.raises(ChangedMeanwhile):
            work.handling.put(ONE.id, owner=None, status="new", due_at=None, expected=0, by="Bob", at=22)
        with pytest.raises(ChangedMeanwhile):
            work.comments.change(comment.id, "third", expected=1, at=22)
        with pytest.raises(ChangedMeanwhile):
            work.tasks.change(task.id, TaskDraft("y"), expected=1, by="Bob", at=22)
        with pytest.raises(ChangedMeanwhile):
            work.stars.change(star.id, "third", expected=1)
        again = work.tasks.change(task.id, TaskDraft("y", is_done=True), expected=2, by="Ann", at=23)[1]
        assert (again.done_at, again.done_by) == (21, "Bob")
        opened = work.tasks.change(task.id, TaskDraft("y"), expected=3, by="Ann", at=24)[1]
        assert (opened.done_at, opened.done_by) == (None, None)
        assert work.comments.get(comment.id) is not None
        assert work.comments.of(ONE.id)[0].text == "other"


def test_of_two_changes_at_once_one_is_refused(stored: Database) -> None:
    def change(name: str) -> str:
        try:
            with stored.writing() as work:
                work.handling.put(ONE.id, owner=name, status="new", due_at=None, expected=0, by=name, at=1)
        except ChangedMeanwhile:
            return ""
        return name

    with ThreadPoolExecutor(4) as pool:
        done = [name for name in pool.map(change, "abcd") if name]
    assert len(done) == 1
    with stored.reading() as work:
        assert (work.handling.get(ONE.id).owner, work.handling.get(ONE.id).version) == (done[0], 1)


def test_removed_things_are_gone_and_cannot_be_changed(stored: Database) -> None:
    with stored.writing() as work:
        fill(work)
        comment, task, star = work.comments.of(ONE.id)[0], work.tasks.of(ONE.id)[0], work.stars.of(ONE.id)[0]
        assert work.comments.remove(comment.id, by="Ann", at=20).text == comment.text
        assert work.tasks.remove(task.id, by="Ann", at=20) == task
        assert work.stars.remove(star.id, by="Ann", at=20).record == "r1"
        assert work.handling.remove_tag(ONE.id, "Finance Team", by="Ann", at=20) == (["finance team"], [])
        assert list_added(work, ONE.id)[1:] == EMPTY[1:]
        assert work.comments.get(comment.id) is None
        with pytest.raises(UsageError, match="no such comment"):
            work.comments.change(comment.id, "x", expected=1, at=21)
        with pytest.raises(UsageError, match="no such task"):
            work.tasks.remove(task.id, by="Ann", at=21)
        with pytest.raises(UsageError, match="no such starred record"):
            work.stars.change(star.id, "x", expected=1)


def test_each_change_is_news_about_the_incident(stored: Database) -> None:
    with stored.writing() as work:
        before = work.incidents.revision()
        fill(work)
        changed = work.incidents.changed_after(before)
        assert [id_ for _, id_ in changed] == [ONE.id]
        assert changed[0][0] == work.incidents.revision()


@pytest.mark.parametrize(
    ("owner", "status", "due_at"),
    [
        ("x" * 101, "new", None),
        ("a\u202eb", "new", None),
        (None, "solved", None),
        (None, "new", -1),
        (None, "new", 10**18),
    ],
)
def test_invalid_values_are_refused(
    stored: Database, owner: str | None, status: str, due_at: int | None
) -> None:
    with stored.writing() as work:
        with pytest.raises(UsageError):
            work.handling.put(ONE.id, owner=owner, status=status, due_at=due_at, expected=0, by="a", at=1)
        assert work.handling.get(ONE.id).version == 0


def test_empty_hidden_and_surplus_texts_are_refused(stored: Database) -> None:
    with stored.writing() as work:
        for tag in ("", "  ", "x" * 41, "a\u200bb", "a\x00b", "\u202egpj"):
            with pytest.raises(UsageError):
                work.handling.add_tag(ONE.id, tag, by="a", at=1)
        for text in ("", " \n ", "x" * (LONGEST_COMMENT + 1)):
            with pytest.raises(UsageError):
                work.comments.add(ONE.id, text, by="a", at=1)
        with pytest.raises(UsageError, match="no such incident"):
            work.comments.add("none", "x", by="a", at=1)
        with pytest.raises(UsageError):
            work.tasks.add(ONE.id, TaskDraft("\n"), by="a", at=1)
        for number in range(MOST_TAGS):
            work.handling.add_tag(ONE.id, f"tag {number}", by="a", at=1)
        assert len(work.handling.add_tag(ONE.id, "TAG 1", by="a", at=1)[1]) == MOST_TAGS
        with pytest.raises(UsageError, match="at most"):
            work.handling.add_tag(ONE.id, "one more", by="a", at=1)


def test_open_tasks_come_in_the_order_in_which_they_are_due(stored: Database) -> None:
    with stored.writing() as work:
        for number, due in enumerate((None, 30, 10, 20)):
            work.tasks.add((ONE.id, TWO.id)[number % 2], TaskDraft(f"t{number}", due_at=due), by="a", at=1)
        done = work.tasks.of(TWO.id)[1]
        work.tasks.change(done.id, TaskDraft("t3", due_at=20, is_done=True), expected=1, by="a", at=2)
        assert [(one.title, one.incident) for one in work.tasks.open()] == [
            ("t2", ONE.id),
            ("t1", TWO.id),
            ("t0", ONE.id),
        ]


def test_a_record_is_starred_once_and_a_large_one_keeps_its_facts(stored: Database) -> None:
    with stored.writing() as work:
        large = {"ip": "203.0.113.7", "raw": {"x": "y" * 100_000}}
        for remark in ("first", "second"):
            work.stars.add(ONE.id, "r1", large, record_at=5, remark=remark, by="a", at=1)
        (star,) = work.stars.of(ONE.id)
        assert (star.remark, star.version, star.document) == ("second", 2, {"ip": "203.0.113.7"})


@settings(
    max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(text=HOSTILE.filter(lambda text: bool(text.strip())))
def test_any_comment_comes_back_as_it_was(stored: Database, text: str) -> None:
    with stored.writing() as work:
        made = work.comments.add(ONE.id, text, by="a", at=1)
        assert work.comments.of(ONE.id)[-1] == made
        assert made.text == text.replace("\r\n", "\n").strip()
        work.comments.remove(made.id, by="a", at=2)


def find(work: Transaction, field: Field, text: str, *, is_not: bool = False) -> set[str]:
    return {row.id for row in work.incidents.rows(QueueQuery(terms=(SearchTerm(text, field, is_not),)))}


def test_incidents_are_found_by_owner_status_and_tag(stored: Database) -> None:
    grown = incident(3)
    with stored.writing() as work:
        fill(work)
        for field, text in (
            ("owner", "ann"),
            ("owner", "Ann"),
            ("status", "in-progress"),
            ("tag", "FINANCE team"),
        ):
            assert find(work, field, text) == {ONE.id}, (field, text)  # type: ignore[arg-type]
            assert find(work, field, text, is_not=True) == {TWO.id}  # type: ignore[arg-type]
        assert find(work, "status", "new") == {TWO.id}
        assert find(work, "tag", "finance") == find(work, "owner", "an") == set()
        work.incidents.put([grown])
        work.incidents.remove([ONE.id])
        work.aliases.put({ONE.id: grown.id}, at=20)
        assert find(work, "owner", "ann") == find(work, "tag", "finance team") == {grown.id}
        work.handling.put(grown.id, owner="Bob", status="closed", due_at=None, expected=1, by="Ann", at=30)
        assert (find(work, "owner", "ann"), find(work, "owner", "bob")) == (set(), {grown.id})
        assert find(work, "status", "in-progress") == set()
        work.handling.remove_tag(grown.id, "finance team", by="Ann", at=31)
        assert find(work, "tag", "finance team") == set()
        work.merges.merge(grown.id, TWO.id, by="Ann", at=32)
        assert find(work, "is", "merged") == {TWO.id}
