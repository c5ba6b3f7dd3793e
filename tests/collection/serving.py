"""Real HTTP servers on this machine that answer as vendors do, and fail as they are told to."""

from __future__ import annotations

import json
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from seawall_base.clock import Clock, Stopped

NOW = 1_764_158_400_000_000
"""2025-11-26T12:00:00Z"""


class Still(Clock):
    """A clock that goes on only when somebody waits."""

    def __init__(self, now: int = NOW) -> None:
        super().__init__()
        self.time = now
        self.waits: list[float] = []
        self._lock = threading.Lock()

    def now(self) -> int:
        return self.time

    def wait(self, seconds: float) -> None:
        if self.stop.is_set():
            raise Stopped
        with self._lock:
            self.waits.append(seconds)
            self.time += int(seconds * 1e6)

    def random(self) -> float:
        return 0.5


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `cut` sends so many bytes of the body and breaks the connection."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None


def fault(status: int, code: str = "", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps({"error": {"code": code, "message": "no"}}).encode(), named)


def as_json(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(
        status, json.dumps(value).encode(), {name.replace("_", "-"): text for name, text in headers.items()}
    )


CUT_BEFORE = Reply(0)
"""The connection breaks before there is an answer."""


def without(name: str) -> Callable[[Request], Reply | None]:
    """A vendor that overlooks a parameter, and answers as if it had not been there."""

    def overlook(request: Request) -> Reply | None:
        request.query.pop(name, None)
        return None

    return overlook


class Api(Protocol):
    def answer(self, request: Request) -> Reply: ...


@dataclass
class Server:
    """A running server. `faults` is asked first, and what it returns is sent instead of the answer."""

    api: Api
    url: str = ""
    faults: Callable[[Request], Reply | None] = lambda _: None
    requests: list[Request] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]


@contextmanager
def serving(
    api: Api, *, keep: bool = True, secured: Callable[[Server], ssl.SSLContext] | None = None
) -> Iterator[Server]:
    server = Server(api)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 20

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            request = Request(
                self.command,
                parts.path,
                dict(parse_qsl(parts.query, keep_blank_values=True)),
                {name.lower(): value for name, value in self.headers.items()},
                body,
            )
            with server.lock:
                if keep:
                    server.requests.append(request)
                reply = server.faults(request)
            if reply is None:
                reply = api.answer(request)
            with server.lock:
                server.sent["cut" if reply.cut is not None or reply.status == 0 else str(reply.status)] += 1
            self._send(reply)

        def _send(self, reply: Reply) -> None:
            if reply.status == 0:
                self.close_connection = True
                return
            self.send_response_only(reply.status)  # without a date: the vendor's clock is the test's
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body if reply.cut is None else reply.body[: reply.cut])
            self.wfile.flush()
            if reply.cut is not None:
                self.close_connection = True

        do_GET = do_POST = _serve  # noqa: N815 - names of the standard library

        def log_message(self, *_: Any) -> None:
            return

    class Listener(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_: Any) -> None:
            return

    listener = Listener(("127.0.0.1", 0), Handler)
    if secured is not None:
        listener.socket = secured(server).wrap_socket(listener.socket, server_side=True)
    server.url = f"http://127.0.0.1:{listener.server_port}"
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
