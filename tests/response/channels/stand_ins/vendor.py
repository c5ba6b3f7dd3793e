"""A real HTTP server on this machine that answers as one vendor documents, and that can be made to fail, stall or go away."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class VendorRequest:
    """A request as it came. Header names are lower case."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class VendorAnswer:
    """What is answered: a status, and a body that is a text or made JSON."""

    status: int
    body: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def data(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


TOO_MANY = VendorAnswer(429, "too many requests", {"Retry-After": "17"})
"""How most vendors limit the rate."""


class VendorStandIn:
    """The part that all stand-ins share. A subclass says in `answer` what its vendor answers.

    `faults` happen to the next requests instead: an answer, a number of seconds that the server stalls
    before it answers, or None for nothing.
    `requests` are all that came, `accepted` those that the vendor took.
    """

    def __init__(self) -> None:
        self.requests: list[VendorRequest] = []
        self.accepted: list[Any] = []
        self.faults: list[VendorAnswer | float | None] = []
        self._over = threading.Event()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                parts = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = VendorRequest(self.command, parts.path, parse_qs(parts.query), headers, body)
                owner.requests.append(asked)
                fault = owner.faults.pop(0) if owner.faults else None
                if isinstance(fault, float):
                    owner._over.wait(fault)
                answer = fault if isinstance(fault, VendorAnswer) else owner.answer(asked)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                data = answer.data()
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self) -> None:
                self._serve()

            def do_POST(self) -> None:
                self._serve()

            def do_PUT(self) -> None:
                self._serve()

            def log_message(self, *_: Any) -> None:
                return

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:  # the client went away while the server stalled
                    return

        self._handler = Handler
        self._listen(0)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _listen(self, port: int) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def resume(self) -> None:
        """Come back at the same address after `stop`."""
        self._listen(self._server.server_port)
        self._thread.start()

    def answer(self, request: VendorRequest) -> VendorAnswer:
        """What the vendor answers to a request."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.stop()

    def stop(self) -> None:
        """Go away, as in an outage: later connections are refused."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
