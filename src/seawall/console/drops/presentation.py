"""Convert a dropped export to the API's value: how far it was read, what was understood, what was refused and why."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from seawall.console.data.presentation import time_text
from seawall.console.drops.values import DroppedExport, DroppedProblem, DroppedSource
from seawall.storage.database import QueueQuery
from seawall_base.errors import SeawallError

if TYPE_CHECKING:
    from seawall.console.drops.dropped_store import DroppedStore
    from seawall.storage.database import Transaction

PREFIX: Final = "/drop/"
"""How the addresses of the pages of dropped exports begin."""

SEVERITIES: Final = ("critical", "high", "medium", "low")
_MOST: Final = 50


def dropped_export(drop: DroppedStore) -> DroppedExport:
    """Return the value of a dropped export."""
    status = drop.status()
    sources: list[DroppedSource] = []
    refused: list[DroppedProblem] = []
    incidents, first = 0, None
    if drop.database is not None:
        with suppress(SeawallError), drop.database.reading() as work:
            sources, refused = _list_sources(work), _list_problems(work)
            if drop.state == "ready":
                incidents = work.incidents.count(QueueQuery(queue="open"))
                first = _find_first(work)
    taken = sum(file.bytes for file in drop.files if file.refused is None)
    unread = taken if status.records == 0 and drop.is_busy else status.backlog_bytes or 0
    return DroppedExport(
        id=drop.id,
        name=drop.name,
        state=drop.state,
        path=PREFIX + drop.id,
        begun_at=time_text(drop.begun_at),
        seconds=round(drop.seconds, 1),
        bytes_expected=drop.bytes_expected,
        bytes_received=drop.bytes_received,
        bytes_read=max(taken - unread, 0),
        records=status.records,
        events=status.events,
        duplicates=status.duplicates,
        problems=status.problems,
        files=list(drop.files),
        sources=sources,
        refused=refused,
        incidents=incidents,
        first_incident=first,
        fault=None if drop.error is None else drop.error.message,
        fix=None if drop.error is None else drop.error.fix or None,
    )


def _find_first(work: Transaction) -> str | None:
    """Return the id of the most severe open incident, of these the one with the highest score."""
    for severity in SEVERITIES:
        asked = QueueQuery(queue="open", severities=(severity,))
        rows = work.incidents.rows(asked, order="score", after=None, limit=1)
        if rows:
            return rows[0].id
    return None


def _list_sources(work: Transaction) -> list[DroppedSource]:
    """Return what was understood, the most records first."""
    found: dict[tuple[str, str], int] = {}
    for source in work.sources.all():
        key = (source.kind, source.tenant)
        found[key] = found.get(key, 0) + source.records
    values = [DroppedSource(kind, tenant, records) for (kind, tenant), records in found.items()]
    return sorted(values, key=lambda one: (-one.records, one.kind, one.tenant))[:_MOST]


def _list_problems(work: Transaction) -> list[DroppedProblem]:
    """Return what could not be read, the most frequent reason first."""
    values = []
    for code, count in work.problems.counts().items():
        first = work.problems.page(code=code, limit=1)
        problem = first[0][2] if first else None
        values.append(
            DroppedProblem(
                code,
                count,
                problem.reason if problem else "",
                problem.source_file.rpartition("/")[2] if problem else "",
            )
        )
    return sorted(values, key=lambda one: (-one.count, one.code))[:_MOST]
