"""PagerDuty: one alert for each incident, resolved by what ends it, and what the Events API refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seawall.response.channels.note import make_note
from seawall.response.channels.pagerduty import PagerDutyChannel, make_event
from seawall_base.webhooks import DeliveryFailed
from tests.response.channels.kinds import AT, incident_note, write_secret
from tests.response.channels.stand_ins.pagerduty import ROUTING_KEY, PagerDutyStandIn


@pytest.fixture
def server() -> Iterator[PagerDutyStandIn]:
    with PagerDutyStandIn() as running:
        yield running


def channel(server: PagerDutyStandIn, folder: Path, key: str = ROUTING_KEY) -> PagerDutyChannel:
    return PagerDutyChannel(
        name="x", routing_key_file=write_secret(folder, "key", key), url=server.url + "/v2/enqueue"
    )


def test_an_incident_is_one_alert_however_often_it_is_sent(server: PagerDutyStandIn, tmp_path: Path) -> None:
    for _ in range(3):
        channel(server, tmp_path).send(incident_note())
    channel(server, tmp_path).send(incident_note(id="other"))
    assert sorted(server.alerts.values()) == [1, 3]
    assert {event["payload"]["severity"] for event in server.accepted} == {"error"}
    assert server.accepted[0]["payload"]["source"] == "contoso.com"


def test_an_attack_is_one_alert_until_a_graver_incident_joins(
    server: PagerDutyStandIn, tmp_path: Path
) -> None:
    for name in ("a", "b", "c"):
        channel(server, tmp_path).send(incident_note(id=name, attack="a"))
    channel(server, tmp_path).send(incident_note(id="d", attack="a", severity="critical"))
    channel(server, tmp_path).send(incident_note(id="e", attack=""))
    assert sorted(server.alerts.values()) == [1, 1, 3]


def test_the_return_of_a_source_resolves_its_alert(server: PagerDutyStandIn, tmp_path: Path) -> None:
    document = {"tenant": "contoso.com", "source": "m365", "last_heard": "2026-03-02T07:34:00Z"}
    for kind in ("source.silent", "source.resumed"):
        channel(server, tmp_path).send(
            make_note(f"seawall-{kind}", kind, "contoso.com/m365", document, at=AT)
        )
    assert [event["event_action"] for event in server.accepted] == ["trigger", "resolve"]
    assert server.alerts == {}


def test_a_key_of_another_length_is_refused_for_ever(server: PagerDutyStandIn, tmp_path: Path) -> None:
    with pytest.raises(DeliveryFailed, match="routing_key") as refused:
        channel(server, tmp_path, "short").send(incident_note())
    assert refused.value.is_final


@pytest.mark.parametrize("missing", ["summary", "source", "severity"])
def test_the_stand_in_refuses_a_missing_field(server: PagerDutyStandIn, tmp_path: Path, missing: str) -> None:
    from seawall.response.channels.http_sending import ChannelCall

    event: dict[str, Any] = make_event(incident_note(), ROUTING_KEY)
    del event["payload"][missing]
    one = channel(server, tmp_path)
    with pytest.raises(DeliveryFailed, match=f"payload.{missing}"):
        ChannelCall("PagerDuty", one).send_json("POST", one.url, event)
    event["payload"] = {"summary": "x" * 1025, "source": "x", "severity": "error"}
    with pytest.raises(DeliveryFailed, match="too long"):
        ChannelCall("PagerDuty", one).send_json("POST", one.url, event)


def test_a_body_beyond_the_limit_is_refused(server: PagerDutyStandIn, tmp_path: Path) -> None:
    from seawall.response.channels.http_sending import ChannelCall

    one = channel(server, tmp_path)
    with pytest.raises(DeliveryFailed, match="413") as refused:
        ChannelCall("PagerDuty", one).send_json("POST", one.url, {"x": "y" * 600_000})
    assert refused.value.is_final
