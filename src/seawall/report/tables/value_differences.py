"""Say which accounts, networks and applications only the later of two results has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.group_tally import GroupTally
from seawall.report.tables.event_columns import (
    ApplicationNames,
    as_microseconds,
    as_text,
    name_networks,
    rows_of,
)
from seawall.report.tables.table import AnalystTable, TableColumn

_TITLES: Final = {"account": "New accounts", "network": "New networks", "application": "New applications"}
_NAMED: Final = 3
"""Accounts that a row names."""

Value = tuple[str, str]
"""Organisation and value."""


class SeenValues:
    """Collect accounts, networks and applications from successful acts of accounts. The provider's own upkeep is left out."""

    def __init__(self) -> None:
        self.names = ApplicationNames()
        self._tallies = {name: GroupTally(["tenant", name, "who"]) for name in _TITLES}

    def add(self, table: pa.Table) -> None:
        """Note the values of a table of events."""
        self.names.learn(table)
        is_act = pc.and_(
            pc.and_(
                pc.equal(as_text(table, "status"), "success"), pc.not_equal(as_text(table, "account"), "")
            ),
            pc.not_equal(as_text(table, "account_type"), "system"),
        )
        table = table.filter(is_act)
        who = as_text(table, "account")
        values = {"account": who, "network": name_networks(table), "application": as_text(table, "app_uid")}
        for name, column in values.items():
            rows = pa.table(
                {
                    "tenant": as_text(table, "org_uid"),
                    name: column,
                    "who": who,
                    "time": as_microseconds(table),
                }
            )
            self._tallies[name].add(rows.filter(pc.not_equal(rows[name], "")))

    def list_rows(self, name: str) -> dict[Value, list[dict[str, str | int]]]:
        """Return the counted rows of each value, one for each account that showed it."""
        found: dict[Value, list[dict[str, str | int]]] = {}
        for row in rows_of(self._tallies[name].table()):
            found.setdefault((str(row["tenant"]), str(row[name])), []).append(row)
        return found


def compare_values(before: SeenValues, after: SeenValues) -> list[AnalystTable]:
    """Return the tables of new accounts, networks and applications, the latest to appear first."""
    tables = []
    for name, title in _TITLES.items():
        known, found = before.list_rows(name), after.list_rows(name)
        new = {value: rows for value, rows in found.items() if value not in known}
        tables.append(_list_values(name, title, new, after.names))
    return tables


def _list_values(
    name: str, title: str, found: dict[Value, list[dict[str, str | int]]], names: ApplicationNames
) -> AnalystTable:
    is_account = name == "account"
    by = () if is_account else (TableColumn("accounts", "accounts", "count"), TableColumn("who", "who"))
    columns = (
        TableColumn("tenant", "organisation"),
        TableColumn(name, name),
        *by,
        TableColumn("events", "events", "count"),
        TableColumn("first", "first", "time"),
        TableColumn("last", "last", "time"),
    )
    rows = []
    for (tenant, value), held in found.items():
        shown = names.name(value) if name == "application" else value
        people = () if is_account else (len(held), _name_few(str(row["who"]) for row in held))
        events = sum(int(row["count"]) for row in held)
        first, last = min(int(row["first"]) for row in held), max(int(row["last"]) for row in held)
        rows.append((tenant, shown, *people, events, first, last))
    rows.sort(key=lambda row: (-int(row[-2]), row))
    return AnalystTable(f"new-{name}s", title, columns, tuple(rows))


def _name_few(names: Iterable[str]) -> str:
    known = sorted(names)
    more = len(known) - _NAMED
    return ", ".join(known[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
