"""What is collected from the Reports API of a made-up Google customer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from seawall.cli.main import main
from seawall.collection.run import PassOutcome
from seawall.collection.vendors.google import GoogleSource, is_throttled
from seawall.collection.windows import DAY, HOUR, MINUTE
from seawall.vendor_api.client import RetryPolicy, VendorClient
from seawall_base.clock import Clock
from tests.collection.collecting import client_of, collect, lines, standing
from tests.collection.reports import CUSTOMER, Reports, activity
from tests.collection.serving import CUT_BEFORE, NOW, Reply, Request, Server, Still, fault, serving


def run(
    folder: Path, server: Server, clock: Still, applications: tuple[str, ...] = ("login",)
) -> PassOutcome:
    def make(client: VendorClient) -> GoogleSource:
        return GoogleSource(client, server.url, applications, 3, CUSTOMER)

    client = client_of(server.url, clock, retries=RetryPolicy(attempts=4), is_throttled=is_throttled)
    return collect(folder, make, client, clock, "google")


def known(folder: Path) -> list[str]:
    return sorted(json.loads(line)["id"]["uniqueQualifier"] for line in lines(folder))


def expected(api: Reports) -> list[str]:
    return sorted(record["id"]["uniqueQualifier"] for _, _, record in api.items)


def items(count: int, step: int = HOUR) -> list[tuple[int, int, dict[str, Any]]]:
    return [(time := NOW - 3 * DAY + n * step + MINUTE, 0, activity(n, time)) for n in range(count)]


def test_late_ones_come_and_none_comes_twice(tmp_path: Path) -> None:
    clock = Still()
    api = Reports(clock.now, items(60))
    edge = (NOW - DAY) // DAY * DAY
    api.items += [(edge, 0, activity(900, edge)), (NOW - HOUR, NOW + 10 * HOUR, activity(901, NOW - HOUR))]
    api.items += [(NOW - HOUR, 0, activity(902, NOW - HOUR, "token"))]
    with serving(api) as server:
        for _ in range(40):
            assert run(tmp_path, server, clock, ("login", "token", "admin")).is_complete
            clock.time += 2 * HOUR
    assert known(tmp_path) == expected(api)
    found = standing(tmp_path, "login")
    assert found.records == found.new_records + found.counts["repeated-records"]
    assert found.feed.gaps == ()
    assert found.feed.proved[0][0] == NOW - 3 * DAY
    assert standing(tmp_path, "admin").new_records == 0


def test_a_challenge_that_shares_the_id_of_its_sign_in_is_kept(tmp_path: Path) -> None:
    """Google gives a sign-in and its challenge the same qualifier and time; the `etag` differs with each answer."""
    clock = Still()
    api = Reports(clock.now, items(6))
    time = api.items[2][0]
    challenge = activity(2, time, events=[{"type": "login", "name": "login_challenge"}])
    api.items.append((time, 0, challenge))
    with serving(api) as server:
        assert run(tmp_path, server, clock).is_complete
        for number, (at, seen, record) in enumerate(api.items):
            api.items[number] = (at, seen, {**record, "etag": '"again"'})
        clock.time += 2 * HOUR
        assert run(tmp_path, server, clock).is_complete
    assert known(tmp_path) == expected(api)
    names = [json.loads(line)["events"][0]["name"] for line in lines(tmp_path)]
    assert sorted(names) == ["login_challenge", *["login_success"] * 6]


@pytest.mark.parametrize(
    "reply",
    [
        fault(429),
        Reply(403, b'{"error": {"code": 403, "errors": [{"reason": "userRateLimitExceeded"}]}}'),
        fault(503),
        CUT_BEFORE,
        Reply(200, b'{"items": "none"}'),
    ],
    ids=["429", "403", "503", "cut", "wrong-type"],
)
def test_what_passes_is_asked_again(tmp_path: Path, reply: Reply) -> None:
    clock = Still()
    api = Reports(clock.now, items(30))
    failed: set[str] = set()

    def once(request: Request) -> Reply | None:
        key = str(sorted(request.query.items()))
        if key in failed:
            return None
        failed.add(key)
        return reply

    with serving(api) as server:
        server.faults = once
        assert run(tmp_path, server, clock).is_complete
    assert known(tmp_path) == expected(api)


def test_forbidden_is_final(tmp_path: Path) -> None:
    clock = Still()
    with serving(Reports(clock.now)) as server:
        body = b'{"error": {"code": 403, "errors": [{"reason": "forbidden"}]}}'
        server.faults = lambda _: Reply(403, body)
        assert run(tmp_path, server, clock).refused == {"login": "403 forbidden"}
        assert len(server.requests) == 2


def key_file(folder: Path, **changes: Any) -> tuple[Path, Any]:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    stated = {
        "type": "service_account",
        "client_email": "seawall@project.iam.gserviceaccount.com",
        "client_id": "1234567890",
        "private_key_id": "abc",
        "private_key": pem.decode(),
        "token_uri": "https://evil.example/token",
        **changes,
    }
    path = folder / "key.json"
    path.write_text(json.dumps(stated))
    path.chmod(0o600)
    return path, key.public_key()


def command(folder: Path, server: Server, key: Path, administrator: str = "audit@acme.example") -> int:
    options = ["--customer", CUSTOMER, "--administrator", administrator, "--key-file", str(key), "--once"]
    out = ["--out", str(folder / "logs"), "--base-url", server.url, "--application", "login", "--days", "1"]
    return main(["collect", "google", *options, *out])


def test_by_a_service_account(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The key file names another address for its claims; they go to Google's all the same."""
    now = Clock().now()
    api = Reports(Clock().now, [(now - HOUR, 0, activity(1, now - HOUR))])
    key, api.key = key_file(tmp_path)
    with serving(api) as server:
        assert command(tmp_path, server, key) == 0
        assert len(lines(tmp_path)) == 1
        assert command(tmp_path / "other", server, key, "somebody@acme.example") == 1
    assert "unauthorized_client" in capsys.readouterr().err


@pytest.mark.parametrize(
    "changes", [{"type": "authorized_user"}, {"private_key": "no key"}, {"client_email": 7}]
)
def test_a_key_file_that_is_none(
    tmp_path: Path, changes: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    key, _ = key_file(tmp_path, **changes)
    with serving(Reports(Clock().now)) as server:
        assert command(tmp_path, server, key) in {1, 2}
        assert server.paths() == []
    assert "PRIVATE KEY" not in capsys.readouterr().err
