"""One request: what passes is asked again and no more often than wanted, and nothing hostile comes through."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.vendor_api.client import RetryPolicy, VendorClient, VendorRefused, VendorUnavailable
from seawall.vendor_api.errors import CollectRefused
from seawall.vendor_api.responses import (
    MalformedResponse,
    decode_body,
    lines_of,
    parse_vendor_time,
    vendor_code,
)
from seawall_base import http_client
from seawall_base.clock import Stopped
from seawall_base.http_client import ForeignHost, HttpClient, HttpResponse, IncompleteResponse
from seawall_base.rfc3339 import format_time
from tests.collection.collecting import Fixed
from tests.collection.proxying import tls
from tests.collection.serving import CUT_BEFORE, NOW, Reply, Request, Server, Still, as_json, fault, serving


class Says:
    """Answers in turn, the last one for ever."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)

    def answer(self, request: Request) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


def asked(server: Server, clock: Still | None = None, **more: Any) -> Any:
    client = VendorClient(HttpClient(server.url), more.pop("access", None), clock or Still(), **more)
    return client.get(f"{server.url}/things?a=b", lambda answer: decode_body(answer.body, Any))


OK = as_json({"fine": True})


@pytest.mark.parametrize(
    ("reply", "least"),
    [
        (fault(429, Retry_After="30"), 30),
        (fault(503, Retry_After="20"), 20),
        (fault(429, Retry_After=formatdate(NOW / 1e6 + 40, usegmt=True)), 40),
        (fault(429, X_Rate_Limit_Reset=str(NOW // 1_000_000 + 50)), 50),
        (fault(429, Retry_After="soon"), 0.5),
        (fault(429), 0.5),
        (fault(500), 0.5),
        (fault(408), 0.5),
        (CUT_BEFORE, 0.5),
    ],
    ids=["429", "503", "date", "okta", "soon", "alone", "500", "408", "cut"],
)
def test_waits_as_long_as_it_is_told(reply: Reply, least: float) -> None:
    clock = Still()
    with serving(Says(reply, OK)) as server:
        assert asked(server, clock) == {"fine": True}
    assert clock.waits
    assert sum(clock.waits) >= least


def test_waits_twice_as_long_each_time_and_gives_up() -> None:
    clock = Still()
    with serving(Says(fault(500))) as server, pytest.raises(VendorUnavailable, match="status-500"):
        asked(server, clock)
    assert clock.waits == [0.75, 1.5, 3.0, 6.0, 12.0, 24.0, 48.0]
    assert len(server.requests) == 8


def test_does_not_wait_for_hours() -> None:
    clock = Still()
    with (
        serving(Says(fault(429, Retry_After="86400"))) as server,
        pytest.raises(VendorUnavailable, match="throttled"),
    ):
        asked(server, clock)
    assert clock.waits == []


@given(st.integers(0, 20), st.none() | st.floats(0, 1e6), st.floats(0, 1))
def test_pauses_have_limits(attempt: int, wanted: float | None, jitter: float) -> None:
    retries = RetryPolicy()
    pause = retries.compute_wait(attempt, wanted, jitter)
    if attempt >= 7 or (wanted or 0) > retries.longest_named:
        assert pause is None
    else:
        assert pause is not None
        assert (wanted or 0) <= pause <= max((wanted or 0) + 1, retries.longest)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 403, 404, 501])
def test_what_is_final(status: int) -> None:
    headers = {"Location": "http://127.0.0.1:1/elsewhere"}
    with (
        serving(Says(Reply(status, b'{"error": {"code": "AF1"}}', headers))) as server,
        pytest.raises(VendorRefused) as error,
    ):
        asked(server)
    assert error.value.status == status
    assert len(server.requests) == 1


def test_a_token_is_renewed_once_for_a_request() -> None:
    access = Fixed("old", "new")
    with serving(Says(fault(401), OK)) as server:
        assert asked(server, access=access) == {"fine": True}
        assert [request.headers["authorization"] for request in server.requests] == [
            "Bearer old",
            "Bearer new",
        ]
    with serving(Says(fault(401))) as server, pytest.raises(VendorRefused):
        asked(server, access=Fixed("old", "new"))
    assert len(server.requests) == 2


def test_the_last_request_of_a_window_is_followed_by_a_pause() -> None:
    clock = Still()
    reset = str(NOW // 1_000_000 + 33)
    spent = as_json({"fine": True}, X_Rate_Limit_Remaining="0", X_Rate_Limit_Reset=reset)
    with serving(Says(spent, OK)) as server:
        client = VendorClient(HttpClient(server.url), None, clock)
        for _ in range(2):
            client.get(f"{server.url}/things", lambda answer: answer.body)
    assert sum(clock.waits) == pytest.approx(33)


def test_a_pause_between_requests() -> None:
    clock = Still()
    with serving(Says(OK)) as server:
        client = VendorClient(HttpClient(server.url), None, clock, pace=2.0)
        for _ in range(4):
            client.get(f"{server.url}/things", lambda answer: answer.body)
    assert sum(clock.waits) == pytest.approx(6.0)


@pytest.mark.parametrize("minutes", [-3000, -11, 11, 3000])
def test_a_clock_that_is_wrong_is_refused(minutes: int) -> None:
    """It would ask for time that has not come, and call it complete."""
    dated = as_json({"fine": True}, Date=formatdate(NOW / 1e6 - minutes * 60, usegmt=True))
    with (
        serving(Says(dated)) as server,
        pytest.raises(CollectRefused, match="ahead" if minutes > 0 else "behind"),
    ):
        asked(server)


@pytest.mark.parametrize("date", [formatdate(NOW / 1e6 - 500, usegmt=True), "yesterday", ""])
def test_a_clock_that_is_right_enough(date: str) -> None:
    with serving(Says(as_json({"fine": True}, Date=date))) as server:
        assert asked(server) == {"fine": True}


def test_answers_that_were_cut_short_cost_no_connection() -> None:
    with serving(Says(Reply(200, b"x" * 600_000))) as server:
        sent = HttpClient(server.url)
        for _ in range(40):
            with pytest.raises(IncompleteResponse, match="too-large"):
                sent.send("GET", server.url, {}, limit=100)
        assert len(sent.send("GET", server.url, {}).body) == 600_000


def test_a_stop_ends_the_waiting() -> None:
    clock = Still()
    clock.stop.set()
    with serving(Says(fault(500))) as server, pytest.raises(Stopped):
        asked(server, clock)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/x",
        "https://127.0.0.1/x",
        "http://localhost/x",
        "http://user@127.0.0.1/x",
        "//evil.example/x",
        "http://evil.example\\@127.0.0.1/x",
        "http://127.0.0.1.evil.example/x",
        "/relative",
        "",
        "http://127.0.0.1:0/",
        "x" * 20_000,
    ],
)
def test_other_hosts_are_not_asked(url: str) -> None:
    """Not even a token is made for them."""
    with serving(Says(OK)) as server:

        class Untouched:
            def headers(self, method: str, url: str) -> dict[str, str]:
                raise AssertionError

            def renew(self) -> None:
                raise AssertionError

        client = VendorClient(HttpClient(server.url), Untouched(), Still())
        with pytest.raises(ForeignHost):
            client.get(url, lambda answer: answer.body)
        assert server.requests == []


