"""Every request has one deadline, asks allowed addresses only, and leaves nothing of itself in a log."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seawall.gate.admin_client import AdminClient
from seawall.gate.errors import GateUnreachable
from seawall_base import http_client
from seawall_base.http_client import HttpClient, IncompleteResponse, NoResponse, post, request
from seawall_base.http_url import FetchError, parse_url
from seawall_base.proxy import ProxySettings
from tests.base.https_server import make_authority

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
Serve = Callable[[socket.socket], None]


@contextmanager
def serving(serve: Serve, path: Path | None = None) -> Iterator[str]:
    """Serve each connection in a thread of its own until the end of the test; gives the URL."""
    if path is not None:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen()
    else:
        listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def talk(connection: socket.socket) -> None:
        with connection:
            try:
                serve(connection)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=talk, args=(connection,), daemon=True))
            threads[-1].start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield "" if path is not None else f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for one in (thread, *threads):
            one.join()


def read_head(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65_536)
        if not piece:
            raise OSError
        head += piece
    return head


def drip(connection: socket.socket, data: bytes) -> None:
    """Send one byte after the other for as long as the other side stays."""
    for byte in data * 1000:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def keep_answering(connection: socket.socket) -> None:
    while True:
        read_head(connection)
        connection.sendall(PLAIN)


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX: "], ids=["from the start", "headers"])
def test_a_vendor_whose_headers_drip_is_left_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(http_client, "WHOLE_TIMEOUT", 0.4)

    def serve(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(start)
        drip(connection, b"H")

    with serving(serve) as url:
        client = HttpClient(url)
        begin = time.monotonic()
        with pytest.raises(IncompleteResponse, match="timeout"):
            client.send("GET", url, {})
        assert time.monotonic() - begin < 8


def test_a_receiver_that_does_not_read_is_left_at_the_deadline() -> None:
    ended = threading.Event()

    def serve(_: socket.socket) -> None:
        ended.wait(30)

    with serving(serve) as url:
        begin = time.monotonic()
        with pytest.raises(NoResponse, match="time limit") as raised:
            post(url, {}, b"x" * 40_000_000, timeout=0.5)
        ended.set()
    assert raised.value.may_have_arrived
    assert time.monotonic() - begin < 20


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "0.0.0.0", "224.0.0.1"])
def test_a_vendor_whose_name_leads_to_a_refused_address_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 0, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(IncompleteResponse, match="address-refused"):
        HttpClient("https://vendor.example").send("GET", "https://vendor.example/", {})


def test_plain_http_to_a_name_that_leaves_this_machine_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("192.0.2.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(IncompleteResponse, match="address-refused"):
        HttpClient("http://localhost").send("GET", "http://localhost/", {})


def test_a_vendors_connection_is_kept_and_replaced_when_it_went_away() -> None:
    connections: list[int] = []

    def serve(connection: socket.socket) -> None:
        connections.append(connection.fileno())
        for _ in range(4 if len(connections) == 1 else 1_000):
            read_head(connection)
            connection.sendall(PLAIN)

    with serving(serve) as url:
        client = HttpClient(url)
        for _ in range(3):
            assert client.send("GET", f"{url}/a?b=c", {}).body == b"{}"
        assert len(connections) == 1
        assert client.send("GET", url, {}).status == 200
        deadline = time.monotonic() + 10
        while client._idle[0].is_connected and time.monotonic() < deadline:
            time.sleep(0.01)
        assert client.send("GET", url, {}).status == 200
        assert len(connections) == 2
        client.close()


def test_two_at_once_have_a_connection_each() -> None:
    both = threading.Barrier(2, timeout=10)

    def serve(connection: socket.socket) -> None:
        read_head(connection)
        both.wait()
        connection.sendall(PLAIN)

    with serving(serve) as url:
        client = HttpClient(url)
        statuses: list[int] = []
        threads = [
            threading.Thread(target=lambda: statuses.append(client.send("GET", url, {}).status)) for _ in "ab"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [200, 200]
        client.close()


def test_a_unix_socket_is_asked_in_place_of_a_host(tmp_path: Path) -> None:
    heads: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        heads.append(read_head(connection))
        connection.sendall(PLAIN)

    where = parse_url("http://localhost/x?y=z", allow_loopback_http=True)
    path = tmp_path / "s"
    with serving(serve, path):
        answer = request("GET", where, {"A": "b"}, limit=10, timeout=5, socket_path=str(path))
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "application/json", b"{}")
    assert heads[0].startswith(b"GET /x?y=z HTTP/1.1\r\n")
    assert b"\r\nHost: localhost\r\n" in heads[0]
    with pytest.raises(FetchError) as raised:
        request("GET", where, {}, limit=10, timeout=5, socket_path=str(tmp_path / "absent"))
    assert (raised.value.code, raised.value.os_error) == ("connect-failed", "No such file or directory")
    assert not raised.value.may_have_arrived


def test_a_request_is_sent_as_a_whole_and_has_a_limit_for_its_answer() -> None:
    pieces: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        pieces.append(connection.recv(65_536))
        connection.sendall(PLAIN)

    with serving(serve) as url:
        where = parse_url(url, allow_loopback_http=True)
        assert request("POST", where, {}, b"body", limit=2, timeout=5).body == b"{}"
        with pytest.raises(FetchError) as raised:
            request("POST", where, {}, b"body", limit=1, timeout=5)
    assert raised.value.code == "too-large"
    assert raised.value.may_have_arrived
    assert pieces[0].endswith(b"\r\n\r\nbody")


def test_a_gate_that_is_not_there_is_named_with_the_systems_words(tmp_path: Path) -> None:
    with pytest.raises(GateUnreachable, match="Connection refused"):
        AdminClient("http://127.0.0.1:1", "token").list_revocations(all_of_them=True)
    with pytest.raises(GateUnreachable, match="No such file or directory"):
        AdminClient(f"unix:{tmp_path}/absent", "token").list_revocations(all_of_them=True)


def test_a_gate_that_drips_is_left_at_the_deadline() -> None:
    with serving(lambda connection: drip(connection, b"H")) as url:
        begin = time.monotonic()
        with pytest.raises(GateUnreachable, match="time limit"):
            AdminClient(url, "token", timeout=0.4).list_revocations(all_of_them=True)
        assert time.monotonic() - begin < 8


@pytest.mark.parametrize("how", ["malformed", "both framings", "cut", "no http"])
def test_nothing_of_a_request_or_an_answer_is_logged(caplog: pytest.LogCaptureFixture, how: str) -> None:
    said = {
        "malformed": b"HTTP/1.1 200 OK\r\nan-answers-secret\r\nContent-Length: 0\r\n\r\n",
        "both framings": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n0\r\n\r\n",
        "cut": b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nan-answers-secret",
        "no http": b"an-answers-secret\r\n\r\n",
    }[how]

    def serve(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(said)

    failures: list[str] = []
    with serving(serve) as url, caplog.at_level(logging.DEBUG):
        client = HttpClient(url)

        def post_it() -> None:
            post(f"{url}/a-secret-path", {"X": "a-secret-header"}, b"a-secret-body", timeout=5, wanted=9)

        def send_it() -> None:
            client.send("GET", f"{url}/a-secret-path", {"X": "a-secret-header"})

        for ask in (post_it, send_it):
            try:
                ask()
            except (NoResponse, IncompleteResponse) as error:
                failures.append(f"{error!r} {error}")
        client.close()
    assert "secret" not in caplog.text
    assert "secret" not in str(failures)


@contextmanager
def tunnelling(folder: Path, beyond: Callable[[ssl.SSLSocket], None]) -> Iterator[tuple[str, ProxySettings]]:
    """A proxy that is spoken to over TLS and answers for the vendor itself; gives the vendor's URL and the settings."""
    authority, chain = make_authority(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            read_head(secured)
            secured.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            beyond(secured)

    with serving(serve) as url:
        port = url.rpartition(":")[2]
        proxy = ProxySettings(f"https://localhost:{port}", authorities=authority.read_text())
        yield "https://localhost:9", proxy


def test_tls_within_the_tls_of_a_proxy(tmp_path: Path) -> None:
    made: list[ssl.SSLContext] = []

    def beyond(secured: ssl.SSLSocket) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        inner = made[0].wrap_bio(incoming, outgoing, server_side=True)

        def run(step: Callable[[], bytes | int | None]) -> bytes | int | None:
            while True:
                try:
                    done = step()
                except ssl.SSLWantReadError:
                    secured.sendall(outgoing.read())
                    incoming.write(secured.recv(65_536))
                else:
                    secured.sendall(outgoing.read())
                    return done

        run(inner.do_handshake)
        assert str(run(lambda: inner.read(65_536))).startswith("b'GET /things HTTP/1.1")
        run(lambda: inner.write(PLAIN))
        secured.recv(65_536)

    with tunnelling(tmp_path, beyond) as (url, proxy):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "server.pem")
        made.append(context)
        client = HttpClient(url, proxy)
        assert client.send("GET", f"{url}/things", {}).body == b"{}"
        client.close()


def test_tls_within_tls_that_drips_is_left_at_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "WHOLE_TIMEOUT", 0.6)
    record = b"\x16\x03\x03\x3f\xff"
    with tunnelling(tmp_path, lambda secured: drip(secured, record + b"\0" * 200)) as (url, proxy):
        begin = time.monotonic()
        with pytest.raises(IncompleteResponse, match="timeout"):
            HttpClient(url, proxy).send("GET", url, {})
        assert time.monotonic() - begin < 8
