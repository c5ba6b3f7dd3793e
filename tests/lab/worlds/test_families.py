from __future__ import annotations

from pathlib import Path

import pytest

from seawall.lab.worlds import CONFUSERS, FAMILIES, WorldSettings, families_of, make_world
from seawall.lab.worlds.attacks import BROAD
from seawall.lab.worlds.systems import LabSystems
from seawall.lab.worlds.world_settings import Difficulty
from tests.lab.worlds.raw import records

WANTED = {
    "forged_token", "token_replay", "aitm_phishing", "password_spray", "mfa_fatigue", "consent_phishing", "service_credential",
    "delegate_abuse", "bec_forwarding", "legacy_sync", "device_code_phishing", "slow_drip", "admin_takeover", "own_device",
    "same_network_theft", "campaign", "mass_sync", "after_revocation", "foreign_token",
    "factor_reset", "identity_admin", "domain_wide_delegation", "mail_forwarding",
    "developer_client", "dormant_grant", "actor_token",
}  # fmt: skip


MICROSOFT = [name for name in families_of(LabSystems()) if name not in BROAD]
PAIR = ("forged_token", "aitm_phishing")
DIFFICULTIES: tuple[Difficulty, ...] = ("easy", "medium", "hard")


def test_the_families_are_those_documented() -> None:
    assert set(FAMILIES) == WANTED
    assert {name for name, family in FAMILIES.items() if family.near_impossible} == {
        "own_device",
        "same_network_theft",
    }


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_every_family_leaves_events(difficulty: Difficulty, tmp_path: Path) -> None:
    settings = WorldSettings(
        21, accounts=70, days=24, attacks=len(MICROSOFT), difficulty=difficulty, density=0.4, confusers=()
    )
    truth = make_world(settings, tmp_path).truth
    staged = {attack["family"]: attack for attack in truth["attacks"]}
    assert len(staged) >= len(MICROSOFT) - 2  # a stolen session needs an owner who had one at that moment
    assert {attack["difficulty"] for attack in staged.values()} == {difficulty}
    assert len(staged["campaign"]["accounts"]) >= 3
    assert all(attack["items_read"] for name, attack in staged.items() if name != "admin_takeover")
    assert all(
        "@" in account
        for name, attack in staged.items()
        if name != "service_credential"
        for account in attack["accounts"]
    )


def test_harder_means_less(tmp_path: Path) -> None:
    sizes = []
    for difficulty in (DIFFICULTIES[0], DIFFICULTIES[2]):
        settings = WorldSettings(
            8,
            accounts=60,
            days=22,
            attacks=20,
            families=("forged_token", "aitm_phishing"),
            difficulty=difficulty,
            density=0.3,
            confusers=(),
        )
        truth = make_world(settings, tmp_path / difficulty).truth
        sizes.append(sum(attack["items_read"] for attack in truth["attacks"]))
    assert sizes[0] > 5 * sizes[1]


def test_a_forged_token_makes_no_sign_in_and_shows_mail_only(tmp_path: Path) -> None:
    settings = WorldSettings(4, accounts=40, days=20, attacks=8, families=("forged_token",), density=0.4)
    world = make_world(settings, tmp_path)
    ids = {event for attack in world.truth["attacks"] for event in attack["events"]}
    theirs = [record for record in records(tmp_path / "logs") if record.get("Id") in ids]
    assert theirs
    assert {record["Operation"] for record in theirs} == {"MailItemsAccessed"}


def test_every_confuser_arranges_something(tmp_path: Path) -> None:
    seen: set[str] = set()
    for seed in (31, 32):
        settings = WorldSettings(
            seed, accounts=40, days=12, attacks=0, confusers=tuple(CONFUSERS), density=0.2
        )
        seen |= {span["kind"] for span in make_world(settings, tmp_path / str(seed)).truth["confusers"]}
    assert seen == set(CONFUSERS)


def test_a_confuser_alone_can_be_asked_for(tmp_path: Path) -> None:
    settings = WorldSettings(6, accounts=30, days=12, attacks=0, confusers=("travel",), density=0.2)
    assert {span["kind"] for span in make_world(settings, tmp_path).truth["confusers"]} == {"travel"}
