"""A disk that is full, or a database that is not reachable, at the very start: it is said, and the next start goes on."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from seawall.cli.main import main
from seawall.console.context import KEY_BYTES, KEY_FILE, installation_key
from seawall.storage.errors import DatabaseAway, DatabaseNotMigrated, LakeBroken, StoreRefused
from seawall.storage.location import open_store
from tests.gate.gates import free_port
from tests.storage.database.postgresql import Server, programs

LINE = '{"CreationTime":"2026-03-01T00:00:00","Id":"r1","Operation":"MailItemsAccessed","RecordType":50}\n'
SEAWALL = [sys.executable, "-m", "seawall.cli.main"]


@contextmanager
def full(size: int) -> Iterator[None]:
    """No file of this process may become larger than so many bytes; Python ignores the signal and gets the error.

    Python itself notices nothing when it writes bytecode that is cut, and believes it for ever after.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    assert signal.getsignal(signal.SIGXFSZ) is signal.SIG_IGN
    keeps_no_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        sys.dont_write_bytecode = keeps_no_bytecode


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.jsonl").write_text(LINE)
    return tmp_path / "logs"


def test_a_store_that_could_not_be_made_is_made_by_the_next_start(tmp_path: Path) -> None:
    for size in (0, 10, 50, 70, 1_000, 5_000, 50_000, 100_000, 300_000):
        folder = tmp_path / f"store-{size}"
        with full(size), pytest.raises((DatabaseAway, LakeBroken, StoreRefused)) as caught:
            open_store(folder, make=True)
        assert "free space" in caught.value.fix
        assert caught.value.exit_code == 1
        with pytest.raises(DatabaseNotMigrated, match="empty") as later:
            open_store(folder)
        assert "seawall watch" in later.value.fix
        open_store(folder, make=True).close()
        open_store(folder).close()


@pytest.mark.parametrize("name", ["lake.json.new", "store.json.new"])
def test_a_marker_for_which_there_was_no_room(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "store"
    plain: Any = Path.open

    def opened(self: Path, *mode: Any, **more: Any) -> Any:
        file = plain(self, *mode, **more)
        if self.name == name:
            file.write("{")
            file.close()
            raise OSError(28, "No space left on device")
        return file

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", opened)
        with pytest.raises((LakeBroken, StoreRefused), match="No space left") as caught:
            open_store(folder, make=True)
    assert "free space" in caught.value.fix
    open_store(folder, make=True).close()
    open_store(folder).close()


def test_a_key_where_there_are_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", link)
    key = installation_key(tmp_path)
    assert installation_key(tmp_path) == key
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_a_key_for_which_there_was_no_room(tmp_path: Path) -> None:
    for size in (0, 10):
        with full(size), pytest.raises(StoreRefused) as caught:
            installation_key(tmp_path)
        assert "free space" in caught.value.fix
        assert list(tmp_path.iterdir()) == []
    key = installation_key(tmp_path)
    assert len(key) == KEY_BYTES
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    with full(0):
        assert installation_key(tmp_path) == key


@pytest.mark.parametrize("verb", ["watch", "serve"])
def test_the_programs_say_so_and_end(tmp_path: Path, logs: Path, verb: str) -> None:
    store = tmp_path / "store"
    more = ["--once"] if verb == "watch" else ["--listen", f"127.0.0.1:{free_port()}"]
    limited = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY)); "
        "runpy.run_module('seawall.cli.main', run_name='__main__')"
    )
    command = [sys.executable, "-c", limited, verb, str(logs), "--store", str(store), *more]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1
    assert "free space" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "unexpected" not in ended.stderr
    again = [*SEAWALL, "watch", str(logs), "--store", str(store), "--once"]
    ended = subprocess.run(again, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "1 record = 1 event" in ended.stderr


@pytest.mark.parametrize("verb", ["watch", "serve"])
def test_a_database_that_is_away(
    tmp_path: Path, logs: Path, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--once"] if verb == "watch" else ["--listen", f"127.0.0.1:{free_port()}"]
    nowhere = f"postgresql://ann:hunter2@/seawall?host={tmp_path / 'nowhere'}"
    store = ["--store", str(tmp_path / "store")]
    assert main([verb, str(logs), *store, "--database", nowhere, *more]) == 1
    told = capsys.readouterr().err
    assert "is not reachable" in told
    assert "check that it runs" in told
    assert "hunter2" not in told
    assert not list((tmp_path / "store").iterdir())


def test_a_database_that_comes_later(tmp_path: Path, logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = programs()
    if found is None:
        pytest.skip("there is no PostgreSQL here (tools/ensure_postgresql.sh installs it where it can)")
    server = Server(found)
    try:
        url = server.database()
        server.stop()
        command = ["watch", str(logs), "--store", str(tmp_path / "store"), "--database", url, "--once"]
        assert main(command) == 1
        assert "is not reachable" in capsys.readouterr().err
        server.start()
        assert main(command) == 0
        assert "1 record = 1 event" in capsys.readouterr().err
        server.stop()
        assert main(command) == 1
    finally:
        server.remove()
