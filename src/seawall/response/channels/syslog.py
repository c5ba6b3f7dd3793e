"""Syslog: RFC 5424 over TLS, TCP or UDP, with the message as CEF, ECS or text.

Syslog knows no acknowledgement. Over TLS and TCP, Seawall closes its half of the connection and waits until the receiver
has closed the other, as receivers do once they have read everything; a reset is a failure. Over UDP nothing is known.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, Literal

from seawall.response.channels.cef import make_cef_record
from seawall.response.channels.channel import ChannelTable
from seawall.response.channels.ecs import make_ecs_document
from seawall.response.channels.note import ChannelNote
from seawall.response.errors import ChannelsInvalid
from seawall_base.http_connection import trust_store
from seawall_base.http_url import FetchError
from seawall_base.json_text import encode_json
from seawall_base.safe_text import visible
from seawall_base.settings_table import SettingDescription
from seawall_base.settings_values import choice, form, number
from seawall_base.times import rfc3339
from seawall_base.webhooks import DeliveryFailed

SEVERITIES: Final = {"info": 6, "low": 5, "medium": 4, "high": 3, "critical": 2}
FACILITIES: Final = {"user": 1, "auth": 4, "authpriv": 10} | {
    f"local{number}": 16 + number for number in range(8)
}
PORTS: Final = {"tls": 6514, "tcp": 514, "udp": 514}
LARGEST: Final = {"tls": 8192, "tcp": 8192, "udp": 2048}
"""Bytes that receivers should take: RFC 5425 for TLS, RFC 5426 for UDP."""

_GOODBYE: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SyslogChannel(ChannelTable):
    """`[[syslog]]`: a syslog receiver."""

    host: Annotated[
        str,
        SettingDescription(
            "name or address of the receiver", form(r"[A-Za-z0-9.:_-]{1,253}", '"siem.example.com"')
        ),
    ]
    port: Annotated[
        int | None,
        SettingDescription("port; by default 6514 with `tls`, else 514", number(int, 1, 65535)),
    ] = None
    transport: Annotated[
        Literal["tls", "tcp", "udp"],
        SettingDescription(
            "transport; only `tls` encrypts, and `udp` may lose messages without anybody knowing"
        ),
    ] = "tls"
    framing: Annotated[
        Literal["octet-counting", "newline"],
        SettingDescription("how messages are separated over `tcp` and `tls` (RFC 6587)"),
    ] = "octet-counting"
    format: Annotated[
        Literal["cef", "ecs", "text"],
        SettingDescription(
            "the message: CEF, a JSON document of the Elastic Common Schema, or one line of text"
        ),
    ] = "cef"
    facility: Annotated[
        str, SettingDescription("facility of the messages", choice(*FACILITIES), kind="word")
    ] = "local0"
    hostname: Annotated[
        str,
        SettingDescription(
            "name of this machine in the messages", form(r"[!-~]{1,255}", '"seawall.example.com"')
        ),
    ] = "-"
    ca_file: Annotated[
        str, SettingDescription("certificates (PEM) to trust instead of the system's", is_file=True)
    ] = ""
    certificate_file: Annotated[
        str,
        SettingDescription(
            "certificate and private key (PEM) by which this machine proves itself over `tls`", is_file=True
        ),
    ] = ""
    timeout: Annotated[
        float,
        SettingDescription("seconds to connect, and for each part of sending", number(float, 0.05, 120)),
    ] = 15.0

    def check(self) -> None:
        """Read the certificates once. Raises `ChannelsInvalid`."""
        if self.transport == "tls":
            try:
                self._context()
            except (FetchError, OSError) as error:
                raise ChannelsInvalid(
                    f"the certificates of channel {self.name} cannot be read: {_describe(error)}",
                    fix="check ca_file and certificate_file",
                ) from None

    def send(self, note: ChannelNote) -> None:
        """Send the message over a new connection. Raises `DeliveryFailed`."""
        frame = make_frame(note, self)
        begun = False
        try:
            if self.transport == "udp":
                self._send_datagram(frame)
                return
            address = (self.host, self.port or PORTS[self.transport])
            with socket.create_connection(address, self.timeout) as plain:
                stream: socket.socket = plain
                if self.transport == "tls":
                    stream = self._context().wrap_socket(plain, server_hostname=self.host)
                with stream:
                    begun = True
                    stream.sendall(
                        frame + b"\n" if self.framing == "newline" else b"%d %s" % (len(frame), frame)
                    )
                    self._part(stream)
        except (OSError, FetchError, ValueError) as error:
            raise DeliveryFailed(f"syslog: {_describe(error)}", may_have_arrived=begun) from None

    def _send_datagram(self, frame: bytes) -> None:
        found = socket.getaddrinfo(self.host, self.port or PORTS["udp"], type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as sending:
            sending.settimeout(self.timeout)
            sending.sendto(frame, address)

    def _part(self, stream: socket.socket) -> None:
        """Close this half, and wait a moment for the other: a reset says that the message was not read."""
        stream.settimeout(min(_GOODBYE, self.timeout))
        # a receiver that closes without TLS's goodbye has read to the end as well
        with suppress(TimeoutError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            if isinstance(stream, ssl.SSLSocket):
                stream.unwrap()
            else:
                stream.shutdown(socket.SHUT_WR)
                while stream.recv(4096):
                    pass

    def _context(self) -> ssl.SSLContext:
        context = trust_store(Path(self.ca_file) if self.ca_file else None)
        if self.certificate_file:
            context.load_cert_chain(self.certificate_file)
        return context


_SHORTER: Final = (100, 60, 30, 15)
"""Characters of a text in a message that is still too long without its lines: a character has up to four bytes."""


def make_frame(note: ChannelNote, channel: SyslogChannel) -> bytes:
    """Return the message of RFC 5424, small enough for its transport: lines are left out from the end."""
    header = (
        f"<{FACILITIES[channel.facility] * 8 + SEVERITIES[note.level]}>1 {rfc3339(note.at)} {channel.hostname} seawall - "
        f"{note.kind[:32]} - "
    ).encode("ascii")
    room = LARGEST[channel.transport] - len(header)
    while len(body := _body(note, channel.format)) > room and note.lines:
        note = replace(note, lines=note.lines[:-1])
    for limit in _SHORTER:
        if len(body) > room:
            note = _shorten(note, limit)
            body = _body(note, channel.format)
    return header + body


def _shorten(note: ChannelNote, limit: int) -> ChannelNote:
    """Return the message without its link, and with every text cut to `limit` characters."""
    return replace(
        note,
        title=note.title[:limit],
        about=note.about[:limit],
        organisation=note.organisation[:limit],
        facts=tuple((name, value[:limit]) for name, value in note.facts),
        link="",
    )


def _body(note: ChannelNote, form_: str) -> bytes:
    if form_ == "cef":
        return make_cef_record(note).encode("utf-8")
    if form_ == "ecs":
        return encode_json(make_ecs_document(note))
    facts = [f"{name}={value}" for name, value in note.facts]
    text = " | ".join([note.title, *note.lines, *facts, *([note.link] if note.link else []), note.id])
    return text.encode("utf-8")


def _describe(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return visible(error.strerror, 200)
    return visible(str(error) or type(error).__name__, 200)
