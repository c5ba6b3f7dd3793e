"""The logs of an organisation over months, what a scan finds in them, and what a store keeps once a watch has read them."""

from __future__ import annotations

import json
import shutil
import threading
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from seawall.lab.worlds import WorldSettings, make_world
from seawall.pipeline.live.budget_ranking import RANKED_DAYS
from seawall.pipeline.live.news import News
from seawall.pipeline.live.opening import open_watch_store
from seawall.pipeline.live.service import WatchService
from seawall.pipeline.scan import scan
from seawall.pipeline.tail import BatchSizes
from seawall.storage.database import Database, QueueQuery
from seawall.storage.files.incident_documents import incident_document
from seawall_base.clock import Clock
from tests.clocks import ClockOf
from tests.once import make_once
from tests.pipeline.live.running import quick

BUDGET = 0.2
LARGE_BATCHES = BatchSizes(records=2_000, seconds=1.0)
"""Months come in fewer batches than days do: what each batch and each scoring costs is most of what a watch of them costs."""
DAY = 86_400_000_000


@dataclass(frozen=True)
class Import:
    """The logs of an organisation over 52 days, cut into two folders by time, and what a scan of them finds."""

    logs: Path
    older: Path
    """The first 36 days, more than the live window."""

    newer: Path
    incidents: dict[str, dict[str, Any]]

    @property
    def raised(self) -> set[str]:
        return {id_ for id_, one in self.incidents.items() if one["raised"]}


def cut(logs: Path, folder: Path, days: int) -> tuple[Path, Path]:
    """Copy logs into two folders, by the days that their names tell."""
    files = [path for path in sorted(logs.rglob("*")) if path.is_file()]
    named = {path: "".join(c for c in path.stem.split("-", 1)[-1] if c.isdigit())[:8] for path in files}
    line = sorted(set(named.values()))[days]
    for path, day in named.items():
        to = folder / ("newer" if day >= line else "older") / path.relative_to(logs)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)
    return folder / "older", folder / "newer"


def scanned(logs: Path, out: Path, budget: float | None = BUDGET) -> dict[str, dict[str, Any]]:
    """What a scan writes, by id."""
    scan([logs], out, budget=budget)
    return scan_documents(out)


def scan_documents(out: Path) -> dict[str, dict[str, Any]]:
    """What a scan wrote, by id."""
    lines = (out / "incidents.jsonl").read_text("utf-8").splitlines()
    return {document["id"]: document for document in map(json.loads, lines)}


@pytest.fixture(scope="session")
def months(tmp_path_factory: pytest.TempPathFactory) -> Import:
    """Made once in a test run: nobody may change it."""

    def make(folder: Path) -> None:
        make_world(
            WorldSettings(61, accounts=9, days=52, attacks=6, quiet_days=5, density=0.12), folder / "world"
        )
        cut(folder / "world" / "logs", folder, 36)
        scanned(folder / "world" / "logs", folder / "scan")

    folder = make_once(tmp_path_factory, "months", make)
    found = scan_documents(folder / "scan")
    made = Import(folder / "world" / "logs", folder / "older", folder / "newer", found)
    assert len({found[id_]["attack"] or id_ for id_ in made.raised}) == 10  # an attack takes one place
    assert any(found[id_]["last_event"] < live_since(found) for id_ in made.raised)
    return made


def watched(store: Path, *folders: Path, clock: Clock | None = None, **more: Any) -> list[News]:
    """Watch folders until all is read, scored and told; what was told."""
    news: list[News] = []
    settings = quick(
        store, *folders, **{"budget": BUDGET, "sizes": LARGE_BATCHES, "score_seconds": 2.0, **more}
    )
    with open_watch_store(settings, print) as (database, lake):
        service = WatchService(settings, database, lake, news=news.append, clock=clock or Clock())
        service.run(threading.Event(), "once")
    return news


def kept(store: Path | str) -> tuple[dict[str, dict[str, Any]], set[str]]:
    """The incidents of a store, by id, and which of them are history."""
    database = Database.open(store if isinstance(store, str) else store / "seawall.db")
    try:
        with database.reading() as work:
            rows = work.incidents.rows(QueueQuery(), limit=10_000)
            found = {one.id: work.incidents.get(one.id) for one in rows}
            assert not work.first_imports.waiting()
            return {
                id_: json.loads(json.dumps(incident_document(one))) for id_, one in found.items() if one
            }, {one.id for one in rows if one.is_history}
    finally:
        database.close()


def later(days: float) -> Clock:
    """A wall clock that stands some days after the first watch began."""
    return ClockOf(now=lambda: round(1_900_000_000_000_000 + days * DAY))


def live_since(incidents: dict[str, dict[str, Any]]) -> str:
    last = max(one["last_event"] for one in incidents.values())
    return (date.fromisoformat(last[:10]) - timedelta(days=RANKED_DAYS - 1)).isoformat()


def current(store: Path | str, months: Import) -> dict[str, dict[str, Any]]:
    """The incidents of a store but those of which people were told before more came, and which are none any more."""
    found, _ = kept(store)
    database = Database.open(store if isinstance(store, str) else store / "seawall.db")
    try:
        with database.reading() as work:
            renamed = work.aliases.all()
            told = {renamed.get(id_, id_) for id_ in work.announcements.all()}
    finally:
        database.close()
    lapsed = {
        id_ for id_ in found.keys() - months.incidents.keys() if id_ in told and not found[id_]["raised"]
    }
    return {id_: one for id_, one in found.items() if id_ not in lapsed}


@pytest.fixture(scope="session")
def store_of_older(months: Import, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a watch keeps of the first 36 days; whoever goes on with it takes a copy."""
    return watched_once(tmp_path_factory, "older", months.older)


@pytest.fixture(scope="session")
def store_of_newer(months: Import, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a watch keeps of the other days; whoever goes on with it takes a copy."""
    return watched_once(tmp_path_factory, "newer", months.newer)


def watched_once(factory: pytest.TempPathFactory, name: str, logs: Path) -> Path:
    return make_once(factory, f"watched-{name}", lambda place: first_watch(place / "store", logs)) / "store"


def first_watch(store: Path, logs: Path) -> None:
    watched(store, logs, clock=later(0))
