"""The same scope comes from logs, from a scan's results and from a store; campaigns of the lab are found as they were staged."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from seawall import scan
from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from seawall.lab.worlds import World, WorldSettings, make_world
from seawall.response.scope import ScopeQuery, SearchBounds
from seawall.response.scope.sources import incident_records, scope_of_logs, scope_of_scan
from seawall.response.scope.stored import scope_of_store
from seawall.response.scope_values import IndicatorKind, Scope
from seawall.storage.location import open_store
from seawall_base.errors import InputUnreadable, UsageError
from seawall_base.times import parse_rfc3339
from tests.logs import recorded


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    settings = WorldSettings(
        8, tenants=2, accounts=14, days=16, attacks=1, campaigns=2, density=0.3, confusers=()
    )
    return make_world(settings, tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def scanned(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a scan of these logs wrote: whoever changes it takes a copy."""
    out = tmp_path_factory.mktemp("scanned") / "out"
    scan([world.folder / "logs"], out=out)
    return out


def seeds(campaign: dict[str, Any]) -> ScopeQuery:
    return ScopeQuery(tuple(("address", one) for one in campaign["addresses"]))


def taken(world: World, campaign: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """What the truth says that each mailbox lost to an actor."""
    return {
        (attack["tenant"], mailbox): lost
        for attack in world.truth["attacks"]
        if attack.get("campaign") == campaign["id"]
        for mailbox, lost in attack["taken"].items()
    }


def verdicts(scope: Scope) -> dict[tuple[str, str], str]:
    return {(one.tenant, one.name): one.verdict for one in scope.mailboxes}


def without_sources(scope: Scope) -> Scope:
    return dataclasses.replace(scope, sources=())


def test_every_mailbox_of_a_campaign_is_touched_with_exactly_its_messages(world: World) -> None:
    for campaign in world.truth["campaigns"]:
        scope, _ = scope_of_logs([world.folder / "logs"], seeds(campaign), SearchBounds())
        lost = taken(world, campaign)
        assert lost
        found = {(one.tenant, one.name): one for one in scope.mailboxes}
        assert {key for key, one in found.items() if one.verdict == "touched"} <= set(lost)
        for key, truth in lost.items():
            assert found[key].verdict in ("touched", "possible")
            named = {one.id for one in scope.messages if (one.tenant, one.mailbox) == key}
            assert named <= set(truth["messages"])
            assert found[key].messages == len(named)
        exact = sum(found[key].messages == len(truth["messages"]) for key, truth in lost.items())
        assert exact >= len(lost) / 2


@pytest.mark.slow
@pytest.mark.parametrize("most", [1, pytest.param(None, marks=pytest.mark.soak)], ids=["first", "every"])
def test_with_one_address_alone_nobody_who_was_touched_is_cleared(world: World, most: int | None) -> None:
    for campaign in world.truth["campaigns"]:
        for address in campaign["addresses"][:most]:
            scope, _ = scope_of_logs(
                [world.folder / "logs"], ScopeQuery((("address", address),)), SearchBounds()
            )
            found = verdicts(scope)
            assert not [key for key in taken(world, campaign) if found[key] == "not_touched"]


@pytest.mark.slow
def test_logs_a_scan_and_a_store_give_the_same_scope(world: World, scanned: Path, tmp_path: Path) -> None:
    asked = seeds(world.truth["campaigns"][0])
    from_logs, reading = scope_of_logs([world.folder / "logs"], asked, SearchBounds())
    from_scan, _ = scope_of_scan(scanned, asked, SearchBounds())
    assert without_sources(from_scan) == without_sources(from_logs)
    assert reading.records == reading.events + reading.duplicates + sum(
        count for code, count in reading.problems.items() if code != "not-a-log"
    )
    networks = Networks.load(())
    with open_store(tmp_path / "store", make=True) as store:
        for batch in read([world.folder / "logs"]):
            if batch.events.num_rows:
                store.lake.append(enrich(batch.events, networks))
            with store.database.writing() as unit:
                unit.problems.add(batch.problems, at=1)
        from_store, _ = scope_of_store(store, asked, SearchBounds())
    assert verdicts(from_store) == verdicts(from_logs)
    assert from_store.messages == from_logs.messages


def test_an_incident_of_a_scan_is_where_a_search_begins(scanned: Path) -> None:
    first = json.loads((scanned / "incidents.jsonl").read_text().splitlines()[0])
    assert incident_records(scanned, ["1"]) == {first["id"]: tuple(first["events"])}
    assert incident_records(scanned, [first["id"]]) == incident_records(scanned, ["1"])
    assert incident_records(scanned, [first["id"][:6]]) == incident_records(scanned, ["1"]), (
        "as `respond plan` takes it"
    )
    scope, _ = scope_of_scan(scanned, ScopeQuery(incidents=incident_records(scanned, ["1"])), SearchBounds())
    assert scope.steps[0].events >= len(set(first["events"]))
    with pytest.raises(UsageError, match="no incident"):
        incident_records(scanned, ["zz"])


def test_what_a_scan_left_out_is_not_taken_for_nothing(world: World, scanned: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(scanned, out)
    asked = seeds(world.truth["campaigns"][0])
    (out / "problems.jsonl").unlink()
    with pytest.raises(InputUnreadable, match="the unread records are unknown"):
        scope_of_scan(out, asked, SearchBounds())
    (out / "problems.jsonl").write_text("")
    (out / "coverage.json").write_text("{}")
    with pytest.raises(InputUnreadable, match="gaps of the logs"):
        scope_of_scan(out, asked, SearchBounds())


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    asked = ScopeQuery((("address", "192.0.2.1"),))
    with pytest.raises(InputUnreadable):
        scope_of_logs([tmp_path / "none"], asked, SearchBounds())
    with pytest.raises(InputUnreadable):
        scope_of_scan(tmp_path, asked, SearchBounds())
    with pytest.raises(UsageError):
        scope_of_logs([tmp_path], ScopeQuery(), SearchBounds())


def _left_open_by(scope: Scope, code: str) -> int:
    return sum(any(gap.code == code for gap in one.gaps) for one in scope.mailboxes)


def test_a_recorded_organisation(tmp_path: Path) -> None:
    """The intruder's address of a recorded intrusion: 10 messages of one mailbox, in one record.

    One record could not be read. It lies before 5 May: it leaves nobody open who is asked for from then on, or when it was looked
    at. The log is silent for days in which it never was: so nobody is cleared.
    """
    logs = recorded(tmp_path)
    address: tuple[tuple[IndicatorKind, str], ...] = (("address", "5.253.204.108"),)
    scope, _ = scope_of_logs([logs], ScopeQuery(address), SearchBounds())
    assert _left_open_by(scope, "not-read")
    since, _ = scope_of_logs(
        [logs], ScopeQuery(address, start=parse_rfc3339("2021-05-05T00:00:00Z")), SearchBounds()
    )
    assert not _left_open_by(since, "not-read")
    looked_at, _ = scope_of_logs([logs], ScopeQuery(address, is_unread_checked=True), SearchBounds())
    assert not _left_open_by(looked_at, "not-read")
    for found in (scope, since, looked_at):
        assert {one.verdict for one in found.mailboxes} == {"touched", "possible"}
        assert _left_open_by(found, "gap") == len(found.mailboxes)
    touched = [one for one in scope.mailboxes if one.verdict == "touched"]
    assert [one.messages for one in touched] == [10]
    assert any(step.indicator.kind == "session" and step.is_followed for step in scope.steps)
