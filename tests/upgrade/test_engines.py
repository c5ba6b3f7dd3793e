"""Stores of the engines of 26 and 29 November 2026 go on: their events are scored again, and what changed is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seawall.pipeline.live.rescoring import ACTION
from seawall.storage.database import QueueQuery
from seawall.storage.location import open_store
from tests.cli.conftest import Run
from tests.upgrade.conftest import Unpack, VerbInJson

STORES = ("store-11-26", "store-11-29")
ANSWERED, OTHER = "d2e0d2f129e6", "4f132b312e22"
"""The incidents that were raised by both engines; the first was answered."""


def documents(text: str, kind: str) -> list[dict[str, Any]]:
    return [one for line in text.splitlines() if (one := json.loads(line))["type"] == kind]


def raised_of(store: Path) -> dict[str, tuple[str, float]]:
    with open_store(store) as opened, opened.database.reading() as work:
        found = work.incidents.page(QueueQuery(raised=True), limit=50)
        return {one.id: (one.severity, one.score) for one in found}


@pytest.mark.parametrize("store", STORES)
def test_a_watch_goes_on_and_says_what_changed(
    unpack: Unpack, run: Run, answer: VerbInJson, store: str
) -> None:
    folder = unpack("engines", store, "later")
    done = run("watch", "later", "--store", store, "--once", "--json")
    assert done.code == 0, done.err
    assert "scoring 15 days again" in done.err
    assert "migrated the database from version 0004 to" in done.err or store == STORES[0]
    assert "seawall.db.before-" in done.err
    (told,) = documents(done.out, "events.rescored")
    assert (told["days"], told["new"], told["gone"]) == (15, [], [])
    assert {one["now"]["id"] for one in told["changed"]} <= {ANSWERED, OTHER}
    raised = raised_of(folder / store)
    assert {ANSWERED, OTHER} <= raised.keys()
    with open_store(folder / store) as opened, opened.database.reading() as work:
        (entry,) = [one for one in work.audit.page(limit=10) if one.action == ACTION]
        assert entry.details["raised"] == told["raised"]
        assert entry.details["changed"] == [one["now"]["id"] for one in told["changed"]]
        (given,) = work.answers.page()
        assert (given.incident, given.answer, given.note) == (ANSWERED, "compromised", "called the owner")
    assert answer("store", "check", "--store", store)["ok"]
    again = run("watch", "later", "--store", store, "--once", "--json")
    assert documents(again.out, "events.rescored") == []
    assert raised_of(folder / store) == raised
    (summary,) = documents(again.out, "summary")
    assert summary["records"] == summary["events"] + summary["duplicates"] + summary["problems"]
    assert answer("store", "rescore", "--store", store)["changed"] == []
    assert raised_of(folder / store) == raised


@pytest.mark.parametrize("harm", ["state", "candidate"])
def test_what_cannot_be_read_is_scored_again(unpack: Unpack, run: Run, answer: VerbInJson, harm: str) -> None:
    """A watch repairs it by itself; the command says the same before any watch runs."""
    folder = unpack("engines", STORES[1])
    store = folder / STORES[1]
    assert run("store", "migrate", "--store", STORES[1]).code == 0
    assert run("store", "rescore", "--store", STORES[1]).code == 0
    before = raised_of(store)
    with open_store(store) as opened, opened.database.writing() as work:
        if harm == "state":
            work.states.put("detection/ledger", b"no state")
        else:
            day = max(work.candidates.counts())
            work.candidates.put_day(day, [b"no candidate"], tenants=["x"], share=3)
    assert not answer("store", "check", "--store", STORES[1], code=1)["ok"]
    (folder / "logs").mkdir()
    done = run("watch", "logs", "--store", STORES[1], "--once", "--json")
    assert done.code == 0, done.err
    (told,) = documents(done.out, "events.rescored")
    assert (told["new"], told["gone"], told["changed"]) == ([], [], [])
    assert raised_of(store) == before
    assert answer("store", "check", "--store", STORES[1])["ok"]


def test_a_stop_in_between_loses_neither_incidents_nor_the_comparison(unpack: Unpack, run: Run) -> None:
    """Incidents stay while days wait; the next watch goes on, and compares with what was raised at the beginning."""
    from seawall.pipeline.live.rescoring import begin_rescoring

    folder = unpack("engines", STORES[1], "later")
    store = folder / STORES[1]
    assert run("store", "migrate", "--store", STORES[1]).code == 0
    with open_store(store) as opened:
        days = {(size.day.toordinal() - 719163) for size in opened.lake.size().days}
        with opened.database.writing() as work:
            begin_rescoring(work, days, "first", at=0)
            work.incidents.remove([OTHER])
        with opened.database.writing() as work:
            begin_rescoring(work, days, "second", at=1)
    done = run("watch", "later", "--store", STORES[1], "--once", "--json")
    (told,) = documents(done.out, "events.rescored")
    assert told["reason"] == "second"
    assert OTHER not in {one["id"] for one in told["new"]}
    assert {ANSWERED, OTHER} <= raised_of(store).keys()
