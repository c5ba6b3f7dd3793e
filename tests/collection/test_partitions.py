"""The ledger of partitions: what is stored and where to go on change together, whoever else writes to it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seawall.collection.errors import CollectionBroken
from seawall.collection.ledger import LedgerFeed, PendingQuery, read_feed_statuses
from seawall.collection.ledger.partitions import (
    OffsetRange,
    PartitionLedger,
    PartitionWatermarks,
    open_partitions,
)
from seawall.collection.segments import SegmentFolder
from seawall.collection.source import ENDLESS
from tests.collection.collecting import lines

NOW = 1_764_000_000_000_000
ABOUT = {"vendor": "kafka", "tenant": "acme", "group": "seawall"}


@contextmanager
def opened(
    folder: Path, about: dict[str, str] | None = None
) -> Iterator[tuple[PartitionLedger, PendingQuery]]:
    logs, ledger = folder / "logs", folder / "logs.ledger"
    (ledger / "waiting").mkdir(parents=True, exist_ok=True)
    logs.mkdir(exist_ok=True)
    segments = SegmentFolder(logs, ledger / "waiting")
    with open_partitions(ledger / "kafka-acme.sqlite", about or ABOUT, segments) as book:
        number, begin = book.feed(LedgerFeed("logs", "kafka", NOW, ENDLESS, 0, 0))
        asks = book.open_asks(number)
        book.meet(number, [0, 1])
        yield book, asks[0] if asks else book.ask(number, begin, ENDLESS, NOW)


def stretch(stored: int | None, after: int, number: int = 0) -> OffsetRange:
    offsets = range(stored or 0, after)
    found = OffsetRange("logs", number, stored, after, len(offsets), 5 * len(offsets))
    found.lines = [b'{"place":"%d/%d"}' % (number, offset) for offset in offsets]
    found.times = [NOW] * len(offsets)
    return found


def store(book: PartitionLedger, ask: PendingQuery, *stretches: OffsetRange) -> tuple[int, list[OffsetRange]]:
    return book.store(ask, stretches, NOW, "kafka/logs", {})


def test_a_partition_moves_from_where_it_is_or_not_at_all(tmp_path: Path) -> None:
    with opened(tmp_path) as (one, ask), opened(tmp_path) as (other, same):
        assert ask == same
        assert store(one, ask, stretch(None, 5), stretch(None, 2, 1)) == (7, [])
        late, fine = stretch(None, 3), stretch(2, 4, 1)
        records, refused = store(other, same, late, fine)
        assert records == 2
        assert refused == [late]
        assert refused[0] is late
        assert (other.next_of(ask.feed, 0), one.next_of(ask.feed, 1)) == (5, 4)
        assert not one.lose(stretch(3, 3), ask.feed, 9, "messages-expired", NOW)
        assert other.lose(stretch(5, 5), ask.feed, 9, "messages-expired", NOW + 7)
        assert one.next_of(ask.feed, 0) == 9
    assert sorted(lines(tmp_path)) == sorted(stretch(None, 5).lines + stretch(None, 4, 1).lines)
    (standing,) = read_feed_statuses(tmp_path / "logs.ledger")
    (gap,) = standing.feed.gaps
    assert (gap.start, gap.end, gap.code) == (NOW, NOW + 8, "messages-expired")
    assert "partition 0: offsets 5 to 8 were deleted" in gap.text


def test_one_that_starts_leaves_alone_what_another_is_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its transaction and the name of its segment, a second process starts and settles."""
    with opened(tmp_path) as (one, ask):
        place = SegmentFolder.place

        def slow(self: SegmentFolder, segment: object) -> bool:
            monkeypatch.setattr(SegmentFolder, "place", place)
            with opened(tmp_path):
                pass
            return place(self, segment)  # type: ignore[arg-type]

        monkeypatch.setattr(SegmentFolder, "place", slow)
        assert store(one, ask, stretch(None, 5)) == (5, [])
    assert lines(tmp_path) == stretch(None, 5).lines
    assert _states(tmp_path) == ["placed"]


@pytest.mark.parametrize("step", ["write", "place"])
def test_stopped_half_way(tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the transaction ends nothing happened; after it, the next start gives the segment its name."""

    def stop(self: SegmentFolder, *_: object) -> None:
        if step == "write":
            (tmp_path / "logs.ledger" / "waiting" / "half.jsonl").write_bytes(b'{"half')
        raise KeyboardInterrupt

    with opened(tmp_path) as (book, ask), monkeypatch.context() as patch:
        patch.setattr(SegmentFolder, step, stop)
        with pytest.raises(KeyboardInterrupt):
            store(book, ask, stretch(None, 5))
    with opened(tmp_path) as (book, ask):
        position = book.next_of(ask.feed, 0)
        assert position == (None if step == "write" else 5)
        store(book, ask, stretch(position, 8))
    assert lines(tmp_path) == stretch(None, 8).lines
    assert list((tmp_path / "logs.ledger" / "waiting").iterdir()) == []


def test_a_topic_is_read_up_to_when_all_its_partitions_are(tmp_path: Path) -> None:
    with opened(tmp_path) as (book, ask):
        store(book, ask, stretch(None, 5))
        book.look(ask, [PartitionWatermarks(0, 0, 5, NOW + 100, True)])
        assert book.coverage(ask.feed) == []
        book.look(
            ask,
            [PartitionWatermarks(0, 0, 9, NOW + 300, False), PartitionWatermarks(1, 0, 0, NOW + 200, True)],
        )
        assert book.coverage(ask.feed) == [(NOW, NOW + 100, NOW + 100)]
    (standing,) = read_feed_statuses(tmp_path / "logs.ledger")
    assert [place.lag for place in standing.partitions] == [4, 0]
    assert standing.feed.proved == ()
    assert standing.asked_until == NOW + 100


def test_a_ledger_is_of_one_group_and_one_cluster(tmp_path: Path) -> None:
    with opened(tmp_path) as (book, _):
        assert book.cluster("a")
        assert book.cluster("a")
        assert not book.cluster("b")
    with pytest.raises(CollectionBroken), opened(tmp_path, {**ABOUT, "group": "other"}):
        pass


def _states(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "logs.ledger" / "kafka-acme.sqlite") as work:
        return [row[0] for row in work.execute("SELECT state FROM segments")]


@pytest.mark.slow
def test_killed_at_every_step(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.collection.killing_partitions", str(tmp_path)]
    said = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True, timeout=500
    ).stdout
    rows = [json.loads(text) for text in said.splitlines()]
    every = sorted(line.decode() for number in (0, 1) for line in stretch(None, 9, number).lines)
    assert rows[-1]["is_over"]
    assert len(rows) > 40
    assert {row["killed"] for row in rows} >= {0, 6, 12, 18}
    for row in rows:
        assert row["lines"] == every
        assert row["counted"] == [18, 18, 0, NOW + 9]
        assert row["waiting"] == 0
