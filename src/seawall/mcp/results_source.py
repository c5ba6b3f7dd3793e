"""Answer from the results folder of a scan. Nothing is written into it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incident import Incident
from seawall.detection.incidents.incident_choice import find_number
from seawall.detection.incidents.reading_order import order_incidents
from seawall.mcp.found_records import RECORD_COLUMNS, NewestRecords
from seawall.report.tables.reading import tables_of_scan
from seawall.report.tables.table import AnalystTable
from seawall.response.containment.values import ContainmentPlan
from seawall.response.incident_sources import ScanResults, read_events_file
from seawall.response.look_up import LookUp, LookUpSubject
from seawall.response.look_up.links import read_rules
from seawall.response.look_up.matching import filter_of
from seawall.response.look_up.results import (
    INCIDENTS,
    is_of_organisation,
    list_records_of_rule,
    look_up_in_scan,
)
from seawall.response.look_up.stored import LookUpSpan, narrow_span
from seawall.response.plan_request import PlanRequest, count_addresses, request_plan
from seawall.response.scope import ScopeQuery, SearchBounds, sources
from seawall.response.scope_values import Scope
from seawall.storage.files.coverage_file import COVERAGE_FILE, read_coverage
from seawall.storage.files.events_place import find_events, list_events_files
from seawall.storage.files.incident_documents import read_incidents
from seawall.storage.lake.person_names import NamesInLake, read_person_names
from seawall_base.errors import InputUnreadable
from seawall_base.regular_files import open_file

PROBLEMS: Final = "problems.jsonl"
_LARGEST: Final = 256 << 20
_FIX: Final = "run `seawall scan PATH... --out DIR` and name that DIR with --out"


class ResultsSource:
    """The results folder of a scan. Methods raise InputUnreadable for files that are no results."""

    is_bounded: Final = False
    """Whether only a part of the incidents is looked at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._incidents: tuple[tuple[int, int], tuple[Incident, ...]] | None = None

    def list_incidents(self) -> tuple[Incident, ...]:
        """Return all incidents in reading order; they are read again when the file has changed."""
        path = self.folder / INCIDENTS
        try:
            found = path.stat()
        except OSError as error:
            raise InputUnreadable(f"{path}: {error.strerror or error}", fix=_FIX) from None
        state = (found.st_mtime_ns, found.st_size)
        if self._incidents is None or self._incidents[0] != state:
            self._incidents = state, order_incidents(read_incidents(path))
        return self._incidents[1]

    def find_incident(self, wanted: str) -> tuple[int, Incident]:
        """Return the number and the incident of an id, the start of an id, a number or an account. Raises UsageError."""
        incidents = self.list_incidents()
        rank = find_number(incidents, wanted)
        return rank, incidents[rank - 1]

    def count_addresses(self, incident: Incident) -> list[tuple[str, int]]:
        """Return the client addresses of an incident's records, the most frequent first."""
        return count_addresses(ScanResults(self.folder), incident)

    def make_plan(self, incident: Incident, *, with_attack: bool = False) -> ContainmentPlan | None:
        """Return the containment plan of an incident or its attack, None without a record of its accounts."""
        kept = ScanResults(self.folder)
        members = kept.attack(incident) if with_attack else ()
        others = tuple(one for one in members if one.id != incident.id)
        return request_plan(kept, PlanRequest(incident, others=others))

    def search_scope(self, incident: Incident) -> Scope | None:
        """Return who else was touched, by the incident's records."""
        asked = ScopeQuery(incidents={incident.id: tuple(incident.events)})
        return sources.scope_of_scan(self.folder, asked, SearchBounds())[0]

    def list_coverage(self) -> list[CoverageNote]:
        """Return the limits of the logs."""
        return read_coverage(self.folder / COVERAGE_FILE)

    def count_problems(self) -> dict[str, int]:
        """Return how many records and files could not be read, by reason."""
        found: defaultdict[str, int] = defaultdict(int)
        try:
            with open_file(self.folder / PROBLEMS) as lines:
                for line in lines:
                    found[_PROBLEM.decode(line).code] += 1
        except (OSError, ValueError, RecursionError):
            found["unreadable-list"] += 1
        return dict(found)

    def list_hits(self) -> tuple[AnalystTable, Mapping[str, Sequence[str]]]:
        """Return the hits of rules, and ids of records by the id of a rule."""
        records = {id_: uids for id_, _, uids in read_rules(self.folder)}
        return tables_of_scan(self.folder).hits(), records

    def look_up(
        self, subject: LookUpSubject, span: LookUpSpan, most: int
    ) -> tuple[LookUp, list[dict[str, Any]], frozenset[str]]:
        """Return what the records show of a value, the newest `most` of them, and the ids that incidents list."""
        found, incidents = look_up_in_scan(self.folder, subject, span)
        rule = list_records_of_rule(subject, self.list_incidents(), read_rules(self.folder))
        chosen, newest = filter_of(subject, rule), NewestRecords(most)
        start, end = narrow_span(span, subject)
        columns = list(dict.fromkeys([*RECORD_COLUMNS, "org_uid", *chosen.columns]))
        for table in read_events_file(find_events(self.folder), columns):
            time = table["time"].cast(pa.int64()).to_numpy()
            kept = chosen.matches(table) & (time >= start) & (time < end)
            if span.tenant is not None:
                kept &= is_of_organisation(table, span.tenant)
            newest.add(table.filter(pa.array(kept)))
        return found, newest.list_rows(), frozenset(uid for one in incidents for uid in one.events)

    def list_names(self) -> NamesInLake:
        """Return the accounts and mailboxes of the events, which may be persons, and the programs."""
        return read_person_names(*list_events_files(find_events(self.folder)))


class _Problem(msgspec.Struct):
    code: str = "other"


_PROBLEM: Final = msgspec.json.Decoder(_Problem)
