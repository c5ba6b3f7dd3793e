"""A syslog receiver: RFC 5424 (form), RFC 5425 (TLS), RFC 5426 (UDP) and RFC 6587 (TCP), and CEF as ArcSight's guide has it.

Syslog answers nothing. A receiver that cannot read a frame drops the connection, and this one notes the message in `refused`.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Self

from tests.base.https_server import make_authority

MESSAGE = re.compile(
    rb"<(?P<pri>[0-9]{1,3})>1 (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)|-) "
    rb"(?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) (?P<process>[!-~]{1,128}) (?P<kind>[!-~]{1,32}) "
    rb'(?P<data>-|(?:\[[!-~]{1,32}(?: [!-~]+="(?:[^"\\\]]|\\.)*")*\])+)(?: (?P<text>.*))?',
    re.DOTALL,
)
LARGEST_UDP = 2048
LARGEST = 8192


@dataclass(frozen=True)
class SyslogMessage:
    facility: int
    severity: int
    at: str
    host: str
    app: str
    kind: str
    text: str


def parse_message(frame: bytes) -> SyslogMessage | None:
    """The message of a frame, None where RFC 5424 does not allow it."""
    match = MESSAGE.fullmatch(frame)
    if match is None or int(match["pri"]) > 191:
        return None
    try:
        text = (match["text"] or b"").decode("utf-8")
    except UnicodeDecodeError:
        return None
    if re.search("[\x00-\x1f\x7f]", text):  # 6.4: control characters should not be there
        return None
    pri = int(match["pri"])
    at, host, app, kind = (match[name].decode() for name in ("at", "host", "app", "kind"))
    return SyslogMessage(pri // 8, pri % 8, at, host, app, kind, text)


def parse_cef(text: str) -> tuple[list[str], dict[str, str]]:
    """The seven fields of the header and the extension of a CEF record. Raises `ValueError` where it is none."""
    if not text.startswith("CEF:0|"):
        raise ValueError("no CEF")
    parts: list[str] = []
    at = len("CEF:0|")
    while len(parts) < 6:
        match = re.compile(r"((?:[^|\\]|\\[|\\])*)\|").match(text, at)
        if match is None:
            raise ValueError("the header is malformed")
        parts.append(re.sub(r"\\(.)", r"\1", match[1]))
        at = match.end()
    extension: dict[str, str] = {}
    rest = text[at:]
    starts = [*re.finditer(r"(?:^| )([A-Za-z0-9]+)=", rest)]
    for this, following in zip(starts, [*starts[1:], None], strict=True):
        value = rest[this.end() : following.start() if following else None]
        if re.search(r"(?<!\\)(?:\\\\)*=", value) or this[1] in extension:
            raise ValueError(f"the value of {this[1]} holds an equals sign, or stands twice")
        extension[this[1]] = re.sub(
            r"\\([\\=nr])", lambda found: {"n": "\n", "r": "\r"}.get(found[1], found[1]), value
        )
    return parts, extension


class SyslogStandIn:
    """A receiver. `transport` is `udp`, `tcp` or `tls`; `framing` is `octet-counting` or `newline`."""

    def __init__(
        self, transport: str, framing: str = "octet-counting", folder: Path | None = None, port: int = 0
    ) -> None:
        self.transport, self.framing = transport, framing
        self.accepted: list[SyslogMessage] = []
        self.refused: list[bytes] = []
        self.resets = self.is_silent = False
        self.authority: Path | None = None
        self._context: ssl.SSLContext | None = None
        if folder is not None:
            self.authority, chain = make_authority(folder)
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(chain)
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        self._socket = socket.socket(socket.AF_INET, kind)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self._socket.settimeout(0.05)
        self._over = threading.Event()
        self._came = threading.Condition()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        if self.transport != "udp":
            self._socket.listen()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()

    def wait(self, count: int) -> list[SyslogMessage]:
        """The messages once there are that many; datagrams and connections are read a little later."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.accepted) + len(self.refused) >= count, 10)
        return self.accepted

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                if self.transport == "udp":
                    self._take(self._socket.recv(65_535), LARGEST_UDP)
                else:
                    self._talk(self._socket.accept()[0])
            except TimeoutError:
                continue
            except (OSError, ValueError):
                continue

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(5)
            if self.is_silent:
                self._over.wait(3)
                return
            stream = self._context.wrap_socket(connection, server_side=True) if self._context else connection
            if self.resets:
                stream.recv(
                    1
                )  # a reset before the sender knows that it is connected would be no reset of a message
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                return
            with stream, stream.makefile("rb") as lines:
                if self.framing == "newline":
                    for line in lines:
                        self._take(line.removesuffix(b"\n"), LARGEST)
                    return
                while length := self._length(lines):
                    self._take(lines.read(length), LARGEST)

    @staticmethod
    def _length(lines: BufferedReader) -> int:
        digits = b""
        while (one := lines.read(1)) not in (b" ", b""):
            digits += one
        return int(digits or b"0")

    def _take(self, frame: bytes, largest: int) -> None:
        message = parse_message(frame) if len(frame) <= largest else None
        with self._came:
            if message is None:
                self.refused.append(frame)
            else:
                self.accepted.append(message)
            self._came.notify_all()
