"""Groups that follow from an incident: a watch finds the same ones as a scan, after every batch of a growing day."""

from __future__ import annotations

from pathlib import Path

import msgspec

from seawall.pipeline.live.candidates import pack_candidate, unpack_candidate
from tests.detection.incidents.test_engine import history
from tests.detection.incidents.test_following import FIRST, repeat
from tests.detection.incidents.test_group import candidate
from tests.pipeline.live.test_detection import Watch
from tests.pipeline.live.test_growing_day import at_once, so_far
from tests.sample_events import table


def test_a_story_that_goes_on_is_the_same_after_every_batch(tmp_path: Path) -> None:
    rows = [*history(FIRST + 4, 6), *repeat(4)]
    rows.sort(key=lambda row: row["time"])
    newest = max(row["time"] for row in rows).date()
    begun = [row for row in rows if row["time"].date() < newest]
    rest = [row for row in rows if row["time"].date() == newest]
    watch = Watch(tmp_path)
    read = []
    for part in (begun, rest[:5], rest[5:14], rest[14:]):
        read.append(table(part))
        watch.take(read[-1])
        watch.score()
        assert so_far(watch) == at_once(read)
    following = [one for one in watch.candidates() if one.is_follow_up]
    assert {one.day for one in following} >= {max(one.day for one in watch.candidates())}
    assert all(unpack_candidate(pack_candidate(one)) == one for one in following)


def test_a_stored_candidate_without_links_is_read_as_one_that_stands_alone() -> None:
    document = msgspec.msgpack.decode(pack_candidate(candidate(1, 0, 1.0)))
    for name in ("follows", "is_follow_up"):
        del document[name]
    found = unpack_candidate(msgspec.msgpack.encode(document))
    assert found.follows == ()
    assert not found.is_follow_up
