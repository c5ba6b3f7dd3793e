"""A ledger that forgets proves, misses and counts what one that never does would, and writes nothing twice."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.collection import run as running
from seawall.collection.collected_spans import Span
from seawall.collection.coverage import (
    Painted,
    find_settled_spans,
    find_unqueried_spans,
    mark_queried,
    pack_spans,
)
from seawall.collection.ledger import LedgerFeed, LedgerWriter, PendingQuery, read_feed_statuses
from seawall.collection.piece import FetchedPage
from seawall.collection.run import CollectionPass
from seawall.collection.source import Knows
from seawall.collection.windows import DAY, HOUR, MINUTE, QuerySchedule, spans_to_query
from seawall.vendor_api.client import VendorUnavailable
from seawall.vendor_api.responses import digest_parts
from tests.collection.collecting import lines, opened
from tests.collection.serving import NOW, Still
from tests.thoroughness import examples

RHYTHM = QuerySchedule(slot=4 * HOUR, keeps=5 * DAY, ages=(HOUR, DAY))


@dataclass
class Vendor:
    """One that files by the time of the event. Of each pair, when a record happened and from when on it can be had. `fails`
    is after how many pages a question breaks off, None for never."""

    records: Sequence[tuple[int, int]]
    clock: Still
    begin: int
    recall: bool
    fails: int | None = None

    def feeds(self, now: int) -> Sequence[tuple[LedgerFeed, bool]]:
        recall = RHYTHM.recall(HOUR) if self.recall else None
        return [(LedgerFeed("log", "okta", self.begin, self.begin, 12 * HOUR, 12 * HOUR, recall), False)]

    def spans(self, begin: int, painted: Sequence[Painted], now: int) -> Sequence[Span]:
        return spans_to_query(begin, painted, RHYTHM, now)

    def fetch(self, feed: str, ask: PendingQuery, knows: Knows) -> Iterator[FetchedPage]:
        found = [
            number
            for number, (time, listed) in enumerate(self.records)
            if ask.start <= time <= ask.end and listed <= self.clock.time
        ]
        at = int(ask.cursor or 0)
        for page in range(at, max(len(found), 1), 2):
            if self.fails is not None and page >= self.fails:
                raise VendorUnavailable("status-500")
            piece = FetchedPage(cursor=str(page + 2), is_last=page + 2 >= len(found), size=2, sha256=b"x")
            for number in found[page : page + 2]:
                piece.lines.append(b'{"n":%d}' % number)
                piece.identities.append(digest_parts(b"%d" % number))
                piece.times.append(self.records[number][0])
            yield piece


MINUTES = st.integers(0, 60 * 24 * 9)
RECORDS = st.lists(st.tuples(MINUTES, st.integers(0, 60 * 24 * 2)), max_size=40)
PASSES = st.lists(
    st.tuples(
        st.one_of(st.integers(1, 300), st.integers(300, 60 * 24 * 7)),
        st.one_of(st.none(), st.integers(0, 4)),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=12,
)


def collected(folder: Path, records: Any, passes: Any, *, recall: bool) -> list[Any]:
    """Make all passes; return what is in the files and what the ledger says, after each."""
    clock = Still(NOW)
    times = [
        (NOW - 2 * DAY + time * MINUTE, NOW - 2 * DAY + (time + late) * MINUTE) for time, late in records
    ]
    vendor = Vendor(times, clock, NOW - DAY, recall)
    told: list[Any] = []
    with opened(folder, "okta") as book:
        for minutes, fails, earlier in passes:
            clock.time += minutes * MINUTE
            vendor.fails, vendor.begin = fails, min(vendor.begin, NOW - DAY - earlier * HOUR)
            CollectionPass("okta", vendor, [], book, clock).once()
            told.append((sorted(lines(folder)), read_feed_statuses(folder / "logs.ledger")))
    return told


def unflushed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is not waited for: what is on it when the power goes is another test's."""
    monkeypatch.setattr("os.fsync", lambda _: None)


@settings(max_examples=examples(60), deadline=None)
@given(RECORDS, PASSES, st.sampled_from([400 * DAY, 2 * DAY, HOUR]))
def test_forgetting_changes_nothing(records: Any, passes: Any, kept: int) -> None:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        unflushed(patch)
        patch.setattr(running, "KEPT", kept)
        forgetful = collected(Path(folder) / "a", records, passes, recall=True)
        patch.setattr(LedgerWriter, "prune", lambda *_: None)
        keeping = collected(Path(folder) / "b", records, passes, recall=False)
    assert forgetful == keeping
    assert len(set(forgetful[-1][0])) == len(forgetful[-1][0])


def test_it_does_forget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record every hour for thirty days: neither ids nor rows are more at the end than after ten days."""
    unflushed(monkeypatch)
    monkeypatch.setattr(running, "KEPT", 4 * DAY)
    records = [(60 * hour, 0) for hour in range(24 * 70)]
    sizes: list[dict[str, int]] = []
    for days in (10, 30):
        folder = tmp_path / str(days)
        collected(folder, records, [(180, None, 0)] * (8 * days), recall=True)
        with sqlite3.connect(folder / "logs.ledger" / next(_ledgers(folder))) as database:
            names = ("seen", "asks", "pieces", "segments", "coverage")
            sizes.append(
                {name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}
            )
    assert sizes[0] == sizes[1]
    assert 0 < sizes[1]["seen"] < 24 * 2


def _ledgers(folder: Path) -> Iterator[str]:
    yield from (path.name for path in (folder / "logs.ledger").glob("*.sqlite"))


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20), st.integers(0, 80)), max_size=12),
    st.integers(0, 80),
)
def test_a_packed_map_says_the_same(askings: list[tuple[int, int, int]], before: int) -> None:
    painted: list[Painted] = []
    for start, length, at in askings:
        painted = mark_queried(painted, start, start + length, at)
    short = pack_spans(painted, before, 7)
    assert find_settled_spans(short, 7) == find_settled_spans(painted, 7)
    assert find_unqueried_spans(short, 0, 100) == find_unqueried_spans(painted, 0, 100)
    assert len(short) <= len(painted)