def test_answers_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    big = b'"' + b"x" * 500_000 + b'"'
    for reply in (Reply(200, big), Reply(200, gzip.compress(big), {"Content-Encoding": "gzip"})):
        with serving(Says(reply)) as server:
            sent = HttpClient(server.url)
            assert sent.send("GET", server.url, {}, limit=600_000).body == big
            with pytest.raises(IncompleteResponse, match="too-large"):
                sent.send("GET", server.url, {}, limit=400_000)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 300_000_000, 9)
    with serving(Says(Reply(200, bomb, {"Content-Encoding": "gzip"}))) as server:
        began = time.process_time()
        with pytest.raises(IncompleteResponse, match="too-large"):
            HttpClient(server.url).send("GET", server.url, {}, limit=1_000_000)
        assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, gzip.compress(b"{}" * 1000)[:-8], {"Content-Encoding": "gzip"}),
        Reply(200, b"no gzip", {"Content-Encoding": "gzip"}),
        Reply(200, b"x" * 1000, cut=999),
    ],
    ids=["cut-gzip", "no-gzip", "one-byte-less"],
)
def test_what_is_not_whole_is_no_answer(reply: Reply) -> None:
    with serving(Says(reply)) as server:
        try:
            answer = HttpClient(server.url).send("GET", server.url, {})
        except IncompleteResponse:
            return
        with pytest.raises(MalformedResponse):
            decode_body(answer.body, Any)


