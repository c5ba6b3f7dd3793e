"""The incidents that a running watch knows: those that it rules on, and of which people were told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from seawall.detection.incident import Incident
from seawall.pipeline.live.ruling import DAY, RULED_DAYS
from seawall.storage.database import QueueCursor, QueueQuery, Transaction

_PAGE = 500


class KnownIncidents:
    """Incidents by organisation and id, as they are kept; `announced` are the ids that people were told of."""

    def __init__(self) -> None:
        self._incidents: dict[str, dict[str, Incident]] = defaultdict(dict)
        self._let_go_at: int | None = None
        self.announced: set[str] = set()

    def begin(self, work: Transaction, newest: int | None) -> None:
        """Know what is kept of the live window. Before anything was scored, what is there came from elsewhere."""
        renamed = work.aliases.all()
        self.announced = {renamed.get(id_, id_) for id_ in work.announcements.all()}
        self._incidents.clear()
        if newest is not None:
            self._add(load_incidents(work, QueueQuery(active_from=(newest - RULED_DAYS) * DAY)).values())

    def ruled_before(
        self, tenants: Iterable[str], imported_until: Iterable[tuple[str, int]]
    ) -> dict[str, Incident]:
        """Return what the live window may rule on again: nothing of a first import that is over."""
        until = dict(imported_until)
        return {
            id_: one
            for name in tenants
            for id_, one in self._incidents[name].items()
            if one.first_event >= (until.get(name, -1) + 1) * DAY
        }

    def ruled(
        self,
        tenants: Iterable[str],
        left: Collection[str],
        renamed: Mapping[str, str],
        incidents: Iterable[Incident],
        newest: int | None,
    ) -> None:
        """Know what a ruling made of some organisations' incidents: those that `left`, and those that there are now."""
        for tenant in tenants:
            self._leave(tenant, left)
        self._add(incidents)
        self._let_go(newest)
        self._rename(renamed)

    def judged(
        self, tenant: str, left: Collection[str], renamed: Mapping[str, str], incidents: Iterable[Incident]
    ) -> None:
        """Know what a judgement of the past made of an organisation's incidents that are known."""
        self._leave(tenant, left)
        self._add(one for one in incidents if one.id in self._incidents[tenant])
        self._rename(renamed)

    def _leave(self, tenant: str, left: Collection[str]) -> None:
        known = self._incidents[tenant]
        self._incidents[tenant] = {id_: one for id_, one in known.items() if id_ not in left}

    def _rename(self, renamed: Mapping[str, str]) -> None:
        self.announced |= {new for old, new in renamed.items() if old in self.announced}

    def _add(self, incidents: Iterable[Incident]) -> None:
        for incident in incidents:
            self._incidents[incident.tenant][incident.id] = incident

    def _let_go(self, newest: int | None) -> None:
        """Forget incidents that are ruled on no more: they stay as they are kept. Once for each new day."""
        if newest is None or newest == self._let_go_at:
            return
        self._let_go_at = newest
        since = (newest - RULED_DAYS) * DAY
        for tenant, known in self._incidents.items():
            self._incidents[tenant] = {id_: one for id_, one in known.items() if one.last_event >= since}


def load_incidents(work: Transaction, choice: QueueQuery) -> dict[str, Incident]:
    """Return the incidents of a choice that the database keeps, by id; a page of it at a time."""
    found: dict[str, Incident] = {}
    after: QueueCursor | None = None
    while page := work.incidents.page(choice, after=after, limit=_PAGE):
        found.update((incident.id, incident) for incident in page)
        after = QueueCursor(page[-1].score, page[-1].id)
    return found
