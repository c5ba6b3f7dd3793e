"""Starts a module of ours as a process, with a wire between the two of us."""

from __future__ import annotations

import socket
import subprocess
import sys

from seawall.pipeline.live.wire import MessageSocket


def spawn_process(module: str) -> tuple[subprocess.Popen[bytes], MessageSocket]:
    """Start `python -m module DESCRIPTOR`; the process, and our end of the wire. It ends when that is closed."""
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-m", module, str(theirs.fileno())]
        process = subprocess.Popen(  # noqa: S603 - ourselves, and nothing from outside in it
            command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
        )
    return process, MessageSocket(ours)
