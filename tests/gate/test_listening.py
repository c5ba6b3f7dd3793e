"""Where the gate listens, what it checks before, and the administrator's token."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import socket
from pathlib import Path

import pytest

from seawall.cli.main import main
from seawall.gate import metrics
from seawall.gate.admin_token import FAILURES, VARIABLE, WHILE, AdminToken, read_token_digest
from seawall.gate.errors import GateInvalid
from seawall.gate.listen import check_address, parse_address
from seawall.gate.settings import AdminSettings
from seawall.web.listen_address import ListenAddress
from tests.gate.gates import Issuer, answers, free_port, policy_text, running, until

TOKEN = "a-throw-away-token-of-the-administrator-0123456789"
DIGEST = hashlib.sha256(TOKEN.encode()).digest()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8087", ListenAddress("127.0.0.1", 8087)),
        ("[::1]:80", ListenAddress("::1", 80)),
        ("gate.example:1", ListenAddress("gate.example", 1)),
        ("unix:/run/g.sock", ListenAddress(path=Path("/run/g.sock"))),
    ],
)
def test_addresses_are_read(text: str, address: ListenAddress) -> None:
    assert parse_address(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    "text", ["", "8087", ":8087", "a:", "a:b", "a:0", "a:65536", "::1:80", "unix:", "a:-1", "a:٣"]
)
def test_other_texts_are_no_addresses(text: str) -> None:
    with pytest.raises(GateInvalid):
        parse_address(text)


def test_an_address_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        with pytest.raises(GateInvalid, match="cannot listen on"):
            check_address(ListenAddress("127.0.0.1", listening.getsockname()[1]))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "g.sock"))
        listening.listen()
        with pytest.raises(GateInvalid, match="somebody listens"):
            check_address(ListenAddress(path=tmp_path / "g.sock"))
    check_address(ListenAddress(path=tmp_path / "g.sock"))
    assert not (tmp_path / "g.sock").exists(), "a socket that was left over is removed"
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(GateInvalid, match="no socket"):
        check_address(ListenAddress(path=tmp_path / "file"))
    with pytest.raises(GateInvalid, match="no folder"):
        check_address(ListenAddress(path=tmp_path / "none" / "g.sock"))


def test_a_second_gate_on_one_address_ends(tmp_path: Path) -> None:
    with running(tmp_path / "one") as gate:
        policy = str(gate.policy)
        assert main(["gate", "--policy", policy, "--listen", f"127.0.0.1:{gate.port}", "--quiet"]) == 2
        assert gate.ask(gate.issuer.token()).status_code == 204


def test_check_says_what_would_be_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "jwks.json").write_text(json.dumps(Issuer().jwks()), "utf-8")
    path = tmp_path / "policy.toml"
    path.write_text(policy_text(Issuer(), '[[gate.path]]\nprefix = "/a"\npublic = true\n'), "utf-8")
    assert main(["gate", "--policy", str(path), "--check", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["issuers"], document["paths"], document["listen"]) == (["main"], 1, "127.0.0.1:8087")
    assert main(["gate", "--policy", str(path), "--check"]) == 0
    assert capsys.readouterr().out == f"{path}: 1 issuer, 1 path rule\n"
    assert main(["gate", "--policy", str(path), "--listen", "x:1", "--uds", "y"]) == 2
    assert main(["gate", "--policy", str(tmp_path / "none"), "--check"]) == 2


def test_a_log_that_cannot_be_written_stops_the_gate(tmp_path: Path) -> None:
    with running(tmp_path, '[gate]\nlog = "none/gate.log"\n', wait=False) as gate:
        assert gate.process.wait(20) == 2
        assert "cannot log to" in gate.logged()


def test_a_broken_memory_of_proofs_stops_the_gate(tmp_path: Path) -> None:
    (tmp_path / "replay.db").write_text("no memory", "utf-8")
    for mode, words in ((0o644, "others may read"), (0o600, "not a database")):
        (tmp_path / "replay.db").chmod(mode)
        with running(tmp_path, wait=False) as gate:
            assert gate.process.wait(20) == 1
            assert words in gate.logged()


def test_the_administrators_token_is_kept_as_a_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n", "utf-8")
    path.chmod(0o600)
    assert read_token_digest(AdminSettings(token_file=path)) == DIGEST
    path.write_text(f"sha256:{DIGEST.hex()}", "utf-8")
    assert read_token_digest(AdminSettings(token_file=path)) == DIGEST
    assert read_token_digest(AdminSettings(token_sha256=DIGEST.hex())) == DIGEST
    monkeypatch.setenv(VARIABLE, TOKEN)
    assert read_token_digest(AdminSettings()) == DIGEST
    assert TOKEN not in repr(AdminToken(DIGEST).__dict__)


@pytest.mark.parametrize(
    "text", ["", "short", "a" * 31, "with a blank in its middle, which is long enough", "é" * 40]
)
def test_a_poor_token_stops_the_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(GateInvalid) as refused:
        read_token_digest(AdminSettings())
    assert not text or text not in refused.value.message
    path = tmp_path / "token"
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    with pytest.raises(GateInvalid):
        read_token_digest(AdminSettings(token_file=path))


def test_a_token_that_others_can_read_stops_the_gate(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN, "utf-8")
    path.chmod(0o644)
    with pytest.raises(GateInvalid, match="others can read"):
        read_token_digest(AdminSettings(token_file=path))
    with pytest.raises(GateInvalid, match="No such file"):
        read_token_digest(AdminSettings(token_file=tmp_path / "none"))


def test_who_guesses_is_told_to_stop_and_keeps_nobody_out() -> None:
    now = [0.0]
    token = AdminToken(DIGEST, clock=lambda: now[0])
    right = f"Bearer {TOKEN}"
    assert token.check("a", right) == 200
    assert [token.check("a", f"Bearer {number}") for number in range(FAILURES)] == [401] * FAILURES
    assert token.check("a", "Bearer wrong") == 429
    assert token.check("b", "Bearer wrong") == 401
    now[0] += WHILE + 1
    assert token.check("a", "Bearer wrong") == 401
    for _ in range(2 * FAILURES):
        token.check("a", "Bearer wrong")
    assert token.check("a", right) == 200, (
        "an emergency: somebody else at this address must not be in its way"
    )
    for wrong in (None, "", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer"):
        assert AdminToken(DIGEST).check("a", wrong) == 401


def test_nobody_tidies_away_what_workers_share() -> None:
    folder = metrics.prepare_folder()
    other = os.open(folder, os.O_RDONLY)
    try:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        metrics.remove_folder(folder)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert not folder.exists()
    finally:
        os.close(other)


def test_nothing_is_left_of_a_gate_that_was_killed(tmp_path: Path) -> None:
    """As the kernel does when memory runs out: the next start must find its addresses free."""
    beside = free_port()
    admin = f'[gate.admin]\nenabled = true\ntoken_sha256 = "{DIGEST.hex()}"\nlisten = "127.0.0.1:{beside}"\n'
    with running(tmp_path, admin, options=("--workers", "2")) as gate:
        until(lambda: answers(beside))
        gate.process.kill()
        gate.process.wait()
        until(lambda: not answers(gate.port) and not answers(beside))
        with running(tmp_path, admin, port=gate.port) as again:
            assert again.ask(again.issuer.token()).status_code == 204
            until(lambda: answers(beside))


def test_a_gate_whose_workers_cannot_start_ends_and_says_why(tmp_path: Path) -> None:
    with running(tmp_path) as gate:
        (tmp_path / "revocations.db").rename(tmp_path / "elsewhere.db")
        for pid in gate.pids():
            os.kill(pid, signal.SIGKILL)
        assert gate.process.wait(30) == 1
        assert f"{tmp_path}/revocations.db: No such file" in gate.log.read_text("utf-8")
