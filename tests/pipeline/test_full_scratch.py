"""A scan for which the disk is too small says so, and how much it needs; a watch that has an end does not wait for ever."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest

from seawall.cli.main import main
from seawall.cli.watch_telling import WatchTelling
from seawall.pipeline.full_scratch import explain_full_disk
from seawall.pipeline.live import service
from seawall.pipeline.live.status import WatchStatus
from seawall.storage.spool.spool import Spool
from seawall_base.errors import OutputUnwritable

RECORD = {"CreationTime": "2026-03-01T00:00:00", "Operation": "MailItemsAccessed", "RecordType": 50}


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.jsonl").write_text(json.dumps({**RECORD, "Id": "r1"}) + "\n")
    return folder


def fill(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_what_a_scan_needs_is_estimated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 0}))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "part").write_bytes(b"x" * 3_000_000)
    with pytest.raises(OutputUnwritable, match=r"about 12 MB \(3 MB for the 25%"):  # noqa: SIM117
        with explain_full_disk(scratch, lambda: 0.25):
            fill()
    with pytest.raises(OutputUnwritable, match="more than 3 MB"), explain_full_disk(scratch, lambda: 1.0):
        fill()
    with pytest.raises(ValueError, match="other"), explain_full_disk(scratch, lambda: 0.5):
        raise ValueError("other")


def test_a_scan_says_that_the_disk_is_full(
    tmp_path: Path, logs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Spool, "add", fill)
    assert main(["scan", str(logs), "--out", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert "the disk is full" in told
    assert "unexpected" not in told
    assert not list((tmp_path / "out").glob(".seawall-*"))


def test_any_command_says_that_the_disk_is_full(
    tmp_path: Path, logs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("seawall.cli.scan.run", fill)
    assert main(["scan", str(logs), "--out", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert "the disk is full" in told
    assert "are free on the disk of" in told
    assert "unexpected" not in told


def test_a_quiet_watch_with_an_end_says_so_and_ends(
    tmp_path: Path, logs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(service.WatchService, "_keep", fill)
    command = ["watch", str(logs), "--store", str(tmp_path / "store"), "--once", "-q"]
    assert main(command) == 1
    told = capsys.readouterr().err
    assert "is full" in told
    assert "free at least 268 MB" in told
    monkeypatch.undo()
    again = subprocess.run(
        [sys.executable, "-m", "seawall.cli.main", *command], capture_output=True, timeout=120, check=False
    )
    assert again.returncode == 0, again.stderr


def test_a_quiet_watch_tells_faults(capsys: pytest.CaptureFixture[str]) -> None:
    telling = WatchTelling(quiet=True, as_json=False)
    for fault in (None, "the disk is full", "the disk is full", None):
        telling.status(WatchStatus(fault=fault, rescoring="earlier days are scored again"))
    assert capsys.readouterr().err.splitlines() == [
        "error: the disk is full; the command retries",
        "recovered from the error",
    ]
