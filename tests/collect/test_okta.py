"""Okta's System Log, polled as Okta documents it, by an application's key or an API token."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from seawall.cli.main import main
from seawall.collect.client import Client, Patience
from seawall.collect.clock import Clock
from seawall.collect.run import Outcome
from seawall.collect.vendors.okta import Okta
from seawall.collect.windows import DAY, HOUR, MINUTE
from tests.collect.collecting import client_of, collect, ids, lines, standing
from tests.collect.management import micros, stamp
from tests.collect.serving import CUT_BEFORE, NOW, Reply, Request, Server, Still, as_json, fault, serving


@dataclass
class SystemLog:
    """Events in the order in which Okta has them: `(kept at, event)`. `limit` requests are left of this minute."""

    now: Callable[[], int]
    events: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    page: int = 4
    authorization: str = "Bearer token-1"
    base: str = ""
    limit: int | None = None
    forgotten: bool = False

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != self.authorization:
            return as_json({"errorCode": "E0000011", "errorSummary": "Invalid token provided"}, 401)
        headers = {}
        if self.limit is not None:
            if not self.limit:
                self.limit = 3
                reset = str(self.now() // 1_000_000 + 60)
                return as_json(
                    {"errorCode": "E0000047"}, 429, X_Rate_Limit_Remaining="0", X_Rate_Limit_Reset=reset
                )
            self.limit -= 1
        query = request.query
        if "until" in query or query.get("sortOrder") != "ASCENDING":
            return as_json({"errorCode": "E0000001"}, 400)
        if "after" in query and self.forgotten:
            return as_json({"errorCode": "E0000053"}, 400)
        now = self.now()
        kept = [one for one in sorted(self.events, key=lambda one: one[0]) if one[0] <= now]
        if "after" in query:
            at = int(query["after"])
        else:
            since = micros(query["since"][:19])
            at = next((number for number, one in enumerate(kept) if one[0] >= since), len(kept))
        found = [event for _, event in kept[at : at + self.page]]
        link = f"{self.base}/api/v1/logs?after={at + len(found)}&sortOrder=ASCENDING&limit=1000"
        headers["Link"] = f'<{self.base}/api/v1/logs?x=1>; rel="self", <{link}>; rel="next"'
        return Reply(200, json.dumps(found).encode(), headers)


def event(number: int, kept: int, delay: int = 0) -> tuple[int, dict[str, Any]]:
    return kept, {
        "uuid": f"00000000-0000-11ef-8000-{number:012}",
        "published": stamp(kept - delay),
        "eventType": "user.session.start",
        "actor": {"alternateId": f"user{number % 5}@acme.example"},
    }


def run(folder: Path, server: Server, clock: Still) -> Outcome:
    def make(client: Client) -> Okta:
        return Okta(client, server.url, clock, 3)

    client = client_of(server.url, clock, patience=Patience(attempts=4))
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


def thumbprint(jwk: dict[str, str]) -> str:
    text = json.dumps({name: jwk[name] for name in ("e", "kty", "n")}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Organisation:
    """Okta's token endpoint, and the log behind it that takes the tokens with their proofs."""

    log: SystemLog
    key: Any
    algorithm: str
    dpop: bool
    bound: str = ""
    proofs: set[str] = field(default_factory=set)
    token: str = "token-of-okta"

    def answer(self, request: Request) -> Reply:
        if request.path == "/oauth2/v1/token":
            return self._token(request)
        scheme = "DPoP" if self.dpop else "Bearer"
        self.log.authorization = f"{scheme} {self.token}"
        if self.dpop:
            claims = self._proof(request)
            digest = hashlib.sha256(self.token.encode()).digest()
            assert claims["ath"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return self.log.answer(request)

    def _proof(self, request: Request) -> dict[str, Any]:
        proof = request.headers["dpop"]
        header = jwt.get_unverified_header(proof)
        assert header["typ"] == "dpop+jwt"
        assert set(header["jwk"]) == {"kty", "n", "e"}
        key = jwt.PyJWK(header["jwk"], "RS256").key
        claims: dict[str, Any] = jwt.decode(proof, key, algorithms=["RS256"])
        assert (claims["htm"], claims["htu"]) == (request.method, self.log.base + request.path)
        assert claims["jti"] not in self.proofs
        self.proofs.add(claims["jti"])
        assert self.bound in {"", thumbprint(header["jwk"])}
        self.bound = thumbprint(header["jwk"])
        return claims

    def _token(self, request: Request) -> Reply:
        body = {
            name: unquote_plus(value)
            for name, value in (pair.split("=") for pair in request.body.decode().split("&"))
        }
        assert body["scope"] == "okta.logs.read"
        assert body["grant_type"] == "client_credentials"
        assert jwt.get_unverified_header(body["client_assertion"])["kid"] == "kid-1"
        claims = jwt.decode(
            body["client_assertion"],
            self.key,
            algorithms=[self.algorithm],
            audience=f"{self.log.base}/oauth2/v1/token",
        )
        assert claims["iss"] == claims["sub"] == "0oaclient"
        assert claims["exp"] - claims["iat"] <= 3600
        if self.dpop:
            if "dpop" not in request.headers:
                return as_json({"error": "invalid_dpop_proof"}, 400)
            if self._proof(request).get("nonce") != "nonce-1":
                return as_json({"error": "use_dpop_nonce"}, 400, dpop_nonce="nonce-1")
        kind = "DPoP" if self.dpop else "Bearer"
        return as_json(
            {"token_type": kind, "expires_in": 3600, "access_token": self.token, "scope": body["scope"]}
        )


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
