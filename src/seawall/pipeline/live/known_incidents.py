"""The incidents that a running watch holds in memory: those that may still be ranked, and announced ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from seawall.detection.incident import Incident
from seawall.pipeline.live.budget_ranking import DAY, RANKED_DAYS
from seawall.storage.database import QueueCursor, QueueQuery, Transaction

_PAGE = 500


class KnownIncidents:
    """Stored incidents by organisation and id; `announced` are the ids of announced ones."""

    def __init__(self) -> None:
        self._incidents: dict[str, dict[str, Incident]] = defaultdict(dict)
        self._let_go_at: int | None = None
        self.announced: set[str] = set()

    def begin(self, work: Transaction, newest: int | None) -> None:
        """Load the incidents of the live window. Without a scored day, the incidents of the store have another origin."""
        renamed = work.aliases.all()
        self.announced = {renamed.get(id_, id_) for id_ in work.announcements.all()}
        self._incidents.clear()
        if newest is not None:
            self._add(load_incidents(work, QueueQuery(active_from=(newest - RANKED_DAYS) * DAY)).values())

    @property
    def tenants(self) -> list[str]:
        """The organisations of the incidents of the live window."""
        return [tenant for tenant, known in self._incidents.items() if known]

    def list_rankable(
        self, tenants: Iterable[str], imported_until: Iterable[tuple[str, int]]
    ) -> dict[str, Incident]:
        """Return the incidents that ranking the live window may change: none of a first import that is over."""
        until = dict(imported_until)
        return {
            id_: one
            for name in tenants
            for id_, one in self._incidents[name].items()
            if one.first_event >= (until.get(name, -1) + 1) * DAY
        }

    def apply_ranking(
        self,
        tenants: Iterable[str],
        left: Collection[str],
        renamed: Mapping[str, str],
        incidents: Iterable[Incident],
        newest: int | None,
    ) -> None:
        """Apply a ranking of some organisations: remove the incidents that `left`, add the present ones."""
        for tenant in tenants:
            self._leave(tenant, left)
        self._add(incidents)
        self._let_go(newest)
        self._rename(renamed)

    def revise(
        self, tenant: str, left: Collection[str], renamed: Mapping[str, str], incidents: Iterable[Incident]
    ) -> None:
        """Apply a ranking of the past to the incidents of an organisation that are in memory."""
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
        """Forget incidents that are no longer ranked, once for each new day; the store keeps them."""
        if newest is None or newest == self._let_go_at:
            return
        self._let_go_at = newest
        since = (newest - RANKED_DAYS) * DAY
        for tenant, known in self._incidents.items():
            self._incidents[tenant] = {id_: one for id_, one in known.items() if one.last_event >= since}


def load_incidents(work: Transaction, choice: QueueQuery) -> dict[str, Incident]:
    """Return the stored incidents that match a query, by id."""
    found: dict[str, Incident] = {}
    after: QueueCursor | None = None
    while page := work.incidents.page(choice, after=after, limit=_PAGE):
        found.update((incident.id, incident) for incident in page)
        after = QueueCursor(page[-1].score, page[-1].id)
    return found
