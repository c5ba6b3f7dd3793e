"""Hold the raw columns of a block of records between reading and normalising."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from seawall.events.formats.distinct_values import Column


class RawColumns:
    """Hold raw columns by name, as a `pa.Table` does: Arrow string arrays, or `Column` where values repeat.

    A name without a column is null in every row.
    """

    def __init__(self, columns: Mapping[str, Any], rows: int) -> None:
        self._columns = columns
        self.num_rows = rows

    def column(self, name: str) -> Any:
        """Return a column."""
        found = self._columns.get(name)
        return pa.nulls(self.num_rows, pa.string()) if found is None else found

    def slice(self, start: int, count: int | None = None) -> RawColumns:
        """Return some rows, those to the end by default."""
        end = self.num_rows if count is None else min(start + count, self.num_rows)
        parts = {name: _slice(column, start, end) for name, column in self._columns.items()}
        return RawColumns(parts, end - start)


def _slice(column: Any, start: int, end: int) -> Any:
    if isinstance(column, Column):
        return Column(column.codes[start:end], column.dictionary)
    return column.slice(start, end - start)
