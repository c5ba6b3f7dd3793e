"""What is answered to an incident: its plan and its forms for other programs, from a scan's results or from a store.

The same incident gives the same from either. What a store keeps is merged as a scan merges it, and no more is looked at
than `respond.window` says.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from seawall.detection.incident import Incident
from seawall.events.coder import Coder, domain_of
from seawall.events.event import ENRICHED_SCHEMA
from seawall.response.containment import evidence
from seawall.response.containment.planning import plan, wanted_of
from seawall.response.containment.values import Plan
from seawall.response.export import artefacts, writing
from seawall.response.scope_values import Scope
from seawall.response.window import around
from seawall.storage.database import Database
from seawall.storage.files.incident_documents import find, look_up
from seawall.storage.files.merged_events import EVENTS, merged
from seawall.storage.lake import Lake, Wanted
from seawall.storage.lake.appending import UNKNOWN
from seawall.storage.lake.parts import as_events
from seawall.storage.place import Store
from seawall_base.errors import InputUnreadable

_COLUMNS: Final = tuple(ENRICHED_SCHEMA.names)
_PLACES: Final = ("metadata_uid", "src_ip")
_ORGANISATION: Final = "org_uid"
_SCRATCH: Final = ".seawall-"
_AT_ONCE: Final = 50_000
_LONGEST: Final = 200
"""Characters of what is looked up as an id."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose events are looked at: accounts by organisation, from `start` to before `end` (microseconds)."""

    accounts: Mapping[str, frozenset[str]]
    start: int
    end: int


class Events(Protocol):
    """Where events are."""

    @property
    def name(self) -> str:
        """How it is called, to a person."""

    def events(self, asked: Asked, columns: Sequence[str], /) -> Iterator[pa.Table]:
        """At least the events that are asked for, in these columns, in pieces."""


class Kept(Events, Protocol):
    """Where incidents and their events are."""

    def incident(self, wanted: str) -> Incident:
        """The incident of an id, the start of one, or a rank. Raises UsageError, and what reading raises."""


@dataclass(frozen=True, slots=True)
class ScanResults:
    """The folder that a scan wrote."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.folder)

    def incident(self, wanted: str) -> Incident:
        """An incident of `incidents.jsonl`. Raises InputUnreadable, UsageError."""
        return look_up(self.folder / "incidents.jsonl", wanted)[2]

    def events(self, _: Asked, columns: Sequence[str], /) -> Iterator[pa.Table]:
        """All events. Raises InputUnreadable."""
        return _pieces(self.folder / EVENTS, columns)


@dataclass(frozen=True, slots=True)
class MergedEvents:
    """An events file."""

    path: Path
    name: str

    def events(self, _: Asked, columns: Sequence[str], /) -> Iterator[pa.Table]:
        """All events. Raises InputUnreadable."""
        return _pieces(self.path, columns)


@dataclass(frozen=True, slots=True)
class StoredEvents:
    """The lake of a watch or a console."""

    lake: Lake
    name: str

    def events(self, asked: Asked, columns: Sequence[str], /) -> Iterator[pa.Table]:
        """The stored events that are asked for, as a scan writes them. Damaged parts are left out."""
        return stored_events(self.lake, asked, columns)


@dataclass(frozen=True, slots=True)
class Stored(StoredEvents):
    """What a watch or a console keeps: incidents in a database, events in a lake."""

    database: Database

    def incident(self, wanted: str) -> Incident:
        """An incident by any id that it ever had, by the start of one, or by its rank. Raises UsageError."""
        with self.database.reading() as work:
            found = work.incidents.get(work.aliases.resolve(wanted)) if len(wanted) <= _LONGEST else None
            if found is None:
                ids = work.incidents.in_order()
                found = work.incidents.get(ids[find(ids, wanted) - 1])
        if found is None:
            raise LookupError("an incident that was there a moment ago")
        return found


def stored(store: Store) -> Stored:
    """What an open store keeps, called by its folder."""
    return Stored(store.lake, str(store.folder), store.database)


def records_of(kept: Kept, wanted: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The records of incidents by their ids, each named by its id, the start of one, or its rank. Raises as `incident` does."""
    found = [kept.incident(one) for one in wanted]
    return {one.id: tuple(one.events) for one in found}


