"""Remember who may read which person's name until when. A restart ends every reveal; the audit trail keeps them."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reveal:
    """One user may read one person's name until a time (microseconds since 1970)."""

    name: str
    until: int
    reason: str


class Reveals:
    """The reveals of each user. Threads may share an instance."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[str, dict[str, Reveal]] = {}

    def begin(self, user: str, reveal: Reveal) -> None:
        """Let a user read a name; a further reveal of it replaces the first."""
        with self._lock:
            self._of.setdefault(user, {})[reveal.name.casefold()] = reveal

    def end(self, user: str, name: str, now: int) -> bool:
        """Hide a name again; return whether it was revealed."""
        with self._lock:
            found = self._of.get(user, {}).pop(name.casefold(), None)
        return found is not None and found.until > now

    def list_active(self, user: str, now: int) -> list[Reveal]:
        """Return a user's reveals that have not ended, the first to end first."""
        with self._lock:
            mine = self._of.get(user, {})
            for name in [name for name, one in mine.items() if one.until <= now]:
                del mine[name]
            return sorted(mine.values(), key=lambda one: (one.until, one.name))
