"""`seawall serve` as a program: it listens, refuses to be open to strangers, keeps secrets, and ends when told to."""

from __future__ import annotations

import datetime
import json
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from seawall.cli.main import main
from seawall.console import serve as serve_module
from seawall.console.context import KEY_FILE, installation_key
from seawall.console.errors import ServeInvalid
from seawall.console.listening import TlsCertificate, check_certificate, parse_address
from seawall.console.serve import ServeSettings, check_writer
from seawall.pipeline.live.settings import LiveSettings, from_plain
from seawall.storage.location import open_store
from seawall_base.errors import DatabaseInUse
from tests.gate.gates import free_port

PASSWORD = "seven lanterns under the quiet pier"


@dataclass
class Running:
    """A running program; `said` is what it answered with `--json`."""

    process: subprocess.Popen[bytes]
    port: int
    said: dict[str, Any]
    log: Path

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@contextmanager
def serving(folder: Path, *more: str, port: int | None = None) -> Iterator[Running]:
    port = port or free_port()
    open_store(folder / "store", make=True).close()
    log = folder / f"log-{port}"
    command = [
        sys.executable, "-m", "seawall.cli.main", "serve", "--store", str(folder / "store"), "--listen",
        f"127.0.0.1:{port}", "--no-watch", "--json", *more,
    ]  # fmt: skip
    with log.open("wb") as stderr:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr)
    assert process.stdout is not None
    text = ""
    while not text.endswith("}\n"):
        line = process.stdout.readline().decode()
        assert line, log.read_text()
        text += line
    try:
        yield Running(process, port, json.loads(text), log)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_it_serves_refuses_a_second_one_and_ends_with_a_stream_open(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        url = f"http://127.0.0.1:{running.port}"
        assert running.said["address"] == f"{url}/"
        assert running.said["setup_code"] is None
        assert httpx.get(f"{url}/api/session").json()["user"]["name"] == "local"
        assert stat.S_IMODE((tmp_path / "store" / KEY_FILE).stat().st_mode) == 0o600
        second = subprocess.run(
            [sys.executable, "-m", "seawall.cli.main", "serve", "--no-watch", "--store", str(tmp_path / "other"),
             "--listen", f"127.0.0.1:{running.port}"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert second.returncode == 2
        assert "cannot listen" in second.stderr
        assert "--listen" in second.stderr
        opened = threading.Event()
        ended = threading.Event()

        def read() -> None:
            with httpx.stream("GET", f"{url}/api/stream", timeout=30) as answer:
                for _ in answer.iter_bytes():
                    opened.set()
            ended.set()

        threading.Thread(target=read, daemon=True).start()
        half = socket.create_connection(("127.0.0.1", running.port))
        half.sendall(b"POST /api/users HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{")
        assert opened.wait(30)
        assert running.end() == 0
        assert ended.wait(30)
        half.close()


@pytest.mark.parametrize("place", ["nowhere", "empty"])
def test_whoever_only_looks_makes_no_store(
    tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    listen = f"127.0.0.1:{free_port()}"
    assert main(["serve", "--no-watch", "--store", str(tmp_path / place), "--listen", listen]) == 1
    told = capsys.readouterr()
    assert "there is no store" in told.err
    assert "check the path" in told.err
    assert not told.out
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_who_sends_a_header_too_slowly_is_cut_off(tmp_path: Path) -> None:
    with serving(tmp_path) as running, socket.create_connection(("127.0.0.1", running.port)) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        slow.settimeout(30)
        answer = slow.recv(1000)
        assert answer == b"" or b" 408 " in answer or b" 400 " in answer
        assert httpx.get(f"http://127.0.0.1:{running.port}/").status_code == 200
        assert running.end(signal.SIGINT) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_program_ends_without_taking_the_interpreter_apart(tmp_path: Path, number: int) -> None:
    """Threads of the server that call into Python meanwhile aborted it: one end in six, of a console over an older store."""
    open_store(tmp_path / "store", make=True).close()
    port = free_port()
    program = (
        "import atexit, sys\n"
        "atexit.register(print, 'taken apart', flush=True)\n"
        "from seawall.cli.main import main\n"
        "sys.exit(main())"
    )
    command = [sys.executable, "-c", program, "serve", "--no-watch", "--store", str(tmp_path / "store")]
    with subprocess.Popen([*command, "--listen", f"127.0.0.1:{port}"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"http://127.0.0.1:{port}/\n".encode()
        process.send_signal(number)
        rest, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert rest == b""


def test_a_store_has_one_writer(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", make=True) as store:
        check_writer(store.database)
        with store.database.only_writer(), pytest.raises(DatabaseInUse) as caught:
            check_writer(store.database, 0.3)
        assert "--no-watch" in caught.value.fix
        check_writer(store.database)


def certificate(folder: Path) -> TlsCertificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "seawall.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("seawall.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = TlsCertificate(folder / "chain.pem", folder / "key.pem")
    files.chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return files


def test_a_team_begins_over_tls_and_no_secret_is_in_the_log(tmp_path: Path) -> None:
    files = certificate(tmp_path)
    with serving(
        tmp_path, "--host", "seawall.example", "--certificate", str(files.chain), "--key", str(files.key)
    ) as running:
        base, code = f"https://127.0.0.1:{running.port}", running.said["setup_code"]
        assert running.said["address"] == f"https://seawall.example:{running.port}/"
        headers = {"host": f"seawall.example:{running.port}"}
        trust = ssl.create_default_context(cafile=str(files.chain))
        trust.check_hostname = False
        with httpx.Client(verify=trust, base_url=base, headers=headers) as client:
            session = client.get("/api/session").json()
            assert session["user"] is None
            assert session["setup_needed"] is True
            assert client.get("/api/users").status_code == 401
            answer = client.post(
                "/api/setup",
                json={"code": code, "name": "Ann", "password": PASSWORD},
                headers={
                    "origin": running.said["address"].rstrip("/"),
                    "x-seawall-csrf": session["csrf_token"],
                },
            )
            assert answer.status_code == 200, answer.text
            assert answer.headers["strict-transport-security"]
            cookie = answer.headers["set-cookie"]
            assert cookie.startswith("__Host-seawall=")
            assert "Secure" in cookie
            token = cookie.partition("=")[2].partition(";")[0]
            wrong = client.post(
                "/api/sign-in/password",
                json={"name": "Ann", "password": PASSWORD + " wrong"},
                headers={"x-seawall-csrf": session["csrf_token"]},
            )
            assert wrong.status_code in {401, 403}
        assert running.end() == 0
        log = running.log.read_text() + json.dumps(sorted(str(one) for one in (tmp_path / "store").iterdir()))
        for secret in (PASSWORD, token, code):
            assert secret not in log
        kept = (tmp_path / "store" / "seawall.db").read_bytes()
        for secret in (PASSWORD, token, code, code.replace("-", "")):
            assert secret.encode() not in kept


def plan(folder: Path, listen: str = "127.0.0.1:8090", **more: Any) -> ServeSettings:
    return ServeSettings(store=folder, listen=parse_address(listen), **more)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"listen": "0.0.0.0:8090"}, "cross the network unencrypted"),
        ({"listen": "[::]:8090", "hosts": ("a.example",)}, "cross the network unencrypted"),
        ({"proxies": ("127.0.0.1",)}, "host name of the console is missing"),
        ({"proxies": ("127.0.0.1", "x"), "hosts": ("a.example",)}, "behind-proxy"),
        ({"hosts": ("https://a.example",)}, "not a host name"),
        ({"hosts": ("a b",)}, "not a host name"),
        ({"proxies": ("::1",), "certificate": TlsCertificate(Path("a"), Path("b"))}, "exclude each other"),
        ({"certificate": TlsCertificate(Path("/nowhere/a"), Path("/nowhere/b")), "hosts": ("a.example",)}, "cannot be used"),
    ],
    ids=["open", "open-six", "proxy-no-name", "proxy-no-address", "url", "blank", "two-answers", "no-file"],
)  # fmt: skip
def test_it_refuses_to_be_open_to_strangers(tmp_path: Path, more: dict[str, Any], words: str) -> None:
    with pytest.raises(ServeInvalid, match=words):
        plan(tmp_path, **more).settings()


@pytest.mark.parametrize(
    "text",
    ["", "8090", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999", "a.example:80", "::1:80", "http://x:1"],
)
def test_places_are_addresses(text: str) -> None:
    with pytest.raises(ServeInvalid):
        parse_address(text)


def test_addresses_for_browsers(tmp_path: Path) -> None:
    def address(**more: Any) -> str:
        made = plan(tmp_path, **more)
        return made.address(made.settings())

    assert address() == "http://127.0.0.1:8090/"
    assert address(listen="[::1]:81") == "http://[::1]:81/"
    assert address(hosts=("A.example",), proxies=("127.0.0.1",)) == "https://a.example/"


def test_a_certificate_and_a_key_that_do_not_belong_together(tmp_path: Path) -> None:
    files = certificate(tmp_path)
    check_certificate(files)
    (tmp_path / "other").mkdir()
    other = certificate(tmp_path / "other")
    with pytest.raises(ServeInvalid, match="do not match each other"):
        check_certificate(TlsCertificate(files.chain, other.key))


def test_the_installations_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    key = installation_key(tmp_path)
    assert installation_key(tmp_path) == key
    file = tmp_path / KEY_FILE
    file.chmod(0o640)
    with pytest.raises(ServeInvalid, match="others can read"):
        installation_key(tmp_path)
    file.chmod(0o600)
    file.write_bytes(key[:-1])
    with pytest.raises(ServeInvalid, match="damaged"):
        installation_key(tmp_path)
    file.unlink()
    file.symlink_to("/dev/zero")
    with pytest.raises(ServeInvalid):
        installation_key(tmp_path)


def test_the_desk_is_read_ahead_once_started_and_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve_module, "WARM_SECONDS", 0.0)
    begun, ended = threading.Event(), threading.Event()

    class Asked:
        def warm(self, is_over: Callable[[], bool]) -> None:
            begun.set()
            while not is_over():
                pass
            ended.set()

    context: Any = SimpleNamespace(what_if=Asked())
    with serve_module._warm_up(context) as thread:
        assert not begun.wait(0.05)
        thread.start()
        assert begun.wait(60)
        assert not ended.is_set()
    assert ended.is_set()
    with serve_module._warm_up(context) as thread:
        pass
    assert thread.ident is None


@pytest.mark.parametrize(
    ("more", "public"),
    [
        ({}, ""),
        ({"hosts": ("seawall.example.org",), "proxies": ("127.0.0.1",)}, "https://seawall.example.org/"),
        ({"hosts": ("Seawall.example.org",)}, "http://seawall.example.org:8090/"),
    ],
)
def test_messages_link_to_the_console_under_its_name_alone(
    more: dict[str, Any], public: str, tmp_path: Path
) -> None:
    made = plan(tmp_path, **more)
    assert made.public_address(made.settings()) == public
    settings = replace(LiveSettings(tmp_path), console=public)
    assert from_plain(settings.plain()).console == public
