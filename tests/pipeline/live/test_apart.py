"""Work that runs apart: one piece at a time, its result or its error is asked for once."""

from __future__ import annotations

import threading

import pytest

from seawall.pipeline.live.background_worker import BackgroundWorker


def test_it_runs_in_another_thread_and_gives_its_result_once() -> None:
    apart, gate = BackgroundWorker[str]("apart"), threading.Event()
    apart.begin(lambda: str(gate.wait(10)) + threading.current_thread().name)
    apart.wait(0.01)
    assert (apart.is_busy, apart.is_done) == (True, False)
    gate.set()
    apart.wait(10)
    assert (apart.is_busy, apart.is_done) == (True, True)
    assert apart.result() == "Trueapart_0"
    assert not apart.is_busy
    with pytest.raises(ValueError, match="nothing"):
        apart.result()
    apart.close()


def test_what_it_raises_is_raised_where_it_is_asked_for() -> None:
    apart = BackgroundWorker[float]("apart")
    apart.begin(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        apart.result()
    apart.begin(lambda: 1 / 0)
    apart.abandon()
    assert not apart.is_busy
    apart.begin(lambda: 2.0)
    assert apart.result() == 2.0
    apart.begin(lambda: 1 / 0)
    apart.close()
    apart.begin(lambda: 3.0)
    assert apart.result() == 3.0
    apart.close()
