"""Takes what a plan needs out of events: what was changed, where an account acts, and what the intruder is known by.

Events come as Arrow tables with the columns of the events file, in pieces of any size; only what belongs to the
accounts in question becomes objects. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from seawall.respond.contain.planning import Evidence
from seawall.respond.contain.records import CHANGES, COLUMNS, VENDOR_OF
from seawall.respond.contain.templates import is_guid
from seawall.schema.response import Actor, Vendor

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
"""What an intruder is known by, and the column of events that says it."""

NEEDED: Final = tuple(dict.fromkeys((*COLUMNS, *KNOWN_BY.values())))
"""Every column that is read."""

MOST_ROWS: Final = 20_000
MOST_VALUES: Final = 500


@dataclass(slots=True)
class Gathering:
    """Takes pieces of events one after another. `accounts` maps each account in question to its (first, last) time."""

    accounts: Mapping[str, tuple[int, int]]
    intruders: frozenset[str]
    technique: str = ""
    kind: str = ""
    _rows: list[dict[str, Any]] = field(default_factory=list)
    _systems: dict[str, set[Vendor]] = field(default_factory=dict)
    _objects: dict[str, str] = field(default_factory=dict)
    _shown: dict[str, set[str]] = field(default_factory=dict)
    _usual: dict[str, set[str]] = field(default_factory=dict)

    def add(self, events: pa.Table) -> None:
        """Take a piece of events."""
        names = pa.array(sorted(self.accounts), pa.string())
        table = events.select([name for name in NEEDED if name in events.column_names])
        own = pc.is_in(_text(table, "account"), value_set=names)
        theirs = pc.is_in(_text(table, "mailbox"), value_set=names)
        table = table.filter(pc.fill_null(pc.or_kleene(own, theirs), False))
        if table.num_rows:
            self._who(table)
            is_intruders = pc.is_in(
                table.column("metadata_uid"), value_set=pa.array(sorted(self.intruders), pa.string())
            )
            self._values(table.filter(is_intruders), self._shown)
            own = pc.is_in(_text(table, "account"), value_set=names)
            begin = min((first for first, _ in self.accounts.values()), default=0)
            is_before = pc.less(table.column("time").cast(pa.int64()), begin)
            self._values(table.filter(pc.and_(own, is_before)), self._usual)
            self._changes(table)

    def _who(self, table: pa.Table) -> None:
        pairs = table.select(["account", "source", "actor_user_uid"]).group_by(
            ["account", "source", "actor_user_uid"], use_threads=False
        )
        for row in pairs.aggregate([]).to_pylist():
            if row["account"] in self.accounts and row["source"] in VENDOR_OF:
                vendor = VENDOR_OF[row["source"]]
                self._systems.setdefault(row["account"], set()).add(vendor)
                if vendor == "microsoft" and is_guid(row["actor_user_uid"]):
                    known = self._objects.get(row["account"], row["actor_user_uid"])
                    self._objects[row["account"]] = min(known, row["actor_user_uid"])

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
            time = row["time"] if isinstance(row["time"], int) else int(row["time"].timestamp() * 1_000_000)
            first, last = self.accounts.get(row["account"], (time + 1, time))
            is_intruders = row["metadata_uid"] in self.intruders
            if (is_intruders or first <= time <= last) and len(self._rows) < MOST_ROWS:
                self._rows.append(row)

    def evidence(self) -> Evidence:
        """What all pieces together say."""
        shown: dict[str, Any] = {
            name: tuple(sorted(self._shown.get(column, ()))[:MOST_VALUES])
            for name, column in KNOWN_BY.items()
        }
        actor = Actor(
            accounts=tuple(sorted(self.accounts)),
            first=min((first for first, _ in self.accounts.values()), default=0),
            last=max((last for _, last in self.accounts.values()), default=0),
            technique=self.technique,
            kind=self.kind,
            usual={
                name: tuple(sorted(self._usual.get(column, ()))[:MOST_VALUES])
                for name, column in KNOWN_BY.items()
            },
            **shown,
        )
        return Evidence(
            rows=tuple(self._rows),
            systems={account: frozenset(systems) for account, systems in self._systems.items()},
            object_ids=dict(self._objects),
            intruders=self.intruders,
            actor=actor,
        )


def gathered(pieces: Iterable[pa.Table], gathering: Gathering) -> Evidence:
    """The evidence of pieces of events."""
    for piece in pieces:
        gathering.add(piece)
    return gathering.evidence()


def spans(rows: Sequence[tuple[str, int, int]]) -> dict[str, tuple[int, int]]:
    """The accounts with the span of each, of (account, first, last) that may name one several times."""
    found: dict[str, tuple[int, int]] = {}
    for account, first, last in rows:
        before = found.get(account, (first, last))
        found[account] = (min(before[0], first), max(before[1], last))
    return found


def _text(table: pa.Table, column: str) -> Any:
    if column not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    return table.column(column).cast(pa.string())


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind
