"""Key sets are loaded from real HTTPS servers, discovery documents and files, and nothing else gets through."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from seawall_base.http_connection import trust_store
from seawall_tokens.jose.key_set import LARGEST_SET
from seawall_tokens.keys.absence import MOST_SECONDS
from seawall_tokens.keys.cache import CacheSettings, KeyCache
from seawall_tokens.keys.origins import (
    Connection,
    Origin,
    OriginFailed,
    from_discovery,
    from_document,
    from_file,
    from_url,
)
from seawall_tokens.refusals import Refusal
from tests.base.https_server import HttpsServer, answer
from tests.tokens.key_sets import jwk, jwks

ISSUER = "https://issuer.example/{tenantid}/v2.0"
NOW = 1_800_000_000.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpsServer]:
    with HttpsServer(tmp_path_factory.mktemp("authority")) as running:
        yield running


@pytest.fixture(scope="module")
def connection(server: HttpsServer) -> Connection:
    return Connection(timeout=20.0, trust=trust_store(server.authority))


@pytest.fixture(scope="module")
def hasty(server: HttpsServer) -> Connection:
    return Connection(timeout=1.0, trust=trust_store(server.authority))


def failure(origin: Origin) -> str:
    with pytest.raises(OriginFailed) as failed:
        origin()
    return failed.value.code


def discovery(server: HttpsServer, **changes: Any) -> bytes:
    return json.dumps({"issuer": ISSUER, "jwks_uri": server.url("/keys")} | changes).encode()


def test_a_set_at_a_url(server: HttpsServer, connection: Connection) -> None:
    server.say("/keys", answer(jwks(jwk("a"), jwk("b"))))
    assert set(from_url(server.url("/keys"), connection)().by_kid) == {"a", "b"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "set-not-json"),
        (b"<html>", "set-not-json"),
        (b'{"keys": [], "keys": []}', "set-not-json"),
        (b"[]", "set-malformed"),
        (b"{}", "set-malformed"),
        (b'{"keys": []}', "set-empty"),
        (b'{"keys": [{"kty": "oct", "kid": "a", "k": "AAAA"}]}', "set-symmetric"),
        (jwks(jwk("a"), {"kty": "oct", "kid": "b", "k": "AAAA"}), "set-mixed"),
        (jwks(jwk("a"), jwk("a")), "set-duplicate-kid"),
        (jwks(jwk("a", x="AA")), "set-malformed"),
        (b" " * (LARGEST_SET + 1), "too-large"),
    ],
)
def test_what_is_no_public_key_set(
    server: HttpsServer, connection: Connection, tmp_path: Path, body: bytes, code: str
) -> None:
    server.say("/odd", answer(body))
    assert failure(from_url(server.url("/odd"), connection)) == code
    (tmp_path / "keys.json").write_bytes(body)
    assert failure(from_file(tmp_path / "keys.json")) == code


def test_what_does_not_answer_plainly(server: HttpsServer, connection: Connection, hasty: Connection) -> None:
    good = jwks(jwk("a"))
    server.say("/keys", answer(good))
    server.say("/moved", answer(b"", status="302 Found", headers=f"Location: {server.url('/keys')}\r\n"))
    server.say("/html", answer(good, "text/html"))
    server.say("/gzip", answer(good, headers="Content-Encoding: gzip\r\n"))
    server.say("/slow", *[bytes([byte]) for byte in answer(good)], pause=0.1)
    for path, code in (
        ("/moved", "redirect"),
        ("/html", "content-type"),
        ("/gzip", "content-encoding"),
        ("/absent", "status"),
    ):
        assert failure(from_url(server.url(path), connection)) == code
    assert failure(from_url(server.url("/slow"), hasty)) == "timeout"
    assert failure(from_url("http://issuer.example/keys", connection)) == "url-scheme"


def test_plain_http_to_this_machine_is_for_those_who_say_so(tmp_path: Path) -> None:
    with HttpsServer(tmp_path, tls=False) as plain:
        plain.say("/keys", answer(jwks(jwk("a"))))
        assert failure(from_url(plain.url("/keys"), Connection())) == "url-scheme"
        assert from_url(plain.url("/keys"), Connection(allow_loopback_http=True))().find("a")


def test_a_discovery_document_leads_to_the_set(server: HttpsServer, connection: Connection) -> None:
    server.say("/keys", answer(jwks(jwk("a"))))
    server.say("/discovery", answer(discovery(server)))
    assert from_discovery(server.url("/discovery"), ISSUER, frozenset(), connection)().find("a")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"issuer": "https://evil.example/{tenantid}/v2.0"}, "discovery-issuer"),
        ({"issuer": ISSUER + "/"}, "discovery-issuer"),
        ({"issuer": None}, "discovery-issuer"),
        ({"issuer": [ISSUER]}, "discovery-issuer"),
        ({"jwks_uri": None}, "discovery-malformed"),
        ({"jwks_uri": ["https://localhost/"]}, "discovery-malformed"),
        ({"jwks_uri": "https://evil.example/keys"}, "discovery-host"),
        ({"jwks_uri": "https://localhost.evil.example/keys"}, "discovery-host"),
        ({"jwks_uri": "http://localhost/keys"}, "url-scheme"),
        ({"jwks_uri": "https://localhost@evil.example/keys"}, "url-userinfo"),
        ({"jwks_uri": "file:///etc/passwd"}, "url-scheme"),
    ],
)
def test_a_discovery_document_is_not_believed_everything(
    server: HttpsServer, connection: Connection, changes: dict[str, Any], code: str
) -> None:
    server.say("/discovery", answer(discovery(server, **changes)))
    before = len(server.requests)
    origin = from_discovery(server.url("/discovery"), ISSUER, frozenset({"keys.example"}), connection)
    assert failure(origin) == code
    assert len(server.requests) == before + 1


def test_another_host_can_be_allowed(server: HttpsServer, connection: Connection) -> None:
    server.say("/keys", answer(jwks(jwk("a"))))
    server.say("/discovery", answer(discovery(server, jwks_uri=server.url("/keys", host="127.0.0.1"))))
    url = server.url("/discovery")
    assert failure(from_discovery(url, ISSUER, frozenset(), connection)) == "discovery-host"
    assert from_discovery(url, ISSUER, frozenset({"127.0.0.1"}), connection)().find("a")


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b'{"issuer": 1, "issuer": 2}', b"[" * 100_000])
def test_what_is_no_discovery_document(server: HttpsServer, connection: Connection, body: bytes) -> None:
    server.say("/discovery", answer(body))
    origin = from_discovery(server.url("/discovery"), ISSUER, frozenset(), connection)
    assert failure(origin) == "discovery-malformed"


def test_files_and_documents(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    assert failure(from_file(path)) == "file-unreadable"
    assert failure(from_file(tmp_path)) == "file-unreadable"
    os.mkfifo(tmp_path / "pipe")
    assert failure(from_file(tmp_path / "pipe")) == "file-unreadable"
    path.write_bytes(jwks(jwk("a")))
    origin = from_file(path)
    assert origin().find("a")
    path.write_bytes(jwks(jwk("b")))
    assert origin().find("b")
    assert from_document({"keys": [jwk("c")]})().find("c")
    assert failure(from_document({"keys": 1})) == "set-malformed"


class Story:
    """A cache on a real server, with clocks that the test moves."""

    def __init__(self, server: HttpsServer, connection: Connection, path: str, **settings: Any) -> None:
        self.elapsed = 0.0
        self.cache = KeyCache(
            "https://issuer.example",
            from_url(server.url(path), connection),
            CacheSettings(**{"wait": 30.0, "first_wait": 30.0} | settings),
            clock=lambda: NOW + self.elapsed,
            ticks=lambda: self.elapsed,
        )

    def code(self, kid: str) -> str:
        try:
            return self.cache.lookup("https://issuer.example", kid, NOW).state
        except Refusal as refusal:
            return refusal.code


def test_rotation_outage_and_return(server: HttpsServer, connection: Connection) -> None:
    old, new = jwk("old"), jwk("new")
    story = Story(server, connection, "/rotating", stale_limit=1000)
    server.say("/rotating", answer(jwks(old)))
    assert story.code("old") == "active"
    server.say("/rotating", answer(jwks(old, new)))
    assert story.code("new") == "active"
    server.say("/rotating", answer(jwks(new)))
    story.elapsed = 400.0
    assert (story.code("old"), story.code("new")) == ("active", "active"), "absent, and not for long"
    server.say("/rotating", answer(b"", status="503 Away"))
    story.elapsed = 1300.0
    assert story.code("new") == "active"
    story.elapsed = 1401.0
    assert story.code("new") == "key-source-unavailable"
    server.say("/rotating", answer(jwks(new)))
    story.elapsed = 1420.0
    assert story.code("new") == "active"
    story.elapsed = 400.0 + MOST_SECONDS
    assert (story.code("old"), story.code("new")) == ("retired", "active")


def test_a_storm_of_unknown_names_reaches_the_server_once(
    server: HttpsServer, connection: Connection
) -> None:
    server.say("/storm", answer(jwks(jwk("a"))))
    story = Story(server, connection, "/storm")
    assert story.code("a") == "active"
    before = len(server.requests)
    with ThreadPoolExecutor(24) as pool:
        assert set(pool.map(story.code, (f"x{number}" for number in range(500)))) == {"key-unknown"}
    assert len(server.requests) == before + 1


def test_a_source_that_drips_is_refused_in_time(server: HttpsServer, hasty: Connection) -> None:
    server.say("/drip", *[bytes([byte]) for byte in answer(jwks(jwk("a")))], pause=0.1)
    story = Story(server, hasty, "/drip")
    assert story.code("a") == "key-source-unavailable"
    assert story.cache.status().failure == "timeout", "all of it would have come after a minute"
