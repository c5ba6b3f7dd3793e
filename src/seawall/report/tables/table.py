"""Hold a table for readers: named columns, rows of plain values, and what the table does not show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from seawall_base.csv_text import Cell
from seawall_base.times import rfc3339

ColumnKind = Literal["text", "count", "number", "time"]


@dataclass(frozen=True, slots=True)
class TableColumn:
    """Describe a column: its name in JSON and CSV, its heading, and its kind. Times are microseconds since 1970.

    A terminal leaves out a detail.
    """

    name: str
    heading: str
    kind: ColumnKind = "text"
    is_detail: bool = False


@dataclass(frozen=True, slots=True)
class AnalystTable:
    """Hold the rows of a table in the order in which readers want them. `note` says what the table cannot show."""

    name: str
    title: str
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[str | float, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"table {self.name}: a row has {len(row)} cells of {len(self.columns)}")


def table_document(table: AnalystTable) -> dict[str, Any]:
    """Return the table as values that JSON can hold: `title`, `note` and `rows`, each an object by column."""
    names = [column.name for column in table.columns]
    rows = [dict(zip(names, plain_cells(table.columns, row), strict=True)) for row in table.rows]
    return {"title": table.title, "note": table.note, "rows": rows}


def plain_cells(columns: Sequence[TableColumn], row: Sequence[str | float]) -> list[Cell]:
    """Return a row with its times in RFC 3339. A time of 0 is unknown and becomes None."""
    return [_plain(column, value) for column, value in zip(columns, row, strict=True)]


def _plain(column: TableColumn, value: str | float) -> Cell:
    if column.kind == "time" and isinstance(value, int):
        return rfc3339(value) if value else None
    return value
