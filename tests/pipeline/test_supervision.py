"""Processes are kept running: killed, hung and ended ones start again, with pauses that grow; a stop ends them all."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.pipeline.supervision.restart_delays import RestartDelays
from seawall.pipeline.supervision.service_manager import ServiceManager
from seawall.pipeline.supervision.supervised_process import ProcessPlan, SupervisedProcess
from seawall.pipeline.supervision.supervisor import STALE_SECONDS, Supervisor, read_states
from seawall_base.errors import InputUnreadable, UsageError

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0


def wait_until(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


@given(st.lists(st.floats(0, 1000), max_size=60))
def test_pauses_grow_to_a_limit_and_begin_anew(runs: list[float]) -> None:
    delays = RestartDelays(first=1.0, longest=300.0, steady=120.0)
    before = 0.0
    for ran in runs:
        pause = delays.after(ran)
        assert 1.0 <= pause <= 300.0
        assert pause == 1.0 if ran >= 120.0 else pause == min(max(before * 2, 1.0), 300.0)
        before = pause


@pytest.fixture
def born(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(ROOT)
    folder = tmp_path / "born"
    folder.mkdir()
    return folder


def sleeper(born: Path, is_alive: Callable[[], bool] | None = None, patience: float = 0.2) -> ProcessPlan:
    return ProcessPlan("sleeper", "tests.pipeline.sleeping", [str(born)], is_alive, patience)


def numbers(born: Path) -> list[int]:
    return [int(path.name) for path in born.iterdir()]


@contextmanager
def supervised(plans: list[ProcessPlan], state: Path, said: list[str]) -> Iterator[threading.Event]:
    stop = threading.Event()
    supervisor = Supervisor(
        plans, state, said.append, make_delays=lambda: RestartDelays(first=0.05, longest=0.2)
    )
    thread = threading.Thread(target=supervisor.run, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_killed_process_starts_again_and_a_stop_ends_it(born: Path, tmp_path: Path) -> None:
    said: list[str] = []
    state = tmp_path / "state.json"
    with supervised([sleeper(born)], state, said):
        wait_until(lambda: len(numbers(born)) == 1)
        (first,) = numbers(born)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: len(numbers(born)) == 2)
        (second,) = set(numbers(born)) - {first}
        wait_until(lambda: (found := read_states(state)) is not None and found.processes[0].pid == second)
        found = read_states(state)
        assert found is not None
        assert (found.processes[0].starts, found.processes[0].last_exit, found.is_stale) == (2, -9, False)
        assert state.stat().st_mode & 0o777 == 0o600
    assert any("ended with signal 9; it starts again in 0.05 s" in line for line in said)
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)
    found = read_states(state)
    assert found is not None
    assert (found.processes[0].pid, found.processes[0].next_start) == (None, None)


def test_a_hung_process_is_ended_and_starts_again(born: Path, tmp_path: Path) -> None:
    said: list[str] = []
    with supervised([sleeper(born, is_alive=lambda: False)], tmp_path / "state.json", said):
        wait_until(lambda: len(numbers(born)) >= 2)
    assert any("has not answered for 0.2 s and is ended" in line for line in said)


def test_a_process_that_answers_is_left_alone(born: Path, tmp_path: Path) -> None:
    asked = threading.Event()

    def answer() -> bool:
        asked.set()
        return True

    said: list[str] = []
    with supervised([sleeper(born, is_alive=answer, patience=60.0)], tmp_path / "state.json", said):
        wait_until(asked.is_set)
        wait_until(lambda: len(numbers(born)) == 1)
    assert len(said) == 1


def test_one_broken_process_does_not_hold_up_another(born: Path, tmp_path: Path) -> None:
    said: list[str] = []
    broken = ProcessPlan("broken", "tests.pipeline.no_such_module", [])
    with supervised([broken, sleeper(born)], tmp_path / "state.json", said):
        wait_until(lambda: sum("broken ended with exit code 1" in line for line in said) >= 2)
        wait_until(lambda: len(numbers(born)) == 1)


def test_what_does_not_end_is_killed(born: Path) -> None:
    said: list[str] = []
    plan = ProcessPlan("sleeper", "tests.pipeline.sleeping", [str(born), "deaf"])
    process = SupervisedProcess(plan, said.append)
    process.step()
    wait_until(lambda: numbers(born))
    process.begin_end()
    process.finish_end(0.1)
    assert not process.is_running
    assert said[-1] == "sleeper does not end and is killed"
    process.step()
    assert not process.is_running


def test_one_service_at_a_time(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with supervised([], state, []):
        wait_until(state.exists)
        with pytest.raises(UsageError, match="runs already"):
            Supervisor([], state, print).run(threading.Event())


def test_states_that_are_no_states_are_refused_and_old_ones_not_believed(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    assert read_states(state) is None
    for text in ("", "{}", "[1]", '{"written_at": "x", "processes": []}', "\xff"):
        state.write_text(text, "latin-1")
        with pytest.raises(InputUnreadable):
            read_states(state)
    old = (time.time_ns() // 1000) - round(STALE_SECONDS * 2_000_000)
    state.write_text(f'{{"written_at": {old}, "processes": []}}')
    found = read_states(state)
    assert found is not None
    assert found.is_stale
    assert found.document()["is_running"] is False


def test_the_service_manager_is_told(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(path))
        receiver.settimeout(PATIENCE)
        ServiceManager(str(path)).tell("READY=1", "STATUS=well")
        assert receiver.recv(4096) == b"READY=1\nSTATUS=well"
    path.unlink()
    ServiceManager(str(path)).tell("WATCHDOG=1")
    ServiceManager("relative").tell("WATCHDOG=1")
    ServiceManager("").tell("WATCHDOG=1")


def test_a_child_ends_with_the_service() -> None:
    """The pipe of its standard input closes however the service ends, also when it is killed."""
    code = (
        "import threading, time\n"
        "from seawall.cli.service.child import follow_service\n"
        "threading.Thread(target=follow_service, daemon=True).start()\n"
        "print('ready', flush=True)\n"
        "time.sleep(120)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == b"ready\n"
        assert child.poll() is None
        child.stdin.close()
        assert child.wait(PATIENCE) == -signal.SIGTERM
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
