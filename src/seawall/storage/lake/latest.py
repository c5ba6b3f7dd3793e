"""A cache of limited total weight that drops the least recently used value first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class WeightedLruCache(Generic[Key, Value]):
    """A cache of values with a weight each, `most` in total; the newest value stays even if it alone weighs more.

    `held` is the present total weight. Threads may share an instance.
    """

    def __init__(self, most: int) -> None:
        self.most, self.held = most, 0
        self._known: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: Key) -> Value | None:
        """Return the value of a key, None if it is not cached."""
        with self._lock:
            found = self._known.get(key)
            if found is None:
                return None
            self._known.move_to_end(key)
            return found[0]

    def put(self, key: Key, value: Value, weight: int) -> None:
        """Cache a value, unless the key is cached already."""
        with self._lock:
            if key not in self._known:
                self._known[key] = value, weight
                self.held += weight
            while self.held > self.most and len(self._known) > 1:
                self.held -= self._known.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Empty the cache."""
        with self._lock:
            self._known.clear()
            self.held = 0
