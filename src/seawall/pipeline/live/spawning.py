"""Start a module of this package as a child process with a socket to it."""

from __future__ import annotations

import socket
import subprocess
import sys

from seawall.pipeline.live.message_socket import MessageSocket


def spawn_process(module: str) -> tuple[subprocess.Popen[bytes], MessageSocket]:
    """Start `python -m module DESCRIPTOR`; return the process and our end of the socket. The process ends when that closes."""
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-m", module, str(theirs.fileno())]
        process = subprocess.Popen(  # noqa: S603 - only our own module, and no input from outside
            command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
        )
    return process, MessageSocket(ours)
