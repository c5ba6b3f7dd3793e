"""A real nginx, Caddy or Envoy with the lines of docs/how-to/gate.md, and an application that says what reached it."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.gate.gates import free_port, until

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "gate.md"


def snippet(kind: str, page: Path = PAGE) -> str:
    """The block of one language in a page of the docs."""
    found = re.findall(rf"^```{kind}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def program(name: str) -> str | None:
    """Where a proxy is, None where there is none. Envoy comes with a Python package for the tests."""
    if name == "envoy":
        package = importlib.util.find_spec("envoy")
        found = Path(package.origin).parent / "_bin" / "envoy" if package and package.origin else None
        return str(found) if found and found.exists() else None
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


class App:
    """Answers every request with what it got of it, and agrees to every upgrade: what comes then is in `tunnelled`."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.tunnelled: list[bytes] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                got = {
                    "method": self.command,
                    "path": self.path,
                    "headers": [(name.lower(), value) for name, value in self.headers.items()],
                    "body": self.rfile.read(length).decode("latin-1"),
                }
                owner.seen.append(got)
                if self.headers.get("upgrade"):
                    self.send_response(101)
                    self.send_header("connection", "upgrade")
                    self.send_header("upgrade", self.headers["upgrade"])
                    self.end_headers()
                    self.close_connection = True
                    owner.tunnelled.append(self.connection.recv(65536))
                    return
                body = json.dumps(got).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_DELETE = answer  # noqa: N815 - names of the standard library

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Reply:
    """An answer as it came over the line."""

    status: int
    headers: dict[str, str]
    body: bytes

    def got(self) -> dict[str, Any]:
        """What the application got."""
        return dict(json.loads(self.body))

    def header_of_app(self, name: str) -> list[str]:
        return [value for key, value in self.got()["headers"] if key == name]


@dataclass
class Proxy:
    """A running proxy before an application, and a way to send it anything."""

    port: int
    app: App
    logs: list[Path] = field(default_factory=list)

    def send(
        self,
        path: str,
        *headers: str,
        method: str = "GET",
        body: bytes = b"",
        host: str = "app.example",
        connection: str = "close",
    ) -> Reply:
        """Send a request exactly as written here."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Connection: {connection}", *headers]
        if body and not any(line.lower().startswith("transfer-encoding") for line in headers):
            lines.append(f"Content-Length: {len(body)}")
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as channel:
            channel.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
            received = b""
            while part := channel.recv(65536):
                received += part
        head, _, rest = received.partition(b"\r\n\r\n")
        first, *others = head.decode("latin-1").split("\r\n")
        found = dict(line.split(": ", 1) for line in others if ": " in line)
        if found.get("Transfer-Encoding", "").lower() == "chunked":
            rest = unchunked(rest)
        return Reply(int(first.split(" ")[1]), {name.lower(): value for name, value in found.items()}, rest)


def unchunked(text: bytes) -> bytes:
    whole = b""
    while text:
        size, _, text = text.partition(b"\r\n")
        length = int(size, 16)
        whole, text = whole + text[:length], text[length + 2 :]
    return whole


@contextmanager
def nginx(
    folder: Path, gate_port: int, inside: str = "", replaced: Mapping[str, str] | None = None
) -> Iterator[Proxy]:
    """`inside` is added to the server's block; `replaced` are lines of the page that stand otherwise here."""
    app, port = App(), free_port()
    lines = snippet("nginx").replace("    location / {", f"{inside}\n    location / {{")
    lines = placed(changed(lines, replaced), gate_port, app.port)
    lines = lines.replace("listen 8080;", f"listen 127.0.0.1:{port};")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nginx.conf").write_text(
        f"""
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
events {{ worker_connections 256; }}
http {{
    log_format everything '$remote_addr "$request" $status "$http_user_agent" "$http_referer"';
    access_log {folder}/access.log everything;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {lines}
}}
""",
        "utf-8",
    )
    command = [
        str(program("nginx")),
        "-c",
        str(folder / "nginx.conf"),
        "-p",
        str(folder),
        "-e",
        str(folder / "error.log"),
    ]
    with started(command, folder, port, app) as proxy:
        proxy.logs += [folder / "error.log", folder / "access.log"]
        yield proxy


@contextmanager
def caddy(
    folder: Path, gate_port: int, inside: str = "", replaced: Mapping[str, str] | None = None
) -> Iterator[Proxy]:
    """`inside` is added to the site's block; `replaced` are lines of the page that stand otherwise here."""
    app, port = App(), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    lines = snippet("caddyfile").replace("\troute {", f"{inside}\n\troute {{")
    lines = placed(changed(lines, replaced), gate_port, app.port).replace(":8080 {", f":{port} {{")
    options = "{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n}\n"
    (folder / "Caddyfile").write_text(options + lines, "utf-8")
    command = [str(program("caddy")), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    with started(command, folder, port, app) as proxy:
        yield proxy


@contextmanager
def envoy(folder: Path, gate_port: int) -> Iterator[Proxy]:
    app, port = App(), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (_, section) = PAGE.read_text("utf-8").split("### Envoy\n")
    (lines, *_) = re.findall(r"^```yaml\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    addresses = {"8087": gate_port, "3000": app.port, "8080": port}
    for printed, other in addresses.items():
        assert f"address: 127.0.0.1, port_value: {printed} }}" in lines
        lines = lines.replace(f"port_value: {printed} }}", f"port_value: {other} }}")
    (folder / "envoy.yaml").write_text(lines, "utf-8")
    options = ["--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"]
    command = [str(program("envoy")), "--config-path", str(folder / "envoy.yaml"), *options]
    with started(command, folder, port, app) as proxy:
        yield proxy


def changed(lines: str, replaced: Mapping[str, str] | None) -> str:
    """The printed lines with some of them replaced, each of which must be there."""
    for before, after in (replaced or {}).items():
        assert before in lines, before
        lines = lines.replace(before, after)
    return lines


def placed(lines: str, gate_port: int, app_port: int) -> str:
    """The printed lines with other ports, and nothing else."""
    assert "127.0.0.1:8087" in lines
    return lines.replace("127.0.0.1:8087", f"127.0.0.1:{gate_port}").replace(
        "127.0.0.1:3000", f"127.0.0.1:{app_port}"
    )


@contextmanager
def started(command: list[str], folder: Path, port: int, app: App) -> Iterator[Proxy]:
    output = folder / "output.log"
    environment = {
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "PATH": "/usr/bin:/bin",
    }
    with output.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=environment)
    try:
        until(lambda: process.poll() is not None or accepts(port))
        assert process.poll() is None, output.read_text("utf-8", "replace")
        yield Proxy(port, app, [output])
    finally:
        process.terminate()
        process.wait(20)
        app.stop()


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        time.sleep(0.02)
        return probe.connect_ex(("127.0.0.1", port)) == 0
