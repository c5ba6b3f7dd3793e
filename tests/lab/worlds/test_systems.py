"""Worlds with Google Workspace and Okta: the vendors' shapes, what fits them, and nothing changed for Microsoft 365."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from seawall.lab.worlds import FAMILIES, World, WorldSettings, families_of, make_world
from seawall.lab.worlds.systems import CHOICES, LabSystems
from seawall.lab.worlds.world_settings import SystemsChoice
from seawall_base.errors import UsageError
from tests.lab.worlds.raw import Record, entries, records

SIZE: dict[str, Any] = {"accounts": 40, "days": 22, "attacks": 24, "density": 0.5, "tenants": 3}
OTHERS: tuple[SystemsChoice, ...] = ("google", "okta", "mixed")
PINNED = {
    WorldSettings(
        seed=11, accounts=25, days=20, attacks=6, tenants=2, density=0.5
    ): "94bc5a33e5c6d4cdb7e5c1f71bb89ecdc3548d3cc27634f60df8e98a36f68c74",
    WorldSettings(
        seed=40, accounts=12, days=8, attacks=5, quiet_days=3, density=0.5
    ): "f9d0ab52733f35d692b2960429b79d294f63c9211d1cb3fddc87d55a4728a8c4",
}
"""Digests of worlds as they were before there were other systems: the shipped ranker was trained on such."""


def digest(folder: Path) -> str:
    """A hash of a world: its logs, and of the truth what it said from the first."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            total.update(
                str(path.relative_to(folder)).encode() + (of_old(data) if path.name == "truth.json" else data)
            )
    return total.hexdigest()


def of_old(truth: bytes) -> bytes:
    """The truth without what was added to it since."""
    held = msgspec.json.decode(truth)
    for attack in held["attacks"]:
        del attack["taken"]
    return msgspec.json.format(msgspec.json.encode(held), indent=1)


def world_of(choice: SystemsChoice, folder: Path, seed: int = 5) -> World:
    return make_world(WorldSettings(seed, systems=choice, **SIZE), folder)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    return {choice: world_of(choice, tmp_path_factory.mktemp(choice)) for choice in OTHERS}


@pytest.mark.parametrize("settings", PINNED, ids=lambda settings: str(settings.seed))
def test_worlds_of_microsoft_stay_byte_for_byte(settings: WorldSettings, tmp_path: Path) -> None:
    assert digest(make_world(settings, tmp_path).folder) == PINNED[settings]


@pytest.mark.parametrize("choice", OTHERS)
def test_equal_settings_give_equal_bytes(
    choice: SystemsChoice, worlds: dict[str, World], tmp_path: Path
) -> None:
    assert digest(world_of(choice, tmp_path).folder) == digest(worlds[choice].folder)


@pytest.mark.parametrize("choice", OTHERS)
def test_every_record_is_counted_and_every_staged_one_is_in_the_logs_once(
    choice: str, worlds: dict[str, World]
) -> None:
    world = worlds[choice]
    found = [record for _, record in entries(world.folder / "logs")]
    assert len(found) == world.records
    ids = [event for attack in world.truth["attacks"] for event in attack["events"]]
    assert len(ids) == len(set(ids)) > 0
    assert set(ids) <= {identity for record in found if record for identity in identities(record)}


def identities(record: Record) -> list[str]:
    if "uniqueQualifier" in str(record.get("id")):
        return [record["id"]["uniqueQualifier"]]
    inner = record.get("properties", record)
    return [str(inner[name]) for name in ("uuid", "Id", "id") if name in inner]


def google(world: World) -> list[Record]:
    return [
        record for record in records(world.folder / "logs") if record.get("kind") == "admin#reports#activity"
    ]


def okta(world: World) -> list[Record]:
    return [record for record in records(world.folder / "logs") if "eventType" in record]


def test_google_activities_have_the_vendors_shape(worlds: dict[str, World]) -> None:
    found = google(worlds["google"])
    assert {record["id"]["applicationName"] for record in found} >= {
        "login",
        "admin",
        "token",
        "drive",
        "rules",
    }
    for record in found:
        assert {"time", "uniqueQualifier", "applicationName", "customerId"} == record["id"].keys()
        assert -(1 << 63) <= int(record["id"]["uniqueQualifier"]) < 1 << 63
        assert "@" in record["actor"]["email"]
        for event in record["events"]:
            assert event["type"]
            assert event["name"]
            assert all(len(parameter) == 2 for parameter in event.get("parameters", ()))
    names = Counter(event["name"] for record in found for event in record["events"])
    assert names["login_success"] > names["login_failure"] > 0
    assert names["authorize"]
    assert names["activity"] > names["authorize"]


def test_okta_entries_have_the_vendors_shape(worlds: dict[str, World]) -> None:
    found = okta(worlds["okta"])
    assert found
    for record in found:
        assert {
            "uuid",
            "published",
            "eventType",
            "actor",
            "client",
            "outcome",
            "target",
            "transaction",
            "authenticationContext",
            "debugContext",
            "securityContext",
        } <= record.keys()
        assert record["outcome"]["result"] in ("SUCCESS", "FAILURE", "ALLOW", "CHALLENGE")
    kinds = Counter(record["eventType"] for record in found)
    assert (
        kinds["user.authentication.sso"]
        > kinds["user.session.start"]
        > kinds["user.account.reset_password"]
        > 0
    )
    assert kinds["user.mfa.factor.reset_all"]
    assert kinds["system.push.send_factor_verify_push"]


