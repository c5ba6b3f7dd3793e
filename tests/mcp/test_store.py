"""The tools over a store: its audit trail holds the calls, its pseudonyms are the console's, and former ids are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.console.context import installation_key
from seawall.console.privacy.pseudonyms import Pseudonyms
from seawall.detection.incident import AttackLink
from seawall.mcp import stored_source, tool_table
from seawall.mcp.call_audit import ACTION, DatabaseAudit
from seawall.mcp.calls import CallRunner
from seawall.mcp.names import StoreNames
from seawall.mcp.stored_source import StoreSource
from seawall.storage.location import Store, open_store
from seawall_base.errors import UsageError
from tests.console.filled import ANN, BOB, FIRST, events, incidents
from tests.console.samples import DAY
from tests.mcp.assistants import Call, ask_over_streams

CALLS: tuple[Call, ...] = (
    ("incidents", {"candidates": True, "limit": 3}),
    ("incident", {"incident": f"{0:012x}"}),
    ("plan", {"incident": "1"}),
    ("scope", {"incident": "1"}),
    ("coverage", {}),
    ("rule_hits", {}),
    ("search", {"kind": "account", "value": ANN, "limit": 5}),
    ("story", {"incident": "none-such"}),
)


def fill(store: Store) -> None:
    store.lake.append(events())
    with store.database.writing() as work:
        work.incidents.put(incidents())
        work.aliases.put({"0ld": f"{0:012x}"}, at=FIRST)
        note = {
            "tenant": "org",
            "source": "m365_audit",
            "code": "gap",
            "start": FIRST,
            "end": FIRST + DAY,
            "text": "a gap",
        }
        work.settings.put(
            "coverage", {"notes": [note, {"code": "unknown"}, "no note", {**note, "code": "other"}]}
        )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "store"
    with open_store(place, make=True) as store:
        fill(store)
    return place


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with open_store(folder) as opened:
        yield opened


def test_an_assistant_reads_a_store_and_the_trail_says_what(folder: Path, tmp_path: Path) -> None:
    asked = ask_over_streams(["--store", str(folder)], CALLS, tmp_path / "stderr")
    listed, one, plan, scope, coverage, hits, found = (asked.document(place) for place in range(7))
    assert (listed["incidents"]["total"], listed["is_bounded"]) == (30, False)
    assert one["incident"]["account"] == {"untrusted": ANN}
    assert plan["steps"]["items"]
    assert scope["state"] == "done"
    assert [gap["text"]["untrusted"] for gap in coverage["gaps"]["items"]] == ["a gap"]
    assert hits["hits"]["total"] >= 0
    assert (found["matches"], len(found["records"]["items"])) == (60, 5)
    assert asked.answers[-1].is_error
    with open_store(folder) as opened, opened.database.reading() as work:
        trail = sorted(work.audit.page(), key=lambda entry: entry.sequence)
        assert [(entry.actor, entry.action, entry.subject) for entry in trail] == [
            ("local", ACTION, name) for name, _ in CALLS
        ]
        assert [entry.details["outcome"] for entry in trail] == ["answered"] * 7 + ["refused"]
        assert work.audit.verify().is_whole


def test_pseudonyms_of_a_store_are_those_of_its_console(store: Store) -> None:
    runner = CallRunner(
        source=StoreSource(store),
        audit=DatabaseAudit(store.database),
        actor="local",
        view=StoreNames(store).view,
    )
    answer = runner.call("incidents", {"candidates": True, "limit": 50})
    assert answer.document is not None
    shown = answer.document["incidents"]["items"][0]["account"]["untrusted"]
    assert shown == Pseudonyms(installation_key(store.folder)).pseudonym_of(ANN)
    assert "@" not in answer.text
    with store.database.writing() as work:
        work.incidents.put([replace(incidents()[0], id="f" * 12, account="new.name@far.example", score=9.0)])
    assert "far.example" not in runner.call("incidents", {}).text


def test_former_ids_and_ranks_find_an_incident(store: Store) -> None:
    source = StoreSource(store)
    assert source.find_incident("0ld")[1].id == source.find_incident("1")[1].id == f"{0:012x}"
    for wanted in ("none", "", "9" * 400):
        with pytest.raises(UsageError):
            source.find_incident(wanted)


def test_a_large_store_lists_its_worst_incidents_and_says_so(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_source, "MOST_INCIDENTS", 4)
    runner = CallRunner(source=StoreSource(store), audit=DatabaseAudit(store.database), actor="local")
    document = runner.call("incidents", {"candidates": True}).document
    assert document is not None
    assert (document["incidents"]["total"], document["is_bounded"]) == (4, True)


def test_a_scope_over_too_many_events_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_source, "MOST_EVENTS", 10)
    runner = CallRunner(source=StoreSource(store), audit=DatabaseAudit(store.database), actor="local")
    refused = runner.call("scope", {"incident": "1"})
    assert refused.is_error
    assert "seawall scope --store DIR" in refused.text


def test_a_search_that_takes_long_says_that_it_is_bounded(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = CallRunner(source=StoreSource(store), audit=DatabaseAudit(store.database), actor="local")
    whole = runner.call("search", {"kind": "account", "value": ANN}).document
    monkeypatch.setattr(tool_table, "SEARCH_SECONDS", -1.0)
    cut = runner.call("search", {"kind": "account", "value": ANN}).document
    assert whole is not None
    assert cut is not None
    assert (whole["matches"], whole["is_bounded"]) == (60, False)
    assert (cut["matches"], cut["searched"], cut["is_bounded"]) == (0, 0, True)


def test_a_search_ends_at_the_newest_records(store: Store) -> None:
    runner = CallRunner(source=StoreSource(store), audit=DatabaseAudit(store.database), actor="local")
    document = runner.call("search", {"kind": "account", "value": ANN, "limit": 1}).document
    assert document is not None
    (newest,) = document["records"]["items"]
    assert newest["time"] == document["last"]
    assert document["records"]["cut"]


def test_a_plan_is_for_the_incident_or_for_its_whole_attack(store: Store) -> None:
    first, second = incidents()[:2]
    tie = (
        AttackLink(second.id, second.account, "application", "Mailtide"),
        AttackLink(first.id, ANN, "account", ANN),
    )
    with store.database.writing() as work:
        work.incidents.put([replace(first, attack=first.id, attack_links=tie[:1])])
        work.incidents.put([replace(second, attack=first.id, attack_links=tie[1:], events=("b-0",))])
    runner = CallRunner(source=StoreSource(store), audit=DatabaseAudit(store.database), actor="local")

    def list_accounts(**more: object) -> set[str]:
        answer = runner.call("plan", {"incident": first.id, "limit": 50, **more})
        assert answer.document is not None, answer.text
        return {step["account"]["untrusted"] for step in answer.document["steps"]["items"]}

    assert BOB not in list_accounts()
    assert list_accounts(attack=True) >= {ANN, BOB}
    for wrong in ("yes", 1, None, [True]):
        refused = runner.call("plan", {"incident": first.id, "attack": wrong})
        assert refused.is_error
        assert "impossible arguments" in refused.text
