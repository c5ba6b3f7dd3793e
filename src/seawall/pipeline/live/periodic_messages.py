"""Messages that come with time: the weekly digest, that Seawall was stopped, and that a collector no longer gets on.

A watch that runs without end notes every minute that it lives. The next start sees from the note how long nobody watched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from seawall.pipeline.live.campaign_messages import CampaignMessages
from seawall.pipeline.live.commit import load_notes, tell
from seawall.pipeline.live.counting import count_unjudged
from seawall.pipeline.live.recipients import Recipients
from seawall.pipeline.live.stale_collectors import (
    CollectorRhythm,
    Key,
    follow_collectors,
    read_collectors,
)
from seawall.storage.database import Database, Transaction, WriterLease
from seawall.storage.database.sources import StoredSource
from seawall_base.times import rfc3339

STATE: Final = "periodic-messages"
"""The setting with the times of the last sign of life and of the last digest, and the records until then."""

COLLECTORS: Final = "collector-rhythms"
"""The setting with how far each collector was."""

MINUTE: Final = 60_000_000
WEEK: Final = 7 * 24 * 60 * MINUTE
LONGEST_PAUSE: Final = 10 * MINUTE
"""A stop that is not longer, such as a restart, is not told."""

MOST_GAPS: Final = 5


@dataclass(slots=True)
class PeriodicMessages:
    """Queue what is due. Times are microseconds of the wall clock; a clock that goes back delays messages only.

    `folders` are followed; the ledgers of collectors lie beside them. `campaigns` is None where one process does not see the
    incidents of all organisations.
    """

    folders: tuple[Path, ...] = ()
    campaigns: CampaignMessages | None = field(default_factory=CampaignMessages)
    _noted: int | None = None

    def work(self, database: Database, writer: WriterLease, targets: Recipients, wall: int) -> None:
        """Note that the watch lives, at most once a minute, and queue the messages that are due."""
        if self._noted is not None and 0 <= wall - self._noted < MINUTE:
            return
        collectors = read_collectors(self.folders)
        with database.writing(writer) as work:
            _tell_collectors(work, collectors, targets, wall)
            state = work.settings.get(STATE) or {}
            alive, digest = state.get("alive"), state.get("digest")
            records = state.get("records") or {}
            if isinstance(alive, int) and wall - alive > LONGEST_PAUSE:
                tell(work, "watch.interrupted", "seawall", interruption(alive, wall), targets, at=wall)
            if not isinstance(digest, int):
                digest, records = wall, _count_records(work.sources.all())
            elif wall - digest >= WEEK:
                tell(
                    work,
                    "digest.weekly",
                    "seawall",
                    make_digest(work, digest, wall, records),
                    targets,
                    at=wall,
                )
                digest, records = wall, _count_records(work.sources.all())
            work.settings.put(STATE, {"alive": wall, "digest": digest, "records": records})
        self._noted = wall
        if self.campaigns is not None:
            self.campaigns.work(database, writer, targets, wall)


def _tell_collectors(work: Transaction, seen: Mapping[Key, int], targets: Recipients, wall: int) -> None:
    """Note how far the collectors are, and queue messages about those that stand still or get on again."""
    stored = work.settings.get(COLLECTORS) or {}
    if not seen and not stored:
        return
    known = {
        (str(one["tenant"]), str(one["name"])): msgspec.convert(one["rhythm"], CollectorRhythm)
        for one in stored.get("collectors", ())
    }
    rhythms, changes = follow_collectors(known, seen, wall)
    for change in changes:
        tenant, name = change.key
        document = {"tenant": tenant, "source": name, "last_heard": rfc3339(change.since)}
        kind = "source.silent" if change.is_stale else "source.resumed"
        tell(work, kind, f"{tenant}/{name}", document, targets, at=wall)
    rows = [
        {"tenant": tenant, "name": name, "rhythm": msgspec.to_builtins(rhythm)}
        for (tenant, name), rhythm in rhythms.items()
    ]
    work.settings.put(COLLECTORS, {"collectors": rows})


def last_alive(work: Transaction) -> int | None:
    """Return when a watch of this store last noted that it lives, None if it never did."""
    alive = (work.settings.get(STATE) or {}).get("alive")
    return alive if isinstance(alive, int) else None


def interruption(since: int, until: int) -> dict[str, Any]:
    """Return the document of a stop."""
    return {
        "title": "Seawall was stopped",
        "text": "Nobody watched meanwhile. Records that arrived are read now, and late incidents are raised as usual.",
        "from": rfc3339(since),
        "to": rfc3339(until),
    }


def make_digest(work: Transaction, since: int, until: int, before: Mapping[str, int]) -> dict[str, Any]:
    """Return the digest of a span: incidents, records and coverage gaps of each organisation.

    `before` is the number of records of each organisation at the beginning. Without gaps its coverage is complete: every
    source sends, every log is recognised, and no note of detection concerns the span.
    """
    sources = work.sources.all()
    raised = work.incidents.announced_since(since)
    records = _count_records(sources)
    gaps = _find_gaps(work, sources, since)
    rows = []
    for tenant in sorted({*records, *raised}):
        count = max(records.get(tenant, 0) - before.get(tenant, 0), 0)
        found = [*([] if count else ["no records arrived"]), *gaps.get(tenant, [])]
        more = len(found) - MOST_GAPS
        rows.append(
            {
                "tenant": tenant,
                "raised": raised.get(tenant, 0),
                "records": count,
                "gaps": [*found[:MOST_GAPS], *([f"and {more} more"] if more > 0 else [])],
            }
        )
    return {"from": rfc3339(since), "to": rfc3339(until), "organisations": rows}


def _count_records(sources: Iterable[StoredSource]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for source in sources:
        counts[source.tenant] += source.records
    return dict(counts)


def _find_gaps(work: Transaction, sources: list[StoredSource], since: int) -> dict[str, list[str]]:
    """Return what is not seen, in sentences, for each organisation."""
    gaps: dict[str, list[str]] = defaultdict(list)
    for source in sources:
        if source.silent_since is not None:
            gaps[source.tenant].append(f"{source.kind} is silent since {rfc3339(source.silent_since)}")
        gaps[source.tenant] += count_unjudged([source])
    for note in load_notes(work)[0]:
        if note.end >= since and note.text not in gaps[note.tenant]:
            gaps[note.tenant].append(note.text)
    return gaps
