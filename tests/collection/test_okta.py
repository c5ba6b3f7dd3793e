"""Okta's System Log, polled as Okta documents it, by an application's key or an API token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from seawall.cli.main import main
from seawall.collection.run import PassOutcome
from seawall.collection.vendors.okta import OktaSource
from seawall.collection.windows import DAY, HOUR, MINUTE
from seawall.vendor_api.client import RetryPolicy, VendorClient
from seawall_base.clock import Clock
from tests.collection.collecting import client_of, collect, ids, lines, standing
from tests.collection.management import stamp
from tests.collection.serving import CUT_BEFORE, NOW, Reply, Request, Server, Still, fault, serving
from tests.collection.system_log import Organisation, SystemLog, event


def run(folder: Path, server: Server, clock: Still) -> PassOutcome:
    def make(client: VendorClient) -> OktaSource:
        return OktaSource(client, server.url, clock, 3)

    client = client_of(server.url, clock, retries=RetryPolicy(attempts=4))
    return collect(folder, make, client, clock, "okta")


def expected(api: SystemLog) -> list[str]:
    return sorted(one["uuid"] for _, one in api.events)


def test_polling_goes_on_where_it_ended(tmp_path: Path) -> None:
    clock = Still()
    api = SystemLog(clock.now, [event(n, NOW - DAY + n * HOUR) for n in range(25)])
    with serving(api) as server:
        api.base = server.url
        assert run(tmp_path, server, clock).records == 25
        for n in range(20):
            # Okta has it only now, though it happened long ago.
            api.events.append(event(100 + n, clock.time, delay=5 * HOUR))
            clock.time += 10 * MINUTE
            assert run(tmp_path, server, clock).records == 1
    assert sorted(ids(tmp_path, "uuid")) == expected(api)
    found = standing(tmp_path, "system-log")
    assert found.feed.proved == ((NOW - 3 * DAY, clock.time - HOUR),)
    assert found.feed.gaps == ()
    assert found.asks == 1
    assert found.counts == {}


def test_what_was_forgotten_is_asked_anew_and_not_written_again(tmp_path: Path) -> None:
    clock = Still()
    api = SystemLog(clock.now, [event(n, NOW - DAY + n * HOUR) for n in range(25)])
    with serving(api) as server:
        api.base = server.url
        run(tmp_path, server, clock)
        clock.time += HOUR
        api.events.append(event(100, clock.time - MINUTE))
        before = len(server.requests)
        api.forgotten = True
        server.faults = lambda _: setattr(api, "forgotten", len(server.requests) <= before + 1)
        assert run(tmp_path, server, clock).records == 1
        # From an hour before the end of what was answered, not from the beginning.
        assert server.requests[before + 1].query["since"] == f"{stamp(NOW - HOUR)[:19]}.000Z"
    assert sorted(ids(tmp_path, "uuid")) == expected(api)
    assert standing(tmp_path, "system-log").feed.gaps == ()


def test_the_rate_limit_is_heeded(tmp_path: Path) -> None:
    clock = Still()
    api = SystemLog(clock.now, [event(n, NOW - DAY + n * HOUR) for n in range(25)], limit=3)
    with serving(api) as server:
        api.base = server.url
        assert run(tmp_path, server, clock).is_complete
        assert server.sent["429"] == 2
    assert sum(clock.waits) >= 120
    assert sorted(ids(tmp_path, "uuid")) == expected(api)


@pytest.mark.parametrize(
    "reply",
    [fault(500), CUT_BEFORE, Reply(200, b"[{}]"), Reply(200, b"{}"), Reply(200, b"[{", cut=1)],
    ids=["500", "cut", "no-link", "object", "half"],
)
def test_what_passes_is_asked_again(tmp_path: Path, reply: Reply) -> None:
    clock = Still()
    api = SystemLog(clock.now, [event(n, NOW - DAY + n * HOUR) for n in range(25)])
    failed: set[str] = set()

    def once(request: Request) -> Reply | None:
        key = str(sorted(request.query.items()))
        if key in failed:
            return None
        failed.add(key)
        return reply

    with serving(api) as server:
        api.base, server.faults = server.url, once
        assert run(tmp_path, server, clock).is_complete
    assert sorted(ids(tmp_path, "uuid")) == expected(api)


def test_a_link_that_leads_elsewhere(tmp_path: Path) -> None:
    clock = Still()
    api = SystemLog(clock.now, [event(n, NOW - HOUR) for n in range(9)], base="https://evil.example")
    with serving(api) as server:
        assert run(tmp_path, server, clock).refused == {"system-log": "elsewhere"}
        assert len(server.requests) == 1
    assert lines(tmp_path) == []


def command(folder: Path, server: Server, *more: str) -> int:
    out = ["--out", str(folder / "logs"), "--base-url", server.url, "--days", "1", "--once"]
    return main(["collect", "okta", "--domain", "acme.okta.com", *out, *more])


def organisation(algorithm: str = "RS256", *, dpop: bool = True) -> tuple[Organisation, bytes]:
    private: Any = (
        rsa.generate_private_key(65537, 2048)
        if algorithm == "RS256"
        else ec.generate_private_key(ec.SECP256R1())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    now = Clock().now()
    log = SystemLog(Clock().now, [event(n, now - n * HOUR) for n in range(1, 9)])
    return Organisation(log, private.public_key(), algorithm, dpop), pem


@pytest.mark.parametrize("dpop", [True, False], ids=["dpop", "bearer"])
@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_by_an_applications_key(tmp_path: Path, algorithm: str, dpop: bool) -> None:
    api, pem = organisation(algorithm, dpop=dpop)
    key = tmp_path / "key.pem"
    key.write_bytes(pem)
    key.chmod(0o600)
    with serving(api) as server:
        api.log.base = server.url
        more = ["--client-id", "0oaclient", "--key-file", str(key), "--key-id", "kid-1"]
        assert command(tmp_path, server, *more, *([] if dpop else ["--no-dpop"])) == 0
    assert sorted(ids(tmp_path, "uuid")) == expected(api.log)


def test_by_a_jwk(tmp_path: Path) -> None:
    api, pem = organisation()
    private = serialization.load_pem_private_key(pem, None)
    assert isinstance(private, rsa.RSAPrivateKey)
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(private, as_dict=True)
    key = tmp_path / "key.jwk"
    key.write_text(json.dumps({**jwk, "kid": "kid-1"}))
    key.chmod(0o600)
    with serving(api) as server:
        api.log.base = server.url
        assert command(tmp_path, server, "--client-id", "0oaclient", "--key-file", str(key)) == 0


def test_an_application_that_requires_proof(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api, pem = organisation()
    key = tmp_path / "key.pem"
    key.write_bytes(pem)
    key.chmod(0o600)
    with serving(api) as server:
        api.log.base = server.url
        more = ["--client-id", "0oaclient", "--key-file", str(key), "--key-id", "kid-1", "--no-dpop"]
        assert command(tmp_path, server, *more) == 1
    assert "invalid_dpop_proof" in capsys.readouterr().err


def test_by_an_api_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = Clock().now()
    api = SystemLog(Clock().now, [event(1, now - HOUR)], authorization="SSWS not-a-real-token")
    with serving(api) as server:
        api.base = server.url
        monkeypatch.setenv("SEAWALL_OKTA_TOKEN", "not-a-real-token")
        assert command(tmp_path, server) == 0
        monkeypatch.setenv("SEAWALL_OKTA_TOKEN", "another-token")
        assert command(tmp_path, server) == 1
    said = capsys.readouterr().err
    assert "401 E0000011" in said
    assert "another-token" not in said


@pytest.mark.parametrize("text", ["", "no key", '{"kty": "oct", "k": "AAAA"}', "{", '{"kty": "RSA"}'])
def test_a_key_file_that_is_none(tmp_path: Path, text: str) -> None:
    key = tmp_path / "key"
    key.write_text(text)
    key.chmod(0o600)
    with serving(SystemLog(Clock().now)) as server:
        assert command(tmp_path, server, "--client-id", "0oaclient", "--key-file", str(key)) == 2
        assert server.requests == []
