"""Tell systemd that the service is ready, works, or stops: datagrams to the socket that `NOTIFY_SOCKET` names."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


class ServiceManager:
    """The service manager that started this process. Without one, nothing is told."""

    def __init__(self, address: str | None = None) -> None:
        """Take the socket's path from the environment unless given. A leading `@` is Linux's abstract name space."""
        named = os.environ.pop("NOTIFY_SOCKET", "") if address is None else address
        is_usable = named[:1] in {"/", "@"} and hasattr(socket, "AF_UNIX")
        self._address = named.replace("@", "\0", 1) if is_usable and named[0] == "@" else named
        self._is_there = is_usable

    def tell(self, *lines: str) -> None:
        """Send assignments such as `READY=1`. A manager that has gone is no failure."""
        if not self._is_there:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.settimeout(1.0)
            channel.sendto("\n".join(lines).encode(), self._address)
