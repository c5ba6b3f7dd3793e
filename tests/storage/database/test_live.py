"""What continuous detection keeps: days, candidates, sources, sums, messages."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from seawall.storage.database import Database, StoredSource


def test_candidates_of_a_day_are_replaced(database: Database) -> None:
    with database.writing() as work:
        work.candidates.put_day(7, [b"b", b"\x00a", b"b"], tenants=["x", "y", "x"])
        work.candidates.put_day(9, [bytes(5_000_000)])
        work.candidates.put_day(8, [])
        assert work.candidates.since(7) == {7: [b"b", b"\x00a", b"b"], 9: [bytes(5_000_000)]}
        work.candidates.put_day(7, [b"c"])
        assert work.candidates.since(0, 9) == {7: [b"c"]}
        assert work.candidates.counts() == {7: 1, 9: 1}
        assert work.candidates.prune(9) == 1
        assert list(work.candidates.since(0)) == [9]


def test_shares_of_a_days_candidates_are_replaced_one_by_one(database: Database) -> None:
    with database.writing() as work:
        work.candidates.put_day(7, [b"a", b"b"], share=0)
        work.candidates.put_day(7, [b"c"], share=15)
        work.candidates.put_day(7, [b"d"], share=0)
        assert work.candidates.since(7) == {7: [b"d", b"c"]}
        assert work.candidates.shares_since(7) == {7: {0: [b"d"], 15: [b"c"]}}
        work.candidates.put_day(7, [], share=0)
        assert work.candidates.shares_since(0) == {7: {15: [b"c"]}}


def test_days(database: Database) -> None:
    with database.writing() as work:
        work.days.put({3: {"events": 5}, 1: {"events": 4, "p": [0.5]}, -2: {}})
        work.days.put({3: {"events": 6}})
        assert work.days.since(0) == {1: {"events": 4, "p": [0.5]}, 3: {"events": 6}}
        assert list(work.days.since(-5, 2)) == [-2, 1]
        assert (work.days.get(3), work.days.get(4)) == ({"events": 6}, None)
        assert work.days.prune(3) == 2


def test_dirty_days(database: Database) -> None:
    with database.writing() as work:
        work.dirty.add([5, 3, 5])
        work.dirty.add([3, 4])
        assert work.dirty.all() == {3, 4, 5}
        work.dirty.clear([4, 9])
    with database.reading() as work:
        assert work.dirty.all() == {3, 5}


def test_messages_wait_are_tried_again_and_end(database: Database) -> None:
    with database.writing() as work:
        first = work.outbox.add("webhook", "https://hook.example", "incident", {"a": 1}, at=10)
        second = work.outbox.add("webhook", "https://hook.example", "other", {}, at=11)
        third = work.outbox.add("webhook", "https://hook.example", "third", {}, at=12)
        assert [message.id for message in work.outbox.due(11)] == [first, second]
        work.outbox.retry(first, next_at=50, error="no answer" * 1000)
        work.outbox.mark_failed(second, at=20, error="410 gone")
        assert work.outbox.next_at() == 12
        assert work.outbox.waiting().waiting == 2
        assert (work.outbox.waiting().failed, work.outbox.waiting().last_error) == (1, "410 gone")
        work.outbox.mark_delivered(third, at=21)
        [left] = work.outbox.due(50)
        assert (left.id, left.attempts, left.document, len(left.last_error)) == (first, 1, {"a": 1}, 500)
        work.outbox.mark_delivered(first, at=60)
        assert work.outbox.next_at() is None
        assert work.outbox.prune(before=60) == 2
        kept = work.outbox.get(first)
        assert kept is not None
        assert (kept.delivered_at, kept.attempts) == (60, 2)


def test_sources(database: Database) -> None:
    long_name = "ü" * 10_000
    with database.writing() as work:
        work.sources.put(
            [StoredSource("b", "folder"), StoredSource(long_name, "http", "t", 5, 1, 1, 2, 3, 4, 5)]
        )
        work.sources.put([StoredSource("b", "folder", records=7, silent_since=9)])
        assert work.sources.all() == [
            StoredSource("b", "folder", records=7, silent_since=9),
            StoredSource(long_name, "http", "t", 5, 1, 1, 2, 3, 4, 5),
        ]
        work.sources.forget("b")
        assert work.sources.get("b") is None
        assert work.sources.get(long_name) is not None


def test_sums_of_several_at_once(database: Database) -> None:
    def more(_: int) -> None:
        with database.writing() as work:
            work.totals.add({"records": 5, "problems": 1})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(more, range(8)))
    with database.writing() as work:
        work.totals.put({"batches": 2**60})
        assert work.totals.all() == {"batches": 2**60, "problems": 8, "records": 40}


def test_settings(database: Database) -> None:
    with database.writing() as work:
        work.settings.put("budget", {"per_day": None})
        work.settings.put("budget", {"per_day": 3.5})
        assert work.settings.get("budget") == {"per_day": 3.5}
        assert work.settings.all() == {"budget": {"per_day": 3.5}}
        work.settings.forget("budget")
        assert work.settings.get("budget") is None
