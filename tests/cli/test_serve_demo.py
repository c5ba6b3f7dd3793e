"""`seawall serve --demo`: a newcomer sees incidents rise."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from seawall.cli.demo_feed import days_of, history_of
from seawall.cli.main import main
from tests.server.gates import free_port

PATIENCE = 240.0


def test_days_come_in_their_order_and_history_ends_before_the_first_intruder(tmp_path: Path) -> None:
    for name in (
        "audit-20260302T12.jsonl",
        "audit-20260301T00.jsonl.gz",
        "signins-20260301T06-000.json",
        "other.txt",
    ):
        (tmp_path / "org" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "org" / name).write_text("{}")
    days = days_of(tmp_path)
    assert list(days) == ["20260301", "20260302"]
    assert [file.name for file in days["20260301"]] == [
        "audit-20260301T00.jsonl.gz",
        "signins-20260301T06-000.json",
    ]
    truth = tmp_path / "truth.json"
    attacks = [{"first_event": "2026-03-05T00:00:00Z"}, {"first_event": "2026-03-02T23:59:59Z"}]
    truth.write_text(json.dumps({"attacks": attacks}))
    assert history_of(days, truth) == ["20260301"]


@pytest.mark.parametrize("more", [["logs"], ["--store", "x"], ["--no-watch"], ["--database", "y"]])
def test_it_brings_its_own_logs_and_store(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--demo", *more]) == 2
    assert "--demo brings its own" in capsys.readouterr().err


@pytest.mark.slow
def test_incidents_rise_and_nothing_is_left_behind(tmp_path: Path) -> None:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "seawall.cli.main",
        "serve",
        "--demo",
        "--listen",
        f"127.0.0.1:{port}",
        "--quiet",
    ]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, "TMPDIR": str(tmp_path)}
        )
    try:
        begin, summary = time.monotonic(), dict[str, Any]()
        while not summary.get("announced"):
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() - begin < PATIENCE, summary
            time.sleep(0.5)
            try:
                summary = httpx.get(f"http://127.0.0.1:{port}/api/summary", timeout=60).json()
            except httpx.HTTPError:
                continue
        assert httpx.get(f"http://127.0.0.1:{port}/api/session").json()["demo"] is True
        incident = httpx.get(f"http://127.0.0.1:{port}/api/incidents").json()["items"][0]
        assert incident["tenant"]
        assert datetime.fromisoformat(incident["last_event"]) < datetime.now(UTC)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
    assert list(tmp_path.glob("seawall-demo-*")) == []
