"""New things say less on a day on which everything is new, and as much as ever on any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.detection.ranking.engine import DetectionEngine
from seawall.detection.ranking.restlessness import USUAL, measure_restlessness
from tests.sample_events import batches, event


def days(tmp_path: Path, strange: set[int], accounts: int, length: int = 12) -> list[np.ndarray]:
    """Commotion per group of each day; on the last the given accounts are on another network."""
    rows: list[dict[str, Any]] = []
    for day in range(length):
        for n in range(accounts):
            away = {"src_asn": 64999, "src_asn_name": "Far"} if day == length - 1 and n in strange else {}
            rows.append(
                event(f"e{day}-{n}", day, n, account=f"u{n}@x.example", mailbox=f"u{n}@x.example", **away)
            )
    engine = DetectionEngine(None)
    return [
        measure_restlessness(engine.observe(batch, number).groups)
        for number, batch in batches(tmp_path, rows)
    ]


def test_everything_is_new_where_a_log_begins_and_nothing_later(tmp_path: Path) -> None:
    found = days(tmp_path, set(), 60)
    assert (found[0] > np.log(0.8 / USUAL)).all()
    assert all((day == 0).all() for day in found[1:])


def test_a_lone_intruder_makes_no_commotion(tmp_path: Path) -> None:
    assert (days(tmp_path, {7}, 60)[-1] == 0).all()


def test_an_account_does_not_count_for_itself(tmp_path: Path) -> None:
    own, other = days(tmp_path, {0}, 2)[-1]
    assert own == 0 < other


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 20))
def test_the_more_is_new_the_less_each_says(tmp_path_factory: Any, count: int) -> None:
    fewer = days(tmp_path_factory.mktemp("a"), set(range(count)), 30, 4)[-1]
    more = days(tmp_path_factory.mktemp("b"), set(range(count + 8)), 30, 4)[-1]
    assert more.max() >= fewer.max()
