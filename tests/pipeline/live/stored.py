"""What a store holds, to be compared with a scan."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seawall.detection.incident import Incident
from seawall.pipeline.live.budget_ranking import rank_under_budget
from seawall.pipeline.live.candidates import unpack_candidate
from seawall.storage.database import Database, QueueCursor, QueueQuery, Transaction
from seawall.storage.files.incident_documents import incident_document


@dataclass(frozen=True)
class Stored:
    """Incidents by id, as `incidents.jsonl` writes them, and the sums."""

    incidents: dict[str, dict[str, Any]]
    records: int
    events: int
    problems: int
    dirty: int


def stored(store: Path | str) -> Stored:
    """Read all of a store but the incidents that people were told of before later records made them none: they are
    kept, and raised no more."""
    place = store if isinstance(store, str) else store / "seawall.db"
    database = Database.open(place)
    try:
        with database.reading() as work:
            found: dict[str, dict[str, Any]] = {}
            after: QueueCursor | None = None
            while page := work.incidents.page(QueueQuery(), after=after, limit=500):
                found.update((one.id, json.loads(json.dumps(incident_document(one)))) for one in page)
                after = QueueCursor(page[-1].score, page[-1].id)
            renamed = work.aliases.all()
            told = {renamed.get(id_, id_) for id_ in work.announcements.all()}
            current = {one.id for one in current_of(work)}
            lapsed = {id_ for id_ in found if id_ not in current}
            assert lapsed <= told
            assert not any(found[id_]["raised"] for id_ in lapsed)
            found = {id_: one for id_, one in found.items() if id_ in current}
            totals = work.totals.all()
            events = sum(int(document["events"]) for document in work.days.since(0).values())
            dirty = len(work.dirty.all())
    finally:
        database.close()
    return Stored(found, totals.get("records", 0), events, totals.get("problems", 0), dirty)


def current_of(work: Transaction) -> tuple[Incident, ...]:
    """What the kept candidates say now, ranked by themselves."""
    days = work.days.since(0)
    kept = work.candidates.since(0)
    last = max(days)
    return rank_under_budget(
        [unpack_candidate(content) for day in sorted(kept) for content in kept[day]],
        notes=[],
        accounts_by_tenant=days[last]["tenants"],
        first_day=min(days),
        last_day=last,
        budget=2.0,
    ).incidents


def scanned(out: Path) -> Stored:
    """Read what a scan wrote."""
    lines = (out / "incidents.jsonl").read_text("utf-8").splitlines()
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    incidents = {document["id"]: document for document in map(json.loads, lines)}
    return Stored(incidents, summary["records"], summary["events"], summary["problems"], 0)
