"""Run a watch in a child process on behalf of a server: start it, talk to it, restart it when it dies."""

from __future__ import annotations

import itertools
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Self

import msgspec

from seawall.pipeline.live.errors import KeyReused, WatchBusy, WatchFailed
from seawall.pipeline.live.message_socket import MessageSocket
from seawall.pipeline.live.settings import LiveSettings
from seawall.pipeline.live.spawning import spawn_process
from seawall.pipeline.live.status import NOTHING, WatchStatus
from seawall.pipeline.live.subscribers import Subscribers
from seawall.pipeline.live.watcher import LONGEST_WAIT, IngestReceipt
from seawall_base.errors import SeawallError
from seawall_base.msgspec_types import prepare

MODULE = "seawall.pipeline.live.child"
START_SECONDS = 120.0
MOST_WAITING = 64
MOST_BYTES = 192 << 20
"""Most bodies in progress, and their bytes; further ones wait, and are refused after a while."""

_ROOM_SECONDS = 5.0
_PAUSES = (0.5, 30.0)
_STOP_SECONDS = 30.0


@dataclass(slots=True)
class _Waiting:
    """One body in progress."""

    answered: threading.Event = field(default_factory=threading.Event)
    receipt: IngestReceipt | None = None
    error: SeawallError | None = None


class WatchProcess:
    """A `Watcher` that runs in a child process: start it with `with`; leaving the block stops it.

    `rules_told` describes the Sigma rules in use, and the rejected ones with reasons.
    """

    def __init__(self, settings: LiveSettings) -> None:
        self._settings = settings
        self._wire: MessageSocket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._bytes = 0
        self._room = threading.Condition()
        self._status = NOTHING
        self.rules_told: tuple[str, ...] = ()
        self._subscribers = Subscribers()
        self._is_stopping = False
        self._has_started = threading.Event()
        self._ended: SeawallError | None = None
        self._keeper = threading.Thread(target=self._keep_running, name="seawall-watch", daemon=True)

    def __enter__(self) -> Self:
        """Start the process. Raises the error that keeps it from starting."""
        self._keeper.start()
        if not self._has_started.wait(START_SECONDS):
            self.stop()
            raise WatchFailed(
                "the watch process does not respond", fix="read its messages, then restart Seawall"
            )
        if self._ended is not None:
            self.stop()
            raise self._ended
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def has_failed(self) -> bool:
        """Return whether the process has failed and is not restarted."""
        return not self._is_stopping and self._has_started.is_set() and not self._keeper.is_alive()

    @property
    def pid(self) -> int | None:
        """Id of the running process, None if there is none."""
        return None if self._process is None else self._process.pid

    def ingest(self, body: bytes, *, source: str, key: str | None = None) -> IngestReceipt:
        """Store the records of a body; see `Watcher.ingest`."""
        waiting, number = _Waiting(), next(self._numbers)
        with self._room:
            if not self._room.wait_for(lambda: self._has_room(len(body)), _ROOM_SECONDS):
                raise WatchBusy("the queue of records is full", fix="send them again, a little later")
            self._waiting[number] = waiting
            self._bytes += len(body)
        try:
            wire = self._wire
            if wire is None:
                raise _restarting()
            try:
                wire.send({"kind": "ingest", "number": number, "source": source, "key": key}, body)
            except OSError:
                raise _restarting() from None
            if not waiting.answered.wait(LONGEST_WAIT + 10):
                raise WatchBusy(
                    "the records were not stored in time", fix="send them again with the same key"
                )
        finally:
            with self._room:
                self._waiting.pop(number, None)
                self._bytes -= len(body)
                self._room.notify_all()
        if waiting.receipt is None:
            raise waiting.error or _restarting()
        return waiting.receipt

    def status(self) -> WatchStatus:
        """Return the status; see `Watcher.status`."""
        return self._status

    def subscribe(self, call: Callable[[WatchStatus], None]) -> Callable[[], None]:
        """Call a function on changes; see `Watcher.subscribe`."""
        return self._subscribers.add(call)

    def stop(self) -> None:
        """Stop the process, and wait for its end."""
        self._is_stopping = True
        wire, process = self._wire, self._process
        if wire is not None:
            with suppress(OSError):
                wire.send({"kind": "stop"})
        if process is not None:
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        if self._keeper.ident and self._keeper is not threading.current_thread():
            self._keeper.join(_STOP_SECONDS)

    def _has_room(self, size: int) -> bool:
        if not self._waiting:
            return True
        return len(self._waiting) < MOST_WAITING and self._bytes + size <= MOST_BYTES

    def _keep_running(self) -> None:
        pause = _PAUSES[0]
        while not self._is_stopping:
            started = time.monotonic()
            self._run_once()
            if self._is_stopping or not self._has_started.is_set():
                break
            if time.monotonic() - started > _PAUSES[1]:
                pause = _PAUSES[0]
            ended = self._ended.message if self._ended else "it ended unexpectedly"
            self._show(replace(self._status, doing="stopped", fault=f"the watch process restarts: {ended}"))
            self._ended = None
            time.sleep(pause)
            pause = min(2 * pause, _PAUSES[1])
        if not self._has_started.is_set() and self._ended is None:
            self._ended = WatchFailed(
                "the watch process ended immediately after its start", fix="run `seawall doctor`"
            )
        self._has_started.set()

    def _run_once(self) -> None:
        try:
            process, wire = spawn_process(MODULE)
        except OSError as error:  # no processes or descriptors are available now
            self._ended = WatchFailed(
                f"the watch process cannot be started: {error.strerror or error}",
                fix="check the limits on processes and memory",
            )
            return
        self._process = process
        try:
            wire.send({"kind": "settings", "settings": self._settings.plain()})
            self._wire = wire
            while (found := wire.receive()) is not None:
                self._heard(found[0])
        except OSError:
            pass  # the process died before the stop was sent
        finally:
            self._wire = None
            wire.close()
            with self._room:
                for waiting in self._waiting.values():
                    waiting.answered.set()
            process.wait()

    def _heard(self, head: dict[str, Any]) -> None:
        kind = head["kind"]
        if kind == "status":
            self._has_started.set()
            self._show(msgspec.convert(head["status"], WatchStatus))
        elif kind == "rules":
            self.rules_told = tuple(map(str, head["lines"]))
        elif kind == "ended":
            self._ended = _error(head)
        elif (waiting := self._waiting.get(head["number"])) is not None:
            if kind == "receipt":
                waiting.receipt = msgspec.convert(head["receipt"], IngestReceipt)
            else:
                kind_of_error = KeyReused if head.get("code") == KeyReused.code else WatchBusy
                waiting.error = kind_of_error(head["message"], fix=head["fix"])
            waiting.answered.set()

    def _show(self, status: WatchStatus) -> None:
        self._status = status
        self._subscribers.tell(status)


def _restarting() -> WatchBusy:
    return WatchBusy("the watch is restarting", fix="send the records again with the same key")


def _error(head: dict[str, Any]) -> SeawallError:
    """Return the error that the child process reported, by its code."""
    kind = next((kind for kind in SeawallError.kinds() if kind.code == head["code"]), WatchFailed)
    return kind(head["message"], fix=head["fix"])


prepare(WatchStatus, IngestReceipt)
