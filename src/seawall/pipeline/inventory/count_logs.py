"""Count what lies in logs: records, accounts, span and stated fields of each log, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.readers import UNRECOGNISED, EventBatch, count_by_file
from seawall.pipeline.inventory.known_logs import (
    ENOUGH,
    FIELD_ADVICE,
    FIELDS,
    KNOWN_LOGS,
    MAIL_PRODUCTS,
    NEEDED_LOGS,
    NO_ADVICE,
    NO_MAIL_LOG,
    KnownLog,
    NeededLog,
)

DAY = 86_400_000_000
"""Microseconds of a day."""

MOST_ACCOUNTS = 1_000_000
"""So many accounts of a log are told apart; further ones are not counted, so that memory is bounded."""

MOST_DAYS = 40_000
"""So many days of a log are told apart, about a century."""

MOST_FILES = 1_000
"""So many files with unrecognised records or problems are named."""

MOST_OPERATIONS = 1_000
"""So many operations of unrecognised records are counted in a file."""

EXPORT_RECORDS = 50_000
"""The most records that an audit search exports."""

UNKNOWN = "Unknown records"

_KEYS = ("source", "kind", "is_interactive", "account_type")
_COLUMNS = {
    "account": ("account",),
    "client address": ("src_ip",),
    "client": ("client", "user_agent"),
    "application": ("app_uid", "app_name"),
    "session": ("session_uid",),
    "token": ("token_uid",),
    "device": ("device_uid",),
    "method": ("auth_method",),
}
"""Columns of an event that state a field; one is enough."""


@dataclass(slots=True)
class LogCount:
    """Count the records of one log. `first` and `last` are in microseconds since 1970, `days` numbers of days since 1970."""

    source: str
    name: str
    product: str
    needs: tuple[str, ...]
    records: int = 0
    first: int = 0
    last: int = 0
    days: set[int] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    stated: Counter[str] = field(default_factory=Counter)

    @property
    def span_days(self) -> int:
        """Return the number of days from the first record to the last, both included."""
        return self.last // DAY - self.first // DAY + 1

    @property
    def silent_days(self) -> int:
        """Return on how many days of the span no record lies."""
        return max(self.span_days - len(self.days), 0) if len(self.days) < MOST_DAYS else 0

    def share(self, name: str) -> float:
        """Return the share of records that state a field."""
        return self.stated[name] / self.records if self.records else 0.0


@dataclass(frozen=True, slots=True)
class WeakField:
    """Describe a field that detection needs and few records of a log state."""

    log: str
    source: str
    field: str
    share: float
    advice: str


@dataclass(slots=True)
class LogInventory:
    """Count batches of events with `add`; then read the tables.

    `problems` counts the records that could not be read, by code. `files` counts the records of each file.
    """

    records: int = 0
    events: int = 0
    problems: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    unrecognised: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    organisations: set[str] = field(default_factory=set)
    logs: dict[tuple[str, str], LogCount] = field(default_factory=dict)

    def add(self, batch: EventBatch) -> None:
        """Count a batch."""
        self.records += batch.records
        self.events += batch.events.num_rows
        for problem in batch.problems:
            self.problems[problem.code] += 1
            if problem.source_file in self.unread or len(self.unread) < MOST_FILES:
                self.unread[problem.source_file] += 1
        for name, counts in count_by_file(batch).items():
            self.files[name] += counts.records
            if counts.unrecognised and (name in self.unrecognised or len(self.unrecognised) < MOST_FILES):
                self.unrecognised[name] += counts.unrecognised
        if batch.events.num_rows:
            self._count_events(batch.events)

    def _count_events(self, events: pa.Table) -> None:
        keys = [
            events[name].cast(pa.string()) if name != "is_interactive" else events[name] for name in _KEYS
        ]
        day = pc.floor(pc.divide(events["time"].cast(pa.int64()).cast(pa.float64()), float(DAY))).cast(
            pa.int64()
        )
        columns = dict(zip(_KEYS, keys, strict=True)) | {"day": day, "time": events["time"].cast(pa.int64())}
        columns |= {name: _states(events, _COLUMNS[name]) for name in FIELDS}
        table = pa.table(columns)
        sums = [("time", "count"), ("time", "min"), ("time", "max"), *((name, "sum") for name in FIELDS)]
        for row in table.group_by([*_KEYS, "day"]).aggregate(sums).to_pylist():
            self._add_row(row)
        who = pa.table(
            {**dict(zip(_KEYS, keys, strict=True)), "account": events["account"].cast(pa.string())}
        )
        for row in who.group_by([*_KEYS, "account"]).aggregate([]).to_pylist():
            count = self._log(row)
            if row["account"] is not None and len(count.accounts) < MOST_ACCOUNTS:
                count.accounts.add(row["account"])
        for text in pc.unique(events["org_uid"].cast(pa.string())).to_pylist():
            if text is not None and len(self.organisations) < MOST_ACCOUNTS:
                self.organisations.add(text)

    def _add_row(self, row: Mapping[str, Any]) -> None:
        count = self._log(row)
        first, last = row["time_min"], row["time_max"]
        count.first = min(count.first, first) if count.records else first
        count.last = max(count.last, last) if count.records else last
        count.records += row["time_count"]
        if len(count.days) < MOST_DAYS:
            count.days.add(row["day"])
        for name in FIELDS:
            count.stated[name] += row[f"{name}_sum"] or 0

    def _log(self, row: Mapping[str, Any]) -> LogCount:
        source, kind = row["source"] or UNRECOGNISED, row["kind"] or "other"
        log = find_log(source, kind, row["is_interactive"], row["account_type"])
        fresh = LogCount(source, log.name, log.product, log.needs)
        return self.logs.setdefault((source, log.name), fresh)

    @property
    def span_days(self) -> int:
        """Return the number of days from the first event to the last, both included."""
        if not self.logs:
            return 0
        first = min(count.first for count in self.logs.values())
        last = max(count.last for count in self.logs.values())
        return last // DAY - first // DAY + 1

    def list_logs(self) -> list[LogCount]:
        """Return the counts of all logs, in the order of `KNOWN_LOGS`; others follow by name."""
        places = {log.name: place for place, log in enumerate(KNOWN_LOGS)}
        return sorted(
            self.logs.values(),
            key=lambda count: (places.get(count.name, len(places)), count.source, count.name),
        )

    def list_missing(self) -> list[NeededLog]:
        """Return what detection needs of the products that are present, and no log holds."""
        products = {count.product for count in self.logs.values()} - {""}
        names = {count.name for count in self.logs.values()}
        missing = [log for log in NEEDED_LOGS if log.product in products and not names & set(log.any_of)]
        if products and not products & set(MAIL_PRODUCTS):
            missing.append(NO_MAIL_LOG)
        return missing

    def list_weak_fields(self) -> list[WeakField]:
        """Return the fields that detection needs and fewer than half of a log's records state."""
        return [
            WeakField(
                count.name,
                count.source,
                name,
                count.share(name),
                FIELD_ADVICE.get((count.source, name), NO_ADVICE),
            )
            for count in self.list_logs()
            for name in count.needs
            if count.share(name) < ENOUGH
        ]

    def list_cut_files(self) -> list[str]:
        """Return the files with exactly as many records as an audit search exports at most: they were probably cut off."""
        return sorted(name for name, records in self.files.items() if records == EXPORT_RECORDS)


def find_log(source: str, kind: str, is_interactive: bool | None, account_type: str | None) -> KnownLog:
    """Return the log that events with these values belong to; an unknown source is a log of its own."""
    for log in KNOWN_LOGS:
        if log.holds(source, kind, is_interactive, account_type):
            return log
    return KnownLog(UNKNOWN if source == UNRECOGNISED else source, "", (source,))


def count_logs(batches: Iterable[EventBatch]) -> LogInventory:
    """Return the inventory of all batches."""
    inventory = LogInventory()
    for batch in batches:
        inventory.add(batch)
    return inventory


def _states(events: pa.Table, columns: tuple[str, ...]) -> pa.ChunkedArray:
    """Return for each event whether one of the columns states a value, as 0 or 1."""
    found = [pc.is_valid(events[name]) for name in columns]
    stated = found[0]
    for more in found[1:]:
        stated = pc.or_(stated, more)
    return stated.cast(pa.int8())
