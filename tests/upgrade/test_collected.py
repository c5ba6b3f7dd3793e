"""Ledgers of collectors of version 0.1: nothing is fetched twice, nothing is lost, and what is missing is still said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seawall.collection.ledger import read_feed_statuses
from seawall_base.clock import Clock
from tests.cli.conftest import Run
from tests.collection import test_partitions as partitions
from tests.collection.collecting import lines
from tests.collection.management import Management, blob
from tests.collection.serving import serving
from tests.upgrade.conftest import Unpack, VerbInJson

HOUR = 3_600_000_000


@pytest.fixture
def kept(unpack: Unpack) -> Path:
    return unpack("collected")


@pytest.fixture
def newest(kept: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """When the newest content of then was made, in microseconds; it is two hours later now."""
    found = int((kept / "newest").read_text("utf-8"))
    monkeypatch.setattr(Clock, "now", lambda _: found + 2 * HOUR)
    return found


def status(answer: VerbInJson, code: int = 0, out: str = "logs") -> dict[str, Any]:
    feeds: list[dict[str, Any]] = answer("collect", "status", "--out", out, code=code)["feeds"]
    (feed,) = feeds
    return feed


def test_what_was_fetched_is_stated(newest: int, answer: VerbInJson) -> None:
    feed = status(answer)
    assert (feed["feed"], feed["new_records"], feed["pieces"], feed["gaps"]) == ("Audit.Exchange", 60, 6, [])


def test_only_what_is_new_is_fetched(kept: Path, newest: int, run: Run, answer: VerbInJson) -> None:
    before = lines(kept)
    listed = [blob(f"b{n}", newest - n * HOUR, *range(10 * n, 10 * n + 10)) for n in range(6)]
    api = Management(lambda: newest + 2 * HOUR, [*listed, blob("later", newest + HOUR, 100, 101, 102)])
    with serving(api) as server:
        api.base = server.url
        words = ("collect", "m365", "--config", "collect.toml", "--once", "--quiet", "--out", "logs")
        done = run(*words, "--base-url", server.url)
    assert done.code == 0, done.err
    after = lines(kept)
    assert [line for line in after if line in before] == before
    assert {json.loads(line)["Id"][-3:] for line in after if line not in before} == {"100", "101", "102"}
    assert status(answer)["new_records"] == 63


def test_partitions_go_on_where_they_were(kept: Path) -> None:
    folder = kept / "kafka"
    with partitions.opened(folder) as (book, ask):
        assert (book.next_of(ask.feed, 0), book.next_of(ask.feed, 1)) == (5, 4)
        assert partitions.store(book, ask, partitions.stretch(5, 8)) == (3, [])
        late = partitions.stretch(3, 6)
        assert partitions.store(book, ask, late) == (0, [late])
    assert sorted(lines(folder)) == sorted(
        partitions.stretch(None, 8).lines + partitions.stretch(None, 2, 1).lines
    )
    (standing,) = read_feed_statuses(folder / "logs.ledger")
    (gap,) = standing.feed.gaps
    assert gap.code == "messages-expired"
    assert "partition 1: offsets 2 to 3 were deleted" in gap.text
