"""Say which incidents a later scan raised, no longer raised, or judged otherwise than an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from seawall.detection.incident import SEVERITIES, Incident
from seawall.report.tables.table import AnalystTable, TableColumn

_LEAST: Final = 0.05
"""Least change of a score that is said, as scores are shown with one decimal."""

_SINGLE: Final = (
    TableColumn("severity", "severity"),
    TableColumn("tenant", "organisation"),
    TableColumn("account", "account"),
    TableColumn("title", "title"),
    TableColumn("first", "first", "time"),
    TableColumn("last", "last", "time"),
    TableColumn("score", "score", "number"),
    TableColumn("id", "id"),
)
_CHANGED: Final = (
    TableColumn("tenant", "organisation"),
    TableColumn("account", "account"),
    TableColumn("title", "title"),
    TableColumn("severity_before", "was"),
    TableColumn("severity", "is"),
    TableColumn("score_before", "score was", "number"),
    TableColumn("score", "score is", "number"),
    TableColumn("id_before", "id was"),
    TableColumn("id", "id"),
)


def compare_incidents(before: Sequence[Incident], after: Sequence[Incident]) -> list[AnalystTable]:
    """Return the tables of new, gone and changed raised incidents.

    Incidents are the same if they have the same id, else if they are of the same account and share a record: an incident
    that grew has another id.
    """
    earlier = [incident for incident in before if incident.raised]
    later = [incident for incident in after if incident.raised]
    pairs = _match(earlier, later)
    known = {old.id for old, _ in pairs}
    found = {new.id for _, new in pairs}
    return [
        _list_incidents("new-incidents", "New incidents", [one for one in later if one.id not in found]),
        _list_incidents(
            "gone-incidents", "Incidents that are gone", [one for one in earlier if one.id not in known]
        ),
        _list_changes(pairs),
    ]


def _match(earlier: Sequence[Incident], later: Sequence[Incident]) -> list[tuple[Incident, Incident]]:
    """Return pairs of the same incident, each incident at most once."""
    by_id = {one.id: one for one in later}
    pairs = [(one, by_id[one.id]) for one in earlier if one.id in by_id]
    known, used = {old.id for old, _ in pairs}, {new.id for _, new in pairs}
    for old in sorted((one for one in earlier if one.id not in known), key=lambda one: one.id):
        records = frozenset(old.events)
        shared = [
            (-len(records.intersection(new.events)), new.id, new)
            for new in later
            if new.id not in used and (new.tenant, new.account) == (old.tenant, old.account)
        ]
        if shared and min(shared)[0] < 0:
            new = min(shared)[2]
            used.add(new.id)
            pairs.append((old, new))
    return pairs


def _list_incidents(name: str, title: str, incidents: Sequence[Incident]) -> AnalystTable:
    rows = [
        (
            one.severity,
            one.tenant,
            one.account,
            one.title,
            one.first_event,
            one.last_event,
            _round(one.score),
            one.id,
        )
        for one in sorted(incidents, key=_rank)
    ]
    return AnalystTable(name, title, _SINGLE, tuple(rows))


def _list_changes(pairs: Sequence[tuple[Incident, Incident]]) -> AnalystTable:
    changed = [
        (old, new)
        for old, new in pairs
        if old.severity != new.severity or abs(old.score - new.score) >= _LEAST
    ]
    rows = [
        (
            new.tenant,
            new.account,
            new.title,
            old.severity,
            new.severity,
            _round(old.score),
            _round(new.score),
            "" if old.id == new.id else old.id,
            new.id,
        )
        for old, new in sorted(changed, key=lambda pair: _rank(pair[1]))
    ]
    title = "Incidents whose severity or score changed"
    return AnalystTable("changed-incidents", title, _CHANGED, tuple(rows))


def _rank(incident: Incident) -> tuple[int, float, str]:
    return -SEVERITIES.index(incident.severity), -incident.score, incident.id


def _round(score: float) -> float:
    return round(score, 2)
