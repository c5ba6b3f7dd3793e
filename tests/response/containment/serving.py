"""A vendor's API on this machine: keeps state, logs every call, checks the token, and fails as it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

Answer = tuple[int, Any]


@dataclass
class Fault:
    """What goes wrong with the next call of a method whose path ends so.

    `status` with `code` is answered instead, with the headers; `lost`: the change is made and the answer never comes;
    `dropped`: the connection ends before anything is done.
    """

    method: str
    ending: str
    status: int = 0
    code: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    lost: bool = False
    dropped: bool = False
    times: int = 1


class Vendor:
    """What every vendor's server has. Subclasses answer."""

    prefix: ClassVar[str] = ""
    denied: ClassVar[str] = ""
    """The vendor's code where a token lacks the scope."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, int]] = []
        """(method, path with query, status); status 0: no answer was sent."""
        self.faults: list[Fault] = []
        self.token = "token-1"
        self.token_type = "Bearer"
        self.logs_in = False
        self.asked_with: list[dict[str, str]] = []
        self.granted: frozenset[str] | None = None
        """The scopes that the administrator granted; a token that asks for another is refused as a whole. None: all."""

        self.scopes: dict[str, frozenset[str]] = {}
        """The scopes of the tokens that were issued; one that was handed to the test holds all."""

        self.base = ""
        self.lock = threading.Lock()
        self._number = 0
        self._time = 0

    def answer(self, method: str, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        """Status and document for a call; path segments are decoded."""
        raise NotImplementedError

    def error(self, status: int, code: str) -> Any:
        """An error's body, as the vendor documents it."""
        raise NotImplementedError

    def headers(self, status: int, document: Any) -> dict[str, str]:
        """Further headers of an answer."""
        return {}

    def needed(self, method: str, parts: list[str]) -> frozenset[str]:
        """The scopes of which a call needs one; empty: any token will do."""
        return frozenset()

    def scoped(self, scope: str) -> Answer:
        """A token for scopes, told apart from others, or the refusal where one was not granted."""
        wanted = frozenset(scope.split())
        if self.granted is not None and not wanted <= self.granted:
            return 401, {"error": "unauthorized_client", "error_description": "secret words"}
        token = f"{self.token}~{len(self.scopes)}"
        self.scopes[token] = wanted
        return 200, {"token_type": self.token_type, "expires_in": 3599, "access_token": token}

    def login(self, path: str, form: dict[str, list[str]]) -> Answer:
        """What a sign-in host says: where tokens are, or a token. What was asked with is kept in `asked_with`."""
        authority = "https://login.microsoftonline.com" + path.removesuffix(
            "/v2.0/.well-known/openid-configuration"
        )
        if path.endswith("/openid-configuration"):
            return 200, {
                "issuer": f"{authority}/v2.0",
                "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
                "token_endpoint": f"{authority}/oauth2/v2.0/token",
            }
        self.asked_with.append({name: values[0] for name, values in form.items()})
        return 200, {"token_type": self.token_type, "expires_in": 3599, "access_token": self.token}

    def changes(self) -> list[tuple[str, str]]:
        """The changing calls that were answered with success, or made and lost."""
        return [(method, path) for method, path, status in self.calls if method != "GET" and status < 300]

    def new_id(self) -> str:
        self._number += 1
        return f"new-{self._number}"

    def now(self) -> str:
        self._time += 1
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_790_000_000 + self._time))

    def handle(
        self, method: str, target: str, token: str, body: Any
    ) -> tuple[int, Any, dict[str, str]] | None:
        """One call under the lock: status, document and headers, or None for a connection that ends."""
        parts = urlsplit(target)
        with self.lock:
            fault = next(
                (one for one in self.faults if one.method == method and parts.path.endswith(one.ending)), None
            )
            if fault is not None:
                fault.times -= 1
                if fault.times == 0:
                    self.faults.remove(fault)
                if fault.dropped:
                    self.calls.append((method, target, 0x3FF))
                    return None
                if fault.status:
                    self.calls.append((method, target, fault.status))
                    return fault.status, self.error(fault.status, fault.code), fault.headers
            if token.partition("~")[0] != self.token:
                self.calls.append((method, target, 401))
                return 401, self.error(401, "InvalidAuthenticationToken"), {}
            segments = [unquote(part) for part in parts.path.removeprefix(self.prefix).strip("/").split("/")]
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            scopes, needed = self.scopes.get(token), self.needed(method, segments)
            if scopes is not None and needed and not scopes & needed:
                self.calls.append((method, target, 403))
                return 403, self.error(403, self.denied), {}
            status, document = self.answer(method, segments, query, body)
            self.calls.append((method, target, status))
            if fault is not None and fault.lost:
                return None
            return status, document, self.headers(status, document)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every answer waits 40 ms for the client's acknowledgement
    wbufsize = -1
    vendor: Vendor

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        data = self.rfile.read(length)
        if self.vendor.logs_in and self.path.endswith(("/openid-configuration", "/token")):
            self._send(*self.vendor.login(self.path, parse_qs(data.decode())), {})
            return
        if self.command in {"POST", "PUT"} and "Content-Length" not in self.headers:
            self._send(411, None, {})  # a change without a body has to say so
            return
        token = (self.headers.get("Authorization") or "").partition(" ")[2]
        is_form = self.headers.get_content_type() == "application/x-www-form-urlencoded"
        body = data.decode() if is_form else json.loads(data) if data else None
        answer = self.vendor.handle(self.command, self.path, token, body)
        if answer is None:
            self.close_connection = True
            return
        self._send(*answer)

    def _send(self, status: int, document: Any, headers: dict[str, str]) -> None:
        content = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the library's names

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def served(vendor: Vendor) -> Iterator[Vendor]:
    """Let a vendor answer on a port of its own; `base` is where."""
    handler = type("Handler", (_Handler,), {"vendor": vendor})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        vendor.base = f"http://127.0.0.1:{server.server_address[1]}{vendor.prefix}"
        try:
            yield vendor
        finally:
            server.shutdown()
            thread.join()
