"""Compare the results of two scans: incidents, accounts, networks, applications and rule hits."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from seawall.report.tables.event_columns import COLUMNS
from seawall.report.tables.incident_differences import compare_incidents
from seawall.report.tables.rule_hits import read_rule_hits
from seawall.report.tables.table import AnalystTable
from seawall.report.tables.value_differences import SeenValues, compare_values
from seawall.response.incident_sources import read_events_file
from seawall.storage.files.incident_documents import read_incidents
from seawall.storage.files.merged_events import EVENTS

NAMES: Final = (
    "new-incidents", "gone-incidents", "changed-incidents", "new-accounts", "new-networks", "new-applications", "new-rule-hits",
)  # fmt: skip
"""The tables of a comparison, in the order in which they are shown."""


def compare_results(before: Path, after: Path) -> list[AnalystTable]:
    """Return the tables of what the later results have and the earlier ones have not. Raises InputUnreadable."""
    incidents = compare_incidents(
        *(list(read_incidents(folder / "incidents.jsonl")) for folder in (before, after))
    )
    values = compare_values(*(_collect(folder) for folder in (before, after)))
    return [*incidents, *values, _compare_hits(read_rule_hits(before), read_rule_hits(after))]


def _collect(folder: Path) -> SeenValues:
    seen = SeenValues()
    for table in read_events_file(folder / EVENTS, COLUMNS):
        seen.add(table)
    return seen


def _compare_hits(before: AnalystTable, after: AnalystTable) -> AnalystTable:
    """Return the hits of rules on accounts that they did not hit before."""
    known = {_identify(row) for row in before.rows}
    rows = tuple(row for row in after.rows if _identify(row) not in known)
    return AnalystTable(
        "new-rule-hits", "Rules that hit other accounts than before", after.columns, rows, after.note
    )


def _identify(row: tuple[str | float, ...]) -> tuple[str | float, ...]:
    """Return the rule's id, the organisation and the account of a row of `read_rule_hits`."""
    return row[7], row[2], row[3]
