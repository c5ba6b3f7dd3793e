"""What every channel over HTTP does: it is accepted, links back, and survives refusal, limits, slowness and outage."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.response.channels.channel import HttpChannelTable
from seawall.response.channels.note import make_note
from seawall_base.webhooks import DeliveryFailed
from tests.response.channels.kinds import (
    AT,
    CONSOLE,
    HOSTILE,
    KINDS,
    STORY,
    ChannelKind,
    incident_document,
    incident_note,
)
from tests.response.channels.stand_ins.vendor import TOO_MANY, VendorAnswer, VendorStandIn


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> ChannelKind:
    return KINDS[request.param]


@pytest.fixture
def server(kind: ChannelKind) -> Iterator[VendorStandIn]:
    with kind.stand_in() as running:
        yield running


@pytest.fixture
def channel(kind: ChannelKind, server: VendorStandIn, tmp_path: Path) -> HttpChannelTable:
    return kind.make(server, tmp_path, {"timeout": 5.0})


def fail_delivery(kind: ChannelKind, server: VendorStandIn, fault: VendorAnswer | float) -> None:
    """Let the request fail that delivers the next message."""
    server.faults = [*[None] * kind.lead, fault]


def failure(channel: HttpChannelTable, **changes: Any) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as refused:
        channel.send(incident_note(**changes))
    return refused.value


def test_an_incident_is_accepted_with_a_link_and_its_account(
    channel: HttpChannelTable, server: VendorStandIn
) -> None:
    channel.send(incident_note())
    assert len(server.accepted) == 1
    text = json.dumps(server.accepted[0], ensure_ascii=False)
    assert "https://seawall.example.org/incidents/a1b2c3" in text
    assert "anna@contoso.com" in text
    assert "mail was read in bulk" in text


def test_an_incident_with_a_story_is_told_by_it(
    channel: HttpChannelTable, server: VendorStandIn, kind: ChannelKind
) -> None:
    channel.send(incident_note(title="anna consented to Mail Tool", story=[STORY]))
    text = json.dumps(server.accepted[0], ensure_ascii=False)
    assert "anna consented to Mail Tool" in text
    assert "anna consented to Mail Tool: anna@contoso.com" not in text
    assert "consented to Mail Tool" in text.partition("2 Mar 07:34 UTC")[2]
    assert "Left behind: the consent to Mail Tool" in text
    assert kind.holds_document or "mail was read in bulk" not in text


def test_a_story_that_cannot_be_read_gives_way_to_the_reasons() -> None:
    for story in ([{**STORY, "time": "yesterday"}], [{"text": "x"}], "x", {"a": 1}, [None], 7):
        assert "mail was read in bulk" in incident_note(story=story).lines


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("history.judged", {"tenant": "contoso.com", "from": "2026-01-01", "to": "2026-02-01", "raised": 3}),
        ("source.silent", {"tenant": "contoso.com", "source": "m365", "last_heard": "2026-03-02T07:34:00Z"}),
        ("digest.weekly", {"from": "2026-01-01", "to": "2026-01-08", "organisations": []}),
        ("watch.interrupted", {"title": "Seawall was stopped", "from": "2026-01-01", "to": "2026-01-02"}),
        ("channel.test", {"title": "Test message", "text": "Nothing has happened."}),
    ],
)
def test_every_kind_of_message_is_accepted(
    channel: HttpChannelTable, server: VendorStandIn, name: str, document: dict[str, Any]
) -> None:
    channel.send(make_note("seawall-5-1", name, "contoso.com/m365", document, at=AT))
    channel.send(make_note("seawall-5-2", name, "contoso.com/m365", document, at=AT, console=CONSOLE))
    assert len(server.accepted) == 2


def test_without_a_console_nothing_links_to_one(channel: HttpChannelTable, server: VendorStandIn) -> None:
    channel.send(incident_note(console=""))
    assert "/incidents/" not in json.dumps(server.accepted)


def test_text_from_logs_is_accepted_whatever_it_holds(
    channel: HttpChannelTable, server: VendorStandIn, kind: ChannelKind
) -> None:
    channel.send(incident_note(account=HOSTILE, title=HOSTILE, summary=HOSTILE, tenant=HOSTILE, id=HOSTILE))
    assert len(server.accepted) == 1
    if not kind.holds_document:
        assert b"\\u001b" not in server.requests[-1].body
        assert "\u202e" not in server.requests[-1].body.decode("utf-8")


def test_a_very_large_incident_is_accepted(channel: HttpChannelTable, server: VendorStandIn) -> None:
    long = "word & <b>| " * 20_000
    reasons = [{"text": long, "weight": float(number)} for number in range(300)]
    channel.send(incident_note(account=long, title=long, summary=long, tenant=long, reasons=reasons))
    assert len(server.accepted) == 1


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=300), more=st.text(max_size=40))
def test_any_text_is_accepted(channel: HttpChannelTable, server: VendorStandIn, text: str, more: str) -> None:
    before = len(server.accepted)
    document = incident_document(
        account=text, title=more, summary=text, reasons=[{"text": text, "weight": 1.0}]
    )
    channel.send(
        make_note(f"seawall-{len(server.requests)}", "incident.raised", f"i{before}", document, at=AT)
    )
    assert len(server.accepted) == before + 1


def test_too_many_requests_wait_as_long_as_the_vendor_says(
    channel: HttpChannelTable, server: VendorStandIn, kind: ChannelKind
) -> None:
    fail_delivery(kind, server, TOO_MANY)
    refused = failure(channel)
    assert (refused.is_final, refused.may_have_arrived, refused.retry_after) == (False, False, 17.0)
    channel.send(incident_note())
    assert len(server.accepted) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_failure_of_the_vendor_is_tried_again(
    channel: HttpChannelTable, server: VendorStandIn, kind: ChannelKind, status: int
) -> None:
    fail_delivery(kind, server, VendorAnswer(status, "<html>oops</html>"))
    refused = failure(channel)
    assert (refused.is_final, refused.may_have_arrived) == (False, True)
    assert str(status) in str(refused)


@pytest.mark.parametrize("status", [301, 302, 307])
def test_no_redirect_is_followed(
    channel: HttpChannelTable, server: VendorStandIn, kind: ChannelKind, status: int
) -> None:
    fail_delivery(kind, server, VendorAnswer(status, "", {"Location": "https://elsewhere.example/"}))
    assert not failure(channel).is_final
    assert not server.accepted


def test_slowness_ends_after_the_time_limit(kind: ChannelKind, server: VendorStandIn, tmp_path: Path) -> None:
    fail_delivery(kind, server, 30.0)
    refused = failure(kind.make(server, tmp_path, {"timeout": 0.5}))
    assert not refused.is_final
    assert "time limit" in str(refused)
    assert refused.may_have_arrived or len(server.requests) <= kind.lead


def test_an_outage_is_tried_again(channel: HttpChannelTable, server: VendorStandIn) -> None:
    server.stop()
    refused = failure(channel)
    assert (refused.is_final, refused.may_have_arrived) == (False, False)


def test_no_secret_is_in_an_error(
    channel: HttpChannelTable, server: VendorStandIn, kind: ChannelKind
) -> None:
    echo = " and ".join(kind.secrets)
    server.faults = [VendorAnswer(401, f"the token {echo} is wrong; the URL was {server.url}/x?sig={echo}")]
    text = str(failure(channel))
    assert "401" in text
    assert not [secret for secret in kind.secrets if secret in text]
    assert not [secret for secret in kind.secrets if secret in repr(channel)]


def test_a_secret_that_is_gone_is_said_and_tried_again(
    kind: ChannelKind, server: VendorStandIn, tmp_path: Path
) -> None:
    channel = kind.make(server, tmp_path, {})
    for file in tmp_path.iterdir():
        file.unlink()
    refused = failure(channel)
    assert (refused.is_final, refused.may_have_arrived) == (False, False)
    assert not server.requests


def test_a_new_secret_needs_no_restart(kind: ChannelKind, server: VendorStandIn, tmp_path: Path) -> None:
    channel = kind.make(server, tmp_path, {})
    kept = {file: file.read_text() for file in tmp_path.iterdir()}
    for file in kept:
        file.write_text("http://127.0.0.1:9/wrong-0123456789abcdef\n")
    failure(channel)
    for file, text in kept.items():
        file.write_text(text)
    channel.send(incident_note())
    assert len(server.accepted) == 1
