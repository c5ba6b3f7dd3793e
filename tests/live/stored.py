"""What a store holds, to be compared with a scan."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seawall.report.documents import incident_document
from seawall.store.database import Choice, Database, Place


@dataclass(frozen=True)
class Stored:
    """Incidents by id, as `incidents.jsonl` writes them, and the sums."""

    incidents: dict[str, dict[str, Any]]
    records: int
    events: int
    problems: int
    dirty: int


def stored(store: Path | str) -> Stored:
    """Read all of a store."""
    place = store if isinstance(store, str) else store / "seawall.db"
    database = Database.open(place)
    try:
        with database.reading() as work:
            found: dict[str, dict[str, Any]] = {}
            after: Place | None = None
            while page := work.incidents.page(Choice(), after=after, limit=500):
                found.update((one.id, json.loads(json.dumps(incident_document(one)))) for one in page)
                after = Place(page[-1].score, page[-1].id)
            totals = work.totals.all()
            events = sum(int(document["events"]) for document in work.days.since(0).values())
            dirty = len(work.dirty.all())
    finally:
        database.close()
    return Stored(found, totals.get("records", 0), events, totals.get("problems", 0), dirty)


def scanned(out: Path) -> Stored:
    """Read what a scan wrote."""
    lines = (out / "incidents.jsonl").read_text("utf-8").splitlines()
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    incidents = {document["id"]: document for document in map(json.loads, lines)}
    return Stored(incidents, summary["records"], summary["events"], summary["problems"], 0)
