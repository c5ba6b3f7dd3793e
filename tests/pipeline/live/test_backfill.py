"""A first import of months shows what a scan of the same files shows, however it comes; nothing older than 30 days is lost."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from seawall.detection.incident import Incident
from seawall.lab.worlds import WorldSettings, make_world
from seawall.pipeline.live.history import HistoryJudged
from seawall.pipeline.live.opening import open_watch_store
from seawall.pipeline.live.ruling import RULED_DAYS
from seawall.pipeline.live.service import News, Service
from seawall.pipeline.scan import scan
from seawall.storage.database import Database, QueueQuery
from seawall.storage.database.live_models import FirstImportRow
from seawall.storage.files.incident_documents import incident_document
from seawall_base.clock import Clock
from seawall_base.webhook import Webhook
from tests.base.webhooks.receiver import receiving
from tests.clocks import ClockOf
from tests.logs import recorded
from tests.pipeline.live.running import bodies, quick, running, until
from tests.pipeline.live.watching import STEPS

BUDGET = 0.2
DAY = 86_400_000_000
ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.slow


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
    lines = (out / "incidents.jsonl").read_text("utf-8").splitlines()
    return {document["id"]: document for document in map(json.loads, lines)}


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> Import:
    folder = tmp_path_factory.mktemp("months")
    world = WorldSettings(61, accounts=9, days=52, attacks=6, quiet_days=5, density=0.12)
    make_world(world, folder / "world")
    older, newer = cut(folder / "world" / "logs", folder, 36)
    found = scanned(folder / "world" / "logs", folder / "scan")
    made = Import(folder / "world" / "logs", older, newer, found)
    assert len(made.raised) == 10
    assert any(found[id_]["last_event"] < live_since(found) for id_ in made.raised)
    return made


def watched(store: Path, *folders: Path, clock: Clock | None = None, **more: Any) -> list[News]:
    """Watch folders until all is read, scored and told; what was told."""
    news: list[News] = []
    settings = quick(store, *folders, **{"budget": BUDGET, **more})
    with open_watch_store(settings) as (database, lake):
        service = Service(settings, database, lake, news=news.append, clock=clock or Clock())
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
    return (date.fromisoformat(last[:10]) - timedelta(days=RULED_DAYS - 1)).isoformat()


def test_one_import_of_months_is_judged_as_a_scan_judges_it(months: Import, tmp_path: Path) -> None:
    news = watched(tmp_path / "store", months.logs)
    found, history = kept(tmp_path / "store")
    assert found == months.incidents
    since = live_since(found)
    assert {id_ for id_ in found if found[id_]["first_event"] >= since}.isdisjoint(history)
    assert {id_ for id_ in found if found[id_]["last_event"] < since} <= history
    told = {one.id for one in news if isinstance(one, Incident)}
    judged = [one for one in news if isinstance(one, HistoryJudged)]
    assert told == months.raised - history
    assert len(judged) == 1
    assert {one.id for one in judged[0].raised} == months.raised & history
    assert judged[0].candidates == len(history - months.raised)


@pytest.mark.parametrize("order", [("older", "newer"), ("newer", "older")])
def test_two_imports_on_one_day(months: Import, tmp_path: Path, order: Sequence[str]) -> None:
    folders = [getattr(months, name) for name in order]
    watched(tmp_path / "store", folders[0])
    watched(tmp_path / "store", *folders)
    assert current(tmp_path / "store", months) == months.incidents


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


def test_bodies_in_any_order(months: Import, tmp_path: Path) -> None:
    contents = bodies(months.logs)
    with running(quick(tmp_path / "store", budget=BUDGET, history_seconds=0.2)) as service:
        for number in sorted(range(len(contents)), key=lambda place: place * 7919 % len(contents)):
            service.ingest(contents[number], source="a", key=str(number))
        until(lambda: current_or_none(tmp_path / "store", months) == months.incidents)


def current_or_none(store: Path, months: Import) -> dict[str, dict[str, Any]] | None:
    try:
        return current(store, months)
    except AssertionError:  # something waits to be judged
        return None


def test_killed_at_every_step(months: Import, tmp_path: Path) -> None:
    store, deaths = tmp_path / "store", 0
    for step in (*STEPS, "past-written", "past-judged"):
        command = [
            sys.executable,
            "-m",
            "tests.pipeline.live.watching",
            str(months.logs),
            str(store),
            step,
            str(BUDGET),
        ]
        deaths += subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert deaths == len(STEPS) + 2
    watched(store, months.logs)
    assert current(store, months) == months.incidents


@pytest.mark.parametrize("days", [12, 36], ids=["after-months", "after-days"])
def test_an_older_import_weeks_later_is_judged_and_marked(months: Import, tmp_path: Path, days: int) -> None:
    older, newer = cut(months.logs, tmp_path, days)
    store = tmp_path / "store"
    with receiving() as receiver:
        more = {"webhooks": (Webhook(receiver.url),)}
        watched(store, newer, clock=later(0), **more)
        watched(store, newer, clock=later(2), **more)  # its first import is over
        before, _ = kept(store)
        receiver.requests.clear()
        news = watched(store, newer, older, clock=later(9), **more)
        sent = [json.loads(body)["type"] for _, body in receiver.requests]
    found, history = kept(store)
    since = live_since(found)
    old = {id_: one for id_, one in months.incidents.items() if one["last_event"] < since}
    assert old
    assert {id_: scores(found[id_]) for id_ in old} == {id_: scores(one) for id_, one in old.items()}
    assert months.raised & old.keys() <= {id_ for id_, one in found.items() if one["raised"]}
    assert old.keys() - before.keys() <= history
    assert sent.count("history.judged") == 1
    assert sent.count("incident.raised") == sum(isinstance(one, Incident) for one in news)
    assert all(one.last_event >= moment(since) for one in news if isinstance(one, Incident))


def scores(document: dict[str, Any]) -> tuple[Any, ...]:
    return document["id"], document["score"], document["account"], document["first_event"]


def moment(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


def test_what_comes_after_the_import_has_a_budget_of_its_own(months: Import, tmp_path: Path) -> None:
    store = tmp_path / "store"
    watched(store, months.older, clock=later(0))
    watched(store, months.older, clock=later(2))  # the import is over
    imported, _history = kept(store)
    assert imported == scanned(months.older, tmp_path / "older")
    news = watched(store, months.older, months.newer, clock=later(18))
    found, _ = kept(store)
    border = max(one["last_event"] for one in imported.values())[:10] + "T24"
    # What is older is as it was; 16 days have a budget of 3 for themselves.
    assert {id_: one for id_, one in found.items() if one["first_event"] < border} == imported
    new = {id_ for id_, one in found.items() if one["first_event"] > border and one["raised"]}
    assert len(new) == 3
    assert {one.id for one in news if isinstance(one, Incident)} == new


def test_a_store_that_judged_no_history_is_judged_at_the_next_start(months: Import, tmp_path: Path) -> None:
    store = tmp_path / "store"
    watched(store, months.logs)
    database = Database.open(store / "seawall.db")
    with database.writing() as work:  # as a version before this one left it
        old = work.incidents.history()
        work.incidents.remove(old)
        work.session.execute(delete(FirstImportRow))
    database.close()
    watched(store, months.logs)
    found, history = kept(store)
    assert old
    assert history == old
    assert {id_: found[id_] for id_ in old} == {id_: months.incidents[id_] for id_ in old}


def test_a_recorded_organisation(tmp_path: Path) -> None:
    """Three months of a real tenant's audit log: a scan raises 7, and a watch raised the one of the last 30 days alone."""
    logs = recorded(tmp_path)
    expected = scanned(logs, tmp_path / "scan", None)
    watched(tmp_path / "store", logs, budget=None)
    found, history = kept(tmp_path / "store")
    assert found == expected
    assert sum(one["raised"] for one in found.values()) == 7
    assert sum(found[id_]["raised"] for id_ in history) == 6
