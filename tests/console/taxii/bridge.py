"""A console on a real socket of this machine, for clients that speak HTTP alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from seawall.console.context import ConsoleSettings
from seawall.storage.database import Role
from tests.console.consoles import Console, console

TOKENS: dict[str, tuple[Role, str]] = {
    "acme": ("viewer", "seawall_taxii_" + "a" * 43),
    "berry": ("analyst", "seawall_taxii_" + "b" * 43),
    "cedar": ("analyst", "seawall_taxii_" + "c" * 43),
}
"""Role and token of members."""


@contextmanager
def taxii_console(folder: Path) -> Iterator[Console]:
    """A console on loopback whose members have tokens."""
    with console(folder, ConsoleSettings()) as made:
        with made.context.database.writing() as work:
            for name, (role, token) in TOKENS.items():
                work.exchange_tokens.add(name, token.encode(), role=role, by="local", at=made.clock())
        yield made


@contextmanager
def on_a_socket(made: Console) -> Iterator[str]:
    """Serve a console on a port of this machine, one request at a time; its address."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            url = f"http://{self.headers['host']}{self.path}"
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            with lock:
                answer = made.request(self.command, url, address="127.0.0.1", headers=headers, content=body)
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in {"content-length", "content-encoding"}:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
