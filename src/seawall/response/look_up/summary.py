"""Sum up the rows that show a value: first and last time, counts by day, and what else they show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.applications import find_application_name
from seawall.response.look_up.subject import LookUpSubject

DAY: Final = 86_400_000_000
MOST_VALUES: Final = 20_000
"""Distinct values of one field that are counted; further ones are left out, and `is_cut` of the field says so."""

FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "accounts": ("org_uid", "account"),
    "mailboxes": ("mailbox",),
    "addresses": ("src_ip",),
    "networks": ("src_asn", "src_asn_name"),
    "countries": ("src_location",),
    "apps": ("app_uid", "app_name"),
    "clients": ("client",),
    "sessions": ("session_uid",),
    "operations": ("activity_name",),
}
"""What is counted beside a value, and the columns of each; the first without which there is none is `_NEEDED`."""

COLUMNS: Final = tuple(
    dict.fromkeys(["time", "metadata_uid", *(name for names in FIELDS.values() for name in names)])
)
_NEEDED: Final = {"accounts": "account"}


@dataclass(frozen=True, slots=True)
class SeenValue:
    """A value beside the one looked up: its name if the log gives one, its organisation if it is an account, how many
    records show both, and when (microseconds)."""

    value: str
    name: str | None
    tenant: str
    records: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class SeenField:
    """The values of a field, most records first, and how many there are in all; `is_cut` if there may be more."""

    values: tuple[SeenValue, ...]
    total: int
    is_cut: bool


@dataclass(frozen=True, slots=True)
class RecordLink:
    """What lists a record: an incident by its id, for its account, or a Sigma rule by its title."""

    kind: Literal["incident", "rule"]
    id: str
    account: str | None = None


@dataclass(frozen=True, slots=True)
class LinkedIncident:
    """An incident that lists records of the value, and how many."""

    id: str
    records: int


@dataclass(frozen=True, slots=True)
class LookUp:
    """What the events show of a value.

    `first` and `last` are times in microseconds, None without a record. `by_day` holds (number of the day since 1970,
    records), ascending. `searched` counts the rows looked at, from the time `start` to before `end`; `is_cut` if
    older rows were not looked at. `incidents` list records of the value, most records first. `rules` are the Sigma
    rules that hit such records, with their numbers.
    """

    subject: LookUpSubject
    records: int
    first: int | None
    last: int | None
    by_day: tuple[tuple[int, int], ...]
    fields: Mapping[str, SeenField]
    incidents: tuple[LinkedIncident, ...]
    rules: tuple[tuple[str, int], ...]
    searched: int
    start: int
    end: int
    is_cut: bool


@dataclass(slots=True)
class _Seen:
    records: int
    first: int
    last: int


_Key = tuple[Any, ...]


@dataclass(slots=True)
class LookUpBuilder:
    """Sum tables of matching rows (`COLUMNS`, without `org_uid` where `tenant` tells it)."""

    subject: LookUpSubject
    links: Mapping[str, Sequence[RecordLink]] = field(default_factory=dict)
    """What lists each record id."""

    _records: int = 0
    _days: Counter[int] = field(default_factory=Counter)
    _span: tuple[int, int] | None = None
    _fields: dict[str, dict[_Key, _Seen]] = field(default_factory=lambda: {name: {} for name in FIELDS})
    _cut: set[str] = field(default_factory=set)
    _linked: Counter[RecordLink] = field(default_factory=Counter)
    _ids: pa.Array | None = None

    def add(self, rows: pa.Table, tenant: str | None = None) -> None:
        """Add matching rows; `tenant` is their organisation where they do not name it."""
        if not len(rows):
            return
        time = rows["time"].cast(pa.int64())
        times = time.to_numpy()
        first, last = int(times.min()), int(times.max())
        self._records += len(rows)
        self._span = (
            (first, last) if self._span is None else (min(first, self._span[0]), max(last, self._span[1]))
        )
        days, counts = np.unique(times // DAY, return_counts=True)
        self._days.update(dict(zip(days.tolist(), counts.tolist(), strict=True)))
        for name, columns in FIELDS.items():
            self._count(name, columns, rows, time, tenant)
        if self.links and "metadata_uid" in rows.column_names:
            self._link(rows)

    def _count(
        self, name: str, columns: Sequence[str], rows: pa.Table, time: pa.ChunkedArray, tenant: str | None
    ) -> None:
        held = [column for column in columns if column in rows.column_names]
        needed = _NEEDED.get(name, columns[0])
        if needed not in held:
            return
        plain = pa.table({**{column: _plain(rows[column]) for column in held}, "time": time.combine_chunks()})
        grouped = plain.group_by(held).aggregate([("time", "count"), ("time", "min"), ("time", "max")])
        known = self._fields[name]
        for row in grouped.to_pylist():
            if row[needed] is None or row[needed] == -1:
                continue
            key = tuple(row.get(column) for column in columns)
            if name == "accounts" and tenant is not None:
                key = (tenant, row["account"])
            self._add(name, known, key, row["time_count"], row["time_min"], row["time_max"])

    def _add(
        self, name: str, known: dict[_Key, _Seen], key: _Key, records: int, first: int, last: int
    ) -> None:
        seen = known.get(key)
        if seen is not None:
            seen.records += records
            seen.first, seen.last = min(seen.first, first), max(seen.last, last)
        elif len(known) < MOST_VALUES:
            known[key] = _Seen(records, first, last)
        else:
            self._cut.add(name)

    def _link(self, rows: pa.Table) -> None:
        if self._ids is None:
            self._ids = pa.array(sorted(self.links), pa.string())
        ids = _plain(rows["metadata_uid"])
        listed = pc.is_in(ids, value_set=self._ids)
        accounts = _plain(rows["account"]).filter(listed).to_pylist()
        for uid, account in zip(ids.filter(listed).to_pylist(), accounts, strict=True):
            self._linked.update(link for link in self.links[uid] if link.account in (None, account))

    def build(self, *, searched: int, start: int, end: int, is_cut: bool, most: int = 50) -> LookUp:
        """Return the sums, with up to `most` values of each field."""
        found = sorted(self._linked.items(), key=lambda item: (-item[1], item[0].id))
        return LookUp(
            self.subject,
            self._records,
            None if self._span is None else self._span[0],
            None if self._span is None else self._span[1],
            tuple(sorted(self._days.items())),
            {name: self._field(name, most) for name in FIELDS},
            tuple(LinkedIncident(one.id, count) for one, count in found if one.kind == "incident"),
            tuple((one.id, count) for one, count in found if one.kind == "rule"),
            searched,
            start,
            end,
            is_cut,
        )

    def _field(self, name: str, most: int) -> SeenField:
        values: dict[tuple[str, str], SeenValue] = {}
        for key, seen in self._fields[name].items():
            one = _value(name, key, seen)
            known = values.get((one.tenant, one.value))
            values[(one.tenant, one.value)] = one if known is None else _merge(known, one)
        ordered = sorted(values.values(), key=lambda one: (-one.records, one.tenant, one.value))
        return SeenField(tuple(ordered[:most]), len(ordered), name in self._cut)


def _merge(one: SeenValue, two: SeenValue) -> SeenValue:
    return SeenValue(
        one.value,
        one.name or two.name,
        one.tenant,
        one.records + two.records,
        min(one.first, two.first),
        max(one.last, two.last),
    )


def _value(name: str, key: _Key, seen: _Seen) -> SeenValue:
    if name == "accounts":
        tenant, value, label = str(key[0] or ""), str(key[1]), None
    elif name == "networks":
        tenant, value, label = "", f"AS{key[0]}", key[1]
    elif name == "apps":
        tenant, value, label = "", str(key[0]), key[1] or find_application_name(key[0])
    else:
        tenant, value, label = "", str(key[0]), None
    return SeenValue(value, label, tenant, seen.records, seen.first, seen.last)


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """Return a column without codes, in one piece."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.string())
    return column.combine_chunks()
