"""Search events for indicators, account by account and day by day, with what is needed to judge whether a hit means anything.

Events come a day at a time. What an indicator shows by itself is little: the same search counts how many accounts of the
organisation use the value, and on how many days the account itself does.
"""

from __future__ import annotations

import ipaddress
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seawall.detection.feedback.columns import USUAL_DAYS
from seawall.detection.feedback.indicator_hits import WEIGHTS, IndicatorHit
from seawall.response.exchange.group_key import GroupKey
from seawall.response.exchange.matching import MATCH_COLUMNS, IndicatorMatcher, WantedIndicator
from seawall_base.safe_text import visible

HIT_COLUMNS: Final = (
    *MATCH_COLUMNS, "account_type", "metadata_uid", "status", "src_asn_name", "src_network_class", "src_prefix",
)  # fmt: skip
"""The columns that are read for hits."""

MOST_RECORDS: Final = 50
"""Record ids of a hit that are kept."""

MOST_ACCOUNTS: Final = 2_000
"""Accounts with a value after which no more of them are collected: the value is common."""

MOST_FOUND: Final = 5_000
"""Accounts, days and networks of a value after which refused attempts are no longer collected."""

OWN_SHARE: Final = 0.5
LEAST_OWN_DAYS: Final = 5
"""A value that an account shows on half of its active days, and on so many, is its own."""

FILE: Final = "file:"
"""Beginning of the origin of an indicator that was read from a file."""

LONGEST_SOURCE: Final = 100
_DAY: Final = 86_400_000_000
_FAILURE: Final = "failure"

_PLAIN: Final = ("account", "account_type", "metadata_uid", "status", "src_network_class")
_PROVIDERS: Final = frozenset({"microsoft"})
"""Classes of networks that the provider's own services act from, for whoever uses them."""

_Row = tuple[str, str, str, int, str]
"""Value as the log has it, organisation, account, day and network."""


@dataclass(slots=True)
class _FoundRecords:
    """Records of one account, day and network that show one indicator."""

    account_type: str
    first: int
    last: int
    is_provider: bool = False
    records: int = 0
    has_success: bool = False
    events: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _ValueUse:
    """Who uses one indicator's values in one organisation, valid or not: days by account."""

    days: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    before: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    found: dict[_Row, _FoundRecords] = field(default_factory=dict)


def list_searched(wanted: Iterable[WantedIndicator], key: GroupKey | None) -> list[WantedIndicator]:
    """Return the indicators that a search looks for: those of kinds with a weight, hashes only with the key."""
    return [one for one in wanted if one.kind in WEIGHTS and (key is not None or not one.is_hashed)]


class HitSearch:
    """Collect what shows indicators, and return hits at the end."""

    def __init__(self, wanted: Sequence[WantedIndicator], key: GroupKey | None = None) -> None:
        self._matcher = _HitMatcher(list_searched(wanted, key), key)
        self._active: dict[str, Counter[str]] = defaultdict(Counter)

    def add_day(self, tables: Iterable[pa.Table], tenant: str = "") -> None:
        """Search the events of one day (`HIT_COLUMNS`); `tenant` is whose they are where rows do not say."""
        seen: set[tuple[str, str]] = set()
        for table in tables:
            prepared = _prepare(table, tenant)
            pairs = prepared.select(["org_uid", "account"]).group_by(["org_uid", "account"]).aggregate([])
            seen |= set(zip(pairs["org_uid"].to_pylist(), pairs["account"].to_pylist(), strict=True))
            self._matcher.add(prepared)
        for whose, account in seen:
            if account:
                self._active[whose][account] += 1

    def list_hits(self) -> list[IndicatorHit]:
        """Return the hits in order of organisation, account and time; none of values that are common."""
        found = []
        for (number, tenant), use in self._matcher.uses.items():
            one, active = self._matcher.wanted[number], self._active[tenant]
            for row, records in use.found.items():
                hit = _make_hit(one, row, records, use, active)
                if hit.is_rare:
                    found.append(hit)
        return sorted(
            found,
            key=lambda hit: (
                hit.tenant,
                hit.account,
                hit.first,
                hit.kind,
                hit.value,
                hit.source,
                hit.network,
            ),
        )


def _prepare(table: pa.Table, tenant: str) -> pa.Table:
    """Return the table with plain texts, the network's words and the organisation in each row."""
    rows = len(table)

    def text(name: str) -> pa.Array:
        if name not in table.column_names:
            return pa.nulls(rows, pa.string())
        plain = table[name].cast(pa.string()).combine_chunks()
        return plain.combine_chunks() if isinstance(plain, pa.ChunkedArray) else plain

    number = text("src_asn")
    named = pc.binary_join_element_wise("AS", number, "")
    with_name = pc.utf8_trim_whitespace(
        pc.binary_join_element_wise(named, pc.fill_null(text("src_asn_name"), ""), " ")
    )
    network = pc.if_else(pc.is_valid(number), with_name, text("src_prefix"))
    columns = {name: table[name] for name in MATCH_COLUMNS if name in table.column_names}
    columns |= {name: text(name) for name in _PLAIN}
    columns["org_uid"] = pc.fill_null(text("org_uid"), tenant)
    columns["network"] = pc.fill_null(network, "")
    return pa.table(columns)


