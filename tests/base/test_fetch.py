"""Fetching takes one complete, plain, trusted answer within its limits, and refuses everything else by a code."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall_base.http_client import FetchedAnswer, fetch
from seawall_base.http_connection import trust_store
from seawall_base.http_url import FETCH_CODES, FetchError, parse_url
from tests.base.https_server import HttpsServer, answer, make_authority

BODY = b'{"keys": []}'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpsServer]:
    with HttpsServer(tmp_path_factory.mktemp("authority")) as running:
        yield running


@pytest.fixture(scope="module")
def trust(server: HttpsServer) -> ssl.SSLContext:
    return trust_store(server.authority)


def ask(
    server: HttpsServer, trust: ssl.SSLContext, path: str, *, limit: int = 4096, timeout: float = 5.0
) -> FetchedAnswer:
    return fetch(server.url(path), limit=limit, timeout=timeout, trust=trust)


def test_a_plain_answer_is_taken(server: HttpsServer, trust: ssl.SSLContext) -> None:
    server.say("/keys?v=2", answer(BODY, "Application/JSON; charset=utf-8"))
    assert ask(server, trust, "/keys?v=2") == FetchedAnswer(BODY, "application/json")
    head = server.requests[-1]
    assert head.startswith("GET /keys?v=2 HTTP/1.1\r\n")
    assert f"\r\nHost: localhost:{server.port}\r\n" in head
    assert "\r\nAccept-Encoding: identity\r\n" in head
    assert "Cookie" not in head
    assert "Authorization" not in head


@pytest.mark.parametrize(
    "kind",
    [None, "application/jwk-set+json", "text/plain", "application/octet-stream", "application/vnd.x+json"],
)
def test_json_is_served_under_many_names(
    server: HttpsServer, trust: ssl.SSLContext, kind: str | None
) -> None:
    server.say("/kind", answer(BODY, kind))
    assert ask(server, trust, "/kind").body == BODY


@pytest.mark.parametrize(
    "pieces",
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
            BODY[:5],
            b"\r\n7\r\n",
            BODY[5:],
            b"\r\n0\r\n\r\n",
        ),
        (b"HTTP/1.1 200 OK\r\n\r\n", BODY),
        (answer(BODY)[:20], answer(BODY)[20:-3], answer(BODY)[-3:]),
    ],
    ids=["chunked", "until the end", "in pieces"],
)
def test_every_framing_is_read(server: HttpsServer, trust: ssl.SSLContext, pieces: tuple[bytes, ...]) -> None:
    server.say("/framing", *pieces, pause=0.01)
    assert ask(server, trust, "/framing").body == BODY


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (answer(BODY, status="301 Moved", headers="Location: https://localhost/keys\r\n"), "redirect"),
        (answer(BODY, status="302 Found", headers="Location: /keys\r\n"), "redirect"),
        (answer(BODY, status="307 Temporary", headers="Location: /keys\r\n"), "redirect"),
        (answer(BODY, status="404 Not Found"), "status"),
        (answer(BODY, status="500 Broken"), "status"),
        (answer(BODY, status="204 No Content"), "status"),
        (answer(BODY, status="206 Partial"), "status"),
        (answer(BODY, headers="Content-Encoding: gzip\r\n"), "content-encoding"),
        (answer(BODY, headers="Content-Encoding: identity\r\nContent-Encoding: br\r\n"), "content-encoding"),
        (answer(BODY, headers="Transfer-Encoding: gzip\r\n"), "answer-malformed"),
        (answer(BODY, headers="Transfer-Encoding: chunked\r\n"), "answer-malformed"),
        (answer(BODY, headers="Content-Length: 3\r\n"), "answer-malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + BODY, "answer-malformed"),
        (answer(BODY, "text/html"), "content-type"),
        (answer(BODY, "image/png"), "content-type"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "answer-malformed"),
        (b"HTTP/1.1 2oo OK\r\n\r\n", "answer-malformed"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "truncated"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nabc", "truncated"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n" + BODY, "truncated"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000, "answer-malformed"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 200, "answer-malformed"),
        (b"", "answer-malformed"),
    ],
)  # fmt: skip
def test_anything_else_is_refused(server: HttpsServer, trust: ssl.SSLContext, said: bytes, code: str) -> None:
    server.say("/odd", said)
    before = server.connections
    with pytest.raises(FetchError) as refused:
        ask(server, trust, "/odd")
    assert refused.value.code == code
    assert server.connections == before + 1


@pytest.mark.parametrize(
    "pieces",
    [
        (answer(b"x" * 5000),),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"400\r\n" + b"x" * 1024 + b"\r\n"] * 5, b"0\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 1000] * 6),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"1;" + b"e" * 60_000 + b"\r\nx\r\n"] * 8),
        (*[b"HTTP/1.1 100 Continue\r\nX: " + b"a" * 60_000 + b"\r\n\r\n"] * 8,),
    ],
    ids=["length", "chunks", "until the end", "announced", "chunk extensions", "endless 100"],
)  # fmt: skip
def test_too_much_is_refused_while_it_comes(
    server: HttpsServer, trust: ssl.SSLContext, pieces: tuple[bytes, ...]
) -> None:
    server.say("/large", *pieces)
    with pytest.raises(FetchError) as refused:
        ask(server, trust, "/large")
    assert refused.value.code == "too-large"


def test_an_answer_that_somebody_cut_is_not_taken_for_whole(
    server: HttpsServer, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.say("/cut", b"HTTP/1.1 200 OK\r\n\r\n" + BODY)
    assert ask(server, trust, "/cut").body == BODY
    monkeypatch.setattr(server, "abrupt", True)
    with pytest.raises(FetchError) as refused:
        ask(server, trust, "/cut")
    assert refused.value.code == "truncated"


def test_the_limit_itself_is_allowed(server: HttpsServer, trust: ssl.SSLContext) -> None:
    server.say("/limit", answer(b"x" * 4096))
    assert len(ask(server, trust, "/limit").body) == 4096


@pytest.mark.parametrize(
    "pieces",
    [
        [b""] + [bytes([byte]) for byte in answer(BODY)],
        [answer(BODY)[:-5]] + [bytes([byte]) for byte in answer(BODY)[-5:]],
        [b"HTTP/1.1 200 OK\r\n"] + [b"X: a\r\n"] * 50,
        [b"HTTP/1.1 100 Continue\r\n\r\n"] * 50,
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"] + [b"1\r\nx\r\n"] * 50,
    ],
    ids=["from the start", "body", "headers", "endless 100", "chunks"],
)
def test_a_slow_drip_ends_at_the_time_limit(
    server: HttpsServer, trust: ssl.SSLContext, pieces: list[bytes]
) -> None:
    server.say("/slow", *pieces, pause=0.15)
    begin = time.monotonic()
    with pytest.raises(FetchError) as refused:
        ask(server, trust, "/slow", timeout=0.5)
    assert refused.value.code == "timeout"
    assert time.monotonic() - begin < 6.0  # what drips takes longer


def test_a_handshake_that_never_comes_ends_at_the_time_limit(trust: ssl.SSLContext) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(FetchError) as refused:
        fetch(f"https://localhost:{silent.getsockname()[1]}/", limit=10, timeout=0.3, trust=trust)
    assert refused.value.code == "timeout"


def test_a_name_look_up_that_hangs_ends_at_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(6.0))
    begin = time.monotonic()
    with pytest.raises(FetchError) as refused:
        fetch("https://issuer.example/", limit=10, timeout=0.2)
    assert refused.value.code == "timeout"
    assert time.monotonic() - begin < 5.5


def test_only_a_trusted_certificate_counts(server: HttpsServer, tmp_path: Path) -> None:
    other, _ = make_authority(tmp_path)
    for trust in (None, trust_store(), trust_store(other)):
        with pytest.raises(FetchError) as refused:
            fetch(server.url(), limit=10, timeout=5, trust=trust)
        assert refused.value.code == "tls-failed"


def test_the_certificate_must_name_the_host(
    server: HttpsServer, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", server.port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: address)
    with pytest.raises(FetchError) as refused:
        fetch(f"https://issuer.example:{server.port}/keys", limit=10, timeout=5, trust=trust)
    assert refused.value.code == "tls-failed"


def test_a_context_that_does_not_verify_is_refused(server: HttpsServer) -> None:
    lax = ssl.create_default_context()
    lax.check_hostname = False
    with pytest.raises(FetchError) as refused:
        fetch(server.url(), limit=10, timeout=5, trust=lax)
    assert refused.value.code == "trust-unsafe"
    lax.verify_mode = ssl.CERT_NONE
    with pytest.raises(FetchError) as refused:
        fetch(server.url(), limit=10, timeout=5, trust=lax)
    assert refused.value.code == "trust-unsafe"


@pytest.mark.parametrize("content", [b"no certificate", b"", b"\xff\xfe"])
def test_a_trust_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ca.pem").write_bytes(content)
    for path in (tmp_path / "ca.pem", tmp_path / "absent.pem", tmp_path):
        with pytest.raises(FetchError) as refused:
            trust_store(path)
        assert refused.value.code == "trust-unreadable"


def test_proxies_of_the_environment_are_not_used(
    server: HttpsServer, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.say("/keys", answer(BODY))
    assert ask(server, trust, "/keys").body == BODY


def test_the_host_can_be_pinned(server: HttpsServer, trust: ssl.SSLContext) -> None:
    server.say("/keys", answer(BODY))
    fetched = fetch(server.url(), limit=100, timeout=5, trust=trust, pinned_host="LOCALHOST")
    assert fetched.body == BODY
    with pytest.raises(FetchError) as refused:
        fetch(server.url(), limit=100, timeout=5, trust=trust, pinned_host="issuer.example")
    assert refused.value.code == "host-not-pinned"


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(FetchError) as refused:
        fetch(f"https://localhost:{port}/", limit=10, timeout=5)
    assert refused.value.code == "connect-failed"
    with pytest.raises(FetchError) as refused:
        fetch("https://nowhere.invalid/", limit=10, timeout=5)
    assert refused.value.code in {"resolve-failed", "timeout"}


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "0.0.0.0", "224.0.0.1", "[ff02::1]"]
)
def test_addresses_that_are_never_asked(host: str) -> None:
    with pytest.raises(FetchError) as refused:
        fetch(f"https://{host}/", limit=10, timeout=5)
    assert refused.value.code == "address-refused"


def test_plain_http_is_for_this_machine_alone(tmp_path: Path) -> None:
    with HttpsServer(tmp_path, tls=False) as server:
        server.say("/keys", answer(BODY))
        for host in ("localhost", "127.0.0.1"):
            url = server.url(host=host)
            assert fetch(url, limit=100, timeout=5, allow_loopback_http=True).body == BODY
            with pytest.raises(FetchError) as refused:
                fetch(url, limit=100, timeout=5)
            assert refused.value.code == "url-scheme"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://issuer.example/keys", "url-scheme"),
        ("http://127.0.0.1.evil.example/keys", "url-scheme"),
        ("http://10.0.0.1/keys", "url-scheme"),
        ("ftp://issuer.example/keys", "url-scheme"),
        ("file:///etc/passwd", "url-scheme"),
        ("issuer.example/keys", "url-scheme"),
        ("", "url-malformed"),
        ("https://", "url-malformed"),
        ("https:///keys", "url-malformed"),
        ("https://issuer.example/ke ys", "url-malformed"),
        ("https://issuer.example/\r\nX: y", "url-malformed"),
        ("https://issuer.example\\@evil.example/", "url-malformed"),
        ("https://isuér.example/", "url-malformed"),
        ("https://issuer.example:99999/", "url-malformed"),
        ("https://issuer.example:x/", "url-malformed"),
        ("https://issuer.example:0/", "url-malformed"),
        ("https://[::1/", "url-malformed"),
        ("https://a" + "a" * 2048, "url-malformed"),
        ("https://user:secret@issuer.example/", "url-userinfo"),
        ("https://@issuer.example/", "url-userinfo"),
        ("https://issuer.example/#x", "url-fragment"),
        ("https://issuer.example/#", "url-fragment"),
    ],
)
def test_urls_that_are_never_asked(url: str, code: str) -> None:
    with pytest.raises(FetchError) as refused:
        parse_url(url, allow_loopback_http=True)
    assert refused.value.code == code
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "authority", "target"),
    [
        ("https://issuer.example", "issuer.example", "/"),
        ("https://ISSUER.example:443/k?a=b", "issuer.example", "/k?a=b"),
        ("https://issuer.example:8443/k", "issuer.example:8443", "/k"),
        ("https://[::1]:8443/k", "[::1]:8443", "/k"),
        ("http://[::1]/k", "[::1]", "/k"),
    ],
)
def test_urls_are_read(url: str, authority: str, target: str) -> None:
    where = parse_url(url, allow_loopback_http=True)
    assert (where.authority, where.target) == (authority, target)


@given(st.text() | st.from_regex(r"https?://[ -~]{0,30}", fullmatch=True))
def test_any_text_is_a_location_or_refused(url: str) -> None:
    code, where = "", None
    try:
        where = parse_url(url)
    except FetchError as refused:
        code = refused.code
    if where is None:
        assert code in FETCH_CODES
    else:
        assert where.scheme == "https"
        assert 0 < where.port < 65536
        assert where.host


@given(st.binary(max_size=300))
def test_any_answer_is_taken_or_refused(server: HttpsServer, trust: ssl.SSLContext, said: bytes) -> None:
    server.say("/noise", said)
    code = ""
    try:
        ask(server, trust, "/noise", timeout=2)
    except FetchError as refused:
        code = refused.code
    assert code in FETCH_CODES
