"""List applications by their last use, with who used them."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from seawall.events.group_tally import GroupTally
from seawall.report.tables.event_columns import ApplicationNames, as_microseconds, as_text, rows_of
from seawall.report.tables.table import AnalystTable, TableColumn

_COLUMNS: Final = (
    TableColumn("tenant", "organisation"),
    TableColumn("application", "application"),
    TableColumn("id", "id", is_detail=True),
    TableColumn("accounts", "accounts", "count"),
    TableColumn("events", "events", "count"),
    TableColumn("mail_reads", "mail reads", "count"),
    TableColumn("permissions", "permissions in these logs"),
    TableColumn("first", "first", "time"),
    TableColumn("last", "last", "time"),
)


class ApplicationCount:
    """Count the acts of applications, and the accounts for which they acted."""

    def __init__(self) -> None:
        self._tally = GroupTally(["tenant", "id", "account"], ["mail_reads"])

    def add(self, table: pa.Table) -> None:
        """Count the events of a table that state an application."""
        kind = as_text(table, "kind")
        rows = pa.table(
            {
                "tenant": as_text(table, "org_uid"),
                "id": as_text(table, "app_uid"),
                "account": as_text(table, "account"),
                "time": as_microseconds(table),
                "mail_reads": pa.compute.equal(kind, "mail_access").cast(pa.int64()),
            }
        )
        self._tally.add(rows.filter(pa.compute.not_equal(rows["id"], "")))

    def table(self, names: ApplicationNames, permissions: dict[tuple[str, str], str]) -> AnalystTable:
        """Return the table, the application that was used last first.

        `permissions` are by organisation and application: id, or name in lower case.
        """
        counted = self._tally.table()
        accounts = GroupTally(["tenant", "id"], ["events", "mail_reads"])
        ends = GroupTally(["tenant", "id"])
        if counted is not None:
            plain = {name: counted[name] for name in ("tenant", "id", "mail_reads")}
            accounts.add(pa.table({**plain, "events": counted["count"], "time": counted["first"]}))
            ends.add(pa.table({**plain, "time": counted["last"]}))
        found = [
            (one, str(names.name(str(one["id"]))), end)
            for one, end in zip(rows_of(accounts.table()), rows_of(ends.table()), strict=True)
        ]
        rows = [
            (
                str(one["tenant"]),
                name,
                str(one["id"]),
                int(one["count"]),
                int(one["events"]),
                int(one["mail_reads"]),
                permissions.get((str(one["tenant"]), str(one["id"]).lower()))
                or permissions.get((str(one["tenant"]), name.lower()), ""),
                int(one["first"]),
                int(end["last"]),
            )
            for one, name, end in found
        ]
        rows.sort(key=lambda row: (-row[-1], row))
        return AnalystTable(
            "applications",
            "Applications by last use",
            _COLUMNS,
            tuple(rows),
            "Permissions are those that consents in these logs gave; older ones are not known.",
        )
