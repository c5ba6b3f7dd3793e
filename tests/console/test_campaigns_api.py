"""Tenants and campaigns over the API: for a provider who sees all, and for somebody of one organisation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete

from seawall.console.data.campaign_values import find_subject
from seawall.detection.incident import BaselineComparison
from seawall.storage.database.live_models import AnnouncementRow
from tests.console.consoles import Console
from tests.console.privacy.persons import hide_from
from tests.console.test_tenant_access import readable
from tests.console.two_tenants import ALPHA, BETA, account_of, incident_of, incidents, limited, of_tenants

GAMMA = "gamma.example"
UID = "00000000-0000-0000-0000-0000000000aa"


def shown(tenant: str, field: str, value: str) -> BaselineComparison:
    return BaselineComparison(field, value, (), 0.0, 30.0, 0, 40, True, "")


def fill(made: Console, *tenants: str) -> None:
    """Each organisation's first incident shows an application under a name of its own, and a shared block."""
    with made.context.database.writing() as work:
        for tenant in tenants:
            name = tenant.partition(".")[0]
            usual = (shown(tenant, "app", f"{name} tool ({UID})"), shown(tenant, "prefix", "198.51.100.0/24"))
            first, *others = incidents(tenant)
            is_raised = tenant != GAMMA
            quiet = [replace(one, usual=(), raised=is_raised) for one in others]
            work.incidents.put([replace(first, usual=usual, raised=is_raised), *quiet])


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with of_tenants(tmp_path_factory.mktemp("three"), ALPHA, BETA, GAMMA) as made:
        with made.context.database.writing() as work:
            work.session.execute(delete(AnnouncementRow))
        fill(made, ALPHA, BETA, GAMMA)
        yield made


def test_a_provider_sees_who_shares_what_and_who_to_warn(three: Console) -> None:
    found = three.signed_in("viewer").get("/api/campaigns").json()
    (row,) = found["items"]
    assert sorted(row["tenants"]) == [ALPHA, BETA, GAMMA]
    assert (row["other_organisations"], row["accounts"], row["days"]) == (0, 3, 1)
    assert row["warn"] == [GAMMA]
    shared = {one["field"]: one for one in row["values"]}
    assert shared["app"]["subject"] == f"app:{UID}"
    assert shared["prefix"]["subject"] == "cidr:198.51.100.0/24"
    assert (shared["prefix"]["organisations"], shared["prefix"]["accounts"], shared["prefix"]["others"]) == (
        3,
        3,
        0,
    )
    whole = three.signed_in("viewer").get(f"/api/campaigns/{row['id']}").json()
    assert whole["campaign"] == row
    members = {one["tenant"]: one for one in whole["members"]}
    assert members[ALPHA]["incident"] == incident_of(ALPHA)
    assert (members[ALPHA]["raised"], members[GAMMA]["raised"]) == (True, False)
    assert members[GAMMA]["account"] == account_of(GAMMA)
    # the records show the block at three accounts of each organisation, which have no incident
    assert {one["tenant"]: (one["accounts"], one["warned"]) for one in whole["showing"]} == {
        ALPHA: (3, True), BETA: (3, True), GAMMA: (3, False),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "count"),
    [("198.51.100.7", 1), ("ip:198.51.100.66", 1), ("203.0.113.1", 0), (UID.upper(), 1), ("TOOL", 1), ("beta", 0),
     (f"app:{UID} 198.51", 1), ("zzz", 0), ("::1", 0), ("198.51.100.0/24", 1)],
)  # fmt: skip
def test_a_campaign_is_found_by_its_indicators(three: Console, query: str, count: int) -> None:
    assert len(three.signed_in("viewer").get("/api/campaigns", params={"q": query}).json()["items"]) == count


