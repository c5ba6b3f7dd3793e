"""Match indicators with events: values compared as they are, and hashes with the hashes of the events' own values.

Each distinct value of a column is looked at once, so the cost is that of reading the columns.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from seawall.detection.incident import Incident
from seawall.response.exchange.group_key import GroupKey
from seawall.response.exchange.plain_form import list_forms, parse_exchange_kind, spell_value
from seawall.response.look_up.subject import INDICATORS, parse_subject
from seawall.response.scope_values import IndicatorKind
from seawall.storage.database.indicators import SavedIndicator
from seawall.storage.database.received_indicators import ReceivedIndicator
from seawall_base.errors import UsageError

_COLUMNS: Final[dict[IndicatorKind, tuple[str, ...]]] = {
    "address": ("src_ip",),
    "network": ("src_asn",),
    "app": ("app_uid", "target_app_uid", "actor_app_uid"),
    "key": ("key_uid",),
    "user_agent": ("user_agent",),
    "session": ("session_uid",),
    "token": ("token_uid",),
    "device": ("device_uid",),
    "account": ("account",),
    "mailbox": ("mailbox",),
}
MATCH_COLUMNS: Final = (
    "time",
    "org_uid",
    "account",
    *sorted({name for names in _COLUMNS.values() for name in names} - {"account"}),
)
"""The columns that are read for matching."""

_MOST_KNOWN: Final = 200_000
"""Distinct values of a column whose answer is remembered."""


@dataclass(frozen=True, slots=True)
class WantedIndicator:
    """An indicator to look for: a kind and a spelt value or hash, from `start` to before `end` (None: without end).

    `origin` is its collection's address, or "" if an analyst saved it; `id` is its id there. `tenant` is the organisation in
    which it counts, "" for all.
    """

    kind: IndicatorKind
    value: str
    start: int
    end: int | None = None
    is_hashed: bool = False
    tenant: str = ""
    origin: str = ""
    id: str = ""
    confidence: int | None = None
    tlp: str = ""
    name: str = ""


@dataclass(slots=True)
class IndicatorSighting:
    """One account that showed an indicator: the value as its log has it, first and last time, and the number of records."""

    indicator: WantedIndicator
    value: str
    tenant: str
    account: str
    first: int
    last: int
    records: int
    incidents: tuple[str, ...] = ()


def list_wanted(
    saved: Iterable[SavedIndicator], received: Iterable[ReceivedIndicator]
) -> list[WantedIndicator]:
    """Return the indicators of a store, those of analysts first."""
    found = []
    for one in saved:
        try:
            subject = parse_subject(one.subject)
        except UsageError:  # saved by a version that read it otherwise
            continue
        kind = INDICATORS.get(subject.kind)
        if kind is not None:
            found.append(WantedIndicator(kind, subject.value, one.since, tenant=one.tenant, name=one.note))
    for each in received:
        for name, value in each.values:
            kind = next((kind for kind in _COLUMNS if kind == name), None)
            if kind is not None:
                found.append(_want(kind, value, each))
    return found


def _want(kind: IndicatorKind, value: str, one: ReceivedIndicator) -> WantedIndicator:
    return WantedIndicator(
        kind=kind,
        value=value,
        start=one.start,
        end=one.end,
        is_hashed=one.is_hashed,
        origin=one.source,
        id=one.id,
        confidence=one.confidence,
        tlp=one.tlp,
        name=one.name,
    )


@dataclass(slots=True)
class _KindIndex:
    """The indicators of one kind, by their numbers."""

    plain: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    hashed: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    lengths: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Prefix lengths of the blocks among them, by IP version."""


