"""Real core dumps of real processes that hold a throw-away key, searched given the public key alone."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as s

from seawall.cli.main import main
from tests.keys.leaks.planting import jwk, make, thumbprint
from tests.keys.leaks.rsa_numbers import ordinary_key

resource = pytest.importorskip("resource", reason="core dumps are a thing of POSIX systems")

SIGNER = """
import sys, time
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
text = sys.stdin.buffer.read()
# Loaded often: the first copies fill gaps of the heap anywhere, the later ones lie with both their halves close together.
keys = [serialization.load_pem_private_key(text, None) for _ in range(50)]
key = keys[-1]
if isinstance(key, rsa.RSAPrivateKey):
    key.sign(b"token", padding.PKCS1v15(), hashes.SHA256())
elif isinstance(key, ec.EllipticCurvePrivateKey):
    key.sign(b"token", ec.ECDSA(hashes.SHA256()))
else:
    key.sign(b"token")
if "numbers" in sys.argv:
    kept = key.private_numbers()
print("ready", flush=True)
time.sleep(600)
"""


def pem(key: Any) -> bytes:
    return bytes(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()))


def allow_cores() -> None:
    """Runs in the child: as much core as the system grants."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


@contextlib.contextmanager
def process(command: list[str], folder: Path, stdin: bytes = b"") -> Iterator[subprocess.Popen[bytes]]:
    """A process that may leave a core in the folder; it is ended whatever happens."""
    child = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=allow_cores,
    )
    try:
        assert child.stdin is not None
        child.stdin.write(stdin)
        child.stdin.flush()
        yield child
    finally:
        child.kill()
        child.communicate()


def signer(
    key: Any, folder: Path, *arguments: str
) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    """A Python process that has signed with a key, which came through a pipe."""

    @contextlib.contextmanager
    def started() -> Iterator[subprocess.Popen[bytes]]:
        with process([sys.executable, "-c", SIGNER, *arguments], folder, pem(key)) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.close()
            child.stdin = None
            assert child.stdout.readline() == b"ready\n"
            yield child

    return started()


def tls_server(key: Any, folder: Path) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    """`openssl s_server` that has shaken hands once with the key."""

    @contextlib.contextmanager
    def started() -> Iterator[subprocess.Popen[bytes]]:
        (folder / "key.pem").write_bytes(pem(key))
        request = [
            "openssl",
            "req",
            "-x509",
            "-key",
            "key.pem",
            "-out",
            "cert.pem",
            "-subj",
            "/CN=test",
            "-days",
            "2",
        ]
        subprocess.run(request, cwd=folder, check=True, capture_output=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [
            "openssl",
            "s_server",
            "-accept",
            f"127.0.0.1:{port}",
            "-key",
            "key.pem",
            "-cert",
            "cert.pem",
        ]
        with process(command, folder) as child:
            connection = _connected(port)
            trust = ssl.create_default_context(cafile=str(folder / "cert.pem"))
            trust.check_hostname = False
            with trust.wrap_socket(connection) as secured:
                assert secured.version()
                yield child

    return started()


def _connected(port: int) -> socket.socket:
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=10)
        except OSError:
            time.sleep(0.05)
    pytest.fail("openssl s_server does not listen")


def dumped(child: subprocess.Popen[bytes], folder: Path, how: str) -> Path:
    """The core of a process, by the kernel when it is aborted, or by gdb while it runs."""
    if how == "kernel":
        pattern = Path("/proc/sys/kernel/core_pattern")
        if not pattern.exists() or pattern.read_text().strip() not in {"core", "core.%p"}:
            pytest.skip("the kernel writes no core files into the working folder here")
        if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
            pytest.skip("no process may leave a core here (ulimit -Hc is 0)")
        child.send_signal(signal.SIGABRT)
        child.wait(30)
    else:
        if shutil.which("gcore") is None:
            pytest.skip("gcore (Debian package gdb) is not installed")
        command = ["gcore", "-o", str(folder / "core"), str(child.pid)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("gcore may not read another process here")
    cores = list(folder.glob("core*"))
    assert len(cores) == 1
    return cores[0]


def forms(core: Path, key: Any, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Forms in which a scan with the public key finds the key."""
    public = {name: value for name, value in jwk(key).items() if name in ("kty", "n", "e", "crv", "x", "y")}
    jwks = core.parent / "jwks.json"
    jwks.write_text(json.dumps({"keys": [public]}))
    capsys.readouterr()
    code = main(["keys", "scan", str(core), "--jwks", str(jwks), "--json", "--quiet"])
    answer = json.loads(capsys.readouterr().out)
    assert code == 10
    assert answer["bytes_scanned"] == core.stat().st_size
    assert answer["skipped"] == []
    return {found["form"] for found in answer["findings"] if found["key"] == thumbprint(key)}


HOW = ("kernel", "gcore")
EXPECTED = {
    "RSA-2048": {"rsa-prime-little-endian", "rsa-d-little-endian"},
    "P-256": {"ec-scalar-little-endian"},
    "Ed25519": {"ed-seed"},
}


def key_of(kind: str) -> Any:
    return ordinary_key() if kind == "RSA-2048" else make(kind)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("kind", EXPECTED)
def test_the_key_of_a_python_process_is_found_in_its_core(
    kind: str, how: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with signer(key_of(kind), tmp_path) as child:
        core = dumped(child, tmp_path, how)
    assert EXPECTED[kind] <= forms(core, key_of(kind), capsys)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("kind", EXPECTED)
def test_the_key_of_an_openssl_server_is_found_in_its_core(
    kind: str, how: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    with tls_server(key_of(kind), tmp_path) as child:
        core = dumped(child, tmp_path, how)
    (tmp_path / "key.pem").unlink()
    assert EXPECTED[kind] <= forms(core, key_of(kind), capsys)


@pytest.mark.parametrize("how", HOW)
def test_numbers_that_a_program_asked_for_are_found_as_python_keeps_them(
    how: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with signer(ordinary_key(), tmp_path, "numbers") as child:
        core = dumped(child, tmp_path, how)
    assert {"rsa-prime-python-int", "rsa-d-python-int"} <= forms(core, ordinary_key(), capsys)