@dataclass(frozen=True, slots=True)
class Question:
    """What a plan is wanted for: an incident, a scope, or an incident whose scope is known; and with what in it.

    With `with_possible` also for accounts that the scope cannot rule out. `thumbprints` are keys known to be stolen.
    """

    incident: Incident | None = None
    scope: Scope | None = None
    with_possible: bool = False
    with_gate: bool = False
    thumbprints: tuple[str, ...] = ()

    def gathering(self) -> evidence.Gathering:
        """What is to be taken out of events."""
        incident, scope = self.incident, self.scope
        records = {record for one in (scope.accounts if scope else ()) for record in one.records}
        return evidence.Gathering(
            evidence.spans(self._spans()),
            frozenset((*(incident.events if incident else ()), *records)),
            begin=self._begin(),
            technique=str(incident.details.get("technique", "")) if incident else "",
            kind=incident.kind if incident else "",
        )

    def _spans(self) -> Iterator[tuple[str, str, int, int]]:
        if self.incident is not None:
            one = self.incident
            yield one.tenant, one.account, one.first_event, one.last_event
        if self.scope is not None:
            for subject in wanted_of(self.scope, with_possible=self.with_possible):
                first = self.scope.start if subject.first is None else subject.first
                yield (
                    subject.tenant,
                    subject.name,
                    first,
                    self.scope.end if subject.last is None else subject.last,
                )

    def _begin(self) -> int | None:
        """When the intruder came. Accounts that are only possibly touched may have no time of their own."""
        firsts = [] if self.incident is None else [self.incident.first_event]
        if self.scope is not None:
            sure = wanted_of(self.scope, with_possible=False)
            firsts += [one.first for one in sure if one.first is not None]
        return min(firsts, default=None)


def plan_of(kept: Events, question: Question) -> Plan | None:
    """The plan that answers a question, None where no event of the accounts is there. Raises what `Events.events` raises."""
    gathering = question.gathering()
    found = evidence.gathered(kept.events(_asked(gathering, question.scope), evidence.NEEDED), gathering)
    if gathering.is_empty:
        return None
    return plan(
        found,
        incident=question.incident,
        scope=question.scope,
        with_possible=question.with_possible,
        with_gate=question.with_gate,
        thumbprints=question.thumbprints,
        created_from=kept.name,
    )


def addresses_of(kept: Events, incident: Incident) -> list[tuple[str, int]]:
    """Return the client addresses of an incident's records with how many carry each, the most first.

    Raises what `Events.events` raises.
    """
    asked = Asked(
        {incident.tenant: frozenset({incident.account})}, *around(incident.first_event, incident.last_event)
    )
    wanted, found = pa.array(incident.events, pa.string()), Counter[str]()
    for piece in kept.events(asked, _PLACES):
        if "src_ip" in piece.column_names and "metadata_uid" in piece.column_names:
            of_incident = pc.is_in(piece["metadata_uid"].cast(pa.string()), value_set=wanted)
            addresses = piece["src_ip"].filter(of_incident).cast(pa.string()).to_pylist()
            found.update(address for address in addresses if address)
    return sorted(found.items(), key=lambda one: (-one[1], one[0]))


def forms_of(kept: Events, incident: Incident, version: str) -> dict[str, str]:
    """An incident in the forms that other programs read, by file name. Raises what `Events.events` raises."""
    gathering = artefacts.Gathering(
        incident.tenant, incident.account, frozenset(incident.events), incident.first_event
    )
    asked = Asked(
        {incident.tenant: frozenset({incident.account})},
        *around(incident.first_event, incident.last_event),
    )
    return writing.files(
        incident, artefacts.gathered(kept.events(asked, artefacts.NEEDED), gathering), version
    )


