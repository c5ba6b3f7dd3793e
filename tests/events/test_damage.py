"""Damaged files of every shape through the real ways of reading: no exception, the exact account, bounded memory.

The net around reading hides nothing here: what it catches fails the test.
"""

from __future__ import annotations

import resource
from collections.abc import Iterable
from pathlib import Path

import pytest

from seawall.events.formats.limits import BODY
from seawall.events.formats.many_bodies import NamedText
from seawall.events.readers import EventBatch, Limits, read
from seawall.pipeline.live.ingest_queue import batches_of
from seawall.pipeline.live.parser import read_of
from seawall.pipeline.live.parsing import pack_answer, unpack_answer
from seawall.pipeline.scan import scan
from seawall.pipeline.tail import Follower
from tests.events.damage import CONTAINERS, DAMAGES, SHAPES, damaged_file, samples
from tests.events.support import check

MOST_GROWTH = 600 << 20
"""Bytes by which the process may grow at most, whatever the files hold."""

SMALL, MANY, TOGETHER = 150, 50_000, 250
SMALL_LIMITS = Limits(fast_bytes=1 << 10, batch_records=7, record_bytes=1 << 16)
"""Large files are read otherwise than small ones: with these limits small ones are read as large ones are."""


def _account(batches: Iterable[EventBatch]) -> tuple[int, int]:
    """Check the account of each batch, and that nothing failed; return records and events."""
    records = events = 0
    for batch in batches:
        check(batch)
        assert not [one for one in batch.problems if one.code == "reader-failed"]
        records, events = records + batch.records, events + batch.events.num_rows
    return records, events


def _followed(folder: Path) -> tuple[int, int]:
    follower = Follower([folder])
    try:
        batches = [
            batch
            for now in range(0, 1_200, 60)
            for delivery in follower.poll(float(now))
            for batch in delivery.batches
        ]
        assert follower.is_idle
    finally:
        follower.close()
    return _account(batches)


def _campaign(folder: Path, seeds: range) -> None:
    known = samples()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for first in range(seeds.start, seeds.stop, TOGETHER):
        place = folder / str(first)
        place.mkdir()
        bodies = []
        for seed in range(first, min(first + TOGETHER, seeds.stop)):
            data = damaged_file(seed, known)
            (place / f"{seed}.log").write_bytes(data)
            bodies.append(data)
        try:
            records, events = _account(read([place]))
            assert _account(read([place], SMALL_LIMITS))[0] >= 0
            summary = scan(place).summary
            assert (summary["records"], summary["events"] + summary["duplicates"]) == (records, events)
            assert summary["records"] == summary["events"] + summary["duplicates"] + summary["problems"]
            _account(batch for body in bodies for batch in batches_of(body, "token", BODY))
            for at in range(0, len(bodies), 20):
                some = bodies[at : at + 20]
                sent = pack_answer(read_of([(body, "token") for body in some], BODY))
                texts = [NamedText("token", len(body)) for body in some]
                _account(batch for batches in unpack_answer(*sent, texts) for batch in batches)
            _followed(place)
        except BaseException:
            print(f"seeds {first} to {first + TOGETHER} in {place}")
            raise
        for path in place.iterdir():
            path.unlink()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) * 1024
    assert grown < MOST_GROWTH, f"{grown >> 20} MB"


@pytest.mark.slow
def test_some_damaged_files_are_read(tmp_path: Path) -> None:
    _campaign(tmp_path, range(SMALL))


@pytest.mark.soak
@pytest.mark.parametrize("part", range(10))
def test_fifty_thousand_damaged_files_are_read(tmp_path: Path, part: int) -> None:
    share = MANY // 10
    _campaign(tmp_path, range(1_000_000 + part * share, 1_000_000 + (part + 1) * share))


def test_the_campaign_is_the_same_each_time_and_reads_something() -> None:
    known = samples()
    assert len(known) > 40
    files = [damaged_file(seed, known) for seed in range(100)]
    assert files == [damaged_file(seed, known) for seed in range(100)]
    assert len(set(files)) == len(files)
    assert min(map(len, (SHAPES, DAMAGES, CONTAINERS))) >= 7
    records, events = _account(batch for body in files for batch in batches_of(body, "token", BODY))
    assert records > events > 200
