"""Define the callback by which a long run reports its progress."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receive the progress of a scan. The phase `read` counts bytes, `score` days, `write` files."""

    def __call__(self, phase: str, done: int, total: int, records: int) -> None:
        """Note that `done` of `total` units of a phase are finished, after `records` records."""
