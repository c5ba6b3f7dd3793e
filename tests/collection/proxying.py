"""A real HTTP proxy on this machine that opens tunnels (CONNECT), and a throw-away authority."""

from __future__ import annotations

import base64
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def tls(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A context with a throw-away certificate for this machine, and the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "public.pem", folder / "private.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public


@dataclass
class Proxy:
    """A running proxy. `heads` are what it was sent before each tunnel; `refuses` is the status that it refuses with."""

    secret: str = ""
    refuses: int = 0
    url: str = ""
    heads: list[bytes] = field(default_factory=list)
    carried: bytearray = field(default_factory=bytearray)

    def serve(self, client: socket.socket) -> None:
        """Answer one connection, and carry what goes through it."""
        head = b""
        while b"\r\n\r\n" not in head:
            part = client.recv(4096)
            if not part:
                return
            head += part
        self.heads.append(head)
        method, target, _ = head.split(b"\r\n", 1)[0].split(b" ")
        wanted = b"Basic " + base64.b64encode(self.secret.encode())
        if self.secret and b"proxy-authorization: " + wanted.lower() not in head.lower():
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        elif self.refuses or method != b"CONNECT":
            client.sendall(f"HTTP/1.1 {self.refuses or 405} No\r\nContent-Length: 0\r\n\r\n".encode())
        else:
            host, _, port = target.decode().rpartition(":")
            with socket.create_connection((host, int(port))) as vendor:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                self._carry(client, vendor)

    def _carry(self, client: socket.socket, vendor: socket.socket) -> None:
        while True:
            ready, _, _ = select.select([client, vendor], [], [], 30)
            for one in ready:
                data = one.recv(65_536)
                if not data:
                    return
                self.carried += data
                (vendor if one is client else client).sendall(data)
            if not ready:
                return


@contextmanager
def proxying(secret: str = "", refuses: int = 0) -> Iterator[Proxy]:
    """A proxy that runs, on a port of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    proxy = Proxy(secret, refuses, f"http://127.0.0.1:{listener.getsockname()[1]}")

    def served(client: socket.socket) -> None:
        with client:
            try:
                proxy.serve(client)
            except (OSError, ValueError):
                return

    def loop() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=served, args=(client,), daemon=True).start()

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
