"""The logs of a made-up organisation, arriving as if it lived now and time ran fast: for `seawall serve --demo`.

Weeks of quiet history come first and at once, so that detection has learnt; then a day about every second, until yesterday.

The organisation is the same on every day of the year: its logs begin on a Monday. How unusual an attack looks depends on
the weekdays around it, so that logs that began on any weekday would make seven organisations. On some days nothing in them
might be critical.
"""

from __future__ import annotations

import multiprocessing
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from seawall_base.plurals import plural

if TYPE_CHECKING:
    from seawall.pipeline.live.status import WatchStatus
    from seawall.pipeline.live.watcher import Watcher

DAY_SECONDS: Final = 1.2
LONGEST_DAY: Final = 2.5
HISTORY_SECONDS: Final = 120.0
SEED: Final = 1
DAYS: Final = 30
"""Days that are made. Those that have not passed yet, six at most, do not arrive."""
QUIET_DAYS: Final = 13
"""Fewer than `seawall demo` has: people wait for it."""

_LEAST_DAYS: Final = DAYS - 6

_STAMP: Final = re.compile(r"-([0-9]{8})T[0-9]{2}")

Say = Callable[[str], None]


@contextmanager
def place() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="seawall-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class DemoFeed:
    """Makes the logs in `folder / "made"` and lets them arrive in `folder / "arriving"`. A context: it ends with it."""

    def __init__(self, folder: Path, watcher: Watcher, say: Say) -> None:
        self._made, self._arriving = folder / "made", folder / "arriving"
        self._watcher, self._say = watcher, say
        self._today = datetime.now(UTC).date()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo", daemon=True)

    def __enter__(self) -> Self:
        self._arriving.mkdir(exist_ok=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join(10)

    def _run(self) -> None:
        self._say("making an organisation's logs (made up, with staged attacks)")
        if not self._is_made():
            if not self._ends.is_set():
                self._say("the logs could not be made; try `seawall demo`")
            return
        days = days_of(self._made / "logs", before=self._today)
        history = history_of(days, self._made / "truth.json")
        self._say(f"{plural(len(history), 'day')} of history, to learn from")
        for day in history:
            self._arrive(days[day])
        if not self._wait(_has_scored, HISTORY_SECONDS):
            return
        rest = [day for day in days if day not in history]
        self._say(f"now {plural(len(rest), 'more day')}, about one a second, with staged attacks")
        for day in rest:
            self._arrive(days[day])
            if self._ends.wait(DAY_SECONDS):
                return
            if not self._wait(lambda status: status.dirty_days <= 1, LONGEST_DAY):
                return
        if self._wait(_has_scored, HISTORY_SECONDS):
            self._say("all days have arrived; the console stays open")

    def _is_made(self) -> bool:
        """Make the world in a process of its own, so that no page waits for it."""
        process = multiprocessing.get_context("spawn").Process(
            target=make, args=(self._made, self._today), name="seawall-demo", daemon=True
        )
        process.start()
        while process.is_alive() and not self._ends.wait(0.1):
            pass
        if process.is_alive():
            process.terminate()
        process.join()
        return process.exitcode == 0 and not self._ends.is_set()

    def _arrive(self, files: list[Path]) -> None:
        for file in files:
            target = self._arriving / file.relative_to(self._made / "logs")
            target.parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)

    def _wait(self, is_done: Callable[[WatchStatus], bool], seconds: float) -> bool:
        """Wait until it is so, or for the time; false when all is to end."""
        end = time.monotonic() + seconds
        calm = 0
        while time.monotonic() < end and calm < 3:
            if self._ends.wait(0.2):
                return False
            calm = calm + 1 if is_done(self._watcher.status()) else 0
        return True


def first_day(today: date) -> date:
    """Return the Monday on which the logs begin: the last one since which `_LEAST_DAYS` days have passed."""
    latest = today - timedelta(days=_LEAST_DAYS)
    return latest - timedelta(days=latest.weekday())


def make(folder: Path, today: date) -> None:
    """Make a lively organisation whose last days may be yet to come."""
    from dataclasses import replace

    from seawall.lab.worlds import make_world
    from seawall.lab.worlds.demo import demo_settings

    settings = replace(demo_settings(SEED), days=DAYS, quiet_days=QUIET_DAYS, start=first_day(today))
    make_world(settings, folder)


def days_of(logs: Path, *, before: date) -> dict[str, list[Path]]:
    """Return the files of each day `before` another, in order of time, by the day that their names give."""
    found: dict[str, list[Path]] = {}
    for file in sorted(logs.rglob("*")):
        stamp = _STAMP.search(file.name)
        if stamp is not None and stamp[1] < f"{before:%Y%m%d}" and file.is_file():
            found.setdefault(stamp[1], []).append(file)
    return dict(sorted(found.items()))


def history_of(days: dict[str, list[Path]], truth: Path) -> list[str]:
    """The days before the one on which the first intruder comes."""
    import msgspec

    document: dict[str, Any] = msgspec.json.decode(truth.read_bytes())
    first = min(attack["first_event"] for attack in document["attacks"])
    return [day for day in days if day < first[:10].replace("-", "")]


def _has_scored(status: WatchStatus) -> bool:
    return status.doing == "idle" and status.records > 0 and status.dirty_days == 0
