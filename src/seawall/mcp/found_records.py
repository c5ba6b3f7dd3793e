"""Keep the newest of the records that show a value."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

RECORD_COLUMNS: Final = (
    "metadata_uid",
    "time",
    "activity_name",
    "status",
    "account",
    "mailbox",
    "src_ip",
    "src_asn",
    "src_asn_name",
    "src_prefix",
    "app_uid",
    "app_name",
    "client",
    "user_agent",
)
"""Columns of a record that an answer shows."""


class NewestRecords:
    """Gather rows with `RECORD_COLUMNS`, and keep the newest `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, table: pa.Table) -> None:
        """Add rows; a column that is missing is None."""
        if not len(table):
            return
        time = table["time"].cast(pa.int64())
        # newest first; only rows that may stay become Python values
        order = pc.sort_indices(pa.table({"time": time}), [("time", "descending")])[: self._most]
        held = [name for name in RECORD_COLUMNS if name in table.column_names]
        plain = {name: _take(table[name], order) for name in held}
        nothing = dict.fromkeys(RECORD_COLUMNS)
        self._rows += [
            nothing | dict(zip(plain, values, strict=True)) for values in zip(*plain.values(), strict=True)
        ]
        self._rows = self.list_rows()

    def list_rows(self) -> list[dict[str, Any]]:
        """Return the rows, the newest first; those of one time by their id."""
        return sorted(self._rows, key=lambda row: (-row["time"], row["metadata_uid"] or ""))[: self._most]


def _take(column: pa.ChunkedArray, order: pa.Array) -> list[Any]:
    taken = column.take(order)
    if pa.types.is_dictionary(taken.type):
        taken = taken.cast(pa.string())
    elif pa.types.is_timestamp(taken.type):
        taken = taken.cast(pa.int64())
    found: list[Any] = taken.to_pylist()
    return found
