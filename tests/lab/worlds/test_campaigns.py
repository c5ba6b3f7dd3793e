"""Actors that visit several organisations: known by the same addresses everywhere, and the truth says what each mailbox lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall.lab.worlds import World, WorldSettings, make_world
from seawall.lab.worlds.attacks.campaigns import FAMILY
from tests.lab.worlds.raw import entries, identity

SETTINGS: dict[str, Any] = {"tenants": 3, "accounts": 20, "days": 22, "attacks": 3, "density": 0.5}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(WorldSettings(5, campaigns=2, **SETTINGS), tmp_path_factory.mktemp("world"))


def test_each_actor_visits_several_organisations(world: World) -> None:
    assert [one["id"] for one in world.truth["campaigns"]] == ["campaign-00", "campaign-01"]
    for campaign in world.truth["campaigns"]:
        parts = [one for one in world.truth["attacks"] if one.get("campaign") == campaign["id"]]
        assert {one["family"] for one in parts} == {FAMILY}
        assert {one["tenant"] for one in parts} == set(campaign["tenants"])
        assert len(campaign["tenants"]) >= 2


def test_an_actors_records_come_from_its_addresses(world: World) -> None:
    text_of = {identity(record): str(record) for _, record in entries(world.folder / "logs") if record}
    for campaign in world.truth["campaigns"]:
        parts = [one for one in world.truth["attacks"] if one.get("campaign") == campaign["id"]]
        records = [text_of[uid] for one in parts for uid in one["events"]]
        seen = sum(any(address in text for address in campaign["addresses"]) for text in records)
        assert seen >= 0.8 * len(records)  # an organisation's logs may leave addresses out


def test_what_was_taken_is_what_the_exported_records_name(world: World) -> None:
    records = {identity(record): record for _, record in entries(world.folder / "logs") if record}
    for attack in world.truth["attacks"]:
        named = {
            item["InternetMessageId"]
            for uid in attack["events"]
            for folder in records[uid].get("Folders", ())
            for item in folder["FolderItems"]
        }
        told = [one for taken in attack["taken"].values() for one in taken["messages"]]
        assert set(told) == named
        assert len(told) == len(named)
        assert set(attack["taken"]) <= set(attack["mailboxes"])
    assert any(attack["taken"] for attack in world.truth["attacks"])


def test_without_campaigns_nothing_is_different(tmp_path: Path) -> None:
    plain = make_world(WorldSettings(5, **SETTINGS), tmp_path / "plain")
    assert "campaigns" not in plain.truth
    assert "campaigns" not in plain.truth["settings"]
    assert all("campaign" not in attack for attack in plain.truth["attacks"])


@pytest.mark.parametrize("systems", ["google", "mixed"])
def test_campaigns_reach_other_vendors(systems: Any, tmp_path: Path) -> None:
    world = make_world(WorldSettings(6, campaigns=1, systems=systems, **SETTINGS), tmp_path)
    assert any("campaign" in attack for attack in world.truth["attacks"])