class IndicatorMatcher:
    """Look for indicators in tables of events."""

    def __init__(self, wanted: Sequence[WantedIndicator], key: GroupKey | None = None) -> None:
        self._wanted = wanted
        self._key = key
        self._kinds: dict[IndicatorKind, _KindIndex] = defaultdict(_KindIndex)
        self._known: dict[str, dict[str | int, tuple[int, ...]]] = defaultdict(dict)
        self._sightings: dict[tuple[int, str, str, str], IndicatorSighting] = {}
        for number, one in enumerate(wanted):
            index = self._kinds[one.kind]
            spelt = one.value if one.is_hashed else _spell(one.kind, one.value)
            (index.hashed if one.is_hashed else index.plain)[spelt].append(number)
            if one.kind == "address" and "/" in spelt and not one.is_hashed:
                block = ipaddress.ip_network(spelt)
                index.lengths[block.version].add(block.prefixlen)

    def add(self, table: pa.Table, tenant: str = "") -> None:
        """Look through a table (`MATCH_COLUMNS` as far as it has them); `tenant` is whose it is where rows do not say."""
        for kind, index in self._kinds.items():
            for name in _COLUMNS[kind]:
                if name in table.column_names:
                    self._add_column(table, name, kind, index, tenant)

    def list_sightings(self, incidents: Iterable[Incident] = ()) -> list[IndicatorSighting]:
        """Return what was found, the last seen first, with the incidents of each account around that time."""
        by_account: dict[tuple[str, str], list[Incident]] = defaultdict(list)
        for incident in incidents:
            by_account[incident.tenant, incident.account].append(incident)
        for one in self._sightings.values():
            near = by_account[one.tenant, one.account]
            one.incidents = tuple(
                sorted(
                    each.id for each in near if each.first_event <= one.last and each.last_event >= one.first
                )
            )
        return sorted(
            self._sightings.values(),
            key=lambda one: (
                -one.last,
                one.tenant,
                one.account,
                one.value,
                one.indicator.origin,
                one.indicator.id,
            ),
        )

    def _add_column(
        self, table: pa.Table, name: str, kind: IndicatorKind, index: _KindIndex, tenant: str
    ) -> None:
        column = table[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        known = self._known[name]
        if len(known) > _MOST_KNOWN:
            known.clear()
        found: dict[int, list[str | int]] = defaultdict(list)
        for value in pc.unique(column).to_pylist():
            if value is None:
                continue
            if value not in known:
                known[value] = tuple(self._find(kind, index, value))
            for number in known[value]:
                found[number].append(value)
        for number, values in found.items():
            self._add_rows(table, column, number, values, tenant)

    def _find(self, kind: IndicatorKind, index: _KindIndex, value: str | int) -> Iterator[int]:
        """Yield the numbers of the indicators that a value of the log is, each once."""
        spelt = _spell(kind, f"AS{value}" if isinstance(value, int) else value)
        forms = [spelt]
        exchanged = parse_exchange_kind(kind)
        if exchanged is not None:
            forms = (
                list_forms(exchanged, spelt)
                if kind != "address" or spell_value("address", spelt)
                else [spelt]
            )
        found = dict.fromkeys(
            number for form in self._spell_blocks(index, spelt) for number in index.plain.get(form, ())
        )
        if index.hashed and self._key is not None and exchanged is not None:
            for form in forms:
                found.update(dict.fromkeys(index.hashed.get(self._key.hash_value(exchanged, form), ())))
        yield from found

    @staticmethod
    def _spell_blocks(index: _KindIndex, spelt: str) -> Iterator[str]:
        """Yield the value, and the blocks of each wanted length that an address lies in."""
        yield spelt
        if index.lengths and "/" not in spelt:
            try:
                version = ipaddress.ip_address(spelt).version
            except ValueError:  # the log's address field holds something else
                return
            for length in index.lengths.get(version, ()):
                yield str(ipaddress.ip_network(f"{spelt}/{length}", strict=False))

    def _add_rows(
        self, table: pa.Table, column: pa.ChunkedArray, number: int, values: Sequence[str | int], tenant: str
    ) -> None:
        """Count the rows with these values within the indicator's validity, by account."""
        one = self._wanted[number]
        times = table["time"].cast(pa.int64())
        mask = pc.and_(
            pc.is_in(column, value_set=pa.array(values, column.type)), pc.greater_equal(times, one.start)
        )
        if one.end is not None:
            mask = pc.and_(mask, pc.less(times, one.end))
        owners = (
            table["org_uid"].cast(pa.string())
            if "org_uid" in table.column_names
            else pa.nulls(len(table), pa.string())
        )
        rows = pa.table(
            {"value": column, "time": times, "tenant": owners, "account": table["account"].cast(pa.string())}
        )
        rows = rows.filter(mask).group_by(["value", "tenant", "account"]).aggregate(
            [("time", "min"), ("time", "max"), ("time", "count")]
        )  # fmt: skip
        for row in rows.to_pylist():
            whose = row["tenant"] or tenant
            if one.tenant in ("", whose):
                shown = f"AS{row['value']}" if isinstance(row["value"], int) else row["value"]
                found = (shown, whose, row["account"] or "")
                self._count(number, found, row["time_min"], row["time_max"], row["time_count"])

    def _count(self, number: int, found: tuple[str, str, str], first: int, last: int, records: int) -> None:
        known = self._sightings.get((number, *found))
        if known is None:
            sighting = IndicatorSighting(self._wanted[number], *found, first, last, records)
            self._sightings[number, *found] = sighting
            return
        known.first, known.last = min(known.first, first), max(known.last, last)
        known.records += records


def _spell(kind: IndicatorKind, value: str) -> str:
    """Return a value in its one form, or as it is if it has none."""
    exchanged = parse_exchange_kind(kind)
    spelt = None if exchanged is None else spell_value(exchanged, value)
    if spelt is not None:
        return spelt
    return value.lower() if kind in ("app", "account", "mailbox") else value
