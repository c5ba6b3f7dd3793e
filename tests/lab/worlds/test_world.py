from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from seawall.lab.worlds import FAMILIES, World, WorldSettings, make_world
from seawall_base.errors import OutputUnwritable, UsageError
from tests.lab.worlds.raw import entries, identity

SMALL = WorldSettings(seed=11, accounts=25, days=20, attacks=6, tenants=2, density=0.5)


def digest(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            total.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return total.hexdigest()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(SMALL, tmp_path_factory.mktemp("world"))


def test_equal_settings_give_equal_bytes(world: World, tmp_path: Path) -> None:
    again = make_world(SMALL, tmp_path)
    assert digest(world.folder) == digest(again.folder)


def test_another_seed_gives_another_world(world: World, tmp_path: Path) -> None:
    other = make_world(WorldSettings(seed=12, accounts=25, days=20), tmp_path)
    assert {t["id"] for t in other.truth["tenants"]}.isdisjoint(t["id"] for t in world.truth["tenants"])


def test_every_record_is_counted(world: World) -> None:
    assert sum(1 for _ in entries(world.folder / "logs")) == world.records


def test_attack_events_are_in_the_logs_once_each(world: World) -> None:
    ids = [event for attack in world.truth["attacks"] for event in attack["events"]]
    assert len(ids) == len(set(ids)) > 0
    assert set(ids) <= {identity(record) for _, record in entries(world.folder / "logs") if record}


def test_truth_says_what_was_staged(world: World) -> None:
    truth = msgspec.json.decode((world.folder / "truth.json").read_bytes())
    assert truth == world.truth
    assert truth["settings"]["seed"] == 11
    assert len(truth["tenants"]) == 2
    for attack in truth["attacks"]:
        assert attack["family"] in FAMILIES
        assert attack["accounts"]
        assert truth["quiet_until"] <= attack["first_event"] <= attack["last_event"] <= truth["last_time"]
        assert attack["tenant"] in {tenant["id"] for tenant in truth["tenants"]}
    for confuser in truth["confusers"]:
        assert confuser["start"] <= confuser["end"]
        datetime.fromisoformat(confuser["start"])


def test_no_two_attacks_share_an_account(world: World) -> None:
    accounts = [account for attack in world.truth["attacks"] for account in attack["accounts"]]
    assert len(accounts) == len(set(accounts))


def test_a_quiet_world_has_no_attack(tmp_path: Path) -> None:
    quiet = make_world(WorldSettings(seed=3, accounts=8, days=5, attacks=0, confusers=()), tmp_path)
    assert quiet.truth["attacks"] == []
    assert quiet.truth["confusers"] == []


def test_a_world_is_not_written_over_another(world: World) -> None:
    with pytest.raises(OutputUnwritable):
        make_world(SMALL, world.folder)


@pytest.mark.parametrize("wrong", [{"families": ("nonsense",)}, {"confusers": ("nonsense",)}])
def test_unknown_names_are_refused(wrong: dict[str, tuple[str, ...]], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nonsense"):
        make_world(WorldSettings(seed=1, accounts=5, days=3, **wrong), tmp_path)  # type: ignore[arg-type]


def test_without_mess_nothing_is_repeated_or_damaged(tmp_path: Path) -> None:
    clean = make_world(
        WorldSettings(seed=5, accounts=15, days=6, attacks=0, mess=False, density=0.5), tmp_path
    )
    found = [record for _, record in entries(clean.folder / "logs")]
    assert None not in found
    keys = [(identity(record), "Operation" in record) for record in found if record]
    assert len(keys) == len(set(keys))


def test_density_scales_what_is_left_behind(tmp_path: Path) -> None:
    sizes = [
        make_world(
            WorldSettings(seed=5, accounts=15, days=6, attacks=0, density=d), tmp_path / str(d)
        ).records
        for d in (0.4, 1.5)
    ]
    assert sizes[1] > 1.6 * sizes[0]
