"""A lock is one process's at a time, and gone with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from seawall_base.errors import SystemUnsupported
from seawall_base.file_lock import FileLock


def test_one_holds_it_alone(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with closing(FileLock(path)) as first, closing(FileLock(path)) as second:
        assert path.stat().st_mode & 0o777 == 0o600
        assert first.try_hold()
        assert first.try_hold(), "it may be asked for again"
        assert not second.try_hold()
    with closing(FileLock(path)) as third:
        assert third.try_hold()


def test_it_is_shared_once_nobody_holds_it_alone(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with closing(FileLock(path)) as first, closing(FileLock(path)) as second:
        first.hold()
        waiting = threading.Thread(target=second.share)
        waiting.start()
        waiting.join(0.05)
        assert waiting.is_alive()
        first.share()
        waiting.join(10)
        assert not waiting.is_alive()
        assert not first.try_hold()


def test_a_process_that_dies_gives_it_back(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    program = (
        "import sys, time; from pathlib import Path; from seawall_base.file_lock import FileLock\n"
        "lock = FileLock(Path(sys.argv[1])); print(lock.try_hold(), flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        with closing(FileLock(path)) as lock:
            assert not lock.try_hold()
            other.send_signal(signal.SIGKILL)
            other.wait(10)
            assert lock.try_hold()


def test_a_system_without_locks_is_said_and_not_taken_for_a_held_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with closing(FileLock(tmp_path / "lock")) as lock:
        for take in (lock.try_hold, lock.hold, lock.share):
            with pytest.raises(SystemUnsupported, match="no file locks"):
                take()


def test_a_link_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        FileLock(tmp_path / "lock")
    assert not os.path.lexists(tmp_path / "elsewhere")
