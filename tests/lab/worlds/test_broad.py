"""Broad worlds: organisations and intruders differ in every law, and truth and logs still agree."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.lab.evaluate.worlds import BROAD_SHARE, MOST_ACCOUNTS, TRAINING_SEED, training_worlds
from seawall.lab.worlds import CONFUSERS, World, WorldSettings, make_world
from seawall.lab.worlds.acts import ActivityLog, read
from seawall.lab.worlds.attacks import BROAD, FAMILIES
from seawall.lab.worlds.attacks.manner import draw_manner, find_place
from seawall.lab.worlds.attacks.stage import StagedAttack
from seawall.lab.worlds.broaden import broaden
from seawall.lab.worlds.export import write_logs
from seawall.lab.worlds.habits import MOST_ACTIVE, SignInLoss, draw_activity_law, draw_habits, draw_loss
from seawall.lab.worlds.networks import network_of
from seawall.lab.worlds.organisation_maker import make_tenant
from seawall.lab.worlds.seeded_random import SeededRandom
from seawall.lab.worlds.style import MAIL_STYLES, draw_style
from seawall.lab.worlds.world_settings import SystemsChoice
from tests.lab.worlds.raw import Record, identity, records
from tests.lab.worlds.test_leaks import network_kinds, values_of
from tests.lab.worlds.test_world import digest

SEEDS = st.integers(0, 1 << 30)
BROADLY = WorldSettings(seed=77, accounts=25, days=20, attacks=8, density=0.5, habits="broad")


def a_diary(seed: int, *, is_broad: bool = True) -> ActivityLog:
    """An organisation of 30 people in which nothing has happened."""
    settings, dice = WorldSettings(seed, accounts=30, days=20, mess=False), SeededRandom(seed, 1, 0)
    tenant = make_tenant(0, 30, 20, draw_style(settings, dice), dice)
    diary = ActivityLog(tenant, SeededRandom(seed, 3, 0), settings.first_day(), 20)
    if is_broad:
        broaden(diary, SeededRandom(seed, 21, 0))
    return diary


@pytest.mark.parametrize("systems", ["microsoft", "google", "okta", "mixed"])
def test_truth_and_logs_agree_in_broad_worlds(systems: SystemsChoice, tmp_path: Path) -> None:
    settings = WorldSettings(
        81, accounts=25, days=20, attacks=12, density=0.5, habits="broad", systems=systems, tenants=2
    )
    world = make_world(settings, tmp_path / "once")
    ids = [event for attack in world.truth["attacks"] for event in attack["events"]]
    assert len(ids) == len(set(ids)) > 0
    assert set(ids) <= {identity(record) for record in records(tmp_path / "once" / "logs")}
    for attack in world.truth["attacks"]:
        assert world.truth["quiet_until"] <= attack["first_event"] <= attack["last_event"]
    make_world(settings, tmp_path / "again")
    assert digest(tmp_path / "once") == digest(tmp_path / "again")


def test_habits_stand_in_the_truth_of_broad_worlds_alone() -> None:
    assert BROADLY.document()["habits"] == "broad"
    assert "habits" not in WorldSettings(1).document()


def test_every_way_of_living_is_drawn() -> None:
    drawn = [draw_habits(MAIL_STYLES, SeededRandom(seed)) for seed in range(80)]
    assert {habits.rhythm for habits in drawn} == {"office", "spells", "polling"}
    assert {habits.sessions for habits in drawn} == {"clients", "devices", "daily"}
    assert {habits.chores for habits in drawn} == {"steady", "clustered", "scripted"}
    assert {way for habits in drawn for way in habits.reading.values()} == {"singly", "sweeps", "peeks"}
    for one in ("trial_rate", "program_rate", "developer_consents"):
        rates = [getattr(habits, one) for habits in drawn]
        assert max(rates) > 10 * min(rates)


def test_most_organisations_lose_hardly_any_sign_in() -> None:
    losses = [draw_loss(30, 0.0, SeededRandom(seed), SeededRandom(seed, 1)) for seed in range(400)]
    complete = [loss for loss in losses if not loss.gaps and not loss.silent_share and loss.share <= 0.01]
    assert 0.66 < len(complete) / len(losses) < 0.86
    assert sum(bool(loss.gaps) for loss in losses) > 20
    assert sum(loss.silent_share > 0 for loss in losses) > 20
    assert sum(loss.share > 0.02 for loss in losses) > 8
    assert all(loss.gaps or loss.silent_share or loss.share >= 0.0003 for loss in losses)


def test_sign_ins_are_lost_by_gap_by_application_or_at_random() -> None:
    gap = SignInLoss(SeededRandom(1), gaps=[(10.0, 20.0)])
    assert [gap.is_lost("a", time) for time in (9.0, 10.0, 19.0, 20.0)] == [False, True, True, False]
    silent = SignInLoss(SeededRandom(2), silent_share=0.5)
    by_app = {app: {silent.is_lost(app, time) for time in range(30)} for app in "abcdefghijkl"}
    assert all(len(seen) == 1 for seen in by_app.values())
    assert {True, False} == set().union(*by_app.values())
    lossy = SignInLoss(SeededRandom(3), share=0.3)
    assert 0.2 < np.mean([lossy.is_lost("a", 0.0) for _ in range(1000)]) < 0.4


@given(SEEDS)
def test_activity_is_about_one_in_the_mean_and_never_endless(seed: int) -> None:
    draw = draw_activity_law(SeededRandom(seed))
    drawn = np.array([draw() for _ in range(1500)])
    assert drawn.min() > 0
    assert drawn.max() <= MOST_ACTIVE
    assert 0.3 < drawn.mean() < 1.4


def test_activity_has_thin_and_heavy_tails() -> None:
    spread = []
    for seed in range(40):
        draw = draw_activity_law(SeededRandom(seed))
        drawn = np.array([draw() for _ in range(500)])
        spread.append(np.quantile(drawn, 0.95) / np.quantile(drawn, 0.5))
    assert min(spread) < 1.7
    assert max(spread) > 5


def test_organisations_differ_in_people_and_places() -> None:
    tenants = [a_diary(seed).tenant for seed in range(30)]
    unaudited = [len(tenant.habits.unaudited) / len(tenant.people) for tenant in tenants]
    assert unaudited.count(0.0) > 10
    assert max(unaudited) > 0.3
    services = [sum(person.is_service for person in tenant.people) for tenant in tenants]
    assert 0 in services
    assert max(services) > 1
    assert {bool(tenant.gaps) for tenant in tenants} == {True, False}
    away = [np.mean([len(person.away) for person in tenant.people]) for tenant in tenants]
    assert min(away) < 1 < 5 < max(away)
    shared = [len({person.mobile.fixed for person in tenant.people}) for tenant in tenants]
    assert {count > 1 for count in shared} == {True, False}
    egress = [
        len({network_of(address) for address in person.vpn.fixed})
        for tenant in tenants
        for person in tenant.people
        if person.vpn is not None and person.vpn.fixed
    ]
    assert 1 in egress
    assert max(egress) > 1


def test_a_mailbox_without_audit_shows_no_reading(tmp_path: Path) -> None:
    diary = a_diary(5, is_broad=False)
    quiet, heard = diary.tenant.people[:2]
    diary.tenant.habits.unaudited = {quiet.upn}
    for person in (quiet, heard):
        read(diary, person, person.desks[0], "192.0.2.1", diary.start + 3600, ("s", "t", diary.start))
    write_logs(diary, tmp_path, 1)
    owners = [record["MailboxGuid"] for record in records(tmp_path)]
    assert owners == [heard.mailbox_guid]


def test_the_broad_families_are_staged_only_where_asked_for(tmp_path: Path) -> None:
    plain = WorldSettings(9, accounts=40, days=20, attacks=len(FAMILIES), density=0.2, confusers=())
    staged = {attack["family"] for attack in make_world(plain, tmp_path / "plain").truth["attacks"]}
    assert not staged & set(BROAD)
    named = WorldSettings(9, accounts=40, days=20, attacks=6, density=0.2, confusers=(), families=BROAD)
    staged = {attack["family"] for attack in make_world(named, tmp_path / "named").truth["attacks"]}
    assert staged == set(BROAD)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    settings = WorldSettings(
        52, accounts=60, days=22, attacks=15, density=0.4, mess=False, families=BROAD, habits="broad"
    )
    return make_world(settings, tmp_path_factory.mktemp("broad"))


def theirs(world: World, family: str) -> list[Record]:
    """The records of one family's intruders."""
    attacks = [attack for attack in world.truth["attacks"] if attack["family"] == family]
    ids = {event for attack in attacks for event in attack["events"]}
    return [record for record in records(world.folder / "logs") if identity(record) in ids]


