"""A watch that runs in a thread while a test looks on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seawall.pipeline.live.opening import open_watch_store
from seawall.pipeline.live.service import WatchService
from seawall.pipeline.live.settings import LiveSettings
from seawall.pipeline.tail import BatchSizes, TailTiming
from seawall.storage.lake import Lake


def quick(store: Path, *folders: Path, **more: Any) -> LiveSettings:
    """Settings under which nothing is waited for."""
    return LiveSettings(
        store,
        **{
            "folders": folders,
            "budget": 2.0,
            "patience": TailTiming(settle=0.0, finish=0.0),
            "sizes": BatchSizes(records=2_000, seconds=0.05),
            "score_seconds": 0.2,
            "coverage_seconds": 0.0,
            **more,
        },
    )


@contextmanager
def running(
    settings: LiveSettings, *, wrap: Callable[[Lake], Any] = lambda lake: lake, **more: Any
) -> Iterator[WatchService]:
    """A service at work; what ended it is raised at the end."""
    stop, raised = threading.Event(), list[BaseException]()
    with open_watch_store(settings, print) as (database, lake):
        service = WatchService(settings, database, wrap(lake), **more)

        def work() -> None:
            try:
                service.run(stop)
            except BaseException as error:  # noqa: BLE001 - raised again by the test
                raised.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield service
        finally:
            stop.set()
            thread.join(120)
    assert not thread.is_alive()
    if raised:
        raise raised[0]


def until(condition: Callable[[], object], seconds: float = 120.0, *, every: float = 0.02) -> None:
    """Wait until something is so; `every` spares a condition that takes work itself."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(every)


def settled(service: WatchService, records: int) -> None:
    """Wait until so many records are kept and scored."""
    until(lambda: service.status().records >= records and not service.status().dirty_days)


def bodies(logs: Path) -> list[bytes]:
    """The contents of all files."""
    return [path.read_bytes() for path in sorted(logs.rglob("*")) if path.is_file()]
