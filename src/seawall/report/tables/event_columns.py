"""Read the event columns of the tables as plain text columns, without null, with names for applications."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.applications.names import find_application_name

COLUMNS: Final = (
    "time", "kind", "status", "org_uid", "account", "account_type", "app_uid", "app_name", "src_ip", "src_country",
    "src_location", "src_asn", "src_asn_name", "src_prefix", "auth_method", "is_interactive",
)  # fmt: skip
"""Columns that counting needs. A results folder of an older version may lack some; they count as unknown."""


def as_text(table: pa.Table, name: str) -> pa.ChunkedArray:
    """Return a column as text, "" for null or a missing column."""
    if name not in table.column_names:
        return pa.chunked_array([pa.array([""] * table.num_rows, pa.string())])
    return pc.fill_null(table[name].cast(pa.string()), "")


def as_microseconds(table: pa.Table) -> pa.ChunkedArray:
    """Return the times of events in microseconds since 1970, int64."""
    times = table["time"]
    return times if pa.types.is_int64(times.type) else times.cast(pa.timestamp("us", "UTC")).cast(pa.int64())


def first_known(*columns: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return for each row the first text that is not empty."""
    found = columns[0]
    for other in columns[1:]:
        found = pc.if_else(pc.equal(found, ""), other, found)
    return found


def name_networks(table: pa.Table) -> pa.ChunkedArray:
    """Return the network of each row: `AS3320 Deutsche Telekom AG`, else the address block."""
    number, name = as_text(table, "src_asn"), as_text(table, "src_asn_name")
    named = pc.utf8_trim_whitespace(pc.binary_join_element_wise("AS", number, ""))
    named = pc.utf8_trim_whitespace(pc.binary_join_element_wise(named, name, " "))
    return pc.if_else(pc.equal(number, ""), as_text(table, "src_prefix"), named)


class ApplicationNames:
    """Name applications: what the logs call an id first, then the list of well-known applications, then the id itself."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def learn(self, table: pa.Table) -> None:
        """Note the names of the applications in a table, the least of several so that order makes no difference."""
        pairs = pa.table({"uid": as_text(table, "app_uid"), "name": as_text(table, "app_name")})
        for pair in pairs.group_by(["uid", "name"]).aggregate([]).to_pylist():
            uid, name = pair["uid"], pair["name"]
            if uid and name:
                self._names[uid] = min(name, self._names.get(uid, name))

    def add_names(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Add pairs of id and name from other records, for ids that have no name yet."""
        for uid, name in sorted(pairs):
            if uid and name and uid != name:
                self._names.setdefault(uid, name)

    def name(self, uid: str) -> str:
        """Return the name of an application, its id if nobody names it."""
        return self._names.get(uid) or find_application_name(uid) or uid


def only(table: pa.Table, column: str, wanted: Sequence[str]) -> pa.Table:
    """Return the rows in which a column has one of the wanted texts."""
    return table.filter(pc.is_in(as_text(table, column), pa.array(wanted, pa.string())))


def rows_of(table: pa.Table | None) -> Iterator[dict[str, str | int]]:
    """Yield the rows of a counted table, none for None."""
    if table is not None:
        yield from table.to_pylist()