def test_one_transaction_shares_session_and_address(worlds: dict[str, World]) -> None:
    together: dict[str, set[tuple[str, str]]] = {}
    for record in okta(worlds["okta"]):
        session = record["authenticationContext"]["externalSessionId"]
        together.setdefault(record["transaction"]["id"], set()).add((session, record["client"]["ipAddress"]))
    assert max(map(len, together.values())) == 1
    assert len(together) < len(okta(worlds["okta"]))


def test_a_stolen_session_keeps_its_id_on_another_network(tmp_path: Path) -> None:
    settings = WorldSettings(
        9, accounts=60, days=24, attacks=12, families=("token_replay",), systems="okta", difficulty="easy"
    )
    world = make_world(settings, tmp_path)
    found = okta(world)
    moved = 0
    for attack in world.truth["attacks"]:
        ids = set(attack["events"])
        theirs = [record for record in found if record["uuid"] in ids]
        sessions = {record["authenticationContext"]["externalSessionId"] for record in theirs}
        before = [
            record
            for record in found
            if record["authenticationContext"]["externalSessionId"] in sessions and record["uuid"] not in ids
        ]
        addresses = {record["client"]["ipAddress"] for record in theirs}
        moved += bool(before) and addresses.isdisjoint(record["client"]["ipAddress"] for record in before)
    assert moved >= 3


def test_one_person_has_one_address_in_both_systems(worlds: dict[str, World]) -> None:
    world = worlds["mixed"]
    collected = {tenant["domain"]: tenant["systems"] for tenant in world.truth["tenants"]}
    assert all(systems[0] == "okta" and len(systems) == 2 for systems in collected.values())
    at_okta = {
        record["actor"]["alternateId"].lower() for record in okta(world) if record["actor"]["type"] == "User"
    }
    at_suite = {record["actor"]["email"].lower() for record in google(world)}
    at_suite |= {
        str(record["UserId"]).lower() for record in records(world.folder / "logs") if "UserId" in record
    }
    assert len(at_okta & at_suite) > 0.8 * len(at_okta)


def test_where_okta_stands_before_google_its_log_has_no_passwords(worlds: dict[str, World]) -> None:
    events = [event for record in google(worlds["mixed"]) for event in record["events"]]
    names = {event["name"] for event in events}
    assert names.isdisjoint(
        {"login_failure", "login_challenge", "2sv_enroll", "password_edit", "CHANGE_PASSWORD"}
    )
    kinds = {
        parameter["value"]
        for event in events
        for parameter in event.get("parameters", ())
        if parameter["name"] == "login_type"
    }
    assert kinds <= {"saml"}


def test_families_fit_the_systems() -> None:
    assert "forged_token" in families_of(LabSystems())
    assert not {"factor_reset", "identity_admin"} & families_of(LabSystems()).keys()
    at_google = families_of(LabSystems(("google",), "google")).keys()
    assert "domain_wide_delegation" in at_google
    assert not {"forged_token", "foreign_token", "device_code_phishing", "factor_reset"} & at_google
    at_okta = families_of(LabSystems(("okta",), "google")).keys()
    assert "factor_reset" in at_okta
    assert "bec_forwarding" not in at_okta
    both = families_of(LabSystems(("okta", "google"), "google")).keys()
    assert both == at_google | at_okta
    assert both | families_of(LabSystems()).keys() == FAMILIES.keys()


@pytest.mark.parametrize("choice", ["google", "okta"])
def test_a_family_of_another_vendor_is_refused(choice: SystemsChoice, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="forged_token"):
        make_world(
            WorldSettings(3, accounts=10, days=20, systems=choice, families=("forged_token",)), tmp_path
        )


@pytest.mark.parametrize("choice", ["google", "okta"])
def test_every_family_of_a_vendor_leaves_events(choice: SystemsChoice, tmp_path: Path) -> None:
    staged: set[str] = set()
    families = tuple(families_of(LabSystems((choice,), "google")))
    for seed in (21, 22):
        settings = WorldSettings(
            seed,
            accounts=60,
            days=24,
            attacks=34,
            families=families,
            density=0.5,
            confusers=(),
            systems=choice,
            tenants=3,
        )
        staged |= {attack["family"] for attack in make_world(settings, tmp_path / str(seed)).truth["attacks"]}
    assert staged == set(families)


def test_truth_names_the_systems_only_where_they_are_others(worlds: dict[str, World], tmp_path: Path) -> None:
    assert set(CHOICES) == {"microsoft", *OTHERS}
    assert worlds["okta"].truth["settings"]["systems"] == "okta"
    quiet = make_world(WorldSettings(seed=3, accounts=8, days=5, attacks=0, confusers=()), tmp_path)
    assert "systems" not in quiet.truth["settings"]
    assert all("systems" not in tenant for tenant in quiet.truth["tenants"])
