"""Collect the records of successful changes that a table lists."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.changes.records import COLUMNS, ChangeRecord, read_changes
from seawall.report.tables.event_columns import as_text

MOST_RECORDS: Final = 100_000
"""Records that are kept, the first that are read."""


class ChangeList:
    """Keep the successful changes by some operations from tables of events, at most `MOST_RECORDS`.

    `records` are those that are kept, in the order of reading; `left_out` is the number of the others. Operations are
    spelt in lower case without a full stop at the end. With `by_people`, the provider's own upkeep is no change.
    """

    def __init__(self, operations: Collection[str], *, by_people: bool = False) -> None:
        self.records: list[ChangeRecord] = []
        self.left_out = 0
        self._operations = pa.array(sorted(operations))
        self._by_people = by_people

    def add(self, table: pa.Table) -> None:
        """Note the changes of a table of events."""
        activity = pc.utf8_lower(pc.utf8_rtrim(pc.utf8_trim_whitespace(as_text(table, "activity_name")), "."))
        is_wanted = pc.and_(
            pc.is_in(activity, self._operations), pc.equal(as_text(table, "status"), "success")
        )
        if self._by_people:
            is_wanted = pc.and_(is_wanted, pc.not_equal(as_text(table, "account_type"), "system"))
        found = table.filter(is_wanted)
        room = MOST_RECORDS - len(self.records)
        self.left_out += max(found.num_rows - room, 0)
        rows = found.select([name for name in COLUMNS if name in found.column_names]).slice(0, room)
        self.records += read_changes(rows.to_pylist(), frozenset())
