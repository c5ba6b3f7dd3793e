"""The process that watches for a server: `python -m seawall.live.child DESCRIPTOR`. It ends when the server does.

Scoring and reading take the interpreter for long stretches; in a process of their own they keep no page waiting.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import msgspec

from seawall.errors import SeawallError
from seawall.live.opening import opened
from seawall.live.parsing import Parsers
from seawall.live.service import Service
from seawall.live.settings import from_plain
from seawall.live.status import Status
from seawall.live.wire import Wire

PARSERS = max((os.cpu_count() or 2) // 2, 1)
"""Processes that read bodies."""

BODIES = 64
"""Bodies on their way at once: most of them wait until their records are kept."""

NICE = 5
"""The pages come first where there are too few processors."""


def main(descriptor: int) -> None:
    """Watch until the other end is gone or says so."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # a key that is pressed reaches all; the server says when to stop
    with suppress(OSError):
        os.nice(NICE)
    wire = Wire(socket.socket(fileno=descriptor))
    first = wire.receive()
    if first is None:
        return
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    settings = from_plain(first[0]["settings"])
    try:
        with opened(settings) as (database, lake), Parsers(PARSERS) as parsers:
            service = Service(settings, database, lake, parse=parsers.parse)
            service.subscribe(lambda status: _send_status(wire, status, stop))
            listener = threading.Thread(target=_listen, args=(wire, service, stop), daemon=True)
            listener.start()
            service.run(stop)
    except SeawallError as error:
        _send(wire, {"kind": "ended", "code": error.code, "message": error.message, "fix": error.fix})
    finally:
        stop.set()
        wire.close()


def _listen(wire: Wire, service: Service, stop: threading.Event) -> None:
    with ThreadPoolExecutor(BODIES, "seawall-bodies") as pool:
        while (found := wire.receive()) is not None:
            head, body = found
            if head["kind"] == "stop":
                break
            pool.submit(_answer, wire, service, head, body)
            del found, body
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)


def _answer(wire: Wire, service: Service, head: dict[str, Any], body: bytes) -> None:
    number = head["number"]
    try:
        receipt = service.ingest(body, source=head["source"], key=head["key"])
    except SeawallError as error:
        _send(wire, {"kind": "refused", "number": number, "message": error.message, "fix": error.fix})
    except Exception as error:  # noqa: BLE001 - whoever waits for an answer gets one, and the next body its turn
        _send(wire, {"kind": "refused", "number": number, "message": type(error).__name__, "fix": ""})
    else:
        _send(wire, {"kind": "receipt", "number": number, "receipt": msgspec.to_builtins(receipt)})


def _send_status(wire: Wire, status: Status, stop: threading.Event) -> None:
    try:
        wire.send({"kind": "status", "status": msgspec.to_builtins(status)})
    except OSError:
        stop.set()


def _send(wire: Wire, head: dict[str, Any]) -> None:
    with suppress(OSError):
        wire.send(head)


if __name__ == "__main__":
    main(int(sys.argv[1]))