def _asked(gathering: evidence.Gathering, scope: Scope | None) -> Asked:
    """The accounts in question, and those whose records are the intruder's: what they did in others' mailboxes counts too."""
    accounts = {tenant: set(names) for tenant, names in gathering.tenants.items()}
    for one in scope.accounts if scope is not None else ():
        if one.records:
            accounts.setdefault(one.tenant, set()).add(one.name)
    return Asked({tenant: frozenset(names) for tenant, names in accounts.items()}, *gathering.span)


def stored_events(lake: Lake, asked: Asked, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the events of a lake that are asked for, copies dropped and twins merged, in pieces."""
    with tempfile.TemporaryDirectory(prefix=_SCRATCH) as scratch:
        place = Path(scratch)

        def coded(coder: Coder) -> Iterable[pa.Table]:
            return (coder.encode(rows) for rows in _joined(_rows(lake, asked)))

        if sum(len(batch) for _, _, batch, _ in merged(place, coded)):
            yield from _pieces(place / EVENTS, columns)


def _rows(lake: Lake, asked: Asked) -> Iterator[pa.Table]:
    """All columns of what lies in the lake, each row under the organisation for which it is asked for."""
    for tenant, accounts in sorted(asked.accounts.items()):
        wanted = Wanted(asked.start, asked.end, accounts=accounts)
        if tenant != UNKNOWN:
            for day in lake.rows_of_days(tenant, wanted, _COLUMNS):
                yield from day
        nobodys = _without_organisation(lake, asked, tenant)
        if nobodys:
            for day in lake.rows_of_days(UNKNOWN, Wanted(asked.start, asked.end, accounts=nobodys), _COLUMNS):
                yield from (_named(table, tenant) for table in day)


def _without_organisation(lake: Lake, asked: Asked, tenant: str) -> frozenset[str]:
    """The accounts of an organisation whose events may state none: those with a mail domain, and all where it is the only one.

    What states no organisation lies apart. Detection counts it to the organisation of the account's domain.
    """
    others = [names for other, names in asked.accounts.items() if other != tenant]
    here = frozenset(name for name in asked.accounts[tenant] if not any(name in names for names in others))
    bare = frozenset(name for name in here if domain_of(name) is None)
    if tenant == UNKNOWN or not bare or set(lake.tenants()) <= {tenant, UNKNOWN}:
        return here
    return here - bare


def _named(rows: pa.Table, tenant: str) -> pa.Table:
    named = pc.fill_null(rows[_ORGANISATION].cast(pa.string()), tenant)
    return rows.set_column(rows.column_names.index(_ORGANISATION), _ORGANISATION, named)


def _joined(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The rows in few tables: what a day holds of an account is a handful."""
    waiting: list[pa.Table] = []
    count = 0
    for table in tables:
        waiting.append(table)
        count += table.num_rows
        if count >= _AT_ONCE:
            yield _one(waiting)
            waiting, count = [], 0
    if waiting:
        yield _one(waiting)


def _one(tables: Sequence[pa.Table]) -> pa.Table:
    plain = [as_events(table) for table in tables]
    return pa.concat_tables(plain).unify_dictionaries().combine_chunks()


def _pieces(path: Path, wanted: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the tables of an events file with those of the wanted columns that it has. Raises InputUnreadable."""
    try:
        with pq.ParquetFile(path) as file:
            columns = [name for name in wanted if name in file.schema_arrow.names]
            for batch in file.iter_batches(columns=columns):
                yield pa.Table.from_batches([batch])
    except (OSError, pa.ArrowException) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "no events file"
        raise InputUnreadable(f"{path}: {why}", fix="give --out DIR, a folder that a scan wrote") from None
