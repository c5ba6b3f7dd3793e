"""Remembers what was used lately, up to a weight: the longest unused goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class WeightedLruCache(Generic[Key, Value]):
    """Values by key, each with a weight, of together at most `most`; the newest stays whatever it weighs.

    `held` is the weight of all. Threads may share it.
    """

    def __init__(self, most: int) -> None:
        self.most, self.held = most, 0
        self._known: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: Key) -> Value | None:
        """Return what is known under a key, None where nothing is."""
        with self._lock:
            found = self._known.get(key)
            if found is None:
                return None
            self._known.move_to_end(key)
            return found[0]

    def put(self, key: Key, value: Value, weight: int) -> None:
        """Remember a value, unless there is one under its key already."""
        with self._lock:
            if key not in self._known:
                self._known[key] = value, weight
                self.held += weight
            while self.held > self.most and len(self._known) > 1:
                self.held -= self._known.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._known.clear()
            self.held = 0
