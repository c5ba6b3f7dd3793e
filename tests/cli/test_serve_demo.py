"""`seawall serve --demo`: a newcomer sees incidents rise."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from seawall.cli.demo_feed import DAYS, SEED, days_of, first_day, history_of, make
from seawall.cli.main import main
from seawall.lab.worlds.demo import demo_settings
from seawall.pipeline.scan import scan
from tests.demo import Demo
from tests.gate.gates import free_port

PATIENCE = 420.0
HASTY = """
import sys
from seawall.cli import demo_feed
from seawall.cli.main import main
demo_feed.DAY_SECONDS = 0.1
sys.exit(main())
"""
"""The command, whose days follow each other as fast as the watch reads them."""


def test_days_come_in_their_order_and_history_ends_before_the_first_intruder(tmp_path: Path) -> None:
    for name in (
        "audit-20260302T12.jsonl",
        "audit-20260301T00.jsonl.gz",
        "signins-20260301T06-000.json",
        "other.txt",
    ):
        (tmp_path / "org" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "org" / name).write_text("{}")
    (tmp_path / "org" / "audit-20260303T00.jsonl").write_text("{}")
    days = days_of(tmp_path, before=date(2026, 3, 3))
    assert list(days) == ["20260301", "20260302"]
    assert [file.name for file in days["20260301"]] == [
        "audit-20260301T00.jsonl.gz",
        "signins-20260301T06-000.json",
    ]
    truth = tmp_path / "truth.json"
    attacks = [{"first_event": "2026-03-05T00:00:00Z"}, {"first_event": "2026-03-02T23:59:59Z"}]
    truth.write_text(json.dumps({"attacks": attacks}))
    assert history_of(days, truth) == ["20260301"]


YEAR = [date(2027, 12, 6) + timedelta(days=number) for number in range(366)]
"""A year with a leap day, from a Monday on."""


def test_the_organisation_has_the_same_weekdays_on_every_day_of_the_year() -> None:
    begins = [first_day(day) for day in YEAR]
    assert {first.weekday() for first in begins} == {0}
    assert {(day - first).days for day, first in zip(YEAR, begins, strict=True)} == set(
        range(DAYS - 6, DAYS + 1)
    )


def worst_by_day(folder: Path, days: list[date]) -> Iterator[str]:
    """The worst severity that a scan raises on each of some days of one week, the last day first."""
    make(folder, days[0])
    for day in sorted(days, reverse=True):
        arrived = {file for files in days_of(folder / "logs", before=day).values() for file in files}
        for file in (folder / "logs").rglob("*"):
            if file.is_file() and file not in arrived:
                file.unlink()
        yield scan(folder / "logs").incidents[0].severity


@pytest.mark.slow
def test_something_is_critical_whatever_the_day(tmp_path: Path) -> None:
    """How bad the staged attacks look depends on their weekdays, and on how many days of them have arrived.

    The last of a week's days; `make soak` takes every day of a year.
    """
    days = [day for day in YEAR[:14] if first_day(day) == first_day(YEAR[7])]
    assert len(days) == 7
    assert set(worst_by_day(tmp_path / "world", [days[6]])) == {"critical"}


def test_something_is_critical_in_the_demo_that_is_no_day_s(demo: Demo) -> None:
    """`seawall demo` makes the organisation of its seed, whose days are those of the seed alone."""
    assert demo_settings(SEED).start is None
    worst = (demo.out / "incidents.jsonl").read_text("utf-8").splitlines()[0]
    assert json.loads(worst)["severity"] == "critical"


@pytest.mark.soak
@pytest.mark.parametrize("first", sorted({first_day(day) for day in YEAR}), ids=str)
def test_something_is_critical_on_every_day_of_a_year(tmp_path: Path, first: date) -> None:
    days = [day for day in YEAR if first_day(day) == first]
    assert list(worst_by_day(tmp_path / "world", days)) == ["critical"] * len(days)


@pytest.mark.parametrize("more", [["logs"], ["--store", "x"], ["--no-watch"], ["--database", "y"]])
def test_it_brings_its_own_logs_and_store(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--demo", *more]) == 2
    assert "--demo brings its own" in capsys.readouterr().err


@pytest.mark.slow
def test_incidents_rise_and_nothing_is_left_behind(tmp_path: Path) -> None:
    port = free_port()
    command = [
        sys.executable,
        "-c",
        HASTY,
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
        begin, summary, critical = time.monotonic(), dict[str, Any](), list[Any]()
        while not (summary.get("announced") and critical):
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() - begin < PATIENCE, summary
            time.sleep(0.5)
            try:
                summary = httpx.get(f"http://127.0.0.1:{port}/api/summary", timeout=60).json()
                critical = httpx.get(
                    f"http://127.0.0.1:{port}/api/incidents?severity=critical", timeout=60
                ).json()["items"]
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
