"""Whatever the gate depends on breaks, and it refuses: no policy, no store, no keys, no risk, no answer that allows."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from seawall.gate.application import GateApplication
from seawall.gate.metrics import Metrics
from seawall.gate.worker import Worker, WorkerConfig, key_caches
from seawall_tokens.revocation.store import RevocationStore
from tests.gate.gates import Gate, Issuer, policy_text, running, until
from tests.gate.test_revoking import ADMIN, TOKEN


def code_of(gate: Gate, token: str) -> str:
    try:
        answer = gate.ask(token)
    except httpx.ConnectError:  # a worker that is being replaced lets nobody in either
        return "no-connection"
    return "" if answer.status_code == 204 else str(answer.headers["x-seawall-code"])


def deleted(store: Path) -> None:
    for path in store.parent.glob("revocations.db*"):
        path.unlink()


def overwritten(store: Path) -> None:
    store.write_bytes(os.urandom(store.stat().st_size))


def cut_short(store: Path) -> None:
    os.truncate(store, 100)


def emptied(store: Path) -> None:
    with sqlite3.connect(store) as connection:
        connection.execute("DELETE FROM sqlite_sequence")
        connection.execute("DROP TABLE log")
    connection.close()


def replaced(store: Path) -> None:
    deleted(store)
    RevocationStore.create(store).close()


@pytest.mark.parametrize("damage", [deleted, cut_short, emptied, replaced], ids=lambda act: act.__name__)
def test_a_broken_store_refuses_everything(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    with running(tmp_path, options=("--workers", "2")) as gate:
        token = gate.issuer.token()
        assert gate.ask(token).status_code == 204
        damage(tmp_path / "revocations.db")
        until(
            lambda: all(code_of(gate, gate.issuer.token()) == "revocations-unavailable" for _ in range(6)), 40
        )
        assert code_of(gate, token) == "revocations-unavailable", (
            "a token that was seen before is no exception"
        )
        health = gate.get("/healthz")
        assert (health.status_code, health.json()["status"]) == (503, "refusing")
        assert health.json()["faults"][0]["code"] == "store-broken"
        until(lambda: "seawall_gate_ready 0.0" in gate.get("/metrics").text)


def test_a_store_that_is_overwritten_loses_nothing_in_silence(tmp_path: Path) -> None:
    """An open connection reads from its cache and does not notice: what it knows stays revoked, nothing is added."""
    with running(tmp_path, ADMIN) as gate:

        def revoke(subject: str) -> int:
            document = {"kind": "subject", "issuer": gate.issuer.name, "value": subject, "reason": "x"}
            headers = {"Authorization": f"Bearer {TOKEN}"}
            return httpx.post(f"{gate.url}/admin/revocations", json=document, headers=headers).status_code

        assert revoke("ann") == 201
        until(lambda: code_of(gate, gate.issuer.token()) == "revoked-subject")
        with sqlite3.connect(tmp_path / "revocations.db") as connection:
            assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        connection.close()
        overwritten(tmp_path / "revocations.db")
        assert code_of(gate, gate.issuer.token()) == "revoked-subject"
        assert revoke("ben") == 503
        assert code_of(gate, gate.issuer.token()) in {"revoked-subject", "revocations-unavailable"}
        gate.stop()
    with running(tmp_path, ADMIN, issuer=gate.issuer, wait=False) as gate:
        assert gate.process.wait(20) == 1


def test_a_store_that_is_broken_at_the_start_ends_the_gate(tmp_path: Path) -> None:
    (tmp_path / "revocations.db").write_bytes(b"no store")
    with running(tmp_path, wait=False) as gate:
        assert gate.process.wait(20) == 1
        assert "error:" in gate.logged()


def test_a_named_store_that_is_missing_ends_the_gate(tmp_path: Path) -> None:
    with running(tmp_path, '[revocations]\nstore = "state.db"\n', wait=False) as gate:
        assert gate.process.wait(20) == 1
        assert "--create-store" in gate.logged()
        assert not (tmp_path / "state.db").exists()


@pytest.mark.parametrize(
    "policy", ["", "not toml", "[[issuer]]\n", "[gate]\nnonsense = 1\n", "[[issuer]]\nissuer = 3\n"]
)
def test_a_broken_policy_at_the_start_ends_the_gate(tmp_path: Path, policy: str) -> None:
    with running(tmp_path, wait=False) as gate:
        gate.stop()
    (tmp_path / "policy.toml").write_text(policy, "utf-8")
    from seawall.cli.main import main

    assert main(["gate", "--policy", str(tmp_path / "policy.toml"), "--check"]) == 2


def test_an_administrator_does_not_wait_behind_a_flood_of_signals(tmp_path: Path) -> None:
    async def flood() -> str:
        direct = Direct(tmp_path, Issuer())
        await direct.start()
        held = threading.Event()
        signals = [asyncio.create_task(direct.worker.take_signal(held.wait)) for _ in range(200)]
        try:
            async with asyncio.timeout(30):
                return str(await direct.worker.chore(lambda: "revoked"))
        finally:
            held.set()
            await asyncio.gather(*signals)
            await direct.worker.stop()

    assert asyncio.run(flood()) == "revoked"


def test_a_policy_that_is_gone_when_it_is_to_be_read_again_is_said(tmp_path: Path) -> None:
    with running(tmp_path) as gate:
        gate.policy.unlink()
        for pid in gate.pids():
            os.kill(pid, signal.SIGHUP)
        until(lambda: "policy-stale" in gate.get("/healthz").text)
        assert gate.ask(gate.issuer.token()).status_code == 204


def test_a_policy_that_breaks_while_it_runs_changes_nothing_and_is_said(tmp_path: Path) -> None:
    with running(tmp_path, options=("--workers", "2")) as gate:
        token = gate.issuer.token()
        good = gate.policy.read_text("utf-8")
        gate.policy.write_text("[[issuer]]\nnonsense", "utf-8")
        gate.process.send_signal(signal.SIGHUP)
        until(lambda: all(gate.get("/healthz").json()["faults"] for _ in range(6)), 90)
        health = gate.get("/healthz")
        assert (health.status_code, health.json()["status"]) == (200, "degraded")
        assert health.json()["faults"][0]["code"] == "policy-stale"
        assert gate.ask(token).status_code == 204
        assert gate.ask(token[:-8]).status_code == 401
        until(lambda: "seawall_gate_policy_stale 1.0" in gate.get("/metrics").text)
        assert gate.logged("the policy was not taken")

        gate.policy.write_text(good.replace("api://mail", "api://other"), "utf-8")
        until(lambda: all(code_of(gate, token) == "audience-wrong" for _ in range(6)), 90)
        assert gate.get("/healthz").json()["faults"] == []

        gate.policy.unlink()
        until(lambda: all(gate.get("/healthz").json()["faults"] for _ in range(6)), 90)
        assert code_of(gate, token) == "audience-wrong"


class Keys:
    """A key server on this machine that can be slow, wrong or gone."""

    def __init__(self, issuer: Issuer) -> None:
        self.body = json.dumps(issuer.jwks()).encode()
        self.status = 200
        self.delay = 0.0
        self.asked = 0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.asked += 1
                time.sleep(owner.delay)
                self.send_response(owner.status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(owner.body)))
                self.end_headers()
                self.wfile.write(owner.body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def setting(self) -> str:
        return f'jwks_uri = "http://127.0.0.1:{self.port}/keys"\nallow_loopback_http = true'

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def key_server(issuer: Issuer) -> Iterator[Keys]:
    keys = Keys(issuer)
    try:
        yield keys
    finally:
        keys.stop()


def test_without_keys_nothing_is_let_through(tmp_path: Path) -> None:
    issuer = Issuer()
    keys = Keys(issuer)
    keys.stop()
    with running(tmp_path, issuer=issuer, keys=keys.setting) as gate:
        for _ in range(3):
            assert code_of(gate, issuer.token()) == "key-source-unavailable"
        health = gate.get("/healthz")
        assert health.status_code == 503
        assert health.json()["faults"][0]["code"] == "key-source"


def test_a_new_policy_waits_for_its_keys(tmp_path: Path) -> None:
    issuer = Issuer()
    with key_server(issuer) as keys, running(tmp_path, issuer=issuer, keys=keys.setting) as gate:
        token = issuer.token()
        assert gate.ask(token).status_code == 204
        keys.status = 500
        gate.policy.write_text(gate.policy.read_text("utf-8").replace("api://mail", "api://other"), "utf-8")
        until(lambda: gate.get("/healthz").json()["faults"], 90)
        fault = gate.get("/healthz").json()["faults"][0]
        assert (fault["code"], "keys of main" in fault["words"]) == ("policy-stale", True)
        assert gate.ask(token).status_code == 204
        keys.status = 200
        until(lambda: code_of(gate, token) == "audience-wrong", 90)
        assert gate.get("/healthz").json()["faults"] == []


@pytest.mark.parametrize("body", [b"{}", b"<html>", b'{"keys": [{"kty": "oct", "k": "AAAA"}]}', b"\xff"])
def test_a_key_source_that_answers_nonsense_lets_nothing_through(tmp_path: Path, body: bytes) -> None:
    issuer = Issuer()
    with key_server(issuer) as keys:
        keys.body = body
        with running(tmp_path, issuer=issuer, keys=keys.setting) as gate:
            answer = gate.ask(issuer.token())
            assert answer.status_code in {401, 403}
            assert answer.headers["x-seawall-code"].startswith("key-")


def seconds_for(gate: Gate, token: str, requests: int = 50) -> float:
    """How long so many requests on one connection take, which are all let through."""
    headers = {"Authorization": f"Bearer {token}", "X-Original-URI": "/"}
    begin = time.monotonic()
    with httpx.Client(timeout=30) as client:
        for _ in range(requests):
            assert client.get(f"{gate.url}/verify", headers=headers).status_code == 204
    return time.monotonic() - begin


def test_unknown_keys_and_a_slow_source_do_not_hold_up_anybody(tmp_path: Path) -> None:
    issuer = Issuer()
    with key_server(issuer) as keys, running(tmp_path, issuer=issuer, keys=keys.setting) as gate:
        alone = seconds_for(gate, issuer.token())
        asked, keys.delay = keys.asked, 4.0
        stranger = Issuer(kid="unknown")
        waiting = [threading.Thread(target=gate.ask, args=(stranger.token(),)) for _ in range(20)]
        for thread in waiting:
            thread.start()
        until(lambda: keys.asked > asked)
        beside = seconds_for(gate, issuer.token())
        assert beside < 1.0 + 5 * alone, "whoever waits for the keys as the strangers do waits two seconds"
        for thread in waiting:
            thread.join()
        assert keys.asked <= 3


class Direct:
    """A worker in this process, asked as the server would ask it, with clocks that can be moved."""

    def __init__(
        self, folder: Path, issuer: Issuer, gate: str = "[gate]\n", keys: str = 'jwks_file = "jwks.json"'
    ) -> None:
        self.issuer = issuer
        self.elapsed = 0.0
        (folder / "jwks.json").write_text(json.dumps(issuer.jwks()), "utf-8")
        (folder / "policy.toml").write_text(
            policy_text(issuer, gate.replace("[gate]\n", f'[gate]\nlog = "{folder}/gate.log"\n'), keys=keys),
            "utf-8",
        )
        if not (folder / "revocations.db").exists():
            RevocationStore.create(folder / "revocations.db").close()
        self.worker = Worker(WorkerConfig(folder / "policy.toml", b"n" * 32, frozenset({"verify"})))

    async def start(self) -> None:
        await self.worker.start()
        assert self.worker.authoriser is not None
        for _, cache in key_caches(self.worker.authoriser):
            await asyncio.to_thread(cache.warm)
            cache._ticks = lambda: time.monotonic() + self.elapsed

    async def ask(self, token: str) -> str:
        headers = [(b"authorization", b"Bearer " + token.encode()), (b"x-original-uri", b"/mail")]
        answer = await self.worker.verify.answer(
            {
                "method": "GET",
                "raw_path": b"/verify",
                "query_string": b"",
                "headers": headers,
                "client": ("127.0.0.1", 1),
            }
        )
        return "" if answer.status == 204 else dict(answer.headers)[b"x-seawall-code"].decode()


def test_keys_serve_for_a_while_after_their_server_is_gone_and_then_no_more(tmp_path: Path) -> None:
    issuer = Issuer()
    keys = Keys(issuer)

    async def scenario() -> None:
        direct = Direct(tmp_path, issuer, keys=keys.setting + '\nstale_limit = "1h"')
        await direct.start()
        token = issuer.token()
        assert await direct.ask(token) == ""
        keys.stop()
        direct.elapsed = 1800
        assert await direct.ask(token) == ""
        async with asyncio.timeout(30):
            while not direct.worker.faults():
                await asyncio.sleep(0.01)
        assert [fault.code for fault in direct.worker.faults()] == ["key-source"]
        assert not direct.worker.faults()[0].stops
        direct.elapsed = 3601
        assert await direct.ask(token) == "key-source-unavailable"
        assert direct.worker.faults()[0].stops
        await direct.worker.stop()
        assert await direct.ask(token) == "not-ready"

    asyncio.run(scenario())


@pytest.mark.parametrize("where", ["decide", "record", "metrics"])
def test_an_error_of_our_own_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    issuer = Issuer()
    secret = "a text that must not be logged"

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError(secret)

    async def scenario() -> None:
        direct = Direct(tmp_path, issuer)
        await direct.start()
        assert await direct.ask(issuer.token()) == ""
        if where == "decide":
            monkeypatch.setattr("seawall.gate.authorisation.RequestAuthoriser.authorise", broken)
        elif where == "record":
            monkeypatch.setattr("seawall.gate.decision_log.DecisionLog.log_allowed", broken)
        else:
            monkeypatch.setattr(Metrics, "count_decision", broken)
        assert await direct.ask(issuer.token()) == "gate-broken"
        monkeypatch.undo()
        assert await direct.ask(issuer.token()) == ""
        await direct.worker.stop()

    asyncio.run(scenario())
    log = (tmp_path / "gate.log").read_text("utf-8")
    assert "unexpected RuntimeError at" in log
    assert secret not in log


def test_other_endpoints_answer_errors_with_503_and_no_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Any) -> Any:
        raise RuntimeError("a text that must not be shown")

    monkeypatch.setattr(Worker, "faults", broken)
    RevocationStore.create(tmp_path / "revocations.db").close()
    (tmp_path / "jwks.json").write_text(json.dumps(Issuer().jwks()), "utf-8")
    (tmp_path / "policy.toml").write_text(
        policy_text(Issuer(), f'[gate]\nlog = "{tmp_path}/gate.log"\n'), "utf-8"
    )
    application = GateApplication(
        WorkerConfig(tmp_path / "policy.toml", b"n" * 32, frozenset({"verify", "status"}))
    )

    async def scenario() -> httpx.Response:
        transport = httpx.ASGITransport(application, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://gate") as client:
            assert (await client.get("/healthz")).status_code == 503
            assert (await client.get("/verify")).status_code == 503
            with monkeypatch.context() as patch:
                patch.setattr(Worker, "measure", lambda _: None)
                await application.begin()
            answer = await client.get("/healthz")
            await application.end()
            return answer

    answer = asyncio.run(scenario())
    assert (answer.status_code, answer.json()) == (503, {"code": "gate-broken"})


def test_unknown_risk_refuses(tmp_path: Path) -> None:
    incidents = tmp_path / "incidents.jsonl"
    entry = {
        "account": "ann",
        "severity": "high",
        "raised": True,
        "last_event": "2026-11-01T10:00:00Z",
        "id": "i1",
    }
    incidents.write_text("", "utf-8")
    with running(tmp_path, '[gate.risk]\nincidents = "incidents.jsonl"\nacr_values = ["strong"]\n') as gate:
        ben, ann = gate.issuer.token(sub="ben"), gate.issuer.token(sub="ann", auth_time=1000)
        assert (code_of(gate, ben), code_of(gate, ann)) == ("", "")
        incidents.write_text(json.dumps(entry) + "\n", "utf-8")
        until(lambda: code_of(gate, ann) == "risk-step-up")
        challenge = gate.ask(ann).headers["www-authenticate"]
        assert 'error="insufficient_user_authentication"' in challenge
        assert 'acr_values="strong"' in challenge
        assert "max_age=" in challenge
        assert code_of(gate, gate.issuer.token(sub="ann", acr="strong")) == "", (
            "signed in anew, after the incident"
        )
        assert code_of(gate, gate.issuer.token(sub="ann")) == "risk-step-up", "anew, and not strongly enough"
        assert code_of(gate, ben) == ""
        incidents.write_text("{", "utf-8")
        until(lambda: code_of(gate, ben) == "risk-unknown")
        assert gate.get("/healthz").status_code == 503
        incidents.write_text("", "utf-8")
        until(lambda: code_of(gate, ann) == "")