def test_a_servers_token_and_a_dormant_grant_show_no_interactive_sign_in(world: World) -> None:
    by_server = theirs(world, "actor_token")
    assert by_server
    assert {record.get("Operation") for record in by_server} == {"MailItemsAccessed"}
    assert not any(record.get("isInteractive") for record in theirs(world, "dormant_grant"))


def test_a_developers_client_signs_in_and_then_reads(world: World) -> None:
    found = theirs(world, "developer_client")
    read_mail = sum(record.get("Operation") == "MailItemsAccessed" for record in found)
    assert 0 < read_mail < len(found)


@given(SEEDS, st.sampled_from(["easy", "medium", "hard"]))
def test_a_manner_is_within_its_bounds(seed: int, difficulty: str) -> None:
    manner = draw_manner(difficulty, SeededRandom(seed))
    assert set(manner.levels) == {"place", "client", "hours", "amount"}
    assert set(manner.levels.values()) <= {"easy", "medium", "hard"}
    assert 0 < manner.pace[0] < manner.pace[1]
    diary = a_diary(7, is_broad=False)
    attack = StagedAttack(0, "x", difficulty, diary, SeededRandom(seed, 1), 15, 19, manner=manner)
    entry = diary.start + 86400 * 15.5
    assert 0 <= attack.wait(1, 2, entry) < diary.start + 86400 * 20 - entry
    assert attack.amount((6, 60), (4, 25), (1, 8)) >= 1


