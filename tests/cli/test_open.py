"""`seawall open`: an export is read and shown to one person, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from seawall.cli.open_export import has_screen
from seawall.console.sign_in.one_time_link import OneTimeLink
from seawall.lab.worlds import make_world
from seawall.lab.worlds.world_settings import WorldSettings

from .conftest import Run

PATIENCE = 420.0


def test_a_link_works_once_for_one_of_many() -> None:
    link = OneTimeLink()
    assert not link.take("")
    assert not link.take(link.code + "x")
    assert not link.take("\ud800")
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(link.take, [link.code] * 64))
    assert sum(taken) == 1
    assert link.code not in repr(link)
    assert OneTimeLink().code != link.code


def test_what_is_not_there_is_said(run: Run) -> None:
    got = run("open", "nowhere.csv")
    assert got.code == 3
    assert "no such file or folder: nowhere.csv" in got.err


@pytest.mark.parametrize(
    ("variables", "is_there"),
    [({}, False), ({"DISPLAY": ":0"}, True), ({"WAYLAND_DISPLAY": "w"}, True), ({"DISPLAY": ":0", "SSH_CONNECTION": "x"}, False)],
)  # fmt: skip
def test_a_browser_opens_only_on_a_screen_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], is_there: bool
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert has_screen() is is_there


@pytest.mark.slow
def test_an_export_is_shown_to_whoever_has_the_link_and_to_nobody_else(tmp_path: Path) -> None:
    make_world(
        WorldSettings(58, accounts=12, days=8, attacks=2, quiet_days=5, mess=False, density=0.5),
        tmp_path / "world",
    )
    (tmp_path / "tmp").mkdir()
    command = [
        sys.executable,
        "-m",
        "seawall.cli.main",
        "open",
        str(tmp_path / "world/logs"),
        "--no-browser",
        "--quiet",
    ]
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        link = process.stdout.readline().strip()
        base = link.partition("enter?")[0]
        assert base.startswith("http://127.0.0.1:")
        assert httpx.get(f"{base}api/incidents", timeout=PATIENCE).status_code == 401
        assert "problem=" in httpx.get(f"{base}enter?code=wrong", timeout=PATIENCE).headers["location"]
        with httpx.Client(base_url=base, timeout=PATIENCE) as owner:
            entered = owner.get(link)
            assert (entered.status_code, entered.headers["location"]) == (303, "/")
            assert "httponly" in entered.headers["set-cookie"].lower()
            assert owner.get("/api/session").json()["user"] is not None
            end = time.monotonic() + PATIENCE
            while not owner.get("/api/incidents").json()["items"]:
                assert time.monotonic() < end
                time.sleep(0.5)
        assert "problem=" in httpx.get(link, timeout=PATIENCE).headers["location"]
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) in {0, 130}
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    assert list((tmp_path / "tmp").glob("seawall-open-*")) == []
