"""A first import of months shows what a scan of the same files shows, however it comes; nothing older than 30 days is lost."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from seawall.detection.incident import Incident
from seawall.pipeline.live.history import HistoryNotice
from seawall.pipeline.live.news import News
from seawall.storage.database import Database
from seawall.storage.database.live_models import FirstImportRow
from tests.logs import recorded
from tests.pipeline.live.months import (
    BUDGET,
    LARGE_BATCHES,
    Import,
    current,
    kept,
    later,
    live_since,
    months,
    scanned,
    store_of_newer,
    store_of_older,
    watched,
)
from tests.pipeline.live.running import bodies, quick, running, until
from tests.pipeline.live.watching import STEPS

__all__ = ["months", "store_of_newer", "store_of_older"]
ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.slow
OF_THE_PAST = ("past-written", "past-ranked")
SOME_STEPS = ("ingest-written", "score-half-written", "past-written")
"""Within each of the transactions; `make soak` dies at every step."""


@pytest.fixture(scope="module")
def imported(months: Import, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[News]]:
    """The store of one import, which nobody may change, and what was told."""
    store = tmp_path_factory.mktemp("imported") / "store"
    return store, watched(store, months.logs)


def test_one_import_of_months_is_judged_as_a_scan_judges_it(
    months: Import, imported: tuple[Path, list[News]]
) -> None:
    store, news = imported
    found, history = kept(store)
    assert found == months.incidents
    since = live_since(found)
    assert {id_ for id_ in found if found[id_]["first_event"] >= since}.isdisjoint(history)
    assert {id_ for id_ in found if found[id_]["last_event"] < since} <= history
    told = {one.id for one in news if isinstance(one, Incident)}
    judged = [one for one in news if isinstance(one, HistoryNotice)]
    assert told == months.raised - history
    assert len(judged) == 1
    assert {one.id for one in judged[0].raised} == months.raised & history
    assert judged[0].candidates == len(history - months.raised)


@pytest.mark.soak
@pytest.mark.parametrize("order", [("older", "newer"), ("newer", "older")], ids="-then-".join)
def test_two_imports_on_one_day(
    months: Import, order: Sequence[str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store = tmp_path / "store"
    shutil.copytree(request.getfixturevalue(f"store_of_{order[0]}"), store)
    watched(store, *(getattr(months, name) for name in order), clock=later(0))
    assert current(store, months) == months.incidents


def test_bodies_in_any_order(months: Import, tmp_path: Path) -> None:
    contents = bodies(months.logs)
    order = sorted(range(len(contents)), key=lambda place: place * 7919 % len(contents))
    settings = quick(
        tmp_path / "store", budget=BUDGET, sizes=LARGE_BATCHES, history_seconds=0.2, score_seconds=3.0
    )
    with running(settings) as service, ThreadPoolExecutor(8) as senders:
        sent = [
            senders.submit(service.ingest, contents[number], source="a", key=str(number)) for number in order
        ]
        for one in sent:
            one.result()
        until(lambda: current_or_none(tmp_path / "store", months) == months.incidents, every=1.0)


def current_or_none(store: Path, months: Import) -> dict[str, dict[str, Any]] | None:
    try:
        return current(store, months)
    except AssertionError:  # something waits to be judged
        return None


def die_at(steps: Sequence[str], months: Import, store: Path) -> None:
    """Watch in processes that die at these steps, one after the other, and then to the end."""
    deaths = 0
    for step in steps:
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
    assert deaths == len(steps)
    watched(store, months.logs)
    assert current(store, months) == months.incidents


def test_killed_at_some_steps(months: Import, tmp_path: Path) -> None:
    die_at(SOME_STEPS, months, tmp_path / "store")


@pytest.mark.soak
def test_killed_at_every_step(months: Import, tmp_path: Path) -> None:
    die_at((*STEPS, *OF_THE_PAST), months, tmp_path / "store")


def test_a_store_that_judged_no_history_is_judged_at_the_next_start(
    months: Import, imported: tuple[Path, list[News]], tmp_path: Path
) -> None:
    store = tmp_path / "store"
    shutil.copytree(imported[0], store)
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
