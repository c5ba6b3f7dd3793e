"""A real gate in a process of its own, an issuer with throw-away keys, and requests to them."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

AUDIENCE = "api://mail"
ISSUER = "https://issuer.example"
TRUST = ssl.create_default_context()
"""Read once: else every request would load all certificate authorities, which takes longer than the request."""


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def whole(number: int) -> str:
    return b64(number.to_bytes((number.bit_length() + 7) // 8))


@dataclass
class Issuer:
    """Signs tokens with a key of its own."""

    name: str = ISSUER
    kid: str = "k1"
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def jwks(self) -> dict[str, Any]:
        numbers = self.key.public_key().public_numbers()
        jwk = {
            "kty": "RSA", "kid": self.kid, "alg": "RS256", "use": "sig", "n": whole(numbers.n), "e": whole(numbers.e),
        }  # fmt: skip
        return {"keys": [jwk]}

    def claims(self, **more: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": self.name, "aud": AUDIENCE, "sub": "ann", "client_id": "app", "iat": now, "exp": now + 600,
            "jti": b64(os.urandom(9)), "scope": "read write", "auth_time": now - 30,
        }  # fmt: skip
        return {name: value for name, value in (claims | more).items() if value is not None}

    def token(self, header: Mapping[str, Any] | None = None, **more: Any) -> str:
        head = {"alg": "RS256", "typ": "at+jwt", "kid": self.kid, **(header or {})}
        signed = ".".join(b64(json.dumps(part).encode()) for part in (head, self.claims(**more)))
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{b64(signature)}"


def policy_text(
    issuer: Issuer, gate: str = "", *, keys: str = 'jwks_file = "jwks.json"', more: str = ""
) -> str:
    return f"""
[[issuer]]
name = "main"
issuer = "{issuer.name}"
audiences = ["{AUDIENCE}"]
{keys}
{more}
{gate}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Gate:
    """A running gate. `log` holds everything that its processes wrote to stdout and stderr."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    issuer: Issuer
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def policy(self) -> Path:
        return self.folder / "policy.toml"

    def ask(self, token: str | None = None, uri: str | None = "/mail", **headers: str) -> httpx.Response:
        """Ask as nginx does. On a connection of its own, so that any worker may answer."""
        asked = {name.replace("_", "-"): value for name, value in headers.items()}
        if uri is not None:
            asked = {"X-Original-URI": uri, "X-Original-Method": "GET", "X-Forwarded-Proto": "https", **asked}
        if token is not None:
            asked["Authorization"] = f"Bearer {token}"
        return httpx.get(f"{self.url}/verify", headers=asked, timeout=60, verify=TRUST)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", timeout=60, verify=TRUST, **more)

    def pids(self) -> list[int]:
        """The worker processes."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(child) for child in children]

    def logged(self, *words: str) -> str:
        """What it has logged, once all of these words are in it. Lines wait in the gate for a tenth of a second."""
        if words:
            until(lambda: all(word in self.log.read_text("utf-8", "replace") for word in words))
        elif self.process.poll() is None:
            time.sleep(0.25)
        return self.log.read_text("utf-8", "replace")

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


def until(condition: Any, seconds: float = 60.0) -> float:
    """Wait for something to become true; how many seconds it took. Fails when it does not."""
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < seconds, "it did not happen in time"
        time.sleep(0.05)
    return time.monotonic() - begin


def answers(port: int) -> bool:
    try:
        httpx.get(f"http://127.0.0.1:{port}/healthz/live", timeout=5, verify=TRUST).raise_for_status()
    except httpx.HTTPError:
        return False
    return True


@contextmanager
def running(
    folder: Path,
    gate: str = "",
    *,
    issuer: Issuer | None = None,
    keys: str = 'jwks_file = "jwks.json"',
    more: str = "",
    options: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
    wait: bool = True,
    uds: Path | None = None,
    port: int = 0,
) -> Iterator[Gate]:
    """A gate with a policy for one issuer, listening on a free port until the block ends."""
    issuer = issuer or Issuer()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "jwks.json").write_text(json.dumps(issuer.jwks()), "utf-8")
    (folder / "policy.toml").write_text(policy_text(issuer, gate, keys=keys, more=more), "utf-8")
    port, log = port or free_port(), folder / "output.log"
    command = [
        sys.executable, "-m", "seawall.cli.main", "gate", "--policy", str(folder / "policy.toml"),
        *(("--uds", str(uds)) if uds else ("--listen", f"127.0.0.1:{port}")), *options,
    ]  # fmt: skip
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, cwd=folder, env={**os.environ, **(environment or {})}
        )
    made = Gate(folder, port, process, issuer, log)
    try:
        if wait:
            until(lambda: answers(port) or process.poll() is not None)
            assert process.poll() is None, log.read_text("utf-8")
            until(lambda: made.get("/healthz").status_code == 200 or "stops" in made.get("/healthz").text)
        yield made
    finally:
        try:
            made.stop()
        finally:
            process.kill()
