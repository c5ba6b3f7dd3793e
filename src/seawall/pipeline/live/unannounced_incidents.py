"""Raised incidents that wait to be announced, because much was unread when they were ranked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from seawall.detection.incident import Incident
from seawall.pipeline.live.budget_ranking import DAY, RANKED_DAYS
from seawall.pipeline.live.commit import keep_untold
from seawall.pipeline.live.history import HistoryNotice
from seawall.pipeline.live.recipients import Recipients
from seawall.storage.database import Database, WriterLease


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


@dataclass(slots=True)
class AgedIncidents:
    """Raised incidents that grew old while much was unread; checked once for each new day."""

    _told_until: int | None = None

    def tell(
        self, database: Database, writer: WriterLease, newest: int | None, targets: Recipients, *, at: int
    ) -> Sequence[HistoryNotice]:
        """Store that they are history, and return the messages about them; `newest` is the last scored day."""
        if newest is None or newest == self._told_until:
            return ()
        with database.writing(writer) as work:
            found = keep_untold(work, (newest - RANKED_DAYS + 1) * DAY, targets, at=at)
        self._told_until = newest
        return found
