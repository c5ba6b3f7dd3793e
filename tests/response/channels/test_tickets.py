"""Jira, ServiceNow, TheHive, DFIR-IRIS and MISP: one ticket for each incident, and what each vendor refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.response.channels.iris import IrisChannel
from seawall.response.channels.jira import JiraChannel, escape_wiki
from seawall.response.channels.misp import make_misp_event
from seawall.response.channels.tickets import escape_markdown, ticket_key
from seawall_base.webhooks import DeliveryFailed
from tests.response.channels.kinds import KINDS, incident_note, write_secret
from tests.response.channels.stand_ins import iris, jira, misp, servicenow, thehive
from tests.response.channels.stand_ins.vendor import VendorAnswer

TICKETS = ("jira", "servicenow", "thehive", "iris", "misp")


def refusal(channel: Any, **changes: Any) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as refused:
        channel.send(incident_note(**changes))
    return refused.value


@pytest.mark.parametrize("name", TICKETS)
def test_a_message_that_is_sent_again_makes_no_second_ticket(name: str, tmp_path: Path) -> None:
    with KINDS[name].stand_in() as server:
        channel = KINDS[name].make(server, tmp_path, {})
        for _ in range(3):
            channel.send(incident_note())
        assert len(server.accepted) == 1


@pytest.mark.parametrize("name", TICKETS)
def test_a_lost_answer_makes_no_second_ticket(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vendor takes the message, but its answer is a failure of the proxy before it."""
    with KINDS[name].stand_in() as server:
        channel = KINDS[name].make(server, tmp_path, {})
        usual = type(server).answer
        broken = [True]

        def answer(request: Any) -> VendorAnswer:
            found = usual(server, request)
            if server.accepted and broken and broken.pop():
                return VendorAnswer(502, "bad gateway")
            return found

        monkeypatch.setattr(server, "answer", answer)
        assert refusal(channel).may_have_arrived
        channel.send(incident_note())
        assert len(server.accepted) == 1


@pytest.mark.parametrize("name", TICKETS)
def test_the_end_of_an_alarm_makes_no_ticket(name: str, tmp_path: Path) -> None:
    with KINDS[name].stand_in() as server:
        channel = KINDS[name].make(server, tmp_path, {})
        assert channel.narrow("source.resumed", {"tenant": "a", "source": "b"}) is None
        assert channel.narrow("incident.raised", {"tenant": "a", "severity": "high"}) is not None


@pytest.mark.parametrize("name", TICKETS)
def test_a_refused_key_waits(name: str, tmp_path: Path) -> None:
    with KINDS[name].stand_in() as server:
        channel = KINDS[name].make(server, tmp_path, {})
        for file in tmp_path.iterdir():
            file.write_text("another-key\n")
        refused = refusal(channel)
        assert not refused.is_final
        assert "40" in str(refused)
        assert "another-key" not in str(refused)


def test_jira_of_a_data_center(tmp_path: Path) -> None:
    with jira.JiraStandIn() as server:
        server.is_cloud = False
        token = write_secret(tmp_path, "token", jira.TOKEN)
        channel = JiraChannel(
            name="x", url=server.url, project="SEC", token_file=token, issue_type="Incident"
        )
        channel.send(incident_note())
        channel.send(incident_note())
        (issue,) = server.accepted
    assert issue["labels"] == ["seawall", ticket_key(incident_note())]
    assert issue["description"].startswith("[Open in Seawall|https://seawall.example.org/incidents/a1b2c3]")


@pytest.mark.parametrize(
    ("change", "word"), [({"project": "OTHER"}, "project"), ({"issue_type": "Story"}, "issuetype")]
)
def test_jira_says_which_field_it_refuses(tmp_path: Path, change: dict[str, str], word: str) -> None:
    with jira.JiraStandIn() as server:
        values: dict[str, Any] = {"name": "x", "url": server.url, "project": "SEC", "user": jira.USER}
        token = write_secret(tmp_path, "token", jira.TOKEN)
        refused = refusal(JiraChannel(**{**values, "token_file": token, **change}))
    assert word in str(refused)
    assert refused.is_final


def test_jira_cloud_needs_a_user(tmp_path: Path) -> None:
    from seawall.response.channels.settings import load_channels
    from seawall.response.errors import ChannelsInvalid

    write_secret(tmp_path, "token", "x")
    file = tmp_path / "channels.toml"
    file.write_text(
        '[[jira]]\nname = "x"\nurl = "https://a.atlassian.net"\nproject = "SEC"\ntoken_file = "token"\n'
    )
    with pytest.raises(ChannelsInvalid, match="Jira Cloud"):
        load_channels(file)


@given(text=st.text(max_size=200))
def test_no_markup_is_left_unescaped(text: str) -> None:
    import re

    for escaped in (escape_wiki(text), escape_markdown(text)):
        assert "://" not in escaped
        assert "<" not in escaped
        assert not re.search(r"(?<!\\)(?:\\\\)*[\[\]{}|*_!]", escaped)


