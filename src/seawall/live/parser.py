"""The process that reads bodies for a watch: `python -m seawall.live.parser DESCRIPTOR`. It ends when the watch does."""

from __future__ import annotations

import signal
import socket
import sys
from contextlib import suppress

from seawall.live.bodies import batches_of
from seawall.live.parsing import packed
from seawall.live.wire import Wire
from seawall.sources import Limits


def main(descriptor: int) -> None:
    """Read one body after the other, until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wire = Wire(socket.socket(fileno=descriptor))
    limits = Limits()
    with suppress(OSError):
        while (found := wire.receive()) is not None:
            head, body = found
            wire.send(*packed(batches_of(body, head["source"], limits)))
    wire.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
