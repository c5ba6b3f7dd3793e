"""A pipe without a writer, given wherever a command takes a file: refused at once, never waited for."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

from tests.cli.conftest import Run
from tests.events.support import mail_read, write_lines

MOST_SECONDS = 60


@pytest.fixture(autouse=True)
def _alarm() -> Iterator[None]:
    """What waits for a pipe is interrupted, and has failed."""

    def ring(_: int, __: FrameType | None) -> None:
        raise AssertionError("waits for a pipe")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(MOST_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(params=["pipe", "socket", "device"])
def special(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The path of what is no file."""
    monkeypatch.chdir(tmp_path)
    if request.param == "pipe":
        os.mkfifo("special")
        yield "special"
    elif request.param == "socket":
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind("special")
            yield "special"
    else:
        yield "/dev/zero"


COMMANDS = [
    "scan logs --mmdb SPECIAL --out out",
    "scan logs --rules SPECIAL --out out",
    "scan SPECIAL --out out",
    "assurance logs --policies SPECIAL",
    "assurance logs --methods SPECIAL",
    "assurance logs --what-if SPECIAL",
    "scope SPECIAL --address 198.51.100.1",
    "scope logs --collected SPECIAL --address 198.51.100.1",
    "explain 1 --out SPECIAL",
    "rules list --rules SPECIAL",
    "respond plan 1 --out SPECIAL",
    "respond apply SPECIAL --config SPECIAL",
    "respond notify begin case --scope SPECIAL",
    "respond notify draft SPECIAL",
    "keys scan logs --jwks SPECIAL",
    "keys audit SPECIAL",
    "collect m365 --config SPECIAL --out collected",
    "token check x.y.z --policy SPECIAL",
    "gate --policy SPECIAL",
    "serve --oidc-policy SPECIAL --store store",
    "serve --mmdb SPECIAL --store store",
    "watch SPECIAL --once --store store",
    "watch logs --mmdb SPECIAL --once --store store",
    "doctor --store store --head SPECIAL",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_file_is_refused_and_not_waited_for(
    run: Run, tmp_path: Path, special: str, command: str
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    write_lines(logs / "audit.jsonl", [mail_read(n) for n in range(9)])
    found = run(*command.replace("SPECIAL", special).split())
    assert "unexpected failure" not in found.err
    assert not any(word in found.err for word in ("Usage:", "No such", "Missing", "Got unexpected"))
    if command.split()[0] != "watch":
        assert found.code != 0, (found.out, found.err)
    assert found.err
