"""A watch in a process of its own that kills itself at a step: `python -m tests.pipeline.live.watching FOLDER STORE [STEP]`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

from seawall.pipeline.live.opening import open_watch_store
from seawall.pipeline.live.service import WatchService
from seawall.pipeline.live.settings import LiveSettings
from seawall.pipeline.tail import BatchSizes, TailTiming

STEPS = (
    "gathered",
    "appended",
    "ingest-written",
    "ingested",
    "scored",
    "score-half-written",
    "score-written",
    "kept",
)


def settings(folder: Path, store: Path) -> LiveSettings:
    return LiveSettings(
        store,
        folders=(folder,),
        budget=2.0,
        patience=TailTiming(settle=0.0, finish=0.0, piece_bytes=300_000),
        sizes=BatchSizes(records=1_500, seconds=0.05),
        score_seconds=0.2,
        backlog_seconds=1.0,
    )


def main(folder: Path, store: Path, fatal: str = "", budget: float = 2.0) -> None:
    """Watch until everything is read and scored, or dead."""

    def step(name: str) -> None:
        if name == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    chosen = replace(settings(folder, store), budget=budget)
    with open_watch_store(chosen, print) as (database, lake):
        WatchService(chosen, database, lake, step=step).run(threading.Event(), "once")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), "".join(sys.argv[3:4]), *map(float, sys.argv[4:5]))
