"""What Seawall tells, its own gate does: a real transmitter and a real gate, by push and by poll."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.gate.gates import ISSUER, free_port, running, until

AUDIENCE = "https://gate.example/events"
SECRET = "a-throw-away-token-for-polling-0123456789"


def seawall(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "seawall.cli.main", "respond", "signals", *words],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def transmitter_table(keys: str, more: str = "") -> str:
    return f"""
[[gate.transmitter]]
name = "seawall"
issuer = "https://seawall.example"
audiences = ["{AUDIENCE}"]
{keys}
algorithms = ["ES256"]
speaks_for = ["{ISSUER}"]
may_lift = true
allow_loopback_http = true
{more}
"""


def settings(folder: Path, stream: str, url: str = "") -> None:
    (folder / "token").write_text(SECRET)
    (folder / "token").chmod(0o600)
    (folder / "signals.toml").write_text(
        f'[transmitter]\nissuer = "https://seawall.example"\nkey = "signing.pem"\n{url}\n'
        f'[[stream]]\nname = "gate"\naudience = "{AUDIENCE}"\n{stream}\n'
    )


@contextmanager
def serving(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "transmitter.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "seawall.cli.main", "respond", "signals", "serve", "--listen", f"127.0.0.1:{port}"],
            cwd=folder, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        until(lambda: process.poll() is not None or "listening" in (folder / "transmitter.log").read_text())
        assert process.poll() is None, (folder / "transmitter.log").read_text()
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, (folder / "transmitter.log").read_text()


def test_what_is_pushed_is_done_and_done_once(tmp_path: Path) -> None:
    made = seawall(tmp_path, "key", "signing.pem")
    assert made.returncode == 0, made.stderr
    (tmp_path / "signals.json").write_text(made.stdout)
    with running(tmp_path, transmitter_table('jwks_file = "signals.json"')) as gate:
        settings(tmp_path, f'push = "{gate.url}/events"')
        ann, bob = gate.issuer.token(sub="ann"), gate.issuer.token(sub="bob", sid="s-1")
        assert gate.ask(ann).status_code == gate.ask(bob).status_code == 204

        dry = seawall(tmp_path, "tell", "account-disabled", "--issuer", ISSUER, "--account", "ann", "--json")
        assert json.loads(dry.stdout)["sent"] is False
        assert gate.ask(ann).status_code == 204

        words = ("--issuer", ISSUER, "--account", "ann", "--at", "2026-11-26T14:00:00Z", "--send")
        told = seawall(tmp_path, "tell", "account-disabled", *words)
        assert "1 taken, 0 refused, 0 waiting" in told.stderr, told.stderr
        until(lambda: gate.ask(ann).headers.get("X-Seawall-Code") == "revoked-subject")
        assert "sent before" in seawall(tmp_path, "tell", "account-disabled", *words).stdout

        seawall(tmp_path, "tell", "session-revoked", "--issuer", ISSUER, "--session", "s-1", "--send")
        until(lambda: gate.ask(bob).headers.get("X-Seawall-Code") == "revoked-session")
        assert gate.ask(gate.issuer.token(sub="bob", sid="s-2")).status_code == 204

        seawall(tmp_path, "tell", "account-enabled", "--issuer", ISSUER, "--account", "ann", "--send")
        until(lambda: gate.ask(ann).headers.get("X-Seawall-Code") != "revoked-subject")
        listed = json.loads(seawall(tmp_path, "list", "--json").stdout)["signals"]
        assert [one["state"] for one in listed] == ["taken"] * 3
        assert seawall(tmp_path, "verify", "gate", "--state", "hello").returncode == 0


def test_what_the_gate_refuses_is_said(tmp_path: Path) -> None:
    (tmp_path / "signals.json").write_text(seawall(tmp_path, "key", "signing.pem").stdout)
    with running(tmp_path, transmitter_table('jwks_file = "signals.json"')) as gate:
        settings(tmp_path, f'push = "{gate.url}/events"')
        told = seawall(
            tmp_path,
            "tell",
            "account-disabled",
            "--issuer",
            "https://else.example",
            "--account",
            "ann",
            "--send",
        )
        assert "access_denied" in told.stderr  # about who we are: it waits until the operator mends it
        assert seawall(tmp_path, "deliver").returncode == 1
    seawall(tmp_path, "tell", "account-disabled", "--issuer", ISSUER, "--account", "bob", "--send")
    waiting = json.loads(seawall(tmp_path, "list", "--json").stdout)["signals"]
    assert [one["state"] for one in waiting] == ["waiting"] * 2


def test_what_is_polled_is_done_and_survives_both_ends_being_away(tmp_path: Path) -> None:
    port = free_port()
    seawall(tmp_path, "key", "signing.pem")
    settings(tmp_path, 'poll = true\ntoken_file = "token"', f'url = "http://127.0.0.1:{port}"')
    polling = f'poll = "http://127.0.0.1:{port}/poll/gate"\npoll_token_file = "token"\npoll_every = "1s"'
    table = transmitter_table(f'jwks_uri = "http://127.0.0.1:{port}/jwks.json"', polling)
    with serving(tmp_path, port), running(tmp_path, table, options=("--workers", "2")) as gate:
        cat, dan = gate.issuer.token(sub="cat"), gate.issuer.token(sub="dan")
        assert gate.ask(cat).status_code == 204
        seawall(tmp_path, "tell", "account-disabled", "--issuer", ISSUER, "--account", "cat", "--send")
        until(lambda: gate.ask(cat).headers.get("X-Seawall-Code") == "revoked-subject")
        until(lambda: states(tmp_path) == ["taken"])
        _strangers_get_nothing(port)
        assert gate.ask(dan).status_code == 204
        until(lambda: "signals-away" not in gate.get("/healthz").text)
    with running(tmp_path, table, issuer=gate.issuer, options=("--workers", "2")) as gate:
        until(lambda: "signals-away" in gate.get("/healthz").text)  # the transmitter is away: it is said
        assert gate.ask(dan).status_code == 204
        seawall(tmp_path, "tell", "account-disabled", "--issuer", ISSUER, "--account", "dan", "--send")
        with serving(tmp_path, port):
            until(lambda: gate.ask(dan).headers.get("X-Seawall-Code") == "revoked-subject")
            until(lambda: states(tmp_path) == ["taken", "taken"])


def states(folder: Path) -> list[str]:
    listed = json.loads(seawall(folder, "list", "--json").stdout)["signals"]
    return [one["state"] for one in listed]


def _strangers_get_nothing(port: int) -> None:
    base = f"http://127.0.0.1:{port}"
    assert httpx.post(f"{base}/poll/gate", json={}).status_code == 401
    wrong = {"Authorization": "Bearer wrong"}
    assert httpx.post(f"{base}/poll/gate", json={}, headers=wrong).status_code == 401
    right = {"Authorization": f"Bearer {SECRET}"}
    assert httpx.post(f"{base}/poll/nobody", json={}, headers=right).status_code == 401
    assert httpx.post(f"{base}/poll/gate", content=b"[", headers=right).status_code == 400
    assert httpx.post(f"{base}/poll/gate", json={"maxEvents": 0}, headers=right).json() == {"sets": {}}
    assert httpx.post(f"{base}/verify", json={"stream_id": "gate"}, headers=wrong).status_code == 401
    assert httpx.get(f"{base}/.well-known/ssf-configuration").json()["jwks_uri"] == f"{base}/jwks.json"
