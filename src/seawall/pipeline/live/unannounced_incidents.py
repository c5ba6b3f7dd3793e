"""Raised incidents that wait to be announced, because much was unread when they were ranked."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from seawall.detection.incident import Incident


class UnannouncedIncidents:
    """Raised incidents by id that nobody was told of, as of the last ranking of their organisations."""

    def __init__(self) -> None:
        self._waiting: dict[str, Incident] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def replace(
        self, tenants: Collection[str], incidents: Iterable[Incident], announced: Collection[str]
    ) -> None:
        """Take the incidents of organisations that were ranked in place of their earlier ones."""
        waiting = {id_: one for id_, one in self._waiting.items() if one.tenant not in tenants}
        fresh = {one.id: one for one in incidents if one.raised and one.id not in announced}
        self._waiting = waiting | fresh

    def all(self) -> list[Incident]:
        """Return the incidents, highest score first."""
        return sorted(
            self._waiting.values(), key=lambda one: (-one.score, one.first_event, one.tenant, one.account)
        )

    def forget(self, ids: Iterable[str]) -> None:
        """Remove incidents that were announced, or that exist no longer."""
        for id_ in ids:
            self._waiting.pop(id_, None)