def test_servicenow_gets_urgency_and_impact(tmp_path: Path) -> None:
    with servicenow.ServiceNowStandIn() as server:
        channel = KINDS["servicenow"].make(server, tmp_path, {"assignment_group": "SOC"})
        channel.send(incident_note(severity="critical"))
        (record,) = server.accepted
        assert (record["urgency"], record["impact"], record["assignment_group"]) == ("1", "1", "SOC")
        server.denies = True
        assert not refusal(channel, id="other").is_final


def test_servicenow_refuses_another_table(tmp_path: Path) -> None:
    with servicenow.ServiceNowStandIn() as server:
        refused = refusal(KINDS["servicenow"].make(server, tmp_path, {"table": "nosuch"}))
    assert "Invalid table" in str(refused)
    assert refused.is_final


def test_thehive_gets_an_alert_with_its_account(tmp_path: Path) -> None:
    with thehive.TheHiveStandIn() as server:
        KINDS["thehive"].make(server, tmp_path, {"organisation": "SOC"}).send(incident_note())
        (alert,) = server.accepted
        assert server.requests[0].headers["x-organisation"] == "SOC"
    assert alert["severity"] == 3
    assert alert["externalLink"].endswith("/incidents/a1b2c3")
    assert [(one["dataType"], one["data"]) for one in alert["observables"]] == [("mail", "anna@contoso.com")]
    assert "[Open in Seawall](<https://seawall.example.org/incidents/a1b2c3>)" in alert["description"]


def test_another_refusal_of_thehive_is_no_success(tmp_path: Path) -> None:
    with thehive.TheHiveStandIn() as server:
        server.faults = [VendorAnswer(400, {"type": "BadRequest", "message": "title is missing"})]
        assert refusal(KINDS["thehive"].make(server, tmp_path, {})).is_final


def test_iris_gets_its_own_ids_of_severity_and_status(tmp_path: Path) -> None:
    with iris.IrisStandIn() as server:
        KINDS["iris"].make(server, tmp_path, {}).send(incident_note())
        (alert,) = server.accepted
    assert (alert["alert_severity_id"], alert["alert_status_id"]) == (iris.NAMES.index("High") + 1, 2)


def test_iris_refuses_another_customer_for_now(tmp_path: Path) -> None:
    with iris.IrisStandIn() as server:
        key = write_secret(tmp_path, "key", iris.KEY)
        refused = refusal(IrisChannel(name="x", url=server.url, key_file=key, customer=7))
    assert "not entitled" in str(refused)
    assert not refused.is_final


def test_an_answer_of_iris_that_is_no_success_is_none(tmp_path: Path) -> None:
    with iris.IrisStandIn() as server:
        server.faults = [VendorAnswer(200, {"status": "error", "message": "x"})]
        assert not refusal(KINDS["iris"].make(server, tmp_path, {})).is_final
        server.faults = [None, VendorAnswer(200, {"status": "success", "data": []})]
        assert "severity named high" in str(refusal(KINDS["iris"].make(server, tmp_path, {})))


def test_misp_gets_addresses_and_the_account_and_marks_nothing_for_blocking(tmp_path: Path) -> None:
    reasons = [
        {"text": "a", "weight": 1.0, "value": "203.0.113.7"},
        {"text": "b", "weight": 1.0, "value": "2001:db8::1"},
        {"text": "c", "weight": 1.0, "value": "AS64500"},
        {"text": "d", "weight": 1.0, "value": "203.0.113.7"},
    ]
    with misp.MispStandIn() as server:
        KINDS["misp"].make(server, tmp_path, {}).send(incident_note(reasons=reasons))
        (event,) = server.accepted
    found = [(one["type"], one["value"]) for one in event["Attribute"] if one["type"] != "text"]
    assert found == [
        ("link", "https://seawall.example.org/incidents/a1b2c3"),
        ("target-email", "anna@contoso.com"),
        ("ip-src", "203.0.113.7"),
        ("ip-src", "2001:db8::1"),
    ]
    assert {one["to_ids"] for one in event["Attribute"]} == {False}
    assert (event["published"], event["distribution"], event["threat_level_id"]) == (False, "0", "1")


def test_misp_refuses_an_event_for_ever_and_a_key_for_now(tmp_path: Path) -> None:
    with misp.MispStandIn() as server:
        server.faults = [VendorAnswer(403, {"name": "Could not add Event", "errors": {"info": ["empty"]}})]
        channel = KINDS["misp"].make(server, tmp_path, {})
        assert refusal(channel).is_final
        server.faults = [VendorAnswer(403, {"name": "You do not have permission to do that."})]
        assert not refusal(channel).is_final


def test_without_a_link_misp_gets_none(tmp_path: Path) -> None:
    from seawall.response.channels.misp import MispChannel

    event = make_misp_event(
        incident_note(console=""), MispChannel(name="x", url="https://m.example", key_file="k")
    )
    assert [one["type"] for one in event["Event"]["Attribute"]] == ["text", "target-email"]
