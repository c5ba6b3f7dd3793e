"""The ledger: what is counted and what is in the folder never differ, and what it proves was really asked for."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seawall.collection.collected_spans import CollectedFeed
from seawall.collection.errors import CollectionBroken
from seawall.collection.ledger import (
    LedgerFeed,
    LedgerWriter,
    open_ledger,
    read_collected,
    read_feed_statuses,
)
from seawall.collection.piece import FetchedPage
from seawall.collection.segments import SegmentFolder
from seawall.collection.windows import DAY, HOUR, MINUTE
from seawall_base.errors import DatabaseInUse

NOW = 1_764_000_000_000_000
ABOUT = {"vendor": "m365", "tenant": "acme"}
FEED = LedgerFeed("Audit.Exchange", "m365_audit", NOW - DAY, NOW - DAY, DAY, HOUR)


@contextmanager
def opened(folder: Path, about: dict[str, str] | None = None) -> Iterator[LedgerWriter]:
    logs, ledger = folder / "logs", folder / "logs.ledger"
    (ledger / "waiting").mkdir(parents=True, exist_ok=True)
    logs.mkdir(exist_ok=True)
    segments = SegmentFolder(logs, ledger / "waiting")
    with open_ledger(ledger / "m365-acme.sqlite", about or ABOUT, segments) as book:
        yield book


def piece(*numbers: int, content: str = "", time: int = NOW, is_last: bool = False) -> FetchedPage:
    lines = [f'{{"Id":"{number}"}}'.encode() for number in numbers]
    identities = [hashlib.sha256(line).digest()[:16] for line in lines]
    return FetchedPage(
        content, "came", time, 9, b"x" * 32, lines, identities, [time] * len(lines), None, is_last
    )


def written(folder: Path) -> list[bytes]:
    return [
        line for path in sorted((folder / "logs").rglob("*.jsonl")) for line in path.read_bytes().splitlines()
    ]


def proves(feed: CollectedFeed, start: int, end: int) -> bool:
    return any(first <= start and end <= last for first, last in feed.proved)


def test_new_records_are_written_once(tmp_path: Path) -> None:
    with opened(tmp_path) as book:
        number, begin = book.feed(FEED)
        assert begin == FEED.begin
        ask = book.ask(number, NOW - HOUR, NOW, NOW)
        assert book.keep(ask, [piece(1, 2, content="a")], NOW, "m365/exchange", {}) == 2
        last = piece(2, 3, content="b", is_last=True)
        assert book.keep(ask, [last], NOW, "m365/exchange", {"status-500": 2}) == 1
        assert book.knows(number, "a")
        assert not book.knows(number, "c")
        assert book.open_asks(number) == []
    assert written(tmp_path) == [b'{"Id":"1"}', b'{"Id":"2"}', b'{"Id":"3"}']
    (standing,) = read_feed_statuses(tmp_path / "logs.ledger")
    assert (standing.pieces, standing.records, standing.new_records) == (2, 4, 3)
    assert (standing.segments, standing.segment_records) == (2, 3)
    assert standing.counts == {"repeated-records": 1, "status-500": 2}
    assert standing.delays["event"] == (1.1, 1.1, 1.1)


def test_only_whole_files_with_a_name_are_in_the_folder(tmp_path: Path) -> None:
    with opened(tmp_path) as book:
        ask = book.ask(book.feed(FEED)[0], NOW - HOUR, NOW, NOW)
        book.keep(ask, [piece(1)], NOW, "m365/exchange", {})
    (path,) = [path for path in (tmp_path / "logs").rglob("*") if path.is_file()]
    assert path.suffix == ".jsonl"
    assert path.stat().st_mode & 0o077 == 0
    assert list((tmp_path / "logs.ledger" / "waiting").iterdir()) == []


@pytest.mark.parametrize("loss", ["nothing", "cut", "gone"])
def test_a_segment_that_is_counted_gets_its_name_later(
    tmp_path: Path, loss: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped between the transaction and the name; then a disk that lost the file is told of as a gap."""
    with opened(tmp_path) as book:
        feed = LedgerFeed("signIns", "entra_signin", NOW - DAY, NOW - DAY, HOUR, HOUR)
        ask = book.ask(book.feed(feed)[0], NOW - DAY, NOW, NOW)
        monkeypatch.setattr(SegmentFolder, "place", lambda *_: False)
        book.keep(ask, [piece(1, time=NOW - 5 * HOUR, is_last=True)], NOW, "m365/exchange", {})
        monkeypatch.undo()
    (waiting,) = (tmp_path / "logs.ledger" / "waiting").iterdir()
    assert written(tmp_path) == []
    if loss == "cut":
        waiting.write_bytes(waiting.read_bytes()[:-3])
    elif loss == "gone":
        waiting.unlink()
    with opened(tmp_path):
        pass
    assert written(tmp_path) == ([b'{"Id":"1"}'] if loss == "nothing" else [])
    (found,) = read_collected(tmp_path / "logs.ledger")
    assert [gap.code for gap in found.gaps] == ([] if loss == "nothing" else ["file-lost"])
    assert proves(found, NOW - DAY, NOW - 5 * HOUR)
    assert proves(found, NOW - 6 * HOUR, NOW - 2 * HOUR) == (loss == "nothing")


