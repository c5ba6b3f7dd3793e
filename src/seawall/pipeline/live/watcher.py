"""The interface of a running watch to a server, in whichever process the watch runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from seawall.pipeline.live.status import WatchStatus

LONGEST_WAIT = 60.0
"""Seconds that a sender waits until its records are stored."""


@dataclass(frozen=True, slots=True)
class IngestReceipt:
    """The result of one stored request: `records` read, and `problems` among them.

    A request repeated with its key has the same `id`; `is_repeat` tells that it was stored before.
    """

    id: str
    records: int
    problems: int
    is_repeat: bool = False


class Watcher(Protocol):
    """Store records, report status, and notify of changes. Threads may share an instance."""

    def ingest(self, body: bytes, *, source: str, key: str | None = None) -> IngestReceipt:
        """Store the records of a body (JSON lines, or any format that a scan reads); return when they are on disk.

        `source` is the source name of events and problems. A body with the `key` of a stored request changes nothing.
        Raises `WatchBusy` without room or after a time limit; the same request may then be repeated, and with the same key
        it counts once. Raises `KeyReused` for a key that came with another body. Never raises for the content of the body.
        """
        ...

    def status(self) -> WatchStatus:
        """Return the status without waiting; it is at most a second old."""
        ...

    def subscribe(self, call: Callable[[WatchStatus], None]) -> Callable[[], None]:
        """Call a function on changes; return a function that ends this. The status has a higher `revision` if incidents
        changed.

        The call comes from another thread, at most a few times a second, and must return quickly.
        """
        ...
