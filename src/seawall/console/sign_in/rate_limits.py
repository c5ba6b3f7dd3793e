"""Limit attempts by address, and by the pair of address and name.

Guessing is slowed down. A name alone is never locked, because then anybody could lock out anybody. State is bounded
and in memory; a restart clears it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from typing import Final

MOST_KEYS: Final = 20_000
DAY: Final = 86_400.0


class RateLimiter:
    """At most `most` events in `seconds`, for each key. Times are seconds of a monotonic clock."""

    def __init__(self, most: int, seconds: float, *, keys: int = MOST_KEYS) -> None:
        self.most, self.seconds = most, seconds
        self._keys = keys
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, key: str, now: float) -> float:
        """Return the seconds until one more is allowed; 0 if it is allowed now."""
        with self._lock:
            times = self._seen.get(key)
            if times is None:
                return 0.0
            self._forget(times, now)
            return max(0.0, times[0] + self.seconds - now) if len(times) >= self.most else 0.0

    def count(self, key: str, now: float) -> None:
        """Count one event."""
        with self._lock:
            times = self._seen.setdefault(key, deque(maxlen=self.most))
            self._seen.move_to_end(key)
            self._forget(times, now)
            times.append(now)
            while len(self._seen) > self._keys:
                self._seen.popitem(last=False)

    def take(self, key: str, now: float) -> float:
        """Count one event if it is allowed; else return the seconds to wait without counting."""
        wait = self.wait(key, now)
        if not wait:
            self.count(key, now)
        return wait

    def clear(self, key: str) -> None:
        """Forget a key."""
        with self._lock:
            self._seen.pop(key, None)

    def _forget(self, times: deque[float], now: float) -> None:
        while times and times[0] <= now - self.seconds:
            times.popleft()


class Backoff:
    """After `free` failures of a key, each further one doubles the wait, from one second up to `longest`."""

    def __init__(self, free: int, longest: float, *, keys: int = MOST_KEYS) -> None:
        self._free, self._longest, self._keys = free, longest, keys
        self._seen: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, key: str, now: float) -> float:
        """Return the seconds until the next attempt."""
        with self._lock:
            failures, last = self._seen.get(key, (0, 0.0))
        if now - last > DAY:
            return 0.0
        pause = min(self._longest, 2.0 ** min(failures - self._free, 40)) if failures >= self._free else 0.0
        return max(0.0, last + pause - now)

    def fail(self, key: str, now: float) -> None:
        """Count a failure. Failures expire after a day."""
        with self._lock:
            failures, last = self._seen.pop(key, (0, now))
            self._seen[key] = (failures + 1 if now - last <= DAY else 1, now)
            while len(self._seen) > self._keys:
                self._seen.popitem(last=False)

    def clear(self, key: str) -> None:
        """Forget the failures of a key after a successful sign-in."""
        with self._lock:
            self._seen.pop(key, None)
