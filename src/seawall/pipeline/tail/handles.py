"""Open files without blocking, and keep the most recently used ones open."""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path

from seawall_base.regular_files import open_regular


class FileHandleCache:
    """Open file descriptors by key; beyond `most`, the least recently used one is closed."""

    def __init__(self, most: int) -> None:
        self._most = max(most, 1)
        self._open: OrderedDict[str, int] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._open

    def get(self, key: str, path: Path) -> int:
        """Return the descriptor of a key, opening the path if needed. Raises `OSError`."""
        if key not in self._open:
            self._open[key] = open_regular(path)
            while len(self._open) > self._most:
                os.close(self._open.popitem(last=False)[1])
        self._open.move_to_end(key)
        return self._open[key]

    def drop(self, key: str) -> None:
        """Close the descriptor of a key, if it is open."""
        descriptor = self._open.pop(key, None)
        if descriptor is not None:
            os.close(descriptor)

    def close(self) -> None:
        """Close all descriptors."""
        for key in list(self._open):
            self.drop(key)
