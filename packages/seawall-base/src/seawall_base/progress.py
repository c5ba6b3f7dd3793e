"""How far a long run is: what it tells whoever shows it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told how far a scan is: phase `read` counts bytes, `score` days, `write` files."""

    def __call__(self, phase: str, done: int, total: int, records: int) -> None:
        """Take note."""