def test_one_organisation_sees_its_own_accounts_and_how_many_others(three: Console) -> None:
    browser = limited(three, "viewer", ALPHA)
    answer = browser.get("/api/campaigns")
    (row,) = answer.json()["items"]
    assert (row["tenants"], row["other_organisations"], row["accounts"], row["warn"]) == ([ALPHA], 2, 1, [])
    assert {one["others"] for one in row["values"]} == {None}
    assert {one["organisations"] for one in row["values"]} == {1}
    assert {one["value"] for one in row["values"]} == {UID, "198.51.100.0/24"}, "no name from another's log"
    whole = browser.get(f"/api/campaigns/{row['id']}")
    assert [one["account"] for one in whole.json()["members"]] == [account_of(ALPHA)]
    assert [one["tenant"] for one in whole.json()["showing"]] == [ALPHA]
    for one in (answer, whole, browser.get("/api/tenants"), browser.get("/api/campaigns?q=tool")):
        assert not {"beta", "gamma"} & set(readable(one).replace(".", " ").replace("-", " ").split())
        assert "beta" not in readable(one)
        assert "gamma" not in readable(one)
    assert browser.get("/api/campaigns?q=tool").json()["items"] == [], (
        "names of others are no search terms either"
    )
    assert browser.get(f"/api/campaigns?tenant={BETA}").json()["items"] == []


def test_a_campaign_of_others_is_not_there(tmp_path: Path) -> None:
    tenants = (BETA, GAMMA, "delta.example", ALPHA)
    with of_tenants(tmp_path, *tenants) as made:
        fill(made, BETA, GAMMA, "delta.example")
        with made.context.database.writing() as work:
            work.incidents.put([replace(one, usual=()) for one in incidents(ALPHA)])
        (row,) = made.signed_in("viewer").get("/api/campaigns").json()["items"]
        browser = limited(made, "analyst", ALPHA)
        assert browser.get("/api/campaigns").json()["items"] == []
        assert browser.get(f"/api/campaigns/{row['id']}").status_code == 404
        assert (
            browser.get("/api/campaigns/nothing").json() == browser.get(f"/api/campaigns/{row['id']}").json()
        )


def test_accounts_of_a_campaign_have_pseudonyms_for_whoever_sees_them(tmp_path: Path) -> None:
    with of_tenants(tmp_path, ALPHA, BETA, GAMMA) as made:
        fill(made, ALPHA, BETA, GAMMA)
        hide_from(made)
        for browser in (made.signed_in("viewer"), limited(made, "viewer", ALPHA)):
            (row,) = browser.get("/api/campaigns").json()["items"]
            members = browser.get(f"/api/campaigns/{row['id']}").json()["members"]
            assert members
            assert all(one["account"].startswith("person ") for one in members)


def test_two_organisations_share_nothing(tmp_path: Path) -> None:
    with of_tenants(tmp_path, ALPHA, BETA) as made:
        found = made.signed_in("viewer").get("/api/campaigns").json()
        assert (found["items"], found["organisations"], found["least_organisations"]) == ([], 2, 3)


def test_tenants_are_listed_with_their_open_incidents(three: Console) -> None:
    found = three.signed_in("viewer").get("/api/tenants").json()
    assert found["total"] == 3
    rows = {one["tenant"]: one for one in found["items"]}
    assert [one["tenant"] for one in found["items"]][-1] == GAMMA
    assert (rows[ALPHA]["open"], rows[ALPHA]["by_severity"]["critical"], rows[ALPHA]["accounts"]) == (3, 1, 3)
    assert (rows[GAMMA]["open"], rows[GAMMA]["last_event"]) == (0, None)
    own = limited(three, "viewer", ALPHA).get("/api/tenants").json()
    assert (own["total"], [one["tenant"] for one in own["items"]]) == (1, [ALPHA])


@pytest.mark.parametrize(
    ("field", "value", "subject"),
    [("app", f"Mail (x) ({UID})", f"app:{UID}"), ("app", UID, f"app:{UID}"), ("network", "AS64500 Example", "network:AS64500"),
     ("network", "Example", "network:Example"), ("client", "curl", "client:curl"), ("key", "k1", "key:k1"),
     ("country", "NL", None)],
)  # fmt: skip
def test_a_shared_value_is_looked_up(field: str, value: str, subject: str | None) -> None:
    assert find_subject(field, value) == subject
