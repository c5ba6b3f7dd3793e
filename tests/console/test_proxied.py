"""The console behind a real nginx and a real Caddy, with exactly the lines that docs/how-to/serve.md prints."""

from __future__ import annotations

import re
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.console.test_serving import PASSWORD, certificate, serving
from tests.gate.gates import free_port, until
from tests.gate.proxies import accepts, program

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "serve.md").read_text("utf-8")
NAME = "seawall.example.org"


def snippet(kind: str) -> str:
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def nginx(folder: Path, port: int, console: int) -> list[str]:
    files = certificate(folder)
    lines = snippet("nginx").replace("listen 443", f"listen 127.0.0.1:{port}")
    lines = lines.replace("/etc/ssl/seawall/fullchain.pem", str(files.chain))
    lines = lines.replace("/etc/ssl/seawall/privkey.pem", str(files.key)).replace(
        "127.0.0.1:8090", f"127.0.0.1:{console}"
    )
    (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log notice;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {lines}
}}
""")
    return [
        str(program("nginx")),
        "-c",
        f"{folder}/nginx.conf",
        "-p",
        str(folder),
        "-e",
        f"{folder}/error.log",
    ]


def caddy(folder: Path, port: int, console: int) -> list[str]:
    files = certificate(folder)
    lines = snippet("caddyfile").replace(
        f"{NAME} {{", f"https://{NAME}:{port} {{\n\ttls {files.chain} {files.key}"
    )
    lines = lines.replace("127.0.0.1:8090", f"127.0.0.1:{console}")
    options = "{\n\tadmin off\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1\n}\n"
    (folder / "Caddyfile").write_text(options + lines)
    return [str(program("caddy")), "run", "--adapter", "caddyfile", "--config", f"{folder}/Caddyfile"]


STARTS = {"nginx": nginx, "caddy": caddy}


@contextmanager
def proxy(kind: str, folder: Path, console: int) -> Iterator[int]:
    if program(kind) is None:
        pytest.skip(f"there is no {kind} here (tools/ensure_proxies.sh installs it where it can)")
    port = free_port()
    folder.mkdir()
    command = STARTS[kind](folder, port, console)
    environment = {
        "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "PATH": "/usr/bin:/bin",
    }  # fmt: skip
    with (folder / "output").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=environment)
    try:
        until(lambda: process.poll() is not None or accepts(port))
        assert process.poll() is None, (folder / "output").read_text("utf-8", "replace")
        yield port
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("kind", STARTS)
def test_people_sign_in_through_a_proxy_and_their_address_is_known(tmp_path: Path, kind: str) -> None:
    with (
        serving(tmp_path, "--host", NAME, "--behind-proxy", "127.0.0.1") as running,
        proxy(kind, tmp_path / kind, running.port) as port,
    ):
        assert running.said["address"] == f"https://{NAME}/"
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trust.check_hostname = False
        trust.verify_mode = ssl.CERT_NONE
        headers = {
            "host": f"{NAME}:{port}",
            "x-forwarded-for": "198.51.100.77",
            "origin": f"https://{NAME}:{port}",
        }
        extensions = {"sni_hostname": NAME}
        with httpx.Client(verify=trust, base_url=f"https://127.0.0.1:{port}", headers=headers) as client:
            session = client.get("/api/session", extensions=extensions).json()
            assert session["user"] is None
            assert session["loopback"] is False
            answer = client.post(
                "/api/setup",
                json={"code": running.said["setup_code"], "name": "Ann", "password": PASSWORD},
                headers={"x-seawall-csrf": session["csrf_token"]},
                extensions=extensions,
            )
            assert answer.status_code == 200, answer.text
            me = client.get("/api/me", extensions=extensions).json()
            assert me["sessions"][0]["address"] == "127.0.0.1"  # the client's, not what it claims to be
            foreign = client.get(
                "/api/session", headers={"origin": "https://evil.example"}, extensions=extensions
            )
            assert foreign.status_code == 403
        direct = httpx.get(f"http://127.0.0.1:{running.port}/api/session", headers={"host": "localhost"})
        assert direct.status_code == 200
        assert direct.json()["user"] is None  # past the proxy nobody is local either
        assert running.end() == 0
