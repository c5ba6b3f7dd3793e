"""Orphans that add up count the same in a growing day as in the whole one, whoever's records come first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.detection.incidents.test_orphans_together import LAST, forged, history
from tests.pipeline.live.test_detection import Watch
from tests.pipeline.live.test_growing_day import at_once, so_far
from tests.sample_events import event, table


def lost(*accounts: int) -> list[dict[str, Any]]:
    """On the last day others use sessions without a sign-in too, in the hour of u3's."""
    who = {n: {"account": f"u{n}@x.example", "mailbox": f"u{n}@x.example"} for n in accounts}
    return [event(f"l{n}", LAST, 301 + n, session_uid=f"lost-{n}", **who[n]) for n in accounts]


def test_a_day_in_batches_counts_orphans_as_the_whole_day_does(tmp_path: Path) -> None:
    rows = [*history(), *forged(4)]
    today = [row for row in rows if row["metadata_uid"].endswith(f"-{LAST}") or row["metadata_uid"] == "x0"]
    before = [row for row in rows if row not in today]
    dots = [[row for row in today if row["account"] == f"u{n}@x.example"] for n in (5, 3)]
    rest = [row for row in today if row not in dots[0] + dots[1]]
    parts = [table(part) for part in (before, dots[0], dots[1], rest, lost(0, 1, 2), lost(*range(4, 12)))]
    watch, expected = Watch(tmp_path), list[float]()
    for count, part in enumerate(parts, 1):
        watch.take(part)
        watch.score()
        assert so_far(watch) == at_once(parts[:count])
        told = [one for one in watch.candidates() if one.account == "u3@x.example" and one.values]
        expected += [
            one.values["expected_orphans"]
            for one in told
            if one.day == max(each.day for each in told) and one.values["orphan_sessions"] == 4
        ]
    assert len(expected) == 4
    assert expected[-1] > expected[-2] > expected[0]
