"""A watch that is killed at its steps, one after the other, ends with what an undisturbed one and a scan have."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.pipeline.live.stored import Stored, stored
from tests.pipeline.live.watching import STEPS

ROOT = Path(__file__).parents[3]
SOME_STEPS = ("appended", "ingest-written", "score-half-written", "kept")
"""Within each of the transactions, and after them; `make soak` dies at every step."""


def started(logs: Path, store: Path, *fatal: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.pipeline.live.watching", str(logs), str(store), *fatal]
    return subprocess.Popen(command, cwd=ROOT)


@pytest.mark.parametrize(
    "steps",
    [pytest.param(STEPS, id="every-step", marks=pytest.mark.soak), pytest.param(SOME_STEPS, id="some-steps")],
)
def test_killed_at_steps_and_at_any_time(
    logs: Path, expected: Stored, tmp_path: Path, steps: tuple[str, ...]
) -> None:
    store = tmp_path / "store"
    chance, deaths = random.Random(6), 0
    for step in steps:
        process = started(logs, store, step)
        deaths += process.wait(120) == -signal.SIGKILL
    for _ in range(2):
        process = started(logs, store)
        time.sleep(0.5 + chance.random())
        process.kill()
        process.wait()
    assert started(logs, store).wait(120) == 0
    assert stored(store) == expected
    assert deaths == len(steps)
