"""The status of a running watch, as plain values for display."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

Doing = Literal["idle", "reading", "scoring", "behind", "stopped", "none"]
"""`behind`: much is still unread. `stopped`: an error occurred, see `fault`. `none`: no watch runs here."""


@dataclass(frozen=True, slots=True)
class WatchStatus:
    """A snapshot of a running watch. Times are microseconds since 1970.

    `records` = `events` + `duplicates` + `problems` + `waiting`, where `waiting` are stored but not scored. `rate` is
    records a second over the last ten seconds. `backlog_bytes` and `seconds_left` are None if unknown. `past_unjudged`
    counts organisations with scored days before the live window that are not ranked yet. `fault` is a sentence about the
    error that stops the watch; it continues by itself when the cause is gone. `notes` are coverage notes, latest first.
    `unjudged` has a sentence for each organisation with mostly unrecognised records. `is_complete`: all that is there was
    read, scored and ranked. `rescoring` says that earlier days are scored again, and why.
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
    is_complete: bool = False
    rescoring: str | None = None


NOTHING = WatchStatus()
"""The status without a watch."""


@dataclass(slots=True)
class EventRate:
    """A rate per second over a window of seconds of the monotonic clock."""

    window: float = 10.0
    _seen: deque[tuple[float, int]] = field(default_factory=deque)
    _total: int = 0

    def add(self, count: int, now: float) -> None:
        """Add a count; counts within a tenth of a second are one entry."""
        if self._seen and now - self._seen[-1][0] < 0.1:
            self._seen[-1] = (self._seen[-1][0], self._seen[-1][1] + count)
        else:
            self._seen.append((now, count))
        self._total += count

    def at(self, now: float) -> float:
        """Return the present rate."""
        while self._seen and self._seen[0][0] < now - self.window:
            self._total -= self._seen.popleft()[1]
        if not self._seen:
            return 0.0
        return self._total / max(now - self._seen[0][0], 1.0)
