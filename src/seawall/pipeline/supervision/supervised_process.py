"""One process that is kept running."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from seawall.pipeline.supervision.restart_delays import RestartDelays
from seawall_base.clock import read_wall_clock

END_SECONDS: Final = 30.0
"""How long a process may take to end in order, before it is killed."""


@dataclass(frozen=True, slots=True)
class ProcessPlan:
    """What is to run: a name for messages, and a module of this package with its arguments.

    `is_alive` asks the running process whether it still answers. A process that has not answered for `patience` seconds is
    taken for hung. None asks nothing.
    """

    name: str
    module: str
    arguments: Sequence[str]
    is_alive: Callable[[], bool] | None = None
    patience: float = 180.0


@dataclass(frozen=True, slots=True)
class ProcessState:
    """How a process is. Times are microseconds since 1970; `next_start` is set while it waits for its next start."""

    name: str
    pid: int | None
    starts: int
    started_at: int | None
    last_exit: int | None
    next_start: int | None


@dataclass(slots=True)
class SupervisedProcess:
    """Start one process again whenever it ends. Call `step` often, from one thread."""

    plan: ProcessPlan
    say: Callable[[str], None]
    delays: RestartDelays = field(default_factory=RestartDelays)
    monotonic: Callable[[], float] = time.monotonic
    _running: subprocess.Popen[bytes] | None = None
    _starts: int = 0
    _began: float = 0.0
    _began_at: int | None = None
    _due: float = 0.0
    _last_exit: int | None = None
    _answered: float = 0.0
    _question: threading.Thread | None = None

    def step(self) -> None:
        """Start the process if it is due, notice that it ended, and end it if it no longer answers."""
        if self._running is None:
            if self.monotonic() >= self._due:
                self._start()
            return
        code = self._running.poll()
        if code is None:
            self._check_answer()
            return
        self._note_end(code)

    def _start(self) -> None:
        """Start it. Its standard input is a pipe that closes when this process ends, however that comes."""
        command = [sys.executable, "-m", self.plan.module, *self.plan.arguments]
        try:
            self._running = subprocess.Popen(  # noqa: S603 - only our own module, and no input from outside
                command, stdin=subprocess.PIPE
            )
        except OSError as error:  # no memory or no process left: later there may be
            self._due = self.monotonic() + self.delays.after(0.0)
            self.say(f"{self.plan.name} cannot be started: {error.strerror}")
            return
        self._starts += 1
        self._began = self._answered = self.monotonic()
        self._began_at = read_wall_clock()
        self.say(f"{self.plan.name} started (process {self._running.pid})")

    def _note_end(self, code: int) -> None:
        self._close_pipe()
        self._running, self._last_exit = None, code
        pause = self.delays.after(self.monotonic() - self._began)
        self._due = self.monotonic() + pause
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        self.say(f"{self.plan.name} ended with {how}; it starts again in {pause:g} s")

    def _check_answer(self) -> None:
        """Ask in a thread of its own, one question at a time: a hung process answers late or never."""
        if self.plan.is_alive is None or self._running is None:
            return
        if self._question is None or not self._question.is_alive():
            self._question = threading.Thread(target=self._ask, daemon=True, name=f"ask {self.plan.name}")
            self._question.start()
        if self.monotonic() - self._answered > self.plan.patience:
            self.say(f"{self.plan.name} has not answered for {self.plan.patience:g} s and is ended")
            self._running.kill()

    def _ask(self) -> None:
        if self.plan.is_alive is not None and self.plan.is_alive():
            self._answered = self.monotonic()

    def begin_end(self) -> None:
        """Ask the process to end, and let it not start again."""
        self._due = float("inf")
        if self._running is not None:
            self._running.terminate()

    def finish_end(self, seconds: float) -> None:
        """Wait up to `seconds` for the end that `begin_end` asked for, then kill the process."""
        if self._running is None:
            return
        try:
            self._last_exit = self._running.wait(max(seconds, 0.0))
        except subprocess.TimeoutExpired:
            self.say(f"{self.plan.name} does not end and is killed")
            self._running.kill()
            self._last_exit = self._running.wait()
        self._close_pipe()
        self._running = None

    def _close_pipe(self) -> None:
        if self._running is not None and self._running.stdin is not None:
            self._running.stdin.close()

    @property
    def is_running(self) -> bool:
        """Return whether the process runs."""
        return self._running is not None

    def state(self) -> ProcessState:
        """Return how the process is."""
        running = self._running is not None
        wait = self._due - self.monotonic()
        is_waiting = not running and wait != float("inf")
        return ProcessState(
            self.plan.name,
            self._running.pid if self._running is not None else None,
            self._starts,
            self._began_at if running else None,
            self._last_exit,
            read_wall_clock() + round(max(wait, 0.0) * 1_000_000) if is_waiting else None,
        )
