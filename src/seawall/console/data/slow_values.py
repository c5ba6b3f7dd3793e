"""Cache slow values that may be some seconds old: return the old one while a thread computes the new one."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from seawall.console.context import ConsoleContext

T = TypeVar("T")

FRESH: Final = 10_000_000
"""Microseconds for which a value is returned without being recomputed."""

SHOWN: Final = 60_000_000
"""Microseconds for which an older value is returned during recomputation. An even older one is recomputed first."""

MOST: Final = 16


@dataclass(slots=True)
class _Kept(Generic[T]):
    at: int = -SHOWN
    value: T | None = None
    coming: Future[T] | None = None


class SlowValueCache(Generic[T]):
    """Values by key, each computed by one thread at a time. Thread-safe."""

    def __init__(self, name: str) -> None:
        self._threads = ThreadPoolExecutor(2, name)
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, _Kept[T]] = OrderedDict()

    def get(self, key: Hashable, now: int, make: Callable[[], T]) -> T:
        """Return what `make` gave for a key at most `SHOWN` ago; recompute after `FRESH`. Raises what `make` raises."""
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
            self._kept.move_to_end(key)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
            age = now - kept.at
            if kept.coming is None and not 0 <= age < FRESH:
                kept.coming = self._threads.submit(self._compute, kept, now, make)
            coming, value = kept.coming, kept.value
        if value is not None and 0 <= age < SHOWN:
            return value
        if coming is None:
            raise LookupError("a clock that stands before the beginning")
        return coming.result()

    def close(self) -> None:
        """Start no more computations; running ones end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _compute(self, kept: _Kept[T], now: int, make: Callable[[], T]) -> T:
        try:
            value = make()
            with self._lock:
                kept.at, kept.value = now, value
            return value
        finally:
            with self._lock:
                kept.coming = None


def slow_value_cache(context: ConsoleContext, name: str) -> SlowValueCache[T]:
    """Return the application's cache of this name, created at first use."""
    note = f"lately {name}"
    if note not in context.notes:
        context.notes.setdefault(note, SlowValueCache(name))  # setdefault, because two threads may create one
    found: SlowValueCache[T] = context.notes[note]
    return found


def close_caches(context: ConsoleContext) -> None:
    """Close the application's caches."""
    for one in list(context.notes.values()):
        if isinstance(one, SlowValueCache):
            one.close()
