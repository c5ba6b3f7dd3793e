"""What comes weeks after the first import is judged apart from it: old records are marked, new ones have their own budget."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from seawall.detection.incident import Incident
from seawall_base.webhook import Webhook
from tests.base.webhooks.receiver import receiving
from tests.pipeline.live.months import (
    Import,
    cut,
    kept,
    later,
    live_since,
    months,
    scanned,
    store_of_newer,
    store_of_older,
    watched,
)

__all__ = ["months", "store_of_newer", "store_of_older"]
pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "days", [pytest.param(12, marks=pytest.mark.soak, id="after-months"), pytest.param(36, id="after-days")]
)
def test_an_older_import_weeks_later_is_judged_and_marked(
    months: Import, tmp_path: Path, days: int, request: pytest.FixtureRequest
) -> None:
    store = tmp_path / "store"
    if days == 36:
        older, newer = months.older, months.newer
        shutil.copytree(request.getfixturevalue("store_of_newer"), store)
    else:
        older, newer = cut(months.logs, tmp_path, days)
        watched(store, newer, clock=later(0))
    with receiving() as receiver:
        more = {"webhooks": (Webhook(receiver.url),)}
        watched(store, newer, clock=later(2), **more)  # its first import is over
        before, _ = kept(store)
        receiver.requests.clear()
        # one scoring, after all is read: what an earlier one finds of half the records may lend its name to an old incident
        news = watched(
            store, newer, older, clock=later(9), score_seconds=600.0, backlog_seconds=600.0, **more
        )
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


def test_what_comes_after_the_import_has_a_budget_of_its_own(
    months: Import, store_of_older: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    shutil.copytree(store_of_older, store)
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
