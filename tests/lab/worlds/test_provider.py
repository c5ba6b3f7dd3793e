"""The provider keeps house in made-up organisations too, and a log may begin with an organisation's set-up."""

from __future__ import annotations

from collections import Counter

import pytest

from seawall.lab.worlds import World, WorldSettings, make_world
from seawall.lab.worlds.first_party import PRINCIPALS
from tests.lab.worlds.raw import Record, records


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    settings = WorldSettings(
        21, accounts=60, days=12, attacks=0, confusers=("new_tenant",), tenants=3, density=0.4
    )
    return make_world(settings, tmp_path_factory.mktemp("provider"))


@pytest.fixture(scope="module")
def found(world: World) -> list[Record]:
    return records(world.folder / "logs")


def test_services_of_the_provider_change_the_directory_as_themselves(found: list[Record]) -> None:
    named = {
        entry["ID"]
        for record in found
        if record.get("RecordType") == 8 and record["UserId"].startswith("ServicePrincipal_")
        for entry in record["Actor"]
    }
    inner = [record.get("properties", record) for record in found]
    named |= {
        record["initiatedBy"]["app"]["appId"]
        for record in inner
        if "initiatedBy" in record and record["initiatedBy"]["app"]
    }
    assert named & PRINCIPALS.keys()


def test_the_providers_own_account_touches_files(found: list[Record]) -> None:
    assert {record["UserId"] for record in found if record.get("RecordType") == 6} & {
        "app@sharepoint",
        "SHAREPOINT\\system",
    }


def test_a_new_organisation_is_set_up_in_its_first_days(world: World, found: list[Record]) -> None:
    changes = Counter(record["CreationTime"][:10] for record in found if record.get("RecordType") in (1, 8))
    spans = [span for span in world.truth["confusers"] if span["kind"] == "new_tenant"]
    assert len(spans) == 3
    assert all(span["start"] == world.truth["first_time"] for span in spans)
    days = sorted(changes)
    assert changes[days[0]] > 1.5 * sorted(changes[day] for day in days[4:])[len(days[4:]) // 2]
