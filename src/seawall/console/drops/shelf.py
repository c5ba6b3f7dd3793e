"""Keep the exports that were dropped: a few at a time, and one of them being read."""

from __future__ import annotations

import secrets
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from seawall.console.api_error import ApiError, conflict, not_found
from seawall.console.drops.dropped_store import DroppedStore

if TYPE_CHECKING:
    from seawall.console.context import ConsoleContext

NOTE: Final = "drops"
MOST_EXPORTS: Final = 3
"""Open exports: each has a process of its own."""


class DropShelf:
    """The dropped exports of a console."""

    def __init__(self, context: ConsoleContext) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._drops: dict[str, DroppedStore] = {}
        self._ending: list[DroppedStore] = []

    def begin(self, names: list[str], expected: int) -> DroppedStore:
        """Begin an export. Raises `ApiError` (409) while another one is being read, or if too many are open."""
        self.forget_abandoned()
        with self._lock:
            if any(one.is_busy for one in self._drops.values()):
                raise conflict(
                    "another export is being read",
                    fix="wait until it is read, or cancel it; then drop this one",
                )
            if len(self._drops) >= MOST_EXPORTS:
                raise conflict(
                    f"{MOST_EXPORTS} dropped exports are open already",
                    fix="close one of them, then drop this one",
                )
            id_ = secrets.token_hex(8)
            context = self._context
            drop = self._drops[id_] = DroppedStore(id_, names, expected, context.settings, context.clock)
        return drop

    def find(self, id_: str) -> DroppedStore:
        """Return an export. Raises `ApiError` (404)."""
        with self._lock:
            found = self._drops.get(id_)
        if found is None:
            raise not_found("such dropped export: it was closed")
        return found

    def all(self) -> list[DroppedStore]:
        """Return the exports, the latest first."""
        with self._lock:
            return list(reversed(self._drops.values()))

    def close(self, id_: str) -> DroppedStore:
        """Take an export off the shelf; it is deleted soon. Raises `ApiError` (404)."""
        with self._lock:
            found = self._drops.pop(id_, None)
            if found is None:
                raise not_found("such dropped export: it was closed")
            self._ending = [one for one in self._ending if not one.is_over] + [found]
        found.close()
        return found

    def forget_abandoned(self) -> None:
        """Close exports whose sender went away."""
        for one in self.all():
            if one.is_abandoned:
                with suppress(ApiError):
                    self.close(one.id)

    def end(self) -> None:
        """Close all of them, and wait until they are deleted."""
        for one in self.all():
            with suppress(ApiError):
                self.close(one.id)
        for one in self._ending:
            one.wait()


def drop_shelf(context: ConsoleContext) -> DropShelf:
    """Return the console's shelf, made at first use."""
    shelf: DropShelf = context.notes.setdefault(NOTE, DropShelf(context))
    return shelf


def close_drops(context: ConsoleContext) -> None:
    """Close the exports that are still open."""
    shelf: DropShelf | None = context.notes.get(NOTE)
    if shelf is not None:
        shelf.end()
