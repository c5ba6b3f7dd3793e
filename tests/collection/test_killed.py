"""Killed at every step and started again, a collector ends with what an undisturbed one has."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from seawall.collection.windows import HOUR, MINUTE
from tests.collection.graph import Graph, audit
from tests.collection.management import Blob, Management, blob
from tests.collection.reports import Reports, activity
from tests.collection.serving import NOW, serving
from tests.collection.system_log import SystemLog, event

ROOT = Path(__file__).parents[2]
TIMES = (NOW - 9 * HOUR, NOW - 8 * HOUR, NOW - HOUR)


def management() -> Management:
    """Three blobs of three records, one of them listed twice, and another with the records of the first."""
    blobs = [blob(f"b{n}", time, *range(3 * n, 3 * n + 3), times=1 + n % 2) for n, time in enumerate(TIMES)]
    blobs.append(Blob("again", NOW - MINUTE, blobs[0].body))
    return Management(lambda: NOW, blobs, page=1)


def graph() -> Graph:
    return Graph(
        lambda: NOW, [audit(3 * n + m, time + m) for n, time in enumerate(TIMES) for m in range(3)], page=2
    )


def system_log() -> SystemLog:
    return SystemLog(
        lambda: NOW, [event(3 * n + m, time + m) for n, time in enumerate(TIMES) for m in range(3)], page=2
    )


def reports() -> Reports:
    found = [(time + m, 0, activity(3 * n + m, time + m)) for n, time in enumerate(TIMES) for m in range(3)]
    return Reports(lambda: NOW, found, page=4, overlap=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("vendor", "make", "least", "pieces"),
    [
        ("m365", management, 40, 4),
        ("entra", graph, 40, 5),
        ("google", reports, 30, 3),
        ("okta", system_log, 10, 5),
    ],
    ids=["m365", "entra", "google", "okta"],
)
def test_killed_at_every_step(
    tmp_path: Path, vendor: str, make: type[Management], least: int, pieces: int
) -> None:
    api = make()  # type: ignore[call-arg]
    with serving(api) as server:
        if not isinstance(api, Reports):
            api.base = server.url
        command = [sys.executable, "-m", "tests.collection.killing", server.url, str(tmp_path), vendor]
        said = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=500
        ).stdout
    rows = [json.loads(text) for text in said.splitlines()]
    undisturbed = rows[-1]
    assert undisturbed["is_over"]
    assert len(rows) > least
    assert {row["killed"] for row in rows} >= {0, 9}
    same = ("digest", "lines", "new", "in_files", "gaps", "waiting")
    assert [{name: row[name] for name in same} for row in rows] == [
        {name: undisturbed[name] for name in same}
    ] * len(rows)
    assert (undisturbed["lines"], undisturbed["new"], undisturbed["in_files"]) == (9, 9, 9)
    assert (undisturbed["pieces"], undisturbed["gaps"], undisturbed["waiting"]) == (pieces, 0, 0)
