"""A real HTTPS server on loopback with a certificate authority that lives as long as the test.

What it answers is scripted byte by byte, so that it can drip, lie about lengths, or break off.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Script = Callable[[], Iterable[bytes]]


def answer(
    body: bytes, content_type: str | None = "application/json", *, status: str = "200 OK", headers: str = ""
) -> bytes:
    """A plain HTTP answer."""
    kind = f"Content-Type: {content_type}\r\n" if content_type is not None else ""
    return f"HTTP/1.1 {status}\r\n{kind}Content-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    signer: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if authority:
        # Python 3.13 asks authorities for it.
        used = {"digital_signature": False, "key_cert_sign": True, "crl_sign": True}
        unused = (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        )
        builder = builder.add_extension(x509.KeyUsage(**used, **dict.fromkeys(unused, False)), critical=True)
    if not authority:
        names: list[x509.GeneralName] = [
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())


def make_authority(folder: Path) -> tuple[Path, Path]:
    """A CA's certificate, and a file with the server's key and certificate signed by it."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate("throw-away CA", root_key, "throw-away CA", root_key, authority=True)
    leaf = _certificate("localhost", key, "throw-away CA", root_key, authority=False)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "ca.pem").write_bytes(root.public_bytes(pem))
    (folder / "server.pem").write_bytes(private + leaf.public_bytes(pem))
    return folder / "ca.pem", folder / "server.pem"


class HttpsServer:
    """Answers `GET path` with `scripts[path]`; `requests` are the request heads that came, in order."""

    def __init__(self, folder: Path, *, tls: bool = True) -> None:
        self.authority, chain = make_authority(folder)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(chain)
        self._tls = tls
        self.scripts: dict[str, Script] = {}
        self.requests: list[str] = []
        self.abrupt = False
        """Whether connections end without TLS's goodbye, as when somebody cuts them."""
        self.connections = 0
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join()
        for thread in self._threads:
            thread.join()

    def url(self, path: str = "/keys", *, host: str = "localhost") -> str:
        """The address of a path."""
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def say(self, path: str, *pieces: bytes, pause: float = 0.0) -> None:
        """Answer a path with these bytes, with a pause before each piece but the first."""

        def script() -> Iterator[bytes]:
            for number, piece in enumerate(pieces):
                if number and pause:
                    self.wait(pause)
                yield piece

        self.scripts[path] = script

    def wait(self, seconds: float) -> None:
        """Sleep, but not beyond the end of the test."""
        self._closing.wait(seconds)

    def _serve(self) -> None:
        with self._listener:
            while not self._closing.is_set():
                try:
                    connection, _ = self._listener.accept()
                except TimeoutError:
                    continue
                self.connections += 1
                thread = threading.Thread(target=self._talk, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _talk(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(5)
            if not self._tls:
                self._answer(connection)
                return
            with self._context.wrap_socket(connection, server_side=True) as secured:
                self._answer(secured)
                if not self.abrupt:
                    with contextlib.suppress(OSError):
                        secured.unwrap()

    def _answer(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(4096)
            if not piece:
                return
            head += piece
        text = head.decode("ascii")
        self.requests.append(text)
        script = self.scripts.get(text.split(" ", 2)[1])
        for piece in script() if script else [answer(b"{}", status="404 Not Found")]:
            if self._closing.is_set():
                return
            connection.sendall(piece)