def test_parts_of_a_manner_differ_from_each_other() -> None:
    manners = [draw_manner("hard", SeededRandom(seed)) for seed in range(100)]
    for part in ("place", "client", "hours", "amount"):
        assert {manner.levels[part] for manner in manners} == {"easy", "medium", "hard"}
    assert sum(len(set(manner.levels.values())) > 1 for manner in manners) > 50
    waits = [manner.wait for manner in manners]
    assert min(waits) < 3600 < 5 * 86400 < max(waits)


def test_places_rotate_or_are_those_of_honest_people() -> None:
    diary = a_diary(8, is_broad=False)
    victim, seen = diary.tenant.people[0], Counter[str]()
    for seed in range(200):
        dice = SeededRandom(seed)
        manner = draw_manner("medium", dice)
        place = find_place(manner, diary.tenant, victim, dice)
        assert (place is None) == (manner.network == "usual")
        if place is None:
            continue
        seen[manner.network] += 1
        addresses = [place.address(day, dice) for day in range(8)]
        networks = {network_of(address) for address in addresses}
        if manner.network == "rotating":
            assert len(networks) > 1
        elif manner.network == "carrier":
            assert networks == {victim.mobile.network}
    assert set(seen) == {"rotating", "proxies", "gateway", "carrier", "cloud"}


def test_worlds_for_training_differ_in_systems_size_and_habits() -> None:
    worlds = list(training_worlds(200))
    assert worlds == list(training_worlds(200))
    assert [world.seed for world in worlds] == list(range(TRAINING_SEED, TRAINING_SEED + 200))
    systems = Counter(world.systems for world in worlds)
    assert 0.09 < systems["google"] / 200 < 0.21
    assert 0.09 < systems["okta"] / 200 < 0.21
    assert 0.05 < systems["mixed"] / 200 < 0.16
    sizes = [world.accounts * world.tenants for world in worlds]
    assert max(sizes) <= MOST_ACCOUNTS
    assert max(sizes) > 300
    assert np.mean(sizes) < 160
    assert sum(world.tenants > 1 for world in worlds) > 20
    broad = sum(world.habits == "broad" for world in worlds) / 200
    assert abs(broad - BROAD_SHARE) < 0.1
    assert all(world.attacks >= 4 and world.quiet() < world.days for world in worlds)


def test_values_of_intruders_in_broad_worlds_are_also_made_by_honest_people(tmp_path: Path) -> None:
    kinds = network_kinds()
    seen: dict[bool, Counter[tuple[str, object]]] = {False: Counter(), True: Counter()}
    for seed in (301, 302, 303):
        settings = WorldSettings(
            seed,
            accounts=90,
            days=24,
            attacks=22,
            density=0.4,
            habits="broad",
            confusers=tuple(CONFUSERS),
        )
        world = make_world(settings, tmp_path / str(seed))
        ids = {event for attack in world.truth["attacks"] for event in attack["events"]}
        for record in records(world.folder / "logs"):
            seen[identity(record) in ids].update(values_of(record, kinds))
    assert sum(seen[True].values()) > 1000
    alone = [value for value in seen[True] if not seen[False][value]]
    assert len(seen[True]) > 80
    assert len(alone) <= 3, "more than rarities that nobody honest happened to do in three worlds"
