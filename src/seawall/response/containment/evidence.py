"""Collect from events what a plan needs: changes, the systems where accounts act, and the intruder's indicators.

Events are Arrow tables with the columns of the events file, in chunks of any size. Only rows of the accounts in
question become Python objects. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.changes.records import (
    CHANGES,
    COLUMNS,
    CONSENTS,
    VENDOR_OF,
    normalise_operation,
    replace_surrogates,
)
from seawall.response.containment.planning import PlanEvidence
from seawall.response.containment.templates import is_guid
from seawall.response.containment.values import IntruderIndicators, Vendor
from seawall.response.search_window import search_window

Whose = tuple[str, str]
"""(organisation, account). The organisation is needed because an application id, for example, occurs in many."""

Span = tuple[int, int]
"""First and last time (microseconds) at which the intruder used an account."""

KNOWN_BY: Final[dict[str, str]] = {
    "addresses": "src_ip",
    "prefixes": "src_prefix",
    "networks": "src_asn",
    "applications": "app_uid",
    "clients": "client",
    "devices": "device_uid",
    "sessions": "session_uid",
    "tokens": "token_uid",
    "keys": "key_uid",
    "operations": "activity_name",
}
"""The event column of each kind of indicator."""

NEEDED: Final = tuple(dict.fromkeys((*COLUMNS, *KNOWN_BY.values())))
"""Every event column that this module reads."""

MOST_ROWS: Final = 20_000
MOST_VALUES: Final = 500
TOLERANCE: Final = 3_600_000_000
"""Microseconds by which a consent may be logged after its application was first used."""


@dataclass(slots=True)
class EvidenceCollector:
    """Collect evidence from chunks of events. `accounts` maps each account in question to its (first, last) time.

    `begin` is the start of the intrusion; the default is the earliest of these times. Earlier events show the owners'
    habits. Events outside `response.search_window` are ignored, so a longer log gives the same plan.
    """

    accounts: Mapping[Whose, Span]
    intruders: frozenset[str]
    begin: int | None = None
    technique: str = ""
    kind: str = ""
    is_empty: bool = True
    """Whether no event of the accounts was seen so far."""

    _rows: list[dict[str, Any]] = field(default_factory=list)
    _consents: list[dict[str, Any]] = field(default_factory=list)
    _systems: dict[Whose, set[Vendor]] = field(default_factory=dict)
    _objects: dict[Whose, str] = field(default_factory=dict)
    _people: set[Whose] = field(default_factory=set)
    _first: dict[tuple[str, str, str], int] = field(default_factory=dict)
    _shown: dict[str, set[str]] = field(default_factory=dict)
    _usual: dict[str, set[str]] = field(default_factory=dict)

    @property
    def span(self) -> Span:
        """Return the (start, end) of the search window in microseconds; the end is exclusive."""
        first, last = self._edges()
        return search_window(min(first, self._begin()), last)

    @property
    def tenants(self) -> dict[str, frozenset[str]]:
        """Return the accounts in question, by organisation."""
        names: dict[str, set[str]] = {}
        for tenant, account in self.accounts:
            names.setdefault(tenant, set()).add(account)
        return {tenant: frozenset(found) for tenant, found in names.items()}

    def add(self, events: pa.Table) -> None:
        """Add one chunk of events."""
        table = events.select([name for name in NEEDED if name in events.column_names])
        times = table.column("time").cast(pa.int64())
        table = table.set_column(table.column_names.index("time"), "time", times)
        start, end = self.span
        in_time = pc.and_(pc.greater_equal(times, start), pc.less(times, end))
        meant = pc.or_(self._match_accounts(table, "account"), self._match_accounts(table, "mailbox"))
        table = table.filter(pc.and_(in_time, meant))
        if not table.num_rows:
            return
        is_own = self._match_accounts(table, "account")
        self.is_empty = self.is_empty and not pc.any(is_own).as_py()
        self._who(table.filter(is_own))
        self._note_uses(table.filter(is_own))
        is_intruders = pc.is_in(
            _text(table, "metadata_uid"), value_set=pa.array(sorted(self.intruders), pa.string())
        )
        self._values(table.filter(is_intruders), self._shown)
        is_before = pc.less(table.column("time"), self._begin())
        self._values(table.filter(pc.and_(is_own, is_before)), self._usual)
        self._changes(table)

    def _edges(self) -> Span:
        spans = self.accounts.values()
        return min((first for first, _ in spans), default=0), max((last for _, last in spans), default=0)

    def _begin(self) -> int:
        return self._edges()[0] if self.begin is None else self.begin

    def _match_accounts(self, table: pa.Table, column: str) -> Any:
        """Return a mask of rows whose `column` names one of the accounts in its own organisation."""
        here, tenants = _text(table, column), _text(table, "org_uid")
        found: Any = pa.array([False] * table.num_rows, pa.bool_())
        for tenant, names in sorted(self.tenants.items()):
            is_named = pc.is_in(here, value_set=pa.array(sorted(names), pa.string()))
            found = pc.or_(found, pc.and_(is_named, pc.fill_null(pc.equal(tenants, tenant), False)))
        return found

    def _who(self, table: pa.Table) -> None:
        names = ["org_uid", "account", "account_type", "source", "actor_user_uid"]
        pairs = table.select(names).group_by(names, use_threads=False)
        for row in pairs.aggregate([]).to_pylist():
            if row["source"] in VENDOR_OF:
                whose, vendor = (row["org_uid"], row["account"]), VENDOR_OF[row["source"]]
                self._systems.setdefault(whose, set()).add(vendor)
                if row["account_type"] == "user" and row["account"] == row["actor_user_uid"]:
                    self._people.add(whose)
                if vendor == "microsoft" and is_guid(row["actor_user_uid"]):
                    known = self._objects.get(whose, row["actor_user_uid"])
                    self._objects[whose] = min(known, row["actor_user_uid"])

    def _values(self, table: pa.Table, into: dict[str, set[str]]) -> None:
        for column in KNOWN_BY.values():
            if column in table.column_names:
                values = pc.unique(table.column(column).cast(_plain(table.column(column).type))).to_pylist()
                into.setdefault(column, set()).update(str(value) for value in values if value is not None)

    def _changes(self, table: pa.Table) -> None:
        kinds = pc.is_in(_text(table, "kind"), value_set=pa.array(CHANGES, pa.string()))
        succeeded = pc.not_equal(pc.fill_null(_text(table, "status"), ""), "failure")
        changed = table.filter(pc.fill_null(pc.and_(kinds, succeeded), False))
        for row in changed.select([name for name in COLUMNS if name in changed.column_names]).to_pylist():
            first, last = self.accounts.get((row["org_uid"], row["account"]), (row["time"] + 1, row["time"]))
            is_intruders = row["metadata_uid"] in self.intruders
            if (is_intruders or first <= row["time"] <= last) and len(self._rows) < MOST_ROWS:
                self._rows.append(row)
            elif (
                normalise_operation(row["activity_name"] or "") in CONSENTS
                and len(self._consents) < MOST_ROWS
            ):
                self._consents.append(row)

    def _note_uses(self, own: pa.Table) -> None:
        """Record when each account first used each application."""
        if "app_uid" not in own.column_names:
            return
        names = ["org_uid", "account", "app_uid"]
        plain = pa.table({**{name: _text(own, name) for name in names}, "time": own.column("time")})
        grouped = plain.group_by(names, use_threads=False).aggregate([("time", "min")])
        for row in grouped.to_pylist():
            if row["app_uid"]:
                key = (row["org_uid"], row["account"], row["app_uid"])
                self._first[key] = min(self._first.get(key, row["time_min"]), row["time_min"])

    def _find_admitting_consents(self) -> list[dict[str, Any]]:
        """Return consents by the accounts to applications that the intruder uses and the account had not used before."""
        apps = self._shown.get("app_uid", set())
        return [
            row
            for row in (*self._rows, *self._consents)
            if normalise_operation(row["activity_name"] or "") in CONSENTS
            and any(
                row["time"] <= self._first.get((row["org_uid"], row["account"], app), row["time"]) + TOLERANCE
                for app in apps & {row["resource_uid"], row["app_uid"]}
            )
        ]

    def evidence(self) -> PlanEvidence:
        """Return the evidence of all chunks."""
        shown: dict[str, Any] = {
            name: tuple(sorted(self._shown.get(column, ()))[:MOST_VALUES])
            for name, column in KNOWN_BY.items()
        }
        actor = IntruderIndicators(
            accounts=tuple(sorted({account for _, account in self.accounts})),
            first=self._begin(),
            last=self._edges()[1],
            technique=self.technique,
            kind=self.kind,
            usual={
                name: tuple(sorted(self._usual.get(column, ()))[:MOST_VALUES])
                for name, column in KNOWN_BY.items()
            },
            **shown,
        )
        letting_in = self._find_admitting_consents()
        known = {row["metadata_uid"] for row in self._rows}
        return PlanEvidence(
            rows=(*self._rows, *(row for row in letting_in if row["metadata_uid"] not in known)),
            systems={whose: frozenset(systems) for whose, systems in self._systems.items()},
            object_ids=dict(self._objects),
            people=frozenset(self._people),
            intruders=self.intruders,
            letting_in=frozenset(row["metadata_uid"] for row in letting_in if row["metadata_uid"]),
            actor=actor,
        )


def collect_evidence(pieces: Iterable[pa.Table], gathering: EvidenceCollector) -> PlanEvidence:
    """Feed all chunks to a collector and return its evidence."""
    for piece in pieces:
        gathering.add(piece)
    return gathering.evidence()


def merge_spans(rows: Iterable[tuple[str, str, int, int]]) -> dict[Whose, Span]:
    """Merge (organisation, account, first, last) rows into one span for each account."""
    found: dict[Whose, Span] = {}
    for tenant, account, first, last in rows:
        whose = replace_surrogates(tenant), replace_surrogates(account)
        before = found.get(whose, (first, last))
        found[whose] = (min(before[0], first), max(before[1], last))
    return found


def _text(table: pa.Table, column: str) -> Any:
    if column not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    return table.column(column).cast(pa.string())


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind
