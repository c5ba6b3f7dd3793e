"""Messages between a server and its watch process, over a private socket."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from typing import Any

import msgspec

LARGEST_HEAD = 16 << 20
LARGEST_BODY = 512 << 20
_SIZES = struct.Struct(">II")


class MessageSocket:
    """One end of the socket. Any thread may send; one thread receives."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._file = connection.makefile("rb", buffering=1 << 20)

    def send(self, head: dict[str, Any], body: bytes = b"") -> None:
        """Send one message. Raises `OSError` if the other end is closed."""
        encoded = msgspec.msgpack.encode(head)
        with self._lock:
            self._connection.sendall(_SIZES.pack(len(encoded), len(body)) + encoded)
            if body:
                self._connection.sendall(body)

    def receive(self) -> tuple[dict[str, Any], bytes] | None:
        """Wait for the next message; return None if the other end is closed."""
        try:
            sizes = self._file.read(_SIZES.size)
            if len(sizes) < _SIZES.size:
                return None
            head_size, body_size = _SIZES.unpack(sizes)
            if head_size > LARGEST_HEAD or body_size > LARGEST_BODY:
                return None
            head, body = self._file.read(head_size), self._file.read(body_size)
        except OSError:
            return None
        if len(head) < head_size or len(body) < body_size:
            return None
        message: dict[str, Any] = msgspec.msgpack.decode(head)
        return message, body

    def close(self) -> None:
        """Close the socket, so that the other end receives no more."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            self._file.close()
        self._connection.close()
