"""Read incidents and events from a store, with the same results as from a scan."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from seawall.detection.incident import Incident
from seawall.detection.incidents.attacks import list_attack
from seawall.detection.incidents.incident_choice import find_number, find_only_number
from seawall.events.coder import Coder, domain_of
from seawall.events.event import ENRICHED_SCHEMA
from seawall.response.incident_sources import AccountSpans, read_events_file
from seawall.storage.database import Database, Transaction
from seawall.storage.files.merged_events import EVENTS, merge_events
from seawall.storage.lake import EventQuery, Lake
from seawall.storage.lake.appending import UNKNOWN
from seawall.storage.lake.parts import as_events
from seawall.storage.location import Store

_COLUMNS: Final = tuple(ENRICHED_SCHEMA.names)


_ORGANISATION: Final = "org_uid"


_SCRATCH: Final = ".seawall-"


_AT_ONCE: Final = 50_000


_LONGEST: Final = 200
"""Maximum characters of an incident id to look up."""


@dataclass(frozen=True, slots=True)
class StoredEvents:
    """Events in the lake of a store."""

    lake: Lake
    name: str

    def events(self, asked: AccountSpans, columns: Sequence[str], /) -> Iterator[pa.Table]:
        """Yield the requested events as a scan writes them. Damaged parts are left out."""
        return read_stored_events(self.lake, asked, columns)


@dataclass(frozen=True, slots=True)
class StoredIncidents(StoredEvents):
    """Incidents of a store's database, and events of its lake."""

    database: Database

    def incident(self, wanted: str) -> Incident:
        """Return an incident by its id, a former id, an id prefix, its number or its account. Raises UsageError."""
        with self.database.reading() as work:
            found = work.incidents.get(work.aliases.resolve(wanted)) if len(wanted) <= _LONGEST else None
            if found is None:
                heads = work.incidents.heads()
                found = work.incidents.get(heads[find_number(heads, wanted) - 1].id)
        if found is None:
            raise LookupError("an incident that was there a moment ago")
        return found

    def find_only_id(self, wanted: str) -> str:
        """Return the id of the one incident that a text means, to change it. Raises UsageError if it means several."""
        with self.database.reading() as work:
            known = work.aliases.resolve(wanted) if len(wanted) <= _LONGEST else wanted
            heads = work.incidents.heads()
        return heads[find_only_number(heads, known) - 1].id

    def attack(self, incident: Incident) -> list[Incident]:
        """Return the incidents of an incident's attack, itself among them, the highest score first."""
        with self.database.reading() as work:
            return list_stored_attack(work, incident)


def list_stored_attack(work: Transaction, incident: Incident) -> list[Incident]:
    """Return the incidents of an incident's attack, itself among them; former ids lead to present incidents."""
    return list_attack(incident, lambda id_: work.incidents.get(work.aliases.resolve(id_)))


def open_stored_incidents(store: Store) -> StoredIncidents:
    """Open the incidents of a store, named by its folder."""
    return StoredIncidents(store.lake, str(store.folder), store.database)


def read_stored_events(lake: Lake, asked: AccountSpans, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the requested events of a lake in chunks, without duplicates and with twins merged."""
    with tempfile.TemporaryDirectory(prefix=_SCRATCH) as scratch:
        place = Path(scratch)

        def code_tables(coder: Coder) -> Iterable[pa.Table]:
            return (coder.encode(rows) for rows in _join(_read_rows(lake, asked)))

        if sum(len(batch) for _, _, batch, _ in merge_events(place, code_tables)):
            yield from read_events_file(place / EVENTS, columns)


def _read_rows(lake: Lake, asked: AccountSpans) -> Iterator[pa.Table]:
    """Yield all columns of the requested rows, each with the organisation that it was requested for."""
    for tenant, accounts in sorted(asked.accounts.items()):
        wanted = EventQuery(asked.start, asked.end, accounts=accounts)
        if tenant != UNKNOWN:
            for day in lake.rows_of_days(tenant, wanted, _COLUMNS):
                yield from day
        nobodys = _without_organisation(lake, asked, tenant)
        if nobodys:
            for day in lake.rows_of_days(
                UNKNOWN, EventQuery(asked.start, asked.end, accounts=nobodys), _COLUMNS
            ):
                yield from (_name(table, tenant) for table in day)


def _without_organisation(lake: Lake, asked: AccountSpans, tenant: str) -> frozenset[str]:
    """Return the accounts of an organisation that may have events without an organisation.

    These are accounts with a mail domain, or all if it is the only organisation. Such events are stored separately,
    and detection assigns them to the organisation of the account's domain.
    """
    others = [names for other, names in asked.accounts.items() if other != tenant]
    here = frozenset(name for name in asked.accounts[tenant] if not any(name in names for names in others))
    bare = frozenset(name for name in here if domain_of(name) is None)
    if tenant == UNKNOWN or not bare or set(lake.tenants()) <= {tenant, UNKNOWN}:
        return here
    return here - bare


def _name(rows: pa.Table, tenant: str) -> pa.Table:
    named = pc.fill_null(rows[_ORGANISATION].cast(pa.string()), tenant)
    return rows.set_column(rows.column_names.index(_ORGANISATION), _ORGANISATION, named)


def _join(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield the rows in fewer tables, because an account has a handful of rows a day."""
    waiting: list[pa.Table] = []
    count = 0
    for table in tables:
        waiting.append(table)
        count += table.num_rows
        if count >= _AT_ONCE:
            yield _combine(waiting)
            waiting, count = [], 0
    if waiting:
        yield _combine(waiting)


def _combine(tables: Sequence[pa.Table]) -> pa.Table:
    plain = [as_events(table) for table in tables]
    return pa.concat_tables(plain).unify_dictionaries().combine_chunks()
