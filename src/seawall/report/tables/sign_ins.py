"""Count sign-ins by account, country, address, network, application and method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.group_tally import GroupTally
from seawall.report.tables.event_columns import (
    ApplicationNames,
    as_microseconds,
    as_text,
    first_known,
    name_networks,
    only,
    rows_of,
)
from seawall.report.tables.table import AnalystTable, TableColumn

BY: Final = ("account", "country", "address", "network", "application", "method")
"""What sign-ins may be counted by."""

USUAL: Final = ("account", "country", "address", "application", "method")
"""What sign-ins are counted by unless a reader chooses."""

_DIMENSIONS: Final = {
    "account": TableColumn("account", "account"),
    "country": TableColumn("country", "country"),
    "address": TableColumn("address", "address"),
    "network": TableColumn("network", "network"),
    "application": TableColumn("application", "application"),
    "method": TableColumn("method", "method"),
}
_COUNTS: Final = (
    TableColumn("succeeded", "ok", "count"),
    TableColumn("failed", "failed", "count"),
    TableColumn("interrupted", "broken off", "count"),
    TableColumn("first", "first", "time"),
    TableColumn("last", "last", "time"),
)
_OUTCOMES: Final = {"succeeded": "success", "failed": "failure", "interrupted": "interrupted"}


class SignInCount:
    """Count sign-ins. `by` chooses columns of `BY`, in their order."""

    def __init__(self, by: Sequence[str] = USUAL) -> None:
        self._by = [name for name in BY if name in by]
        self._tally = GroupTally(["tenant", *self._by], list(_OUTCOMES))

    def add(self, table: pa.Table) -> None:
        """Count the sign-ins of a table of events."""
        table = only(table, "kind", ["sign_in"])
        status = as_text(table, "status")
        found = {
            "tenant": as_text(table, "org_uid"),
            "time": as_microseconds(table),
            "account": as_text(table, "account"),
            "country": first_known(as_text(table, "src_country"), as_text(table, "src_location")),
            "address": as_text(table, "src_ip"),
            "network": name_networks(table),
            "application": as_text(table, "app_uid"),
            "method": as_text(table, "auth_method"),
        }
        kept = {name: found[name] for name in ("tenant", "time", *self._by)}
        sums = {name: pc.equal(status, text).cast(pa.int64()) for name, text in _OUTCOMES.items()}
        self._tally.add(pa.table({**kept, **sums}))

    def table(self, names: ApplicationNames) -> AnalystTable:
        """Return the table, the most recent sign-in first."""
        columns = (TableColumn("tenant", "organisation"), *(_DIMENSIONS[name] for name in self._by), *_COUNTS)
        found = []
        for row in rows_of(self._tally.table()):
            if "application" in row:
                row["application"] = names.name(str(row["application"]))
            found.append(tuple(row[column.name] for column in columns))
        found.sort(key=lambda cells: (-int(cells[-1]), cells))
        return AnalystTable(
            "sign-ins",
            f"Sign-ins by {', '.join(self._by)}",
            columns,
            tuple(found),
            "Country: what the log states, else where the address is registered.",
        )
