"""Mail servers on this machine: a real one (aiosmtpd), with and without TLS, and one that goes away at a chosen point."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.base.https_server import make_authority


@dataclass
class Server:
    """What came, and what is answered: to recipients by address, to the message by the next of `answers`."""

    port: int = 0
    authority: Path | None = None
    envelopes: list[Envelope] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    options: list[tuple[list[str], list[str]]] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)

    @property
    def messages(self) -> list[Message]:
        return [message_from_bytes(envelope.content or b"") for envelope in self.envelopes]  # type: ignore[arg-type]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        self.options.append((list(envelope.mail_options), options))
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 2.0.0 taken"
        if answer.startswith("250"):
            self.envelopes.append(envelope)
        return answer

    def authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given = data.login.decode(), data.password.decode()
        self.logins.append(given)
        return AuthResult(success=given[1] == "right", handled=False)


@contextmanager
def serving(
    folder: Path | None = None, *, implicit: bool = False, needs_login: bool = False, port: int = 0
) -> Iterator[Server]:
    """A server, on any free port unless one is given.

    With a folder it offers STARTTLS (or speaks TLS at once) with a throw-away certificate."""
    server = Server()
    options: dict[str, Any] = {"hostname": "127.0.0.1", "port": port}
    if folder is not None:
        server.authority, chain = make_authority(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        options |= (
            {"ssl_context": context} if implicit else {"tls_context": context, "require_starttls": True}
        )
    if needs_login:
        options |= {
            "authenticator": server.authenticate,
            "auth_required": not implicit,
            "auth_require_tls": not implicit,
        }
    controller = _Controller(server, **options)
    controller.start()
    server.port = controller.taken_port()
    try:
        yield server
    finally:
        controller.stop()


class _Controller(Controller):
    """Takes a free port, which it then has to be told for its own first connection."""

    def taken_port(self) -> int:
        assert isinstance(self.server, asyncio.Server)
        return int(self.server.sockets[0].getsockname()[1])

    def _trigger_server(self) -> None:
        self.port = self.taken_port()
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def leaving(script: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does what a script says with its first connection, and then goes away; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                script(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


def leaves(*, after: str) -> Callable[[socket.socket], None]:
    """A script: leave after `greeting`, `rcpt`, `part` of the message, its `end`, or an answer that is none (`noise`)."""

    def script(connection: socket.socket) -> None:
        lines = connection.makefile("rb")
        connection.sendall(b"220 here\r\n")
        if after == "greeting":
            return
        for answer in (b"250 here\r\n", b"250 ok\r\n", b"250 ok\r\n"):  # EHLO, MAIL, RCPT
            lines.readline()
            connection.sendall(answer)
        if after == "rcpt":
            return
        lines.readline()
        connection.sendall(b"354 go on\r\n")
        if after == "part":
            lines.readline()
            connection.shutdown(socket.SHUT_RDWR)
            return
        for line in lines:
            if line == b".\r\n":
                break
        if after == "noise":
            connection.sendall(b"2" * 10_000 + b"\r\n")

    return script
