"""The budget that a watch is started with holds in the console too, also where the console only looks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from seawall.console.context import ConsoleContext, ConsoleSettings
from seawall.console.data.answers import what_if_service
from seawall.console.data.running_values import BudgetValue
from seawall.console.data.summary import build_summary
from seawall.detection.incidents.alert_budget import LEAST_SCORE
from seawall.pipeline.live.budget import read_configured_least_score
from seawall.pipeline.live.opening import open_watch_store
from seawall.pipeline.live.settings import LiveSettings
from seawall.pipeline.scan import ScanSettings, scan
from seawall.storage.database import QueueQuery
from tests.pipeline.live.running import bodies, quick, running, settled

DAY = 86_400_000_000


@contextmanager
def looking(settings: LiveSettings) -> Iterator[ConsoleContext]:
    """A console over the store of a watch that has ended."""
    with open_watch_store(settings, print) as (database, lake):
        yield ConsoleContext(database, lake, bytes(32), ConsoleSettings())


def watched(logs: Path, store: Path, budget: float | None, **more: Any) -> LiveSettings:
    """Have a watch read all logs, and end."""
    settings = quick(store, budget=budget, **more)
    with running(settings) as service:
        records = sum(
            service.ingest(body, source="a", key=str(number)).records
            for number, body in enumerate(bodies(logs))
        )
        settled(service, records)
    return settings


def test_a_threshold_raises_the_same_in_scan_and_watch(logs: Path, tmp_path: Path) -> None:
    def raised(least: float | None) -> dict[str, float]:
        found = scan([logs], settings=ScanSettings(budget=50.0, least_score=least)).incidents
        return {one.id: one.score for one in found if one.raised}

    everything = raised(LEAST_SCORE)
    least = sorted(everything.values())[len(everything) // 2]
    expected = raised(least)
    assert 0 < len(expected) < len(everything)
    settings = watched(logs, tmp_path / "store", 50.0, least_score=least)
    with looking(settings) as context, context.database.reading() as work:
        assert {one.id for one in work.incidents.rows(QueueQuery(raised=True), limit=1000)} == set(expected)
        assert read_configured_least_score(work) == least
        shown = build_summary(context, 60 * DAY).threshold
    assert (shown.least_score, shown.configured, shown.chosen) == (least, least, None)
    with running(quick(tmp_path / "store", budget=50.0)):
        pass
    with looking(settings) as context:
        assert build_summary(context, 60 * DAY).threshold.configured is None


def budget(context: ConsoleContext) -> BudgetValue:
    return build_summary(context, 60 * DAY).budget


@pytest.fixture(scope="module")
def store_of_fifty(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a watch with a budget of 50; whoever looks into it takes a copy."""
    store = tmp_path_factory.mktemp("fifty") / "store"
    watched(logs, store, 50.0)
    return store


@pytest.fixture
def fifty(store_of_fifty: Path, tmp_path: Path) -> LiveSettings:
    """The settings of such a watch, over a copy of the store."""
    shutil.copytree(store_of_fifty, tmp_path / "store")
    return quick(tmp_path / "store", budget=50.0)


def test_the_console_reckons_with_the_budget_that_the_watch_was_started_with(fifty: LiveSettings) -> None:
    with looking(fifty) as context:
        shown = budget(context)
        with context.database.reading() as work:
            days = work.days.since(0)
        span = max(days) - min(days) + 1
        assert (shown.per_day, shown.span_days, shown.allowed) == (50.0 * len(shown.tenants), span, 50 * span)
        assert [(one.per_day, one.allowed) for one in shown.tenants] == [(50.0, 50 * span)]
        assert 0 < shown.spent == sum(one.spent for one in shown.tenants) <= shown.allowed
        desk = what_if_service(context)
        same = desk.what_if(50.0)
        assert (same.more, same.fewer) == ((), ())
        assert same.raised == shown.spent
        fewer = desk.what_if(0.1)
        assert len(fewer.fewer) == same.raised - fewer.raised > 0


def test_what_is_set_in_the_console_comes_before_it_and_is_given_back(fifty: LiveSettings) -> None:
    with looking(fifty) as context:
        with context.database.writing() as work:
            work.settings.put("budget", {"per_day": 3.0})
        shown = budget(context)
        assert (shown.chosen, shown.configured, shown.tenants[0].per_day) == (3.0, 50.0, 3.0)
        with context.database.writing() as work:
            work.settings.forget("budget")
        shown = budget(context)
        assert (shown.chosen, shown.configured, shown.tenants[0].per_day) == (None, 50.0, 50.0)


def test_a_start_without_budget_forgets_that_of_the_start_before(tmp_path: Path) -> None:
    with running(quick(tmp_path / "store", budget=50.0)):
        pass
    with running(settings := quick(tmp_path / "store", budget=None)):
        pass
    with looking(settings) as context:
        assert budget(context).configured is None


def test_nothing_read_has_no_span(tmp_path: Path) -> None:
    with running(settings := quick(tmp_path / "store", budget=50.0)):
        pass
    with looking(settings) as context:
        shown = budget(context)
        assert (shown.span_days, shown.allowed, shown.spent, shown.configured) == (0, 0, 0, 50.0)
