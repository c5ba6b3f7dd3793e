"""Servers that speak TAXII, or only pretend to: one whose answers a test chooses, and OASIS' own in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

MEDIA = "application/taxii+json;version=2.1"
ID = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
COLLECTION = {"id": ID, "title": "Group", "can_read": True, "can_write": True}


@dataclass
class Answer:
    """What the server answers: a document or bytes."""

    document: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    media: str = MEDIA


Reply = Callable[[dict[str, str]], Answer]


@dataclass
class StrangeServer:
    """A TAXII server on this machine; `answers` has a function of the query by path, and `asked` what was asked."""

    url: str = ""
    answers: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    authorisation: list[str | None] = field(default_factory=list)

    def set(self, path: str, document: Any = None, **more: Any) -> None:
        """Answer a path with one document, always."""
        self.answers[path] = lambda _: Answer(document, **more)


def _refuse(_: dict[str, str]) -> Answer:
    return Answer({"title": "none"}, 404)


@contextmanager
def strange_server() -> Iterator[StrangeServer]:
    """A server with one API root and one collection, whose objects a test adds."""
    made = StrangeServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            query = {
                name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()
            }
            made.asked.append((self.command, parts.path, query))
            made.authorisation.append(self.headers.get("authorization"))
            made.bodies.append(self.rfile.read(int(self.headers.get("content-length", "0"))))
            found = made.answers.get(parts.path, _refuse)(query)
            body = json.dumps(found.document).encode() if found.body is None else found.body
            self.send_response(found.status)
            for name, value in {
                "content-type": found.media,
                "content-length": str(len(body)),
                **found.headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """Say nothing: a client that has read enough goes away."""

    server = Quiet(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    made.set("/taxii2/", {"title": "t", "api_roots": [f"{made.url}/group/"]})
    made.set("/group/", {"title": "r", "versions": [MEDIA], "max_content_length": 1_000_000})
    made.set("/group/collections/", {"collections": [COLLECTION]})
    made.set(f"/group/collections/{ID}/", COLLECTION)
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


MEDALLION = """
import json, logging, sys
from werkzeug.serving import make_server
from medallion import application_instance as app, register_blueprints, set_config
logging.disable(logging.CRITICAL)
root = {"information": {"title": "r", "versions": ["application/taxii+json;version=2.1"], "max_content_length": 1000000},
        "status": [], "collections": [{"id": sys.argv[2], "title": "Group", "can_read": True, "can_write": True,
        "media_types": ["application/stix+json;version=2.1"], "objects": [], "manifest": []}]}
server = make_server("127.0.0.1", 0, app, threaded=True)
url = "http://127.0.0.1:%d/group/" % server.port
with open(sys.argv[1], "w") as file:
    json.dump({"/discovery": {"title": "t", "default": url, "api_roots": [url]}, "group": root}, file)
backend = {"module": "medallion.backends.memory_backend", "module_class": "MemoryBackend", "filename": sys.argv[1]}
config = {"backend": backend, "users": {"acme": "secret-word"}, "taxii": {"max_page_size": 3}}
for name in ("users", "taxii", "backend"):
    set_config(app, name, config)
register_blueprints(app)
print(server.port, flush=True)
server.serve_forever()
"""


@contextmanager
def medallion_server(folder: Path) -> Iterator[str]:
    """OASIS' reference server with an empty collection, three objects a page, user `acme`; the address of its discovery."""
    program = [sys.executable, "-W", "ignore", "-c", MEDALLION, str(folder / "medallion.json"), ID]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/taxii2/"
        finally:
            process.kill()