@contextmanager
def raw(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    is_over = threading.Event()

    def loop() -> None:
        while not is_over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65_536)
                try:
                    serve(connection)
                except OSError:
                    continue

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        is_over.set()
        listener.close()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: minus\r\nX: \r\n\r\n" + b"x" * 10,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
    ids=["nothing", "nonsense", "in-chunk", "after-chunk", "no-chunk", "short", "length", "many", "long"],
)
def test_what_is_no_http(data: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(data)

    with raw(serve) as url:
        try:
            answer = HttpClient(url).send("GET", f"{url}/", {})
        except IncompleteResponse:
            return
        assert answer.body == b"x" * 10


def test_an_answer_that_drips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "WHOLE_TIMEOUT", 0.5)

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(200):
            connection.sendall(b"x")
            time.sleep(0.05)

    with raw(serve) as url:
        began = time.monotonic()
        with pytest.raises(IncompleteResponse, match="timeout"):
            HttpClient(url).send("GET", f"{url}/", {})
        assert time.monotonic() - began < 8


def test_an_answer_that_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "READ_TIMEOUT", 0.3)
    with raw(lambda _: time.sleep(2)) as url, pytest.raises(IncompleteResponse, match="timeout"):
        HttpClient(url).send("GET", f"{url}/", {})


def test_nobody_listens() -> None:
    with pytest.raises(IncompleteResponse, match="connection-broke"):
        HttpClient("http://127.0.0.1:1").send("GET", "http://127.0.0.1:1/", {})


@given(st.binary(max_size=200))
def test_no_answer_raises_anything_else(body: bytes) -> None:
    vendor_code(body)
    try:
        lines = lines_of(decode_body(body, list[Any]))
    except (MalformedResponse, TypeError):
        return
    assert isinstance(lines, list)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_codes_are_short_words(value: Any) -> None:
    code = vendor_code(json.dumps({"error": value, "errorCode": value}).encode())
    assert len(code) <= 80
    assert code.isascii()


@given(st.integers(1, (1 << 52) - 1))
def test_times_come_back(micros: int) -> None:
    assert parse_vendor_time(format_time(micros, digits=6)) == micros
    assert parse_vendor_time(format_time(micros, digits=6).removesuffix("Z")) == micros
    assert parse_vendor_time(format_time(micros, digits=0)) == micros // 1_000_000 * 1_000_000


@given(st.text(max_size=60))
def test_no_text_is_a_bad_time(text: str) -> None:
    assert parse_vendor_time(text) >= 0


def test_pretty_records_are_put_on_one_line() -> None:
    import msgspec

    body = b'[ {\n  "a" : "x\\ny",\r\n  "b": [1,\n 2] }, {"c":"d"} ]'
    lines = lines_of(decode_body(body, list[msgspec.Raw]))
    assert [json.loads(line) for line in lines] == json.loads(body)
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert lines[1] == b'{"c":"d"}'


def test_a_certificate_that_nobody_trusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one byte of a request is sent, and it is not tried again at once; with the certificate trusted it works."""
    with serving(Says(OK), secured=lambda _: tls(tmp_path)[0]) as server:
        server.url = server.url.replace("http://", "https://")
        clock = Still()
        with pytest.raises(VendorUnavailable, match="tls-failed"):
            asked(server, clock, access=Fixed("token"))
        assert server.requests == []
        assert clock.waits == []
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "public.pem"))
        assert asked(server, clock) == {"fine": True}
        server.url = server.url.replace("127.0.0.1", "localhost")
        with pytest.raises(VendorUnavailable, match="tls-failed"):
            asked(server, clock)


def test_answer_is_what_it_says() -> None:
    with serving(Says(as_json({"a": 1}, X_Thing="b"))) as server:
        answer = HttpClient(server.url).send("GET", f"{server.url}/x", {"A": "b"})
    assert isinstance(answer, HttpResponse)
    assert (answer.status, answer.headers["x-thing"], answer.body) == (200, "b", b'{"a": 1}')
    assert server.requests[0].headers["a"] == "b"
    assert server.requests[0].headers["accept-encoding"] == "gzip"
