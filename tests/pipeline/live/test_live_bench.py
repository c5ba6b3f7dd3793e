"""The bench of latency, with a small organisation and a few seconds: every batch and every attack reaches the console."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_batches_and_attacks_reach_the_console(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "bench/live.py",
        "--records-per-second",
        "20",
        "--accounts",
        "20",
        "--days",
        "4",
    ]
    command += ["--minutes", "0.1", "--attack-seconds", "2", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    sent = re.search(r"; sent (\d+) in ", done.stdout)
    assert sent is not None
    attacks = re.search(
        r"^attacks (\d+), raised (\d+); from acceptance to console: p50 [\d.]+ s", done.stdout, re.MULTILINE
    )
    assert attacks is not None
    assert int(attacks[1]) >= 1
    assert attacks[2] == attacks[1]
    assert re.search(
        r"^from acceptance to console: p50 [\d.]+ s, .*; never arrived: 0$", done.stdout, re.MULTILINE
    )
    assert f"counts of the stream: events {sent[1]}, duplicates 0, problems 0\n" in done.stdout
    assert "fault:" not in done.stdout
