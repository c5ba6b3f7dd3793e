"""Windows of correlations: counts equal those of a window that moves hit by hit, also where times are out of order."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.rules.sigma import key_texts, windows
from seawall.detection.rules.sigma.key_texts import KeyTexts
from seawall.events.coded_batch import hash_text

from .test_sigma import BASE, correlation, rule, rules

HITS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), st.integers(0, 4)), max_size=40)


def move_window(hits: list[tuple[int, int, int]], span: int) -> list[tuple[int, int]]:
    """Return for each hit the number of hits and of distinct values in its window."""
    found: list[tuple[int, int]] = []
    window: deque[tuple[int, int, int]] = deque()
    for hit in hits:
        if window and window[0][0] != hit[0]:
            window.clear()
        window.append(hit)
        while window[0][1] < hit[1] - span:
            window.popleft()
        found.append((len(window), len({value for _, _, value in window})))
    return found


@given(HITS, st.sampled_from([0, 1, 7, 100, 1 << 70]), st.booleans(), st.sampled_from([0, 1 << 45, 1 << 62]))
def test_counts_are_those_of_a_moving_window(
    hits: list[tuple[int, int, int]], span: int, in_order: bool, far: int
) -> None:
    """`far` spreads times so widely that groups and times have no common key."""
    spread = [(group, time + far * (time > 20), value) for group, time, value in hits]
    ordered = sorted(spread) if in_order else sorted(spread, key=lambda hit: hit[0])
    group, time, value = np.array(ordered, np.int64).reshape(-1, 3).T
    keys = group.astype(np.uint64)
    counts = (
        windows.count_hits(keys, time, span).tolist(),
        windows.count_values(keys, time, value, span).tolist(),
    )
    assert list(zip(*counts, strict=True)) == move_window(ordered, span)


TEXTS: list[list[list[Any]]] = [
    [["c", "r", ["a"], [["x", "y"]]], ["c", "r", [None], [["x"]]], ["e", "r", ["a", "b"], []]],
    [["c", "gone", ["a"], [["x"]]], ["gone", "r", ["a"], [["x"]]]],
    [["c", "r", ["b"], [[]]], ["c", "r", [], [["z"]]]],
    [["c", "r", ["a"], [["x", "y"]]]],
]


@pytest.mark.parametrize(
    ("limit", "value"), [("MOST_TEXTS", 200_000), ("MOST_TEXTS", 0), ("MOST_CHARACTERS", 0)]
)
def test_texts_of_keys_are_read_as_recorded(monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    """Entries without a key, for rules that are gone, or without a value to count, are left out."""
    monkeypatch.setattr(key_texts, limit, value)
    found = rules(
        rule({"s": {"Operation": "x"}, "condition": "s"}, **BASE),
        correlation("value_count", ["base"], {"field": "ClientIP", "gte": 3}),
        {**correlation("event_count", ["base"], {"gte": 3}), "id": "33333333-6c53-4c8e-9a0e-3d1c6f3f0b11"},
    )
    names = {
        "r": found.rules[0].about.id,
        "c": found.correlations[0].about.id,
        "e": found.correlations[1].about.id,
    }
    written = [
        json.dumps([[names.get(one, one), names.get(two, two), *rest] for one, two, *rest in entries])
        for entries in TEXTS
    ]
    reader, values = (
        KeyTexts(found),
        dict(zip(hash_text(pa.array(["x", "y", "z", ""])).tolist(), "xyz-", strict=True)),
    )
    for chosen in ([0, 1, 0], [2, 1, 3], [3, 0]):
        said = reader.read(pa.array([written[one] for one in chosen]))
        entries = zip(
            said.row.tolist(), said.correlation.tolist(), said.rule.tolist(),
            [said.keys[one] for one in said.key.tolist()], [values[one] for one in said.value.tolist()], strict=True,
        )  # fmt: skip
        expected = {
            0: [(0, 0, "\0a", "x"), (0, 0, "\0a", "y"), (1, 0, "\0a\0b", "-")],
            1: [],
            2: [(0, 0, "", "z")],
            3: [(0, 0, "\0a", "x"), (0, 0, "\0a", "y")],
        }
        assert list(entries) == [(row, *entry) for row, one in enumerate(chosen) for entry in expected[one]]
