"""Campaigns: rare values that unusual accounts of several organisations meet within days, and how they are told."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from seawall.detection.campaigns.campaign import Campaign, CampaignAccount, SharedValue
from seawall.detection.campaigns.merge import merge_clusters, name_incidents
from seawall.detection.campaigns.sightings import (
    LEAST_ORGANISATIONS,
    WINDOW_DAYS,
    SharedSighting,
    ValueCluster,
    split_by_time,
)
from seawall.lab.worlds import WorldSettings, make_world
from seawall.pipeline.scan import ScanSettings, scan
from seawall.report.campaign_terminal import print_campaigns
from seawall.report.campaign_words import narrow_to
from seawall.storage.files.campaign_documents import (
    campaign_document,
    campaign_from_document,
    read_campaigns,
    write_campaigns,
)
from seawall_base.errors import InputUnreadable
from tests.report.samples import incident

DAY = 86_400_000_000


def sighting(tenant: str, day: int, account: str = "a", score: float = 0.0) -> SharedSighting:
    return SharedSighting(tenant, f"{account}@{tenant}", day * DAY, day * DAY + 60, score)


def cluster(field: str, *found: SharedSighting, others: int = 0) -> ValueCluster:
    return ValueCluster(field, f"{field} value", tuple(found), others)


THREE = (sighting("a", 1), sighting("b", 2), sighting("c", 3))


def test_three_organisations_within_a_week_are_together() -> None:
    assert split_by_time(THREE) == [THREE]
    assert split_by_time(THREE[:2]) == []
    assert split_by_time((*THREE[:2], sighting("c", 1 + WINDOW_DAYS))) == []
    assert split_by_time((*THREE[:2], sighting("a", 3, "z"))) == [], (
        "two accounts of one are one organisation"
    )


def test_two_waves_are_apart_and_a_stray_sighting_is_left_out() -> None:
    later = tuple(replace(one, first=one.first + 40 * DAY) for one in THREE)
    assert split_by_time((*THREE, sighting("d", 25), *later)) == [THREE, later]


FOUND = st.lists(
    st.builds(
        sighting, st.sampled_from("abcde"), st.integers(0, 40), st.sampled_from("xyz"), st.floats(-9, 9)
    ),
    max_size=30,
    unique_by=lambda one: (one.tenant, one.account),
)


@given(FOUND, st.randoms())
def test_clusters_do_not_depend_on_order_and_hold_enough_organisations(found: list[Any], random: Any) -> None:
    clusters = split_by_time(found)
    mixed = list(found)
    random.shuffle(mixed)
    assert split_by_time(mixed) == clusters
    for one in clusters:
        assert len({each.tenant for each in one}) >= LEAST_ORGANISATIONS
    kept = [one for each in clusters for one in each]
    assert len(kept) == len(set(kept))
    assert set(kept) <= set(found)


def test_values_of_the_same_accounts_are_one_campaign() -> None:
    (one,) = merge_clusters([cluster("network", *THREE), cluster("app", *THREE, others=1)])
    assert [(value.field, value.accounts, value.other_accounts) for value in one.values] == [
        ("app", 3, 1),
        ("network", 3, 0),
    ]
    assert one.tenants == ("a", "b", "c")
    assert (one.first, one.last) == (DAY, 3 * DAY + 60)


def test_one_common_account_does_not_make_two_campaigns_one() -> None:
    other = (THREE[0], *(sighting(tenant, 2, "y") for tenant in "bcd"))
    assert len(merge_clusters([cluster("network", *THREE), cluster("app", *other)])) == 2


def test_where_nobody_stands_out_unusual_people_share_a_provider() -> None:
    low = tuple(replace(one, score=-6.0) for one in THREE)
    assert merge_clusters([cluster("network", *low)]) == []
    assert merge_clusters([cluster("network", *low[:2], replace(low[2], score=-3.0))])
    assert merge_clusters([cluster("key", *low)]), "nobody has a credential key by chance"


@given(
    st.lists(st.tuples(st.sampled_from(("app", "key", "network")), FOUND.filter(bool)), max_size=6),
    st.randoms(),
)
def test_campaigns_do_not_depend_on_order(found: list[Any], random: Any) -> None:
    clusters = [ValueCluster(field, str(place), tuple(own), 0) for place, (field, own) in enumerate(found)]
    mixed = list(clusters)
    random.shuffle(mixed)
    assert merge_clusters(mixed) == merge_clusters(clusters)


def test_an_account_names_its_incident_of_that_time() -> None:
    (one,) = merge_clusters([cluster("app", *THREE)])
    mine = replace(
        incident(), id="mine", tenant="b", account="a@b", first_event=2 * DAY, last_event=2 * DAY + 5
    )
    later = replace(mine, id="later", first_event=20 * DAY, last_event=21 * DAY, score=99.0)
    others = replace(mine, id="others", tenant="x")
    (named,) = name_incidents([one], [mine, later, others])
    assert [account.incident for account in named.accounts] == ["", "mine", ""]


HOSTILE = "[red]x[/red]\x1b[31m<script>alert(1)</script>\n"


def campaign() -> Campaign:
    accounts = tuple(
        CampaignAccount(tenant, f"ann@{tenant}.example", DAY, DAY + 60, 1.5, "3f9a")
        for tenant in ("apple", "berry", "cedar")
    )
    return Campaign("c1", (SharedValue("app", HOSTILE, 3, 3, 1),), accounts)


def test_a_document_is_read_again(tmp_path: Path) -> None:
    assert campaign_from_document(campaign_document(campaign())) == campaign()
    write_campaigns(tmp_path / "campaigns.jsonl", [campaign(), campaign()])
    assert read_campaigns(tmp_path / "campaigns.jsonl") == [campaign(), campaign()]
    assert (tmp_path / "campaigns.jsonl").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "line", ["x", "[]", "{}", '{"accounts": 3}', '{"id": "a", "values": [], "accounts": []}']
)
def test_a_line_that_is_no_campaign_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "campaigns.jsonl"
    path.write_text(f"{json.dumps(campaign_document(campaign()))}\n{line}\n")
    with pytest.raises(InputUnreadable, match="line 2"):
        read_campaigns(path)


def test_text_from_logs_stays_text() -> None:
    target = io.StringIO()
    print_campaigns(Console(file=target, width=300, force_terminal=False), [campaign()])
    told = target.getvalue()
    assert "[red]x[/red]" in told
    assert "\x1b" not in told
    assert "3 organisations, 3 accounts" in told
    assert "1 other account uses it" in told


def test_one_organisation_sees_its_own_accounts_alone() -> None:
    ((own, others),) = narrow_to([campaign()], "berry")
    assert [one.tenant for one in own.accounts] == ["berry"]
    assert others == 2
    assert narrow_to([campaign()], "nobody") == []


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four organisations that one actor attacks, in the easiest way."""
    folder = tmp_path_factory.mktemp("world")
    settings = WorldSettings(
        8301, tenants=4, accounts=12, days=16, quiet_days=10, attacks=0, campaigns=1, difficulty="easy"
    )
    make_world(settings, folder)
    return folder


