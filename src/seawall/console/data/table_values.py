"""The values of the analyst's tables as the API gives them out, and how their rows are chosen. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from seawall.console.api_error import invalid
from seawall.console.data.incident_values import Count
from seawall.console.data.search_syntax import LONGEST
from seawall.report.tables.table import AnalystTable, plain_cells

TableName = Literal["rule-hits", "sign-ins", "consents", "mail-rules", "applications", "networks", "accounts"]
ColumnKindName = Literal["text", "count", "number", "time"]
_DAY: Final = 86_400_000_000


class TableFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rows of a table, and in which order.

    `q` is in some text of the row, `account` is its account or mailbox, `level` its rule's. `new_days`: what was seen for
    the first time within so many days before the newest record. `sort` is a column, with `-` before it from the largest on;
    without it the order is the table's own.
    """

    q: Annotated[str, Meta(max_length=LONGEST)] = ""
    account: Annotated[str, Meta(max_length=2000)] | None = None
    level: Annotated[str, Meta(max_length=20)] | None = None
    new_days: Annotated[int, Meta(ge=1, le=3650)] | None = None
    sort: Annotated[str, Meta(max_length=64)] | None = None


class TablePage(TableFilter, frozen=True, forbid_unknown_fields=True):
    """A page of the rows."""

    offset: Annotated[int, Meta(ge=0, le=10_000_000)] = 0
    limit: Annotated[int, Meta(ge=1, le=500)] = 100


class ColumnValue(msgspec.Struct, frozen=True):
    """A column. `is_detail`: shown only where there is room."""

    name: str
    heading: str
    kind: ColumnKindName
    is_detail: bool


class TableValue(msgspec.Struct, frozen=True):
    """A page of a table. Rows have a cell for each column; a time is RFC 3339 in UTC, an unknown one null.

    `total` rows match, `rows_all` are in the table. `note` says what the table cannot show. `new_since` is the time from which
    on something counts as new.
    """

    name: TableName
    title: str
    note: str
    columns: list[ColumnValue]
    rows: list[list[str | float | None]]
    total: Count
    rows_all: Count
    new_since: str | None


def choose_rows(table: AnalystTable, asked: TableFilter, newest: int) -> AnalystTable:
    """Return the table with the rows that a filter wants, in its order. `newest` is the time of the newest record.

    Raises `ApiError` (422) for a column that the table does not have.
    """
    names = [column.name for column in table.columns]
    rows: Sequence[tuple[str | float, ...]] = table.rows
    if asked.q.strip():
        words = asked.q.casefold().split()
        rows = [row for row in rows if _has_words(row, words)]
    if asked.account is not None:
        places = [names.index(one) for one in ("account", "mailbox", "by") if one in names]
        rows = [row for row in rows if any(row[place] == asked.account for place in places)]
    if asked.level is not None and "level" in names:
        place = names.index("level")
        rows = [row for row in rows if row[place] == asked.level]
    if asked.new_days is not None:
        place, since = _find_first_time(table), find_new_since(asked, newest)
        rows = [row for row in rows if _to_number(row[place]) >= (since or 0)]
    if asked.sort is not None:
        rows = _sort_rows(rows, names, asked.sort)
    return replace(table, rows=tuple(rows))


def find_new_since(asked: TableFilter, newest: int) -> int | None:
    """Return the time from which on something counts as new, None without that filter."""
    return None if asked.new_days is None else newest - asked.new_days * _DAY


def table_page(name: TableName, table: AnalystTable, all_rows: int, asked: TablePage) -> TableValue:
    """Return one page of chosen rows."""
    rows = table.rows[asked.offset : asked.offset + asked.limit]
    return TableValue(
        name=name,
        title=table.title,
        note=table.note,
        columns=[ColumnValue(one.name, one.heading, one.kind, one.is_detail) for one in table.columns],
        rows=[plain_cells(table.columns, row) for row in rows],
        total=len(table.rows),
        rows_all=all_rows,
        new_since=None,
    )


def _has_words(row: tuple[str | float, ...], words: Sequence[str]) -> bool:
    text = "\n".join(cell for cell in row if isinstance(cell, str)).casefold()
    return all(word in text for word in words)


def _find_first_time(table: AnalystTable) -> int:
    """Return the place of the column that says when something was first seen: the first one of times."""
    return next(place for place, column in enumerate(table.columns) if column.kind == "time")


def _to_number(value: str | float) -> float:
    return 0 if isinstance(value, str) else value


def _sort_rows(
    rows: Sequence[tuple[str | float, ...]], names: Sequence[str], sort: str
) -> list[tuple[str | float, ...]]:
    name = sort.removeprefix("-")
    if name not in names:
        raise invalid("the table has no such column", field="sort", fix=f"one of: {', '.join(names)}")
    place = names.index(name)

    def rank(row: tuple[str | float, ...]) -> tuple[float, str]:
        value = row[place]
        return (0, value.casefold()) if isinstance(value, str) else (value, "")

    return sorted(rows, key=rank, reverse=sort.startswith("-"))
