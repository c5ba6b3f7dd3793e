"""Killed at every step and started again, a collector ends with what an undisturbed one has."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from seawall.collect.windows import HOUR, MINUTE
from tests.collect.management import Blob, Management, blob
from tests.collect.serving import NOW, serving

ROOT = Path(__file__).parents[2]
STEPS = 40


@pytest.mark.slow
def test_killed_at_every_step(tmp_path: Path) -> None:
    times = (NOW - 9 * HOUR, NOW - 8 * HOUR, NOW - HOUR)
    blobs = [blob(f"b{n}", time, *range(3 * n, 3 * n + 3), times=1 + n % 2) for n, time in enumerate(times)]
    blobs.append(Blob("again", NOW - MINUTE, blobs[0].body))
    api = Management(lambda: NOW, blobs, page=1)
    with serving(api) as server:
        api.base = server.url
        command = [sys.executable, "-m", "tests.collect.killing", server.url, str(tmp_path)]
        said = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=500
        ).stdout
    rows = [json.loads(text) for text in said.splitlines()]
    undisturbed = rows[-1]
    assert undisturbed["is_over"]
    assert len(rows) > STEPS
    assert {row["killed"] for row in rows} >= {0, 6, 9}
    same = ("digest", "lines", "new", "in_files", "pieces", "gaps", "waiting")
    assert [{name: row[name] for name in same} for row in rows] == [
        {name: undisturbed[name] for name in same}
    ] * len(rows)
    assert (undisturbed["lines"], undisturbed["new"], undisturbed["in_files"]) == (9, 9, 9)
    assert (undisturbed["pieces"], undisturbed["gaps"], undisturbed["waiting"]) == (4, 0, 0)
