"""What a server needs of a running watch, whichever process it runs in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from seawall.pipeline.live.status import WatchStatus

LONGEST_WAIT = 60.0
"""Seconds for which a sender waits until what it sent is kept."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was made of one request, once it is on the disk: `records` read, `problems` among them that are no events.

    `id` is the same for a request that is repeated with its key, and `is_repeat` says that it was kept before.
    """

    id: str
    records: int
    problems: int
    is_repeat: bool = False


class Watcher(Protocol):
    """Takes records, says how it is doing, and calls when something has changed. Threads may share it."""

    def ingest(self, body: bytes, *, source: str, key: str | None = None) -> Receipt:
        """Wait until the records of a body (JSON on lines, or any shape that a scan reads) are on the disk.

        `source` is what events and problems are filed under. A body with a `key` that was kept before changes nothing. Raises
        `WatchBusy` when there is no room, or it took too long: then the same request may be made again, and with the same
        key it counts once. Raises `KeyReused` for a key that came with another body. Never raises for what is in the body.
        """
        ...

    def status(self) -> WatchStatus:
        """How it is doing; at once, and at most a second old."""
        ...

    def subscribe(self, call: Callable[[WatchStatus], None]) -> Callable[[], None]:
        """Have `call` called when something has changed: `revision` has grown when incidents have. From another thread, at
        most a few times a second; it must return at once. Returns the function that ends it."""
        ...