def test_what_no_transaction_counted_is_thrown_away(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    (tmp_path / "logs.ledger" / "waiting" / "m365~exchange~x.jsonl").write_bytes(b"half")
    with opened(tmp_path):
        pass
    assert list((tmp_path / "logs.ledger" / "waiting").iterdir()) == []


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(DatabaseInUse), opened(tmp_path):
        pass


def test_a_ledger_of_something_else_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    with pytest.raises(CollectionBroken), opened(tmp_path, {"vendor": "m365", "tenant": "other"}):
        pass
    (tmp_path / "logs.ledger" / "m365-acme.sqlite").write_bytes(b"no database at all, " * 100)
    with pytest.raises(CollectionBroken), opened(tmp_path):
        pass
    with pytest.raises(CollectionBroken):
        read_collected(tmp_path / "logs.ledger")


def test_what_is_delivered_late_delays_the_proof(tmp_path: Path) -> None:
    """Filed by the time of delivery: an event is proved when all that came up to a day after it was asked for."""
    with opened(tmp_path) as book:
        number, _ = book.feed(FEED)
        book.keep(book.ask(number, NOW - DAY, NOW, NOW), [piece(is_last=True)], NOW, "p", {})
        later = NOW + DAY
        book.keep(book.ask(number, NOW, later, later), [piece(is_last=True)], later, "p", {})
    (found,) = read_collected(tmp_path / "logs.ledger")
    assert found.proved == ()
    with opened(tmp_path) as book:
        again = book.ask(number, NOW - DAY, NOW + DAY, NOW + DAY + HOUR)
        book.keep(again, [piece(is_last=True)], NOW + DAY + HOUR, "p", {})
    (found,) = read_collected(tmp_path / "logs.ledger")
    # All that was delivered up to NOW + 1 day is there, so that of events more than a day before that nothing is missing.
    assert found.proved == ((NOW - DAY, NOW + HOUR),)


def test_filed_by_event_time(tmp_path: Path) -> None:
    feed = LedgerFeed("signIns", "entra_signin", NOW - 3 * DAY, NOW - 3 * DAY, DAY, DAY)
    with opened(tmp_path) as book:
        number, _ = book.feed(feed)
        book.keep(book.ask(number, NOW - 3 * DAY, NOW, NOW), [piece(is_last=True)], NOW, "p", {})
    (found,) = read_collected(tmp_path / "logs.ledger")
    assert found.proved == ((NOW - 3 * DAY, NOW - DAY),)
    assert found.gaps == ()


def test_gaps_are_told(tmp_path: Path) -> None:
    feed = LedgerFeed("signIns", "entra_signin", NOW - 3 * DAY, NOW - 2 * DAY, HOUR, HOUR)
    with opened(tmp_path) as book:
        number, _ = book.feed(feed)
        book.keep(book.ask(number, NOW - 3 * DAY, NOW - 2 * DAY, NOW), [piece(is_last=True)], NOW, "p", {})
        book.keep(book.ask(number, NOW - DAY, NOW, NOW), [piece(is_last=True)], NOW, "p", {})
        unanswered = book.ask(number, NOW - 2 * DAY, NOW - DAY, NOW)
        refused = FetchedPage("blob-7", "refused", NOW - 2 * HOUR, reason="too-large")
        book.keep(unanswered, [refused], NOW, "p", {})
        book.give_up(unanswered, "refused", NOW)
    (found,) = read_collected(tmp_path / "logs.ledger")
    assert [(gap.code, gap.start, gap.end) for gap in found.gaps] == [
        ("not-fetched", NOW - 2 * DAY, NOW - DAY),
        ("part-refused", NOW - 3 * HOUR, NOW - 2 * HOUR + 1),
    ]
    assert found.proved == ((NOW - DAY, NOW - 3 * HOUR), (NOW - 2 * HOUR + 1, NOW - HOUR))
    with opened(tmp_path) as book:
        again = book.ask(number, NOW - 2 * DAY, NOW - DAY, NOW + MINUTE)
        came = piece(9, content="blob-7", time=NOW - 2 * HOUR, is_last=True)
        assert book.keep(again, [came], NOW + MINUTE, "p", {}) == 1
    (found,) = read_collected(tmp_path / "logs.ledger")
    assert found.gaps == ()


def test_a_ledger_of_before(tmp_path: Path) -> None:
    """One that has not the tables of later is read as it is, and gets them when it is written."""
    with opened(tmp_path) as book:
        number, _ = book.feed(FEED)
        book.keep(book.ask(number, NOW - DAY, NOW, NOW), [piece(1, is_last=True)], NOW, "p", {})
    path = tmp_path / "logs.ledger" / "m365-acme.sqlite"
    with sqlite3.connect(path) as database:
        database.executescript("DROP TABLE folded; DROP TABLE retired;")
    (before,) = read_feed_statuses(tmp_path / "logs.ledger")
    assert (before.asks, before.new_records, before.feed.ended) == (1, 1, 0)
    with opened(tmp_path) as book:
        book.only([], NOW)
    (after,) = read_feed_statuses(tmp_path / "logs.ledger")
    assert (after.asks, after.new_records, after.feed.ended) == (1, 1, NOW)
    with opened(tmp_path) as book:
        book.only([FEED.name], NOW)
    assert read_feed_statuses(tmp_path / "logs.ledger") == (before,)
