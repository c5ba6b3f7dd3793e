"""Copy the records of raised incidents as they came, from the followed folders into the lake, a little at a time.

Only incidents that changed are looked at, and each record is searched once. A record that arrived in a request, or whose file
is gone or is another one by now, has no copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from seawall.detection.incident import Incident
from seawall.pipeline.keep_raw import COLUMNS, find_kept, locate_records
from seawall.response.look_up.matching import RecordFilter
from seawall.storage.database import Database
from seawall.storage.lake import EventQuery, Lake
from seawall.storage.lake.appending import UNKNOWN
from seawall.storage.raw_records import MOST_RECORDS, RawFolder, RecordOrigin

_MOST_INCIDENTS: Final = 50
"""Incidents that are looked at in one step."""

_MOST_CHANGED: Final = 1_000_000
"""Incidents that one look at the database lists."""

_MOST_SEARCHED: Final = 1_000_000
"""Records of which is remembered that they were searched."""


@dataclass(slots=True)
class RawCopying:
    """The copying of one watch. `folders` are those that it follows; without any, nothing is copied."""

    database: Database
    lake: Lake
    folders: Sequence[Path]
    _revision: int = 0
    _waiting: dict[str, None] = field(default_factory=dict)
    _searched: set[tuple[str, str]] = field(default_factory=set)
    _read: set[str] = field(default_factory=set)

    def work(self) -> int:
        """Copy the records of some changed incidents; return how many records were found.

        Raises what the database and the lake raise; the next call then begins where this one did.
        """
        if not self.folders:
            return 0
        with self.database.reading() as work:
            changed = work.incidents.changed_after(self._revision, _MOST_CHANGED)
            self._waiting |= dict.fromkeys(id_ for _, id_ in changed)
            ids = list(self._waiting)[:_MOST_INCIDENTS]
            found = [work.incidents.get(id_) for id_ in ids]
        origins = [origin for one in found if one is not None and one.raised for origin in self._locate(one)][
            :MOST_RECORDS
        ]
        kept = list(find_kept(self.folders, origins)) if origins else []
        RawFolder(self.lake.root).append(kept)
        if len(self._searched) < _MOST_SEARCHED:
            self._searched.update((one.tenant, one.record) for one in origins)
        self._revision = max((revision for revision, _ in changed), default=self._revision)
        for id_ in ids:
            del self._waiting[id_]
        return len(kept)

    def _locate(self, incident: Incident) -> list[RecordOrigin]:
        """Return where the records of an incident are that were not searched yet."""
        tenants = dict.fromkeys((incident.tenant, UNKNOWN))
        for tenant in tenants:
            if tenant not in self._read:
                self._read.add(tenant)
                self._searched.update((tenant, uid) for uid in RawFolder(self.lake.root).list_ids(tenant))
        wanted = frozenset(
            uid for uid in incident.events if all((one, uid) not in self._searched for one in tenants)
        )
        if not wanted:
            return []
        query = EventQuery(incident.first_event, incident.last_event + 1, only=RecordFilter(wanted))
        columns = [name for name in COLUMNS if name != "org_uid"]
        return [
            origin
            for tenant in tenants
            for tables in self.lake.rows_of_days(tenant, query, columns)
            for origin in locate_records(tables, wanted, tenant)
        ]
