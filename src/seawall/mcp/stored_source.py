"""Answer from a store: its database of incidents and its event lake. Nothing is written but the audit trail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from seawall.console.data.scope_search import MOST_EVENTS, search_days
from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incident import Incident
from seawall.detection.incidents.incident_choice import find_number
from seawall.mcp.found_records import RECORD_COLUMNS, NewestRecords
from seawall.report.tables.reading import tables_of_store
from seawall.report.tables.table import AnalystTable
from seawall.response.containment.values import ContainmentPlan
from seawall.response.look_up import LookUp, LookUpSubject
from seawall.response.look_up.links import link_incidents, list_rules, records_of_rule
from seawall.response.look_up.stored import (
    MOST_INCIDENTS,
    LookUpSpan,
    list_days,
    look_up_in_lake,
    make_query,
    narrow_span,
)
from seawall.response.look_up.summary import DAY
from seawall.response.plan_request import PlanRequest, count_addresses, request_plan
from seawall.response.scope import ScopeQuery, SearchBounds
from seawall.response.scope.stored import find_unread, scope_of_lake
from seawall.response.scope_values import Scope
from seawall.response.stored_incidents import StoredIncidents
from seawall.storage.lake.layout import start_of
from seawall.storage.location import Store
from seawall_base.errors import UsageError

COVERAGE: Final = "coverage"
"""The setting in which detection stores the limits of the logs."""

_LONGEST_ID: Final = 200


class StoreSource:
    """A store. Of its incidents, the worst `MOST_INCIDENTS` are listed; an id finds any."""

    is_bounded: bool

    def __init__(self, store: Store) -> None:
        self.store = store
        self.is_bounded = False

    def list_incidents(self) -> tuple[Incident, ...]:
        """Return the worst incidents in reading order."""
        with self.store.database.reading() as work:
            heads = work.incidents.heads()
            found = work.incidents.load([one.id for one in heads[:MOST_INCIDENTS]])
        self.is_bounded = len(heads) > MOST_INCIDENTS
        return tuple(found)

    def find_incident(self, wanted: str) -> tuple[int, Incident]:
        """Return the number and the incident of an id, a former id, the start of an id, a number or an account. Raises
        UsageError."""
        with self.store.database.reading() as work:
            heads = work.incidents.heads()
            known = work.aliases.resolve(wanted) if len(wanted) <= _LONGEST_ID else wanted
            rank = find_number(heads, known)
            found = work.incidents.get(heads[rank - 1].id)
        if found is None:
            raise LookupError("an incident that was there a moment ago")
        return rank, found

    def count_addresses(self, incident: Incident) -> list[tuple[str, int]]:
        """Return the client addresses of an incident's records, the most frequent first."""
        return count_addresses(self._open_incidents(), incident)

    def make_plan(self, incident: Incident, *, with_attack: bool = False) -> ContainmentPlan | None:
        """Return the containment plan of an incident or its attack, None without a record of its accounts."""
        kept = self._open_incidents()
        members = kept.attack(incident) if with_attack else ()
        others = tuple(one for one in members if one.id != incident.id)
        return request_plan(kept, PlanRequest(incident, others=others))

    def search_scope(self, incident: Incident) -> Scope | None:
        """Return who else was touched, by the incident's records, over the days around it. Raises UsageError if they are
        too many."""
        first, end = search_days(incident.first_event, incident.last_event)
        lake = self.store.lake
        if sum(day.rows for day in lake.size().days if first <= day.day < end) > MOST_EVENTS:
            raise UsageError(
                f"more than {MOST_EVENTS:,} events lie in the days to search",
                fix="a person searches on the command line: seawall scope --store DIR --incident ID",
            )
        asked = ScopeQuery(incidents={incident.id: tuple(incident.events)})
        lost = find_unread(self.store.database, start_of(first))
        found, _ = scope_of_lake(
            lake, lost, asked, SearchBounds(), source=str(self.store.folder), days=(first, end)
        )
        return found

    def list_coverage(self) -> list[CoverageNote]:
        """Return the limits of the logs that detection noted."""
        with self.store.database.reading() as work:
            kept = (work.settings.get(COVERAGE) or {}).get("notes")
        return [found for note in kept or () if (found := _read_note(note)) is not None]

    def count_problems(self) -> dict[str, int]:
        """Return how many records could not be read, by reason."""
        with self.store.database.reading() as work:
            return dict(work.problems.counts())

    def list_hits(self) -> tuple[AnalystTable, Mapping[str, Sequence[str]]]:
        """Return the hits of rules on incidents, and ids of records of these incidents by the id of a rule."""
        records: dict[str, list[str]] = {}
        for one in self.list_incidents():
            for id_, _, _ in list_rules(one):
                records.setdefault(id_, []).extend(one.events)
        return tables_of_store(self.store).hits(), records

    def look_up(
        self, subject: LookUpSubject, span: LookUpSpan, most: int
    ) -> tuple[LookUp, list[dict[str, Any]], frozenset[str]]:
        """Return what the records show of a value, the newest `most` of them, and the ids that incidents list."""
        incidents, lake = self.list_incidents(), self.store.lake
        links, rule = link_incidents(incidents), records_of_rule(subject, incidents)
        found = look_up_in_lake(lake, subject, span, links=links, records=rule)
        newest = NewestRecords(most)
        start, end = narrow_span(span, subject)
        for day in list_days(lake, span, subject):
            if len(newest) >= most or not found.records or start_of(day.day) + DAY <= found.start:
                break
            first = start_of(day.day)
            query = make_query(subject, max(first, start), min(first + DAY, end), rule, span.narrow)
            for tables in lake.rows_of_days(day.tenant, query, [*RECORD_COLUMNS]):
                for table in tables:
                    newest.add(table)
        return found, newest.list_rows(), frozenset(links)

    def _open_incidents(self) -> StoredIncidents:
        return StoredIncidents(self.store.lake, str(self.store.folder), self.store.database)


def _read_note(note: Any) -> CoverageNote | None:
    """Return a stored note, None for anything else."""
    try:
        return msgspec.convert({"account": "", "start": note["end"], **note}, CoverageNote)
    except (TypeError, KeyError, msgspec.ValidationError):
        return None
