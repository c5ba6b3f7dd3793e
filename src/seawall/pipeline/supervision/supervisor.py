"""Run several processes as one service, and write how they are into a file."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import msgspec

from seawall.pipeline.supervision.restart_delays import RestartDelays
from seawall.pipeline.supervision.service_manager import ServiceManager
from seawall.pipeline.supervision.supervised_process import (
    END_SECONDS,
    ProcessPlan,
    ProcessState,
    SupervisedProcess,
)
from seawall_base.clock import read_wall_clock
from seawall_base.durable_file import write_whole
from seawall_base.errors import InputUnreadable, OutputUnwritable, UsageError
from seawall_base.file_lock import FileLock
from seawall_base.regular_files import open_file

STEP_SECONDS: Final = 0.25
WRITE_SECONDS: Final = 15.0
"""How often the file of states is written at least."""

STALE_SECONDS: Final = 60.0
"""Age from which on the file of states is no longer believed."""

LARGEST_STATE: Final = 1 << 20


class Supervisor:
    """Keep processes running until stopped. `state_file` is written with mode 0600."""

    def __init__(
        self,
        plans: Sequence[ProcessPlan],
        state_file: Path,
        say: Callable[[str], None],
        *,
        manager: ServiceManager | None = None,
        make_delays: Callable[[], RestartDelays] = RestartDelays,
    ) -> None:
        self._processes = [SupervisedProcess(plan, say, make_delays()) for plan in plans]
        self._state_file, self._say = state_file, say
        self._manager = manager or ServiceManager()
        self._written: tuple[ProcessState, ...] = ()
        self._written_at = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Run until `stop` is set, then end all processes. Raises `UsageError` if another supervisor has the same state file."""
        lock = self._lock()
        try:
            is_told = False
            while not stop.is_set():
                self._step()
                if not is_told and all(process.is_running for process in self._processes):
                    self._manager.tell("READY=1")
                    is_told = True
                stop.wait(STEP_SECONDS)
        finally:
            self._manager.tell("STOPPING=1")
            self._end()
            lock.close()

    def _lock(self) -> FileLock:
        path = self._state_file.with_name(self._state_file.name + ".lock")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(path)
        except OSError as error:
            raise OutputUnwritable(
                f"{path}: {error.strerror}", fix="check the folder and its owner"
            ) from None
        if not lock.try_hold():
            lock.close()
            raise UsageError(
                "this service runs already", fix="stop it first, or see how it is: seawall service status"
            )
        return lock

    def _step(self) -> None:
        for process in self._processes:
            process.step()
        self._manager.tell("WATCHDOG=1")
        self._write()

    def _end(self) -> None:
        for process in self._processes:
            process.begin_end()
        end = time.monotonic() + END_SECONDS
        for process in self._processes:
            process.finish_end(end - time.monotonic())
        self._write()

    def _write(self) -> None:
        """Write the states if they changed or were written long ago. A full disk does not end the service."""
        states = tuple(process.state() for process in self._processes)
        settled = tuple((one.name, one.pid, one.starts, one.next_start is None) for one in states)
        known = tuple((one.name, one.pid, one.starts, one.next_start is None) for one in self._written)
        now = time.monotonic()
        if settled == known and now - self._written_at < WRITE_SECONDS:
            return
        document = {"written_at": read_wall_clock(), "processes": [asdict(one) for one in states]}
        with suppress(OutputUnwritable):
            write_whole(self._state_file, msgspec.json.encode(document), fix="free some space")
        self._written, self._written_at = states, now


class ServiceStates(msgspec.Struct, forbid_unknown_fields=True):
    """The file of states as read: when it was written (microseconds since 1970), and the processes."""

    written_at: int
    processes: list[ProcessState]

    @property
    def is_stale(self) -> bool:
        """Return whether the file is so old that no supervisor can be running."""
        return abs(read_wall_clock() - self.written_at) > STALE_SECONDS * 1_000_000

    def document(self) -> dict[str, Any]:
        """Return the states as a JSON document."""
        return {"is_running": not self.is_stale, "processes": [asdict(one) for one in self.processes]}


def read_states(state_file: Path) -> ServiceStates | None:
    """Return the states that a supervisor wrote, None if none ever ran. Raises `InputUnreadable`."""
    try:
        with open_file(state_file) as file:
            content = file.read(LARGEST_STATE)
        return msgspec.json.decode(content, type=ServiceStates)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, ValueError):
        raise InputUnreadable(f"{state_file}: holds no states of a service", fix="delete it") from None