def test_a_scan_finds_a_staged_campaign_in_whatever_files(world: Path, tmp_path: Path) -> None:
    truth = json.loads((world / "truth.json").read_text())
    (staged,) = truth["campaigns"]
    assert len(staged["tenants"]) >= LEAST_ORGANISATIONS
    result = scan([world / "logs"], tmp_path / "out", settings=ScanSettings(campaigns=True))
    found = read_campaigns(tmp_path / "out" / "campaigns.jsonl")
    assert tuple(found) == result.campaigns
    attacked = {account for attack in truth["attacks"] for account in attack["accounts"]}
    attacked.add(staged["application"])
    best = found[0]
    assert len(best.tenants) >= LEAST_ORGANISATIONS
    assert {one.account for one in best.accounts} <= attacked
    assert any(one.incident for one in best.accounts)
    assert "Campaigns: what organisations share" in (tmp_path / "out" / "report.html").read_text()
    files = sorted((world / "logs").rglob("*"))
    again = scan([path for path in reversed(files) if path.is_file()], settings=ScanSettings(campaigns=True))
    assert again.campaigns == result.campaigns
    scan([next(path for path in files if path.is_file())], tmp_path / "out")
    assert not (tmp_path / "out" / "campaigns.jsonl").exists(), "that of the earlier scan"
