"""Campaigns over a store are announced once, and nobody learns from it who else is in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seawall.detection.campaigns.campaign import Campaign, CampaignAccount, SharedValue
from seawall.pipeline.live.campaign_messages import (
    KIND,
    PAUSE,
    RECENT,
    CampaignMessages,
    announce_campaigns,
    describe_campaign,
)
from seawall.pipeline.live.recipients import Recipients
from seawall.response.channels.note import make_note
from seawall.response.channels.slack import SlackChannel
from seawall.storage.database import Database

AT = 1_760_000_000_000_000
HOUR = 3_600_000_000
TENANTS = ("contoso.com", "fabrikam.com", "northwind.com")
TARGETS = Recipients(("hook",), (SlackChannel(name="own", url_file="x", organisations=("contoso.com",)),))


def campaign(*values: tuple[str, str], id_: str = "c1", last: int = AT) -> Campaign:
    shared = tuple(SharedValue(field, value, 3, 3, 0) for field, value in values)
    accounts = tuple(
        CampaignAccount(tenant, f"eve@{tenant}", last - (3 - number) * HOUR, last, 1.0, f"i{number}")
        for number, tenant in enumerate(TENANTS)
    )
    return Campaign(id_, shared, accounts)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "seawall.db", should_migrate=True)
    yield opened
    opened.close()


def tell(database: Database, *found: Campaign, at: int = AT) -> list[str]:
    with database.writing() as work:
        return [one.id for one in announce_campaigns(work, found, TARGETS, at)]


def sent(database: Database, target: str) -> list[dict[str, Any]]:
    with database.reading() as work:
        return [dict(one.document) for one in work.outbox.of_target(target) if one.kind == KIND]


def test_a_campaign_is_announced_once_however_it_grows(database: Database) -> None:
    first = campaign(("prefix", "198.51.100.0/24"))
    assert tell(database, first) == ["c1"]
    assert tell(database, first) == []
    grown = campaign(("prefix", "198.51.100.0/24"), ("app", "Mailtide (0f3a)"), id_="c2")
    assert tell(database, grown, at=AT + HOUR) == []
    assert tell(database, campaign(("app", "Mailtide (0f3a)"), id_="c3"), at=AT + 2 * HOUR) == []
    assert tell(database, campaign(("prefix", "192.0.2.0/24"), id_="c4"), at=AT + 3 * HOUR) == ["c4"]
    assert [one["id"] for one in sent(database, "hook")] == ["c1", "c4"]


def test_old_logs_announce_nothing(database: Database) -> None:
    assert tell(database, campaign(("prefix", "198.51.100.0/24"), last=AT - RECENT - 1)) == []
    assert sent(database, "hook") == []


def test_a_channel_of_one_organisation_learns_how_many_others_and_not_who(database: Database) -> None:
    value = "fabrikam's app (0f3a8f2e-0000-4000-8000-000000000001)"
    tell(database, campaign(("app", value), ("network", "AS64500 Northwind Hosting")))
    (whole,) = sent(database, "hook")
    assert whole["tenants"] == list(TENANTS)
    (own,) = sent(database, "channel own")
    assert own["tenants"] == ["contoso.com"]
    assert own["other_organisations"] == 2
    assert own["values"][0]["value"] == "0f3a8f2e-0000-4000-8000-000000000001"
    note = make_note("x", KIND, "c1", own, at=AT)
    assert note.title == "Campaign: contoso.com; also seen at 2 other organisations"
    for text in (json.dumps(own).lower(), note.text().lower(), note.title.lower()):
        assert "fabrikam" not in text
        assert "northwind" not in text
    assert own["first"] == describe_campaign(campaign(("app", value)))["accounts"][0]["first"]


def test_a_channel_of_another_organisation_gets_nothing() -> None:
    channel = SlackChannel(name="own", url_file="x", organisations=("other.com",))
    assert channel.narrow(KIND, describe_campaign(campaign(("app", "x")))) is None


def test_the_note_for_those_who_see_all_names_values_and_accounts() -> None:
    note = make_note(
        "x",
        KIND,
        "c1",
        describe_campaign(campaign(("prefix", "198.51.100.0/24"))),
        at=AT,
        console="https://c/",
    )
    assert note.title == "Campaign in 3 organisations"
    assert note.level == "high"
    assert note.link == "https://c/tenants"
    assert "Shared prefix: 198.51.100.0/24" in note.lines
    assert any("eve@fabrikam.com" in line for line in note.lines)


def test_a_store_is_looked_at_every_ten_minutes(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    def find(work: object) -> tuple[Campaign, ...]:
        looks.append(work)
        return (campaign(("key", "k1")),)

    monkeypatch.setattr("seawall.pipeline.live.campaign_messages.find_campaigns_of_store", find)
    messages = CampaignMessages()
    with database.only_writer() as writer:
        for wall in (AT, AT + 1, AT + PAUSE - 1, AT + 2 * PAUSE, AT - 5 * PAUSE):
            messages.work(database, writer, TARGETS, wall)
    assert len(looks) == 3
    assert len(sent(database, "hook")) == 1
