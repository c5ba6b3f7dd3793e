"""Read the results of a scan, or a store, once, and make all tables of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from seawall.detection.incident import Incident
from seawall.events.changes.records import COLUMNS as CHANGE_COLUMNS
from seawall.events.coder import Coder
from seawall.report.tables import sign_ins
from seawall.report.tables.applications import ApplicationCount
from seawall.report.tables.consents import Consent, ConsentList
from seawall.report.tables.event_columns import COLUMNS, ApplicationNames
from seawall.report.tables.mail_rules import StandingMailRules
from seawall.report.tables.rule_hits import list_incident_hits, read_rule_hits
from seawall.report.tables.sign_ins import SignInCount
from seawall.report.tables.table import AnalystTable
from seawall.response.incident_sources import read_events_file
from seawall.storage.files.events_place import find_events
from seawall.storage.files.merged_events import EVENTS, merge_events
from seawall.storage.location import Store

NAMES: Final = ("rule-hits", "sign-ins", "consents", "mail-rules", "applications")
"""The tables, in the order in which they are shown."""

TableReader = Callable[[Sequence[str]], Iterator[pa.Table]]
"""Yield all events with at least the given columns, if they are there."""


@dataclass(frozen=True, slots=True)
class AnalystTables:
    """Make the tables of one source. Reading raises InputUnreadable, and for a store what opening the lake raises."""

    events: TableReader
    hits: Callable[[], AnalystTable]

    def make(
        self,
        wanted: Sequence[str] = NAMES,
        by: Sequence[str] = sign_ins.USUAL,
        beside: Callable[[pa.Table], None] | None = None,
    ) -> list[AnalystTable]:
        """Return the wanted tables in the order of `NAMES`. `by` are the columns that count sign-ins.

        `beside` gets the events too, which are read once.
        """
        found = {}
        if "rule-hits" in wanted:
            found["rule-hits"] = self.hits()
        if set(wanted) - {"rule-hits"}:
            found |= self._count_events(by, beside)
        return [found[name] for name in NAMES if name in wanted]

    def _count_events(
        self, by: Sequence[str], beside: Callable[[pa.Table], None] | None
    ) -> dict[str, AnalystTable]:
        """Return the tables that need the events, which are read once."""
        names, counted, applications = ApplicationNames(), SignInCount(by), ApplicationCount()
        consents, standing = ConsentList(), StandingMailRules()
        for table in self.events(tuple(dict.fromkeys((*COLUMNS, *CHANGE_COLUMNS)))):
            names.learn(table)
            for one in (counted, applications, consents, standing):
                one.add(table)
            if beside is not None:
                beside(table)
        given = consents.consents()
        names.add_names(consents.names())
        return {
            "sign-ins": counted.table(names),
            "consents": consents.table(),
            "mail-rules": standing.table(),
            "applications": applications.table(names, _gather_permissions(given)),
        }


def tables_of_scan(folder: Path) -> AnalystTables:
    """Return the tables of a results folder."""
    return AnalystTables(
        lambda columns: read_events_file(find_events(folder), columns), lambda: read_rule_hits(folder)
    )


def tables_of_store(store: Store) -> AnalystTables:
    """Return the tables of a store."""
    return AnalystTables(
        lambda columns: read_whole_lake(store, columns), lambda: list_incident_hits(_list_incidents(store))
    )


def read_whole_lake(store: Store, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Yield all events of a store in chunks, each once and with twins merged, as a scan writes them. Raises LakeBroken."""

    def code_tables(coder: Coder) -> Iterable[pa.Table]:
        for held in store.lake.size().days:
            for rows in store.lake.day(held.tenant, held.day, is_named=True):
                yield coder.encode(rows)

    with tempfile.TemporaryDirectory(prefix=".seawall-") as scratch:
        place = Path(scratch)
        if sum(len(batch) for _, _, batch, _ in merge_events(place, code_tables)):
            yield from read_events_file(place / EVENTS, columns)


def _gather_permissions(given: Iterable[Consent]) -> dict[tuple[str, str], str]:
    """Return what each application may do, by organisation, and id or name in lower case."""
    found: dict[tuple[str, str], set[str]] = {}
    for one in given:
        for name in (one.uid, one.application):
            if name:
                found.setdefault((one.tenant, name.lower()), set()).update(one.meaning.split(", "))
    return {key: ", ".join(sorted(meanings - {""})) for key, meanings in found.items()}


def _list_incidents(store: Store) -> Iterator[Incident]:
    with store.database.reading() as work:
        for one in work.incidents.in_order():
            found = work.incidents.get(one)
            if found is not None:
                yield found
