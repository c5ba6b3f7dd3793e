"""Show ingest health: sources and their silences, coverage gaps, and unreadable records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta

from seawall.console.data.incident_values import Page
from seawall.console.data.presentation import time_or_none, time_text
from seawall.console.data.queue_filter import Cursor, Limit
from seawall.console.data.running_values import (
    Gap,
    IngestHealth,
    OutboxValue,
    ProblemCount,
    ProblemValue,
    SourceState,
    SourceValue,
)
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.events.readers import UNRECOGNISED
from seawall.pipeline.group.describing import describe_partitions
from seawall.pipeline.live.commit import load_coverage
from seawall.pipeline.live.counting import count_unjudged
from seawall.pipeline.live.status import NOTHING, WatchStatus
from seawall.storage.database import StoredSource, Transaction

if TYPE_CHECKING:
    from seawall.console.context import ConsoleContext

"""The setting in which detection stores coverage gaps."""

MOST_SOURCES: Final = 2_000
MOST_GAPS: Final = 500
MOST_NOTES: Final = 100
_SECOND: Final = 1_000_000
_LEAST_LATE: Final = 3600.0


class ProblemQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Filter of problems."""

    code: Annotated[str, Meta(max_length=64)] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def read_status(context: ConsoleContext) -> WatchStatus:
    """Return the running watch's status, an empty one if none runs here."""
    service = context.service
    status: WatchStatus = NOTHING if service is None else service.status()
    return status


def show_health(call: ApiCall) -> IngestHealth:
    """Return the health of ingest."""
    status = read_status(call.context)
    with call.context.database.reading() as work:
        sources = work.sources.all()
        kept = (load_coverage(work) or {}).get("notes")
        problems = _problems(work)
        outbox = work.outbox.waiting()
        group = describe_partitions(work.leases.all())
    shown = sorted(sources, key=lambda source: (source.silent_since is None, source.name))[:MOST_SOURCES]
    notes = [*([status.fault] if status.fault else []), *group, *status.notes]
    if len(sources) > len(shown):
        notes.append(f"{len(sources) - len(shown):,} further sources are not shown")
    return IngestHealth(
        [_source(source, call.now) for source in shown],
        _gaps(kept if isinstance(kept, list) else []),
        problems,
        notes[:MOST_NOTES],
        count_unjudged(sources)[:MOST_NOTES],
        OutboxValue(outbox.waiting, outbox.failed, outbox.last_error or None),
    )


def list_problems(call: ApiCall) -> Page[ProblemValue]:
    """List unreadable records, in reading order."""
    asked: ProblemQuery = call.query
    purpose = f"problems\n{asked.code or ''}"
    after = 0
    if asked.cursor is not None:
        after = call.context.cursors.read(purpose, asked.cursor, int)
    with call.context.database.reading() as work:
        found = work.problems.page(code=asked.code, after=after, limit=asked.limit + 1)
        counts = work.problems.counts()
    total = counts.get(asked.code, 0) if asked.code is not None else sum(counts.values())
    cursor = None
    if len(found) > asked.limit:
        cursor = call.context.cursors.write(purpose, found[asked.limit - 1][0])
    items = [
        ProblemValue(
            time_text(at),
            problem.source_file,
            problem.line,
            problem.code,
            problem.reason,
            problem.field,
            problem.excerpt,
        )
        for _, at, problem in found[: asked.limit]
    ]
    return Page(items, cursor, total)


def _problems(work: Transaction) -> list[ProblemCount]:
    found = []
    for code, count in work.problems.counts().items():
        first = work.problems.page(code=code, limit=1)
        example = (first[0][2].excerpt or first[0][2].reason) if first else ""
        found.append(ProblemCount(code, count, example))
    return sorted(found, key=lambda problem: -problem.count)


def _source(source: StoredSource, now: int) -> SourceValue:
    gap = None if source.typical_gap is None else source.typical_gap / _SECOND
    waited = None if source.last_at is None else max(now - source.last_at, 0) / _SECOND
    state: SourceState = "ok"
    if source.silent_since is not None:
        state = "silent"
    elif gap is not None and waited is not None and waited > max(gap, _LEAST_LATE):
        state = "late"
    return SourceValue(
        name=source.name,
        kind=source.kind,
        is_judged=source.kind != UNRECOGNISED,
        tenant=source.tenant,
        records=source.records,
        problems=source.problems,
        first_at=time_or_none(source.first_at),
        last_at=time_or_none(source.last_at),
        last_event=time_or_none(source.last_event),
        lag_seconds=None if source.last_event is None else max(now - source.last_event, 0) / _SECOND,
        typical_gap_seconds=gap,
        state=state,
        silent_since=time_or_none(source.silent_since),
    )


def _gaps(notes: list[Any]) -> list[Gap]:
    """Return the coverage gaps, latest first."""
    found = [note for note in notes if isinstance(note, Mapping) and isinstance(note.get("end"), int)]
    found.sort(key=lambda note: -note["end"])
    return [
        Gap(
            str(note.get("tenant", "")),
            str(note.get("source", "")),
            time_text(int(note.get("start", note["end"]))),
            time_text(note["end"]),
            str(note.get("text", "")),
        )
        for note in found[:MOST_GAPS]
    ]


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/health/ingest",
        handle=show_health,
        role="viewer",
        tenants="all",
        summary="Sources, gaps, problems and notifications",
        group="health",
        answer=IngestHealth,
    ),
    Endpoint(
        method="GET",
        path="/api/problems",
        handle=list_problems,
        role="viewer",
        tenants="all",
        summary="Records that were not read, and why",
        group="health",
        query=ProblemQuery,
        answer=Page[ProblemValue],
    ),
)
