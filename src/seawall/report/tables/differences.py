"""Compare the results of two scans: incidents, accounts, networks, applications, consents, mail rules and rule hits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from seawall.events.changes.records import COLUMNS as CHANGE_COLUMNS
from seawall.report.tables.consents import ConsentList
from seawall.report.tables.event_columns import COLUMNS
from seawall.report.tables.incident_differences import compare_incidents
from seawall.report.tables.mail_rules import StandingMailRules
from seawall.report.tables.rule_hits import read_rule_hits
from seawall.report.tables.table import AnalystTable
from seawall.report.tables.value_differences import SeenValues, compare_values
from seawall.response.incident_sources import read_events_file
from seawall.storage.files.events_place import find_events
from seawall.storage.files.incident_documents import read_incidents

NAMES: Final = (
    "new-incidents", "gone-incidents", "changed-incidents", "new-accounts", "new-networks", "new-applications",
    "new-consents", "new-mail-rules", "new-rule-hits",
)  # fmt: skip
"""The tables of a comparison, in the order in which they are shown."""

_CONSENT: Final = ("tenant", "account", "application", "for", "permissions")
_MAIL_RULE: Final = ("kind", "tenant", "mailbox", "name", "does")
_HIT: Final = ("id", "tenant", "account")


def compare_results(before: Path, after: Path) -> list[AnalystTable]:
    """Return the tables of what the later results have and the earlier ones have not. Raises InputUnreadable."""
    incidents = compare_incidents(
        *(list(read_incidents(folder / "incidents.jsonl")) for folder in (before, after))
    )
    (seen, consents, rules), (seen_now, consents_now, rules_now) = (_collect(one) for one in (before, after))
    seen_now.names.add_names(consents_now.names())
    hits = "Rules that hit other accounts than before"
    access = "New mail rules, forwarding and access"
    return [
        *incidents,
        *compare_values(seen, seen_now),
        _subtract("new-consents", "New consents", consents.table(), consents_now.table(), _CONSENT),
        _subtract("new-mail-rules", access, rules.table(), rules_now.table(), _MAIL_RULE),
        _subtract("new-rule-hits", hits, read_rule_hits(before), read_rule_hits(after), _HIT),
    ]


def _collect(folder: Path) -> tuple[SeenValues, ConsentList, StandingMailRules]:
    """Return what the events of a results folder show, which are read once."""
    seen, consents, rules = SeenValues(), ConsentList(), StandingMailRules()
    for table in read_events_file(find_events(folder), tuple(dict.fromkeys((*COLUMNS, *CHANGE_COLUMNS)))):
        seen.add(table)
        consents.add(table)
        rules.add(table)
    return seen, consents, rules


def _subtract(
    name: str, title: str, before: AnalystTable, after: AnalystTable, identity: Sequence[str]
) -> AnalystTable:
    """Return the rows of the later table whose identity, the named columns, no row of the earlier one has."""
    places = [[column.name for column in after.columns].index(one) for one in identity]
    known = {tuple(row[place] for place in places) for row in before.rows}
    rows = tuple(row for row in after.rows if tuple(row[place] for place in places) not in known)
    return AnalystTable(name, title, after.columns, rows, after.note)
