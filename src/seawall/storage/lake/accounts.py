"""Aggregate the events of accounts: timelines, profiles of use, and the list of accounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.applications import find_application_name
from seawall.storage.lake import footers
from seawall.storage.lake.footers import Footer
from seawall.storage.lake.latest import WeightedLruCache

Counts = npt.NDArray[np.int64]
Network = tuple[int | None, str | None, str | None, str | None]
"""A network's number, name, country and class, as enrichment states them."""

NETWORK = ("src_asn", "src_asn_name", "src_location", "src_network_class")
APP = ("app_uid", "app_name")
FIELDS: dict[str, tuple[str, ...]] = {
    "networks": NETWORK,
    "clients": ("client",),
    "apps": APP,
    "countries": ("src_location",),
    "types": ("account_type",),
}
NOBODY = ""
"""The account name under which events without an account are listed."""


@dataclass(frozen=True, slots=True)
class AccountLane:
    """An account's events on one network, (n,) for each slot with events: slot (ascending), events, and marked events."""

    network: Network
    slots: Counts
    events: Counts
    marked: Counts


@dataclass(frozen=True, slots=True)
class LakeTimeline:
    """An account's events by slot of time and network, busiest network first. Times are in microseconds since 1970.

    `left_out` counts the events on networks without a lane; none of these events is marked.
    """

    start: int
    end: int
    slot: int
    lanes: tuple[AccountLane, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class UsedValue:
    """A value that an account used: number of days and events, first and last time (microseconds since 1970)."""

    value: tuple[str | int | None, ...]
    days: int
    events: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class AccountProfile:
    """The values that an account used, those of most days first.

    The values of `networks` are `Network` tuples, those of `apps` are (id, name) with each id once. Times are microseconds.
    """

    events: int
    active_days: int
    first: int | None
    last: int | None
    networks: tuple[UsedValue, ...]
    clients: tuple[UsedValue, ...]
    apps: tuple[UsedValue, ...]
    countries: tuple[UsedValue, ...]
    types: tuple[UsedValue, ...]


@dataclass(frozen=True, slots=True)
class LakeAccount:
    """An account of an organisation. `events` counts copies that no compaction has dropped yet. Times are microseconds."""

    account: str
    type: str | None
    events: int
    first: int
    last: int


class TimelineBuilder:
    """Build a `LakeTimeline` from tables of events."""

    def __init__(self, start: int, end: int, slots: int) -> None:
        self.start, self.end = start, end
        self.slot = max(1, -(-(end - start) // slots))
        self._slots = -(-(end - start) // self.slot)
        self._numbers: dict[tuple[object, ...], int] = {}
        self._events = np.zeros((0, self._slots), np.int64)
        self._marked = np.zeros((0, self._slots), np.int64)

    def add(self, table: pa.Table, marked: npt.NDArray[np.bool_] | None) -> None:
        """Add rows with `time` and the columns of `NETWORK`; `marked`, bool (n,), tells which rows are marked."""
        codes, values = combine_columns(table, NETWORK)
        numbers = np.array(
            [self._numbers.setdefault(value, len(self._numbers)) for value in values], np.int64
        )
        self._grow()
        slot = (table["time"].cast(pa.int64()).to_numpy() - self.start) // self.slot
        place = numbers[codes] * self._slots + slot
        size = self._events.size
        self._events += np.bincount(place, minlength=size).reshape(self._events.shape)
        if marked is not None and marked.any():
            self._marked += np.bincount(place[marked], minlength=size).reshape(self._marked.shape)

    def _grow(self) -> None:
        missing = len(self._numbers) - len(self._events)
        if missing > 0:
            more = np.zeros((max(missing, len(self._events)), self._slots), np.int64)
            self._events, self._marked = (
                np.concatenate([self._events, more]),
                np.concatenate([self._marked, more]),
            )

    def timeline(self, most: int) -> LakeTimeline:
        """Return the timeline with the `most` busiest lanes, and every lane with marked events."""
        total, marked = self._events.sum(axis=1), self._marked.sum(axis=1)
        ordered = sorted(self._numbers.items(), key=lambda item: (-int(total[item[1]]), str(item[0])))
        kept = [item for place, item in enumerate(ordered) if place < most or marked[item[1]]]
        lanes = tuple(self._lane(value, number) for value, number in kept)
        left_out = int(total.sum()) - sum(int(total[number]) for _, number in kept)
        return LakeTimeline(self.start, self.end, self.slot, lanes, left_out)

    def _lane(self, value: tuple[object, ...], number: int) -> AccountLane:
        slots = np.flatnonzero(self._events[number])
        number_, name, country, kind = value
        network: Network = (
            number_ if isinstance(number_, int) else None,
            *(text if isinstance(text, str) else None for text in (name, country, kind)),
        )  # type: ignore[assignment]
        return AccountLane(network, slots, self._events[number][slots], self._marked[number][slots])


class ProfileBuilder:
    """Build an `AccountProfile` from tables of events, one day at a time."""

    def __init__(self) -> None:
        self._found: dict[str, dict[tuple[object, ...], list[int]]] = {name: {} for name in FIELDS}
        self._names: dict[object, Counter[str]] = {}
        self._total = [0, 0, 2**62, -(2**62)]

    def add_day(self, tables: Sequence[pa.Table]) -> None:
        """Add the rows of one day, at least one, with `time` and every column of `FIELDS`."""
        table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
        time = table["time"].cast(pa.int64()).to_numpy()
        _widen(self._total, 1, len(time), int(time.min()), int(time.max()))
        for name, columns in FIELDS.items():
            self._add(name, table, columns, time)

    def _add(self, name: str, table: pa.Table, columns: tuple[str, ...], time: Counts) -> None:
        codes, values = combine_columns(table, columns)
        if columns == APP:
            codes, values = self._by_id(codes, values)
        events = np.bincount(codes, minlength=len(values))
        first, last = np.full(len(values), 2**62), np.full(len(values), -(2**62))
        np.minimum.at(first, codes, time)
        np.maximum.at(last, codes, time)
        for place, value in enumerate(values):
            if all(part is None for part in value):
                continue
            known = self._found[name].setdefault(value, [0, 0, 2**62, -(2**62)])
            _widen(known, 1, int(events[place]), int(first[place]), int(last[place]))

    def _by_id(
        self, codes: Counts, values: list[tuple[object, ...]]
    ) -> tuple[Counts, list[tuple[object, ...]]]:
        """Merge (id, name) values by id, and count the names of each id: records may lack the name or state another."""
        numbers: dict[tuple[object, ...], int] = {}
        merged = np.zeros(len(values), np.int64)
        counts = np.bincount(codes, minlength=len(values)).tolist()
        for place, (uid, name) in enumerate(values):
            merged[place] = numbers.setdefault((None, name) if uid is None else (uid, None), len(numbers))
            if uid is not None and name:
                self._names.setdefault(uid, Counter())[str(name)] += counts[place]
        return merged[codes], list(numbers)

    def _name_application(self, value: tuple[object, ...]) -> tuple[object, ...]:
        """Return an application's (id, name) with the most frequent name, on a tie the first in alphabetical order.

        An application that no record names has its well-known name.
        """
        names = self._names.get(value[0])
        if not names:
            return value[0], value[1] or find_application_name(str(value[0]))
        return value[0], min(names, key=lambda name: (-names[name], name))

    def profile(self, most: int) -> AccountProfile:
        """Return the profile with at most `most` values of each field."""
        days, events, first, last = self._total
        used = {name: self._most(name, most) for name in FIELDS}
        return AccountProfile(events, days, first if events else None, last if events else None, **used)

    def _most(self, name: str, most: int) -> tuple[UsedValue, ...]:
        known = self._found[name]
        if name == "apps":
            known = {self._name_application(value): sums for value, sums in known.items()}
        ordered = sorted(known.items(), key=lambda item: (-item[1][0], -item[1][1], str(item[0])))
        return tuple(UsedValue(value, *sums) for value, sums in ordered[:most])  # type: ignore[arg-type]


def _widen(known: list[int], days: int, events: int, first: int, last: int) -> None:
    known[0] += days
    known[1] += events
    known[2], known[3] = min(known[2], first), max(known[3], last)


def combine_columns(
    table: pa.Table, columns: Sequence[str]
) -> tuple[npt.NDArray[np.int64], list[tuple[object, ...]]]:
    """Return a code for each row, int64 (n,), and the tuple of column values that each code stands for."""
    codes = np.zeros(len(table), np.int64)
    values: list[tuple[object, ...]] = [()]
    for name in columns:
        array = table[name].combine_chunks()
        array = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
        texts = [*array.dictionary.to_pylist(), None]
        own = array.indices.fill_null(len(texts) - 1).to_numpy(zero_copy_only=False).astype(np.int64)
        met, codes = _number(codes * len(texts) + own, len(values) * len(texts))
        values = [(*values[pair // len(texts)], texts[pair % len(texts)]) for pair in met.tolist()]
    return codes, values


def _number(pairs: Counts, limit: int) -> tuple[Counts, Counts]:
    """Return the distinct numbers, ascending, and the position among them for each row. All numbers are below `limit`."""
    if limit > _MOST_MARKED:
        met, codes = np.unique(pairs, return_inverse=True)
        return met, codes.astype(np.int64)
    marks = np.zeros(limit, np.int64)
    marks[pairs] = 1
    return np.flatnonzero(marks), (np.cumsum(marks) - 1)[pairs]


_MOST_MARKED = 1_000_000
"""Largest `limit` for which numbers are marked in an array; above it, sorting is faster."""


MOST_ROWS = 1_000_000
"""Rows of remembered account tables, about 70 bytes each; an account counts once for each part that holds it."""


class Accounts:
    """Cache which accounts each part holds; parts never change. Threads may share an instance."""

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self._known: WeightedLruCache[Path, pa.Table] = WeightedLruCache(most_rows)

    def of(self, found: Sequence[Footer]) -> pa.Table:
        """Return the accounts of parts, ascending: account, type, events, first and last time."""
        tables = [self._of_part(footer) for footer in found]
        return sum_accounts(pa.concat_tables(tables)) if tables else NO_ACCOUNTS

    def clear(self) -> None:
        """Empty the cache."""
        self._known.clear()

    def _of_part(self, footer: Footer) -> pa.Table:
        table = self._known.get(footer.path)
        if table is None:
            with footers.open_part(footer) as part:
                read = [footers.read(part, group, _ASKED) for group in footer.groups]
            tables = [count_accounts(rows) for rows in read if len(rows)]
            table = sum_accounts(pa.concat_tables(tables)) if tables else NO_ACCOUNTS
            self._known.put(footer.path, table, len(table))
        return table


_ASKED = ("account", "account_type", "time")
NO_ACCOUNTS = pa.table(
    {
        "account": pa.array([], pa.string()),
        "type": pa.array([], pa.string()),
        "events": pa.array([], pa.int64()),
        "first": pa.array([], pa.int64()),
        "last": pa.array([], pa.int64()),
    }
)


def count_accounts(rows: pa.Table) -> pa.Table:
    """Return account, type, events, first and last time of rows in which each account's rows are adjacent."""
    account = rows["account"].combine_chunks()
    time = rows["time"].cast(pa.int64()).to_numpy()
    codes = account.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
    ends = np.r_[starts[1:], len(codes)]
    at = pa.array(starts)
    return pa.table(
        {
            "account": account.take(at).cast(pa.string()).fill_null(NOBODY),
            "type": rows["account_type"].take(at).cast(pa.string()).fill_null(""),
            "events": ends - starts,
            "first": np.minimum.reduceat(time, starts),
            "last": np.maximum.reduceat(time, starts),
        }
    )


def sum_accounts(table: pa.Table) -> pa.Table:
    """Return each account once, with events summed and times combined, ascending by account."""
    sums = table.group_by("account", use_threads=False).aggregate(
        [("type", "max"), ("events", "sum"), ("first", "min"), ("last", "max")]
    )
    renamed = pa.table(
        [sums[name] for name in ("account", "type_max", "events_sum", "first_min", "last_max")],
        NO_ACCOUNTS.schema.names,
    )
    return renamed.take(pc.sort_indices(renamed, [("account", "ascending")])).combine_chunks()


def list_accounts(table: pa.Table, text: str, after: str | None, limit: int) -> list[LakeAccount]:
    """Return up to `limit` accounts, ascending, that contain `text` (ignoring case) and come after the account `after`."""
    names = table["account"]
    chosen = pc.not_equal(names, NOBODY)
    if after is not None:
        chosen = pc.and_(chosen, pc.greater(names, after))
    if text:
        chosen = pc.and_(chosen, pc.match_substring(pc.utf8_lower(names), text.lower()))
    rows = table.filter(chosen).slice(0, limit).to_pylist()
    return [LakeAccount(r["account"], r["type"] or None, r["events"], r["first"], r["last"]) for r in rows]
