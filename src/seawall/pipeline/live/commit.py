"""The two transactions of a running watch.

The first stores the results of reading: checkpoints, problems, counts, and the days to score. Its events are in the lake
already, where a repeated append changes nothing. The second stores the results of scoring: candidates, detector states,
incidents, messages to send, and that the days are scored. If the process dies at any point, the next start finds either
both transactions or the days still to be scored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incident import Incident
from seawall.events.problem import Problem
from seawall.pipeline.live.history import HistoryNotice, PastRanking, make_past_incidents_notice
from seawall.pipeline.live.recipients import Recipients
from seawall.pipeline.live.silent_sources import SilenceChange, source_name
from seawall.storage.database import FirstImport, Transaction
from seawall.storage.database.sources import StoredSource
from seawall.storage.files.incident_documents import incident_document
from seawall_base.msgspec_types import prepare
from seawall_base.times import rfc3339

SEQUENCE = "live/sequence"
"""The checkpoint that numbers transactions, so that one with an unknown outcome is not repeated."""

HABITS = "silence"
"""The name of the state with the rhythm of sources."""

COVERAGE = "coverage"
BUDGET = "budget"
"""The setting with the budget that was set in the console."""

CONFIGURED_BUDGET = "configured-budget"
"""The setting with the budget that the watch was started with."""

THRESHOLD = "threshold"
"""The setting with the least score for raising that was set in the console."""

CONFIGURED_THRESHOLD = "configured-threshold"
"""The setting with the least score for raising that the watch was started with."""

MOST_PROBLEMS = 100_000
"""Most problems that are stored individually; further ones are only counted."""


@dataclass(frozen=True, slots=True)
class ReadTransaction:
    """The content of the first transaction. `position` numbers it."""

    position: int
    changes: Mapping[str, Mapping[str, Any] | None]
    problems: Sequence[Problem]
    totals: Mapping[str, int]
    days: Iterable[int]
    states: Mapping[str, bytes]
    sources: Sequence[StoredSource]


def keep_taken(work: Transaction, taken: ReadTransaction, *, at: int, room: int) -> None:
    """Store the results of reading; `room` is the number of problems that may still be stored."""
    gone = [name for name, value in taken.changes.items() if value is None]
    work.checkpoints.put({name: value for name, value in taken.changes.items() if value is not None})
    for name in gone:
        work.checkpoints.forget(name)
    work.problems.add(list(taken.problems)[: max(room, 0)], at=at)
    work.totals.add(taken.totals)
    work.dirty.add(taken.days)
    for name, state in taken.states.items():
        work.states.put(name, state)
    work.sources.put(taken.sources)
    work.checkpoints.put({SEQUENCE: {"position": taken.position}})


@dataclass(frozen=True, slots=True)
class ScoreTransaction:
    """The content of the second transaction.

    `candidates` are by (day, shard), `days` by day, `states` by name with None to delete one. `incidents` are those that
    may have changed, `gone` the ids to delete, `renamed` new ids by old ones. `announced` are to be announced, in order.
    `notes` are None if unchanged; they cover the days from `notes_from` on. `first_imports` are those that changed.
    """

    done: Iterable[int] = ()
    candidates: Mapping[tuple[int, int], tuple[Sequence[bytes], Sequence[str]]] = field(default_factory=dict)
    days: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    states: Mapping[str, bytes | None] = field(default_factory=dict)
    incidents: Sequence[Incident] = ()
    gone: Sequence[str] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    announced: Sequence[Incident] = ()
    notes: Sequence[Mapping[str, Any]] | None = None
    notes_from: int | None = None
    targets: Recipients = field(default_factory=Recipients)
    first_imports: Sequence[FirstImport] = ()


def keep_scored(
    work: Transaction, scored: ScoreTransaction, *, at: int, step: Callable[[str], None]
) -> list[Incident]:
    """Store the results of scoring; return the incidents that were announced for the first time."""
    for (day, shard), (contents, tenants) in scored.candidates.items():
        work.candidates.put_day(day, contents, tenants=tenants, share=shard)
    work.days.put(scored.days)
    for name, state in scored.states.items():
        if state is None:
            work.states.forget(name)
        else:
            work.states.put(name, state)
    step("score-half-written")
    work.first_imports.put(scored.first_imports)
    work.incidents.put(scored.incidents)
    work.aliases.put(scored.renamed, at=at)
    work.incidents.remove(scored.gone)
    fresh = announce(work, scored.announced, scored.targets, at=at)
    if scored.notes is not None:
        document = {"notes": list(scored.notes), "from": scored.notes_from}
        work.settings.put(_coverage_of(work.slot), document)
    work.dirty.clear(scored.done)
    return fresh


def keep_past_ranking(
    work: Transaction,
    ranking: PastRanking,
    first_import: FirstImport,
    *,
    history: HistoryNotice,
    targets: Recipients,
    at: int,
    is_told: bool,
) -> list[Incident]:
    """Store the ranking of an organisation's past; return the incidents that were announced for the first time.

    Incidents of the live window are announced individually, history in a single message; nothing if `is_told` is false.
    """
    work.incidents.put(ranking.incidents)
    work.aliases.put(ranking.renamed, at=at)
    work.incidents.remove(ranking.gone)
    work.incidents.mark_history(ranking.history)
    work.first_imports.put([first_import])
    if history.raised:
        tell(work, "history.judged", history.tenant, history.document(), targets, at=at)
    return announce(work, ranking.announced, targets, at=at) if is_told else []


def keep_untold(work: Transaction, before: int, targets: Recipients, *, at: int) -> list[HistoryNotice]:
    """Mark raised incidents as history that left the live window unannounced; return the messages about them.

    An incident may be raised while much is still unread, when nothing is announced, and be old once everything is read.
    """
    found: dict[str, list[Incident]] = defaultdict(list)
    if targets.is_withheld:
        return []
    for incident in work.incidents.untold(before):
        found[incident.tenant].append(incident)
    each = [
        make_past_incidents_notice(tenant, incidents, before) for tenant, incidents in sorted(found.items())
    ]
    for one in each:
        work.incidents.mark_history(incident.id for incident in one.raised)
        tell(work, "history.judged", one.tenant, one.document(), targets, at=at)
    return each


def announce(
    work: Transaction, incidents: Sequence[Incident], targets: Recipients, *, at: int
) -> list[Incident]:
    """Record incidents as announced, and queue messages; return those not announced before."""
    if targets.is_withheld:
        return []
    by_id = {incident.id: incident for incident in incidents}
    fresh = [by_id[id_] for id_ in work.announcements.add(by_id, at=at)] if by_id else []
    for incident in fresh:
        tell(work, "incident.raised", incident.id, incident_document(incident), targets, at=at)
    return fresh


def tell(
    work: Transaction,
    kind: str,
    subject: str,
    document: Mapping[str, Any],
    targets: Recipients,
    *,
    at: int,
) -> None:
    """Queue a message in the outbox for each recipient that wants it; in a group, at most one announcement of an incident."""
    is_once = work.slot is not None and kind == "incident.raised"
    for target, part in targets.of(kind, document):
        if is_once:
            work.outbox.add_once(kind, target, subject, part, at=at)
        else:
            work.outbox.add(kind, target, subject, part, at=at)


def tell_changes(
    work: Transaction, changes: Iterable[SilenceChange], targets: Recipients, *, at: int
) -> list[StoredSource]:
    """Store sources that fell silent or returned, and queue messages; return those that are silent now."""
    silent = []
    for change in changes:
        name = source_name(change.key)
        known = work.sources.get(name)
        if known is not None and change.is_silent:
            silent.append(replace(known, silent_since=change.since))
        tenant, source = change.key
        document = {"tenant": tenant, "source": source, "last_heard": rfc3339(change.since)}
        kind = "source.silent" if change.is_silent else "source.resumed"
        tell(work, kind, name, document, targets, at=at)
    work.sources.put(silent)
    return silent


def load_notes(work: Transaction) -> tuple[list[CoverageNote], int | None]:
    """Return the coverage notes as of the last scoring, and the first day that they cover."""
    found = load_coverage(work) or {}
    return [msgspec.convert(note, CoverageNote) for note in found.get("notes", ())], found.get("from")


def load_coverage(work: Transaction) -> dict[str, Any] | None:
    """Return the coverage notes as stored, those of all slots together if the transaction has no slot; None before the first
    scoring.
    """
    if work.slot is not None:
        return work.settings.get(_coverage_of(work.slot))
    found = work.settings.find_all(COVERAGE, COVERAGE + "/")
    starts = [day for document in found if (day := document.get("from")) is not None]
    notes = [note for document in found for note in document.get("notes", ())]
    return {"notes": notes, "from": max(starts, default=None)} if found else None


def _coverage_of(slot: int | None) -> str:
    return f"{COVERAGE}/{slot}" if slot else COVERAGE


@dataclass(slots=True)
class StartupState:
    """The content of the database at the start of a watch."""

    position: int = 0
    checkpoint: dict[str, dict[str, Any]] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    dirty: frozenset[int] = frozenset()
    sources: list[StoredSource] = field(default_factory=list)
    habits: bytes | None = None
    problems: int = 0


def load_startup_state(work: Transaction) -> StartupState:
    """Read the content of the database for a start."""
    checkpoint = work.checkpoints.all()
    position = int(checkpoint.pop(SEQUENCE, {}).get("position", 0))
    return StartupState(
        position,
        checkpoint,
        work.totals.all(),
        work.dirty.all(),
        work.sources.all(),
        work.states.get(HABITS),
        sum(work.problems.counts().values()),
    )


prepare(CoverageNote)