class _HitMatcher(IndicatorMatcher):
    """Match as `IndicatorMatcher` does, and keep day, network and record ids of each match."""

    def __init__(self, wanted: Sequence[WantedIndicator], key: GroupKey | None) -> None:
        super().__init__(wanted, key)
        self.wanted = wanted
        self.uses: dict[tuple[int, str], _ValueUse] = defaultdict(_ValueUse)

    def _add_rows(
        self, table: pa.Table, column: pa.ChunkedArray, number: int, values: Sequence[str | int], tenant: str
    ) -> None:
        del tenant  # `_prepare` wrote it into the rows
        one = self.wanted[number]
        rows = table.append_column("shown", column.cast(pa.string()))
        rows = rows.filter(pc.is_in(column, value_set=pa.array(values, column.type)))
        rows = rows.filter(pc.and_(pc.is_valid(rows["account"]), pc.not_equal(rows["account"], "")))
        if one.tenant:
            rows = rows.filter(pc.equal(rows["org_uid"], one.tenant))
        times = rows["time"].cast(pa.int64())
        valid = np.asarray(times) >= one.start
        if one.end is not None:
            valid &= np.asarray(times) < one.end
        success = pc.fill_null(pc.not_equal(rows["status"], _FAILURE), True)
        grouped = (
            pa.table(
                {
                    "shown": rows["shown"],
                    "tenant": rows["org_uid"],
                    "account": rows["account"],
                    "type": pc.fill_null(rows["account_type"], "user"),
                    "day": np.asarray(times) // _DAY,
                    "network": rows["network"],
                    "valid": valid,
                    "time": times,
                    "success": success.cast(pa.int8()),
                    "class": pc.fill_null(rows["src_network_class"], ""),
                    "uid": pc.fill_null(rows["metadata_uid"], ""),
                }
            )
            .group_by(
                ["shown", "tenant", "account", "type", "day", "network", "class", "valid"], use_threads=False
            )
            .aggregate(
                [("time", "min"), ("time", "max"), ("time", "count"), ("success", "max"), ("uid", "list")]
            )
        )
        for row in grouped.to_pylist():
            self._note(self.uses[number, row["tenant"]], row)

    @staticmethod
    def _note(use: _ValueUse, row: Mapping[str, object]) -> None:
        account, day = str(row["account"]), int(str(row["day"]))
        if account not in use.days and len(use.days) >= MOST_ACCOUNTS:
            return
        if row["success_max"]:
            use.days[account].add(day)
        if not row["valid"]:
            use.before[account].add(day)
            return
        first, last = int(str(row["time_min"])), int(str(row["time_max"]))
        place = str(row["shown"]), str(row["tenant"]), account, day, str(row["network"])
        if place not in use.found and len(use.found) >= MOST_FOUND and not row["success_max"]:
            return  # a spray over a whole organisation
        found = use.found.setdefault(
            place, _FoundRecords(str(row["type"]), first, last, row["class"] in _PROVIDERS)
        )
        ids = row["uid_list"]
        fresh = [id_ for id_ in ids if id_] if isinstance(ids, list) else []
        found.first, found.last = min(found.first, first), max(found.last, last)
        found.has_success |= bool(row["success_max"])
        found.events = list(dict.fromkeys([*found.events, *fresh]))[:MOST_RECORDS]
        found.records += int(str(row["time_count"]))


def _make_hit(
    one: WantedIndicator, row: _Row, found: _FoundRecords, use: _ValueUse, active: Mapping[str, int]
) -> IndicatorHit:
    shown, tenant, account, day, network = row
    own = len(use.days.get(account, ()))
    is_usual = len(use.before.get(account, ())) >= USUAL_DAYS or own >= max(
        LEAST_OWN_DAYS, OWN_SHARE * active.get(account, 0)
    )
    value = f"AS{shown}" if one.kind == "network" and shown.isdigit() else shown
    return IndicatorHit(
        tenant=tenant,
        account=account,
        account_type=found.account_type,
        day=day,
        network=network,
        kind=one.kind,
        value=visible(value[:LONGEST_SOURCE]),
        source=name_source(one.origin),
        confidence=one.confidence,
        first=found.first,
        last=found.last,
        records=found.records,
        events=tuple(found.events),
        has_success=found.has_success,
        others=len(use.days.keys() - {account}),
        peers=max(len(active) - 1, 0),
        is_usual=is_usual,
        prefix=_prefix_of(one),
        end=one.end,
        is_provider=found.is_provider and one.kind in ("address", "network"),
    )


def name_source(origin: str) -> str:
    """Return the host of a collection's address, or a file's name; "" for an analyst.

    The path of an address may name a customer, and is left out.
    """
    if not origin:
        return ""
    if origin.startswith(FILE):
        return visible(origin.removeprefix(FILE)[:LONGEST_SOURCE])
    try:
        host = urlsplit(origin).hostname
    except ValueError:
        host = None
    return visible((host or "an indicator list")[:LONGEST_SOURCE])


def _prefix_of(one: WantedIndicator) -> int:
    if one.kind != "address" or one.is_hashed or "/" not in one.value:
        return 0
    return ipaddress.ip_network(one.value, strict=False).prefixlen
