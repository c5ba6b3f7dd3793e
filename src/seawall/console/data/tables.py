"""The tables that an analyst asks for: rule hits, sign-ins, consents, mail rules, applications, networks and accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

import msgspec
from starlette.responses import Response

from seawall.console.api_error import not_found, unavailable
from seawall.console.data.file_responses import file_response, new_file
from seawall.console.data.lake_pages import cache_by_state, require_lake
from seawall.console.data.presentation import time_text
from seawall.console.data.table_values import (
    TableFilter,
    TableName,
    TablePage,
    TableValue,
    choose_rows,
    find_new_since,
    table_page,
)
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.report.tables.reading import tables_of_store
from seawall.report.tables.table import AnalystTable, plain_cells
from seawall.report.tables.value_differences import SeenValues, compare_values
from seawall.storage.location import Store
from seawall_base.csv_text import csv_lines

if TYPE_CHECKING:
    from seawall.console.context import ConsoleContext
    from seawall.storage.lake import Lake

NAMES: Final[tuple[TableName, ...]] = get_args(TableName)
CSV: Final = "text/csv; charset=utf-8"
MOST_BYTES: Final = 2 << 30
"""Bytes of stored events up to which the console makes tables; beyond them the command line does."""

_TITLES: Final = {"networks": "Networks by first use", "accounts": "Accounts by first act"}


@dataclass(frozen=True, slots=True)
class StoredTables:
    """All tables of a store, and the time of its newest record."""

    tables: Mapping[TableName, AnalystTable]
    newest: int


def show_table(call: ApiCall) -> TableValue:
    """Return a page of a table."""
    asked: TablePage = call.query
    name, whole, chosen, newest = _choose(call)
    shown = table_page(name, chosen, len(whole.rows), asked)
    since = find_new_since(asked, newest)
    return shown if since is None else msgspec.structs.replace(shown, new_since=time_text(since))


def export_table(call: ApiCall) -> Response:
    """Return all chosen rows as CSV that holds no formulas, and record the export in the audit trail."""
    name, _, table, _ = _choose(call)
    with call.context.database.writing() as work:
        call.note(work, "table-exported", name, rows=len(table.rows))
    target = new_file()
    try:
        target.write(b"\xef\xbb\xbf")
        rows = (plain_cells(table.columns, row) for row in table.rows)
        for line in csv_lines([column.name for column in table.columns], rows):
            target.write(line.encode("utf-8", "replace"))
    except BaseException:
        target.close()
        raise
    return file_response(target, f"seawall-{name}.csv", CSV)


def _choose(call: ApiCall) -> tuple[TableName, AnalystTable, AnalystTable, int]:
    """Return the name of the table that is asked for, all of it, the chosen rows, and the time of the newest record."""
    asked: TableFilter = call.query
    name = next((one for one in NAMES if one == call.path["name"]), None)
    if name is None:
        raise not_found("such table")
    lake = require_lake(call.context)
    stored = _read_tables(call.context, lake)
    whole = stored.tables[name]
    return name, whole, choose_rows(whole, asked, stored.newest), stored.newest


def _read_tables(context: ConsoleContext, lake: Lake) -> StoredTables:
    """Return the tables of everything that is stored; they are kept until more is. Raises `ApiError` (503) beyond a size."""
    size = lake.size()
    if sum(day.size for day in size.days) > MOST_BYTES:
        raise unavailable(
            "too many events are stored for tables in the browser",
            fix="seawall tables --store DIR --csv FILE",
        )
    with context.database.reading() as work:
        revision = work.incidents.revision()
    state = (revision, tuple((day.tenant, day.day, day.size) for day in size.days))
    return cache_by_state(context, "tables", "all", state, lambda: _make_tables(context, lake))


def _make_tables(context: ConsoleContext, lake: Lake) -> StoredTables:
    made = tables_of_store(Store(Path(), context.database, lake))
    seen = SeenValues()
    found: dict[str, AnalystTable] = {table.name: table for table in made.make(beside=seen.add)}
    for table in compare_values(SeenValues(), seen):
        name = table.name.removeprefix("new-")
        if name in _TITLES:
            found[name] = AnalystTable(name, _TITLES[name], table.columns, table.rows)
    newest = max((_find_newest(table) for table in found.values()), default=0)
    return StoredTables({name: found[name] for name in NAMES}, newest)


def _find_newest(table: AnalystTable) -> int:
    places = [place for place, column in enumerate(table.columns) if column.kind == "time"]
    return max((int(row[place]) for row in table.rows for place in places), default=0)


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/tables/{name}",
        handle=show_table,
        role="viewer",
        tenants="own",
        summary="A table of what the stored events show, filtered and sorted; also only what is new in the last days",
        group="tables",
        query=TablePage,
        answer=TableValue,
        seconds=120.0,
        is_heavy=True,
        codes=((404, "not-found"),),
    ),
    Endpoint(
        method="GET",
        path="/api/tables/{name}/rows.csv",
        handle=export_table,
        role="viewer",
        tenants="own",
        summary="The same rows as CSV that holds no formulas",
        group="tables",
        query=TableFilter,
        media="text/csv",
        seconds=120.0,
        is_heavy=True,
        codes=((404, "not-found"),),
    ),
)
