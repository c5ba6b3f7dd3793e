"""What is kept together: the two transactions of a running watch.

The first keeps what was read: how far, what could not be read, how many records, and which days are to be scored. Its events are
in the lake already, where appending them again changes nothing. The second keeps what a scoring found: candidates,
what was learnt, incidents, whom to tell; and that those days are scored. Killed before, between or after, the next
start finds either both or the days still to be scored.
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
from seawall.pipeline.live.history import HistoryJudged, JudgedDays, judgement_of
from seawall.pipeline.live.silent_sources import SilenceChange, source_name
from seawall.storage.database import FirstImport, Transaction
from seawall.storage.database.sources import StoredSource
from seawall.storage.files.incident_documents import incident_document
from seawall_base.msgspec_types import prepare
from seawall_base.times import rfc3339

SEQUENCE = "live/sequence"
"""The checkpoint that numbers transactions, so that one whose answer was lost is not repeated."""

HABITS = "silence"
"""The name of the state that holds what is known of sources' silences."""

COVERAGE = "coverage"
BUDGET = "budget"
"""The setting with the budget that was chosen while the watch ran."""

CONFIGURED_BUDGET = "configured-budget"
"""The setting with the budget that the watch was started with."""

MOST_PROBLEMS = 100_000
"""Problems that are kept one by one; of more only the number is."""


@dataclass(frozen=True, slots=True)
class ReadTransaction:
    """What the first transaction keeps. `position` numbers it."""

    position: int
    changes: Mapping[str, Mapping[str, Any] | None]
    problems: Sequence[Problem]
    totals: Mapping[str, int]
    days: Iterable[int]
    states: Mapping[str, bytes]
    sources: Sequence[StoredSource]


def keep_taken(work: Transaction, taken: ReadTransaction, *, at: int, room: int) -> None:
    """Keep what was read. `room` is for how many problems there still is room."""
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
    """What the second transaction keeps.

    `candidates` by day and shard, `days` by day; `states` by name, None where one is forgotten; `incidents` those that may
    have changed;
    `gone` the ids that are none any more, `renamed` old ids to new ones. `announced` are to be told of, in their order.
    `notes` are None where they are as they were; they speak of the days from `notes_from` on. `first_imports` are those that
    changed, with what of them waits to be judged.
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
    targets: Sequence[str] = ()
    first_imports: Sequence[FirstImport] = ()


def keep_scored(
    work: Transaction, scored: ScoreTransaction, *, at: int, step: Callable[[str], None]
) -> list[Incident]:
    """Keep what was found; the incidents that were announced for the first time."""
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
        work.settings.put(COVERAGE, {"notes": list(scored.notes), "from": scored.notes_from})
    work.dirty.clear(scored.done)
    return fresh


def keep_judged(
    work: Transaction,
    judged: JudgedDays,
    first_import: FirstImport,
    *,
    history: HistoryJudged,
    targets: Sequence[str],
    at: int,
    is_told: bool,
) -> list[Incident]:
    """Keep what became of an organisation's past; return the incidents that were announced for the first time.

    Incidents of the live window are announced one by one. Of history one message tells for all of it. Nobody is told of
    anything where `is_told` is false.
    """
    work.incidents.put(judged.incidents)
    work.aliases.put(judged.renamed, at=at)
    work.incidents.remove(judged.gone)
    work.incidents.mark_history(judged.history)
    work.first_imports.put([first_import])
    if history.raised:
        tell(work, "history.judged", history.tenant, history.document(), targets, at=at)
    return announce(work, judged.announced, targets, at=at) if is_told else []


def keep_untold(work: Transaction, before: int, targets: Sequence[str], *, at: int) -> list[HistoryJudged]:
    """Mark as history what was raised and left the live window before anybody was told; return what to tell of it.

    An incident may be raised while much is still to be read, when nothing is announced, and be old once all is read.
    """
    found: dict[str, list[Incident]] = defaultdict(list)
    for incident in work.incidents.untold(before):
        found[incident.tenant].append(incident)
    each = [judgement_of(tenant, incidents, before) for tenant, incidents in sorted(found.items())]
    for one in each:
        work.incidents.mark_history(incident.id for incident in one.raised)
        tell(work, "history.judged", one.tenant, one.document(), targets, at=at)
    return each


def announce(
    work: Transaction, incidents: Sequence[Incident], targets: Sequence[str], *, at: int
) -> list[Incident]:
    """Note that incidents are announced, and whom to tell; return those that were not before."""
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
    targets: Iterable[str],
    *,
    at: int,
) -> None:
    """Put a message for each target into the outbox."""
    for target in targets:
        work.outbox.add(kind, target, subject, document, at=at)


def tell_changes(
    work: Transaction, changes: Iterable[SilenceChange], targets: Sequence[str], *, at: int
) -> list[StoredSource]:
    """Keep that sources fell silent or speak again, and whom to tell; return those that are silent now."""
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
    """Return what the logs cannot show, as of the last scoring, and the day from which on that is known."""
    found = work.settings.get(COVERAGE) or {}
    return [msgspec.convert(note, CoverageNote) for note in found.get("notes", ())], found.get("from")


@dataclass(slots=True)
class StartupState:
    """What a start finds in the database."""

    position: int = 0
    checkpoint: dict[str, dict[str, Any]] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    dirty: frozenset[int] = frozenset()
    sources: list[StoredSource] = field(default_factory=list)
    habits: bytes | None = None
    problems: int = 0


def load_startup_state(work: Transaction) -> StartupState:
    """Read what was kept."""
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
