"""The watch as a child process of a server: `python -m seawall.pipeline.live.child DESCRIPTOR`. It ends with the server.

Scoring and reading hold the interpreter for long stretches; in a separate process they do not delay pages.
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

from seawall.detection.rules.sigma.rule_summary import summarise_rules
from seawall.pipeline.live.errors import WatchBusy
from seawall.pipeline.live.message_socket import MessageSocket
from seawall.pipeline.live.news import News
from seawall.pipeline.live.opening import open_watch_store
from seawall.pipeline.live.parsing import ParserPool
from seawall.pipeline.live.rescoring import RescoringNotice, describe_rescoring
from seawall.pipeline.live.service import WatchService
from seawall.pipeline.live.settings import from_plain
from seawall.pipeline.live.status import WatchStatus
from seawall_base.errors import SeawallError
from seawall_base.operating_system import give_back_large_memory, share_heaps

PARSERS = max((os.cpu_count() or 2) // 2, 1)
"""Processes that parse request bodies."""

BODIES = 64
"""Most bodies in progress: most of them wait until their records are stored."""

MOST_BYTES = 256 << 20
"""Most bytes of these bodies. More than the server allows: it may have given up on some that are still in progress here."""

HEAPS = 2
"""Heaps of the C library for all threads: bodies have many threads, and each heap keeps what was freed."""

NICE = 5
"""Niceness of this process: pages have priority when processors are scarce."""


def main(descriptor: int) -> None:
    """Watch until the other end closes the connection or sends a stop."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches all processes, but the server decides when to stop
    with suppress(OSError):
        os.nice(NICE)
    give_back_large_memory()
    share_heaps(HEAPS)
    wire = MessageSocket(socket.socket(fileno=descriptor))
    first = wire.receive()
    if first is None:
        return
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    settings = from_plain(first[0]["settings"])
    try:
        with open_watch_store(settings, _write_log) as (database, lake), ParserPool(PARSERS) as parsers:
            service = WatchService(settings, database, lake, parse=parsers.parse, news=_report)
            _send(wire, {"kind": "rules", "lines": summarise_rules(service.rules)})
            service.subscribe(lambda status: _send_status(wire, status, stop))
            listener = threading.Thread(target=_listen, args=(wire, service, stop), daemon=True)
            listener.start()
            service.run(stop)
    except SeawallError as error:
        _send(wire, {"kind": "ended", "code": error.code, "message": error.message, "fix": error.fix})
    finally:
        stop.set()
        wire.close()


class _Room:
    """Limit the number and bytes of bodies in progress, whatever the other end believes."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._lock = threading.Lock()
        self._count = self._bytes = 0

    def take(self, size: int) -> bool:
        """Admit a body, or return False. A single body is always admitted, however large."""
        with self._lock:
            if self._count and (self._count >= self._most or self._bytes + size > self._most_bytes):
                return False
            self._count += 1
            self._bytes += size
            return True

    def give_back(self, size: int) -> None:
        """Release the room of one body."""
        with self._lock:
            self._count -= 1
            self._bytes -= size


def _listen(wire: MessageSocket, service: WatchService, stop: threading.Event) -> None:
    room = _Room(BODIES, MOST_BYTES)
    with ThreadPoolExecutor(BODIES, "seawall-bodies") as pool:
        while (found := wire.receive()) is not None:
            head, body = found
            if head["kind"] == "stop":
                break
            if room.take(len(body)):
                pool.submit(_answer, wire, service, head, body, room)
            else:
                _send(wire, _no_room(head["number"]))
            del found, body
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)


def _answer(
    wire: MessageSocket, service: WatchService, head: dict[str, Any], body: bytes, room: _Room
) -> None:
    answer = _make_answer(service, head, body)
    room.give_back(len(body))  # before the answer, on which the other end sends the next
    _send(wire, answer)


def _make_answer(service: WatchService, head: dict[str, Any], body: bytes) -> dict[str, Any]:
    number = head["number"]
    try:
        receipt = service.ingest(body, source=head["source"], key=head["key"])
    except SeawallError as error:
        return _refuse(number, error)
    except Exception as error:  # noqa: BLE001 - every request needs an answer, and the next body must be handled
        return {"kind": "refused", "number": number, "message": type(error).__name__, "fix": ""}
    return {"kind": "receipt", "number": number, "receipt": msgspec.to_builtins(receipt)}


def _no_room(number: int) -> dict[str, Any]:
    return _refuse(number, WatchBusy("the queue of records is full", fix="send them again, a little later"))


def _refuse(number: int, error: SeawallError) -> dict[str, Any]:
    return {
        "kind": "refused",
        "number": number,
        "code": error.code,
        "message": error.message,
        "fix": error.fix,
    }


def _report(news: News) -> None:
    """Write what a rescoring changed to the log of the server. Incidents and sources reach people by other ways."""
    if isinstance(news, RescoringNotice):
        _write_log("\n".join(describe_rescoring(news)))


def _write_log(text: str) -> None:
    """Write to the log of the server."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _send_status(wire: MessageSocket, status: WatchStatus, stop: threading.Event) -> None:
    try:
        wire.send({"kind": "status", "status": msgspec.to_builtins(status)})
    except OSError:
        stop.set()


def _send(wire: MessageSocket, head: dict[str, Any]) -> None:
    with suppress(OSError):
        wire.send(head)


if __name__ == "__main__":
    main(int(sys.argv[1]))
