"""Campaigns are the same from a store, from a folder of results, and from a table of incidents."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.campaigns.campaign import Campaign
from seawall.detection.campaigns.incidents import MOST_INCIDENTS_OF_VALUE, find_campaigns, find_clusters
from seawall.detection.incident import BaselineComparison, Incident
from seawall.pipeline.campaigns import find_campaigns_of_folder, find_campaigns_of_store
from seawall.storage.database import Database
from seawall.storage.files.campaign_documents import write_campaigns
from seawall.storage.files.incident_documents import incident_line, write_incidents
from seawall_base.errors import InputUnreadable
from tests.console.samples import INCIDENT

DAY = 86_400_000_000
START = 20_000 * DAY
APP = "00000000-0000-0000-0000-0000000000aa"


def showing(tenant: str, day: int = 0, number: int = 0, **values: Any) -> Incident:
    """An incident of an organisation whose account met values: text, or (text, days seen before, others with it)."""
    usual = []
    for field, found in values.items():
        value, seen, others = found if isinstance(found, tuple) else (found, 0.0, 0)
        usual.append(BaselineComparison(field, value, (), seen, 30.0, others, 60, seen < 1, ""))
    first = START + day * DAY
    return replace(
        INCIDENT, id=f"{tenant}-{day}-{number}", tenant=tenant, account=f"user{number}@{tenant}", score=1.0,
        first_event=first, last_event=first + 3_600_000_000, usual=tuple(usual),
    )  # fmt: skip


THREE = tuple(
    showing(tenant, day, app=f"{tenant} app ({APP})", prefix="203.0.113.0/24")
    for day, tenant in enumerate("abc")
)
ORDINARY = tuple(
    showing(tenant, day, 1, network=f"AS{number} of {tenant}", client=("browser", 20.0, 40))
    for number, tenant in enumerate("abcde") for day in range(3)
)  # fmt: skip
ALL = THREE + ORDINARY


def test_three_organisations_with_one_application_are_a_campaign() -> None:
    (found,) = find_campaigns(ALL)
    assert found.tenants == ("a", "b", "c")
    assert {(one.field, one.organisations, one.other_accounts) for one in found.values} == {
        ("app", 3, 0),
        ("prefix", 3, 0),
    }
    assert [one.incident for one in found.accounts] == [one.id for one in THREE]
    assert find_campaigns(ALL[1:]) == ()
    assert find_campaigns(ORDINARY) == ()
    assert find_campaigns(()) == ()


def test_what_is_not_new_or_not_rare_makes_none() -> None:
    known = [showing(tenant, app=(APP, 0.4, 0)) for tenant in "abc"]
    common = [showing(tenant, app=(APP, 0.0, 4)) for tenant in "abc"]
    others = [showing(tenant, app=(APP, 0.0, 3)) for tenant in "abc"]
    later = [showing(tenant, 10 * n, app=APP) for n, tenant in enumerate("abc")]
    country = [showing(tenant, country="NL") for tenant in "abc"]
    quiet = [replace(showing(tenant, app=APP), score=-9.0) for tenant in "abc"]
    for incidents in (known, common, others, later, country, quiet):
        assert find_campaigns(incidents) == ()
    assert len(find_campaigns([showing(tenant, app=(APP, 0.0, 1)) for tenant in "abc"])) == 1
    assert len(find_campaigns([replace(showing(tenant, key="k"), score=-9.0) for tenant in "abc"])) == 1


def test_a_value_of_very_many_incidents_is_common() -> None:
    many = [showing(f"t{n}", app=APP) for n in range(MOST_INCIDENTS_OF_VALUE)]
    assert len(find_clusters(many)) == 1
    assert find_clusters([*many, showing("more", app=APP)]) == []


@given(st.randoms(use_true_random=False))
def test_the_order_of_incidents_changes_nothing(dice: random.Random) -> None:
    shuffled = list(ALL)
    dice.shuffle(shuffled)
    assert find_campaigns(shuffled) == find_campaigns(ALL)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "seawall.db", should_migrate=True)
    yield opened
    opened.close()


def of_store(database: Database) -> tuple[Campaign, ...]:
    with database.reading() as work:
        return find_campaigns_of_store(work)


def test_a_store_has_those_of_its_incidents_as_they_are(database: Database) -> None:
    assert of_store(database) == ()
    with database.writing() as work:
        work.incidents.put(ALL)
    assert of_store(database) == find_campaigns(ALL) != ()
    with database.writing() as work:
        work.incidents.put([replace(THREE[0], usual=())])
    assert of_store(database) == ()
    with database.writing() as work:
        work.incidents.put([THREE[0]])
        work.incidents.put([showing("z", 40, client="later")])
    assert of_store(database) == (), "they are older than the days in which campaigns are looked for"


def write_table(place: Path, incidents: tuple[Incident, ...]) -> pa.Table:
    """The table of a scan on Apache Spark, as far as it is read."""
    return pa.table(
        {
            "id": [one.id for one in incidents],
            "document": [incident_line(one).decode().rstrip("\n") for one in incidents],
        }
    )


def test_folders_and_tables_have_the_same(tmp_path: Path) -> None:
    expected, table = find_campaigns(ALL), write_table(tmp_path, ALL)
    out, lake = tmp_path / "out", tmp_path / "lake"
    (out / "tables").mkdir(parents=True)
    write_incidents(out / "incidents.jsonl", ALL)
    assert find_campaigns_of_folder(out) == expected
    write_deltalake(str(lake), table)
    assert find_campaigns_of_folder(lake) == expected
    pq.write_table(table, tmp_path / "incidents.parquet")
    assert find_campaigns_of_folder(tmp_path / "incidents.parquet") == expected
    write_deltalake(str(out / "tables" / "incidents"), write_table(tmp_path, ORDINARY))
    assert find_campaigns_of_folder(out) == (), "the table comes before the file"
    write_campaigns(out / "campaigns.jsonl", expected)
    assert find_campaigns_of_folder(out) == expected, "and what the scan found before both"


@pytest.mark.parametrize("document", [None, "{", "{}", "[]", '{"id": 7}'])
def test_a_table_of_something_else_is_named(tmp_path: Path, document: str | None) -> None:
    pq.write_table(pa.table({"document": pa.array([document], pa.string())}), tmp_path / "x.parquet")
    with pytest.raises(InputUnreadable, match=r"x\.parquet: no table of incidents"):
        find_campaigns_of_folder(tmp_path / "x.parquet")


def test_what_is_no_result_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"other": [1]}), tmp_path / "x.parquet")
    (tmp_path / "broken" / "_delta_log").mkdir(parents=True)
    (tmp_path / "y.parquet").write_bytes(b"PAR1")
    for name in ("x.parquet", "y.parquet", "broken", "", "nowhere"):
        with pytest.raises(InputUnreadable):
            find_campaigns_of_folder(tmp_path / name)
