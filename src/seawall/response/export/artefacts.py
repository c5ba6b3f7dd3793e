"""Extract the artefacts of an incident's records, and those that the account had not shown before. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from seawall.response.search_window import search_window
from seawall_base.times import rfc3339

SEEN: Final = (
    "src_ip",
    "src_prefix",
    "src_asn",
    "app_uid",
    "user_agent",
    "session_uid",
    "activity_name",
    "device_uid",
)
"""Columns whose values may identify an intruder."""

ROW: Final = (
    "metadata_uid", "time", "source", "kind", "activity_name", "status", "account", "mailbox", "src_ip", "src_asn_name",
    "src_location", "src_network_class", "app_uid", "app_name", "client", "user_agent", "session_uid", "item_count",
    "access_type", "folder",
)  # fmt: skip
"""Columns of the intruder's records that the export contains."""

NEEDED: Final = tuple(dict.fromkeys((*ROW, *SEEN, "org_uid")))
MOST_RECORDS: Final = 20_000
MOST_VALUES: Final = 100


@dataclass(frozen=True, slots=True)
class Artefacts:
    """The intruder's records by time (RFC 3339), and their values by source and column, most frequent first.

    `own` are the values that the account showed before in successful access; they do not identify the intruder.
    """

    records: tuple[dict[str, Any], ...]
    values: dict[str, dict[str, tuple[str, ...]]]
    own: dict[str, frozenset[str]]

    def telling(self, source: str, column: str) -> tuple[str, ...]:
        """Return the intruder's values of a column in one source that the account had not shown before.

        Empty if the account had shown nothing.
        """
        usual = self.own.get(column, frozenset())
        if not usual:
            return ()
        return tuple(value for value in self.values.get(source, {}).get(column, ()) if value not in usual)

    def all(self, column: str) -> tuple[str, ...]:
        """Return the intruder's values of a column in all sources, sorted."""
        return tuple(sorted({value for found in self.values.values() for value in found.get(column, ())}))


@dataclass(slots=True)
class ArtefactCollector:
    """Collect artefacts from chunks of events of any size.

    `ids` are the log's ids of the intruder's records; `first` is the time of the earliest. Later acts of the account
    may be the intruder's again. The owner is therefore known from earlier events alone, as far back as
    `response.search_window`.
    """

    tenant: str
    account: str
    ids: frozenset[str]
    first: int
    _rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    _counts: dict[tuple[str, str, str], int] = field(default_factory=dict)
    _own: dict[str, set[str]] = field(default_factory=dict)

    def add(self, events: pa.Table) -> None:
        """Add one chunk of events. Missing columns count as unknown."""
        mine = pc.fill_null(pc.equal(_text(events, "account"), self.account), False)
        is_intruders = pc.is_in(
            _text(events, "metadata_uid"), value_set=pa.array(sorted(self.ids), pa.string())
        )
        here = pc.fill_null(pc.equal(_text(events, "org_uid"), self.tenant), False)
        table = events.filter(pc.and_(here, pc.or_(mine, is_intruders)))
        if not table.num_rows:
            return
        is_intruders = pc.is_in(
            _text(table, "metadata_uid"), value_set=pa.array(sorted(self.ids), pa.string())
        )
        intruders = table.filter(is_intruders)
        times, start = table["time"].cast(pa.int64()), search_window(self.first, self.first)[0]
        is_before = pc.and_(pc.less(times, self.first), pc.greater_equal(times, start))
        before = table.filter(pc.and_(_count_gain(table), is_before))
        for column in SEEN:
            self._count(intruders, column)
            own = _text(before, column).drop_null()
            self._own.setdefault(column, set()).update(pc.unique(own).to_pylist())
        named = intruders.select([name for name in ROW if name in intruders.column_names])
        at = named.column_names.index("time")
        for row in named.set_column(at, "time", named["time"].cast(pa.int64())).to_pylist():
            if len(self._rows) < MOST_RECORDS:
                self._rows.setdefault(row["metadata_uid"], row)

    def _count(self, intruders: pa.Table, column: str) -> None:
        pairs = pa.table({"source": _text(intruders, "source"), "value": _text(intruders, column)})
        grouped = pairs.group_by(["source", "value"], use_threads=False).aggregate([([], "count_all")])
        for row in grouped.to_pylist():
            if row["source"] is not None and row["value"] is not None:
                key = (row["source"], column, row["value"])
                self._counts[key] = self._counts.get(key, 0) + row["count_all"]

    def artefacts(self) -> Artefacts:
        """Return the artefacts of all chunks."""
        values: dict[str, dict[str, list[str]]] = {}
        for source, column, value in sorted(self._counts, key=lambda key: (-self._counts[key], key)):
            kept = values.setdefault(source, {}).setdefault(column, [])
            if len(kept) < MOST_VALUES:
                kept.append(value)
        return Artefacts(
            records=tuple(
                {**row, "time": rfc3339(row["time"])}
                for row in sorted(self._rows.values(), key=lambda row: (row["time"], row["metadata_uid"]))
            ),
            values={
                source: {column: tuple(found) for column, found in columns.items()}
                for source, columns in sorted(values.items())
            },
            own={column: frozenset(found) for column, found in self._own.items()},
        )


def collect_artefacts(pieces: Iterable[pa.Table], gathering: ArtefactCollector) -> Artefacts:
    """Feed all chunks to a collector and return its artefacts."""
    for piece in pieces:
        gathering.add(piece)
    return gathering.artefacts()


def _count_gain(table: pa.Table) -> Any:
    """Return a mask of rows that gained access.

    A failed attempt may not be the owner's.
    """
    return pc.fill_null(pc.equal(_text(table, "status"), "success"), False)


def _text(table: pa.Table, column: str) -> Any:
    if column not in table.column_names:
        return pa.chunked_array([pa.nulls(table.num_rows, pa.string())])
    return table.column(column).cast(pa.string())
