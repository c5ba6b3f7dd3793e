"""How a running watch is doing, as plain values that anybody may look at."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

Doing = Literal["idle", "reading", "scoring", "behind", "stopped", "none"]
"""`behind`: much is still to be read. `stopped`: something fails, see `fault`. `none`: nothing watches here."""


@dataclass(frozen=True, slots=True)
class WatchStatus:
    """One look at a running watch. Times are microseconds since the epoch.

    `records` = `events` + `duplicates` + `problems` + `waiting`, where `waiting` are kept but not scored yet. `rate` is
    records a second over the last ten seconds. `backlog_bytes` and `seconds_left` are None where that cannot be told.
    `past_unjudged` counts the organisations of which days before the live window are scored and not judged yet. `fault` says in
    a sentence what keeps the watch from working just now; it goes on by itself when that is over. `notes` say what the logs
    cannot show, the latest first. `unjudged` says for which organisations most records are of no log that Seawall recognises.
    """

    doing: Doing = "none"
    records: int = 0
    events: int = 0
    duplicates: int = 0
    problems: int = 0
    waiting: int = 0
    rate: float = 0.0
    backlog_bytes: int | None = None
    seconds_left: float | None = None
    last_event: int | None = None
    last_batch: int | None = None
    dirty_days: int = 0
    past_unjudged: int = 0
    revision: int = 0
    scored_until: int | None = None
    scoring_seconds: float = 0.0
    fault: str | None = None
    notes: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()


NOTHING = WatchStatus()
"""Where nothing watches."""


@dataclass(slots=True)
class EventRate:
    """How many a second, over a window of seconds of a clock that only goes forward."""

    window: float = 10.0
    _seen: deque[tuple[float, int]] = field(default_factory=deque)
    _total: int = 0

    def add(self, count: int, now: float) -> None:
        """Take note of so many; those of the same tenth of a second are one entry."""
        if self._seen and now - self._seen[-1][0] < 0.1:
            self._seen[-1] = (self._seen[-1][0], self._seen[-1][1] + count)
        else:
            self._seen.append((now, count))
        self._total += count

    def at(self, now: float) -> float:
        """Return the rate."""
        while self._seen and self._seen[0][0] < now - self.window:
            self._total -= self._seen.popleft()[1]
        if not self._seen:
            return 0.0
        return self._total / max(now - self._seen[0][0], 1.0)
