"""Receivers of all channels that can refuse, limit, stall, go away and come back, for the tests and the table of outcomes."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from seawall.response.channels.channel import Channel
from seawall.response.channels.mail import MailChannel
from seawall.response.channels.syslog import SyslogChannel
from tests.response.channels.kinds import KINDS, ChannelKind
from tests.response.channels.stand_ins.pagerduty import PagerDutyStandIn
from tests.response.channels.stand_ins.syslog import SyslogStandIn
from tests.response.channels.stand_ins.vendor import TOO_MANY, VendorAnswer, VendorStandIn
from tests.response.notification import mail_server

PATIENT = 30.0
"""Seconds that the channels of the tests wait for an answer, so that a busy machine changes nothing."""

STALL = 60.0
"""Seconds that a receiver that stalls says nothing, unless it is stopped before."""


class Receiver(Protocol):
    """A receiver of one channel. A fault is a status, `limit` or `stall`."""

    answers: bool
    """Whether it says that it took a message."""

    def has(self, fault: str) -> bool:
        """Whether it can have a fault, or a counterpart of it."""

    def open_channel(self, folder: Path, **more: Any) -> Channel:
        """The channel to it."""

    def break_next(self, fault: str) -> None:
        """Let the next delivery fail."""

    def stop(self) -> None:
        """Go away."""

    def resume(self) -> None:
        """Come back at the same address."""

    def count(self) -> int:
        """How many messages it shows; one that it recognised as the same is not shown again."""

    def text(self) -> str:
        """All that came, as text."""


class HttpReceiver:
    """A vendor's server."""

    answers = True

    def __init__(self, kind: ChannelKind, server: VendorStandIn) -> None:
        self.kind, self.server = kind, server

    def has(self, fault: str) -> bool:
        return True

    def open_channel(self, folder: Path, **more: Any) -> Channel:
        return self.kind.make(self.server, folder, {"timeout": PATIENT, **more})

    def break_next(self, fault: str) -> None:
        known: dict[str, VendorAnswer | float] = {"limit": TOO_MANY, "stall": STALL}
        failure = known.get(fault) or VendorAnswer(int(fault), "refused")
        self.server.faults = [*[None] * self.kind.lead, failure]

    def stop(self) -> None:
        self.server.stop()

    def resume(self) -> None:
        self.server.resume()

    def count(self) -> int:
        server = self.server
        return len(server.alerts) if isinstance(server, PagerDutyStandIn) else len(server.accepted)

    def text(self) -> str:
        return b"\n".join(request.body for request in self.server.requests).decode("utf-8")


class MailReceiver:
    """A mail server. Its limit is an answer for now (451), its counterpart of a status of 400 one for ever (550)."""

    answers = True

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._servers: list[mail_server.Server] = []
        self._running = stack.enter_context(ExitStack())
        self.port = 0
        self.resume()

    def has(self, fault: str) -> bool:
        return fault in {"400", "limit", "stall"}

    def open_channel(self, folder: Path, **more: Any) -> Channel:
        values: dict[str, Any] = {"name": "x", "host": "127.0.0.1", "port": self.port, "sender": "seawall@example.org",
                                  "to": ("anna@example.org",), "timeout": PATIENT, "security": "none"}  # fmt: skip
        return MailChannel(**{**values, **more})

    def break_next(self, fault: str) -> None:
        if fault == "stall":
            self.stop()
            port = self._running.enter_context(_stalling(self.port))
            assert port == self.port
        else:
            self._servers[-1].answers = ["451 4.7.0 later" if fault == "limit" else "550 5.7.1 refused"]

    def stop(self) -> None:
        self._running.close()

    def resume(self) -> None:
        self._running.close()
        server = self._running.enter_context(mail_server.serving(port=self.port))
        self.port = server.port
        self._servers.append(server)

    def count(self) -> int:
        return sum(len(server.messages) for server in self._servers)

    def text(self) -> str:
        parts = [part for server in self._servers for message in server.messages for part in message.walk()]
        bodies = [part.get_payload(decode=True) for part in parts if not part.is_multipart()]
        return "\n".join(body.decode("utf-8") for body in bodies if isinstance(body, bytes))


class SyslogReceiver:
    """A receiver of syslog over TCP. It answers nothing: its counterpart of a status of 400 is a reset of the connection."""

    answers = False

    def __init__(self, stack: ExitStack) -> None:
        self._running = stack.enter_context(ExitStack())
        self._servers: list[SyslogStandIn] = []
        self.port = 0
        self.resume()

    def has(self, fault: str) -> bool:
        return fault in {"400", "stall"}

    def open_channel(self, folder: Path, **more: Any) -> Channel:
        values: dict[str, Any] = {
            "name": "x",
            "host": "127.0.0.1",
            "port": self.port,
            "transport": "tcp",
            "timeout": PATIENT,
        }
        return SyslogChannel(**{**values, **more})

    def break_next(self, fault: str) -> None:
        self._servers[-1].resets = fault == "400"
        self._servers[-1].is_silent = fault == "stall"

    def stop(self) -> None:
        self._running.close()

    def resume(self) -> None:
        self._running.close()
        server = self._running.enter_context(SyslogStandIn("tcp", port=self.port))
        self.port = server.port
        self._servers.append(server)

    def count(self) -> int:
        return sum(len(server.accepted) for server in self._servers)

    def text(self) -> str:
        return "\n".join(message.text for server in self._servers for message in server.accepted)


@contextmanager
def _stalling(port: int) -> Iterator[int]:
    """Take connections, and never say anything."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def open_receiver(name: str) -> Iterator[Receiver]:
    """Run the receiver of a channel by the channel's name."""
    with ExitStack() as stack:
        others: dict[str, Callable[[ExitStack], Receiver]] = {"mail": MailReceiver, "syslog": SyslogReceiver}
        if name in others:
            yield others[name](stack)
        else:
            kind = KINDS[name]
            yield HttpReceiver(kind, stack.enter_context(kind.stand_in()))


NAMES = ("mail", "syslog", *sorted(KINDS))
"""All channels."""
