"""Count events by columns, over any number of tables, with the first and last time of each group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_SETTLE: Final = 200_000
"""Rows of unmerged groups at which they are merged. Memory grows with the number of distinct groups, not with events."""

_TIME: Final = "time"
_OWN: Final = ("count", "first", "last")


class GroupTally:
    """Count rows by the key columns, sum further columns, and keep the least and greatest `time` (microseconds)."""

    def __init__(self, keys: Sequence[str], sums: Sequence[str] = ()) -> None:
        self._keys, self._sums = list(keys), list(sums)
        self._parts: list[pa.Table] = []
        self._waiting = 0

    def add(self, table: pa.Table) -> None:
        """Count the rows of a table with the key columns, the columns to sum (int64) and `time` (int64)."""
        if not table.num_rows:
            return
        counted = table.group_by(self._keys).aggregate(
            [([], "count_all"), (_TIME, "min"), (_TIME, "max"), *((name, "sum") for name in self._sums)]
        )
        self._parts.append(self._name(counted, "count_all"))
        self._waiting += counted.num_rows
        if self._waiting > _SETTLE:
            self._settle()
            self._waiting = 0

    def add_counted(self, table: pa.Table) -> None:
        """Add groups that another tally counted, as its `table` gave them."""
        self._parts.append(self._name(table, "count", "first", "last", sums=""))
        self._waiting += table.num_rows

    def table(self) -> pa.Table | None:
        """Return the groups with `count`, `first`, `last` and the sums, in order of the keys; None without any row."""
        if not self._parts:
            return None
        self._settle()
        return self._parts[0].sort_by([(name, "ascending") for name in self._keys])

    def _settle(self) -> None:
        if len(self._parts) > 1:
            merged = (
                pa.concat_tables(self._parts)
                .group_by(self._keys)
                .aggregate(
                    [
                        ("count", "sum"),
                        ("first", "min"),
                        ("last", "max"),
                        *((name, "sum") for name in self._sums),
                    ]
                )
            )
            self._parts = [self._name(merged, "count_sum", "first_min", "last_max")]

    def _name(
        self,
        counted: pa.Table,
        count: str,
        first: str = "time_min",
        last: str = "time_max",
        sums: str = "_sum",
    ) -> pa.Table:
        """Return the aggregates under the same names and types, whichever step made them."""
        found = {name: counted[name] for name in self._keys}
        found |= {own: counted[name] for own, name in zip(_OWN, (count, first, last), strict=True)}
        found |= {name: counted[f"{name}{sums}"] for name in self._sums}
        return pa.table({name: _plain(column) for name, column in found.items()})


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(column, pa.int64()) if pa.types.is_integer(column.type) else column
