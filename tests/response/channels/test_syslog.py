"""Syslog over TLS, TCP and UDP, as CEF, ECS and text: what arrives can be read as the RFCs and the guides say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.response.channels.cef import escape_header, escape_value, make_cef_record
from seawall.response.channels.note import make_note
from seawall.response.channels.syslog import SyslogChannel, make_frame
from seawall.response.errors import ChannelsInvalid
from seawall_base.webhooks import DeliveryFailed
from tests.response.channels.kinds import AT, HOSTILE, incident_document, incident_note
from tests.response.channels.stand_ins.syslog import (
    LARGEST,
    LARGEST_UDP,
    SyslogStandIn,
    parse_cef,
    parse_message,
)


@pytest.fixture(params=["tls", "tcp", "newline", "udp"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SyslogStandIn]:
    transport = "tcp" if request.param == "newline" else request.param
    framing = "newline" if request.param == "newline" else "octet-counting"
    with SyslogStandIn(transport, framing, tmp_path if transport == "tls" else None) as running:
        yield running


def channel(server: SyslogStandIn, **changes: Any) -> SyslogChannel:
    values: dict[str, Any] = {
        "name": "siem",
        "host": "127.0.0.1",
        "port": server.port,
        "transport": server.transport,
        "framing": server.framing,
        "ca_file": str(server.authority or ""),
        "timeout": 5.0,
    }
    return SyslogChannel(**{**values, **changes})


@pytest.mark.parametrize("form", ["cef", "ecs", "text"])
def test_an_incident_arrives_over_every_transport_in_every_format(server: SyslogStandIn, form: str) -> None:
    channel(server, format=form, hostname="seawall.example.com").send(incident_note())
    (message,) = server.wait(1)
    assert (message.facility, message.severity, message.host) == (16, 3, "seawall.example.com")
    assert (message.app, message.kind) == ("seawall", "incident.raised")
    assert message.at == "2025-10-09T08:53:20Z"
    assert "https://seawall.example.org/incidents/a1b2c3" in message.text
    assert "anna@contoso.com" in message.text
    assert not server.refused


def test_text_from_logs_breaks_no_frame(server: SyslogStandIn) -> None:
    for form in ("cef", "ecs", "text"):
        note = incident_note(account=HOSTILE, title=HOSTILE, summary=HOSTILE, tenant=HOSTILE, id=HOSTILE)
        channel(server, format=form).send(note)
    assert len(server.wait(3)) == 3
    assert not server.refused


def test_a_large_incident_is_made_to_fit(server: SyslogStandIn) -> None:
    long = "word|=\\ é" * 5_000
    reasons = [{"text": long, "weight": float(number)} for number in range(300)]
    for form in ("cef", "ecs", "text"):
        note = incident_note(account=long, title=long, summary=long, tenant=long, reasons=reasons, id=long)
        channel(server, format=form).send(note)
    messages = server.wait(3)
    assert len(messages) == 3
    assert not server.refused
    assert json.loads(messages[1].text)["event"]["action"] == "incident.raised"
    assert len(parse_cef(messages[0].text)[0]) == 6


def test_cef_has_the_fields_of_the_guide() -> None:
    header, extension = parse_cef(make_cef_record(incident_note()))
    assert header[:2] == ["Seawall", "Seawall"]
    assert header[3:] == [
        "incident.raised",
        "Sign-in from a new network, then mail was read: anna@contoso.com",
        "8",
    ]
    assert extension["duser"] == "anna@contoso.com"
    assert extension["externalId"] == "a1b2c3"
    assert extension["start"] == "1772436840000"
    assert (extension["cs1Label"], extension["cs1"]) == ("Organisation", "contoso.com")
    assert extension["request"].endswith("/incidents/a1b2c3")


@given(title=st.text(max_size=80), account=st.text(max_size=80), tenant=st.text(max_size=40))
def test_cef_gives_back_what_was_put_in(title: str, account: str, tenant: str) -> None:
    document = incident_document(title=title, account=account, tenant=tenant)
    note = make_note("seawall-1", "incident.raised", "i1", document, at=AT)
    header, extension = parse_cef(make_cef_record(note))
    assert header[4] == note.title
    assert extension.get("duser", "") == dict(note.facts).get("Account", "")
    assert extension.get("cs1", "") == note.organisation
    assert extension["externalId"] == "i1"


def test_what_ends_a_field_is_escaped() -> None:
    assert escape_header("a|b\\c=d\ne") == "a\\|b\\\\c=d\\ne"
    assert escape_value("a|b\\c=d\r\ne") == "a|b\\\\c\\=d\\r\\ne"


@given(
    text=st.text(max_size=3_000),
    form=st.sampled_from(["cef", "ecs", "text"]),
    transport=st.sampled_from(["tls", "udp"]),
)
def test_every_frame_is_of_the_rfc(text: str, form: str, transport: str) -> None:
    settings: dict[str, Any] = {"name": "x", "host": "h", "transport": transport, "format": form}
    document = incident_document(title=text, account=text, summary=text, tenant=text)
    frame = make_frame(
        make_note("seawall-1", "incident.raised", text, document, at=AT), SyslogChannel(**settings)
    )
    assert parse_message(frame) is not None
    assert len(frame) <= (LARGEST if transport == "tls" else LARGEST_UDP)


def test_ecs_is_an_alert_with_account_and_organisation() -> None:
    with SyslogStandIn("udp") as server:
        channel(server, format="ecs").send(incident_note())
        document = json.loads(server.wait(1)[0].text)
    assert document["event"]["kind"] == "alert"
    assert document["event"]["severity"] == 73
    assert document["user"]["name"] == "anna@contoso.com"
    assert document["organization"]["name"] == "contoso.com"
    assert document["ecs"]["version"].startswith("8.")


def test_another_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with (
        SyslogStandIn("tls", folder=tmp_path) as server,
        SyslogStandIn("tls", folder=tmp_path / "other") as other,
    ):
        with pytest.raises(DeliveryFailed) as refused:
            channel(server, ca_file=str(other.authority)).send(incident_note())
        assert (refused.value.is_final, refused.value.may_have_arrived) == (False, False)
        assert not server.accepted


def test_certificates_that_cannot_be_read_are_a_fault_of_the_settings(tmp_path: Path) -> None:
    one = SyslogChannel(name="siem", host="h", ca_file=str(tmp_path / "gone.pem"))
    with pytest.raises(ChannelsInvalid, match="siem"):
        one.check()
    SyslogChannel(name="siem", host="h", transport="udp", ca_file=str(tmp_path / "gone.pem")).check()


def test_an_outage_is_tried_again() -> None:
    with SyslogStandIn("tcp") as server:
        one = channel(server)
    with pytest.raises(DeliveryFailed) as refused:
        one.send(incident_note())
    assert (refused.value.is_final, refused.value.may_have_arrived) == (False, False)


def test_a_reset_is_a_failure() -> None:
    with SyslogStandIn("tcp") as server:
        server.resets = True
        with pytest.raises(DeliveryFailed) as refused:
            channel(server).send(incident_note())
        assert refused.value.may_have_arrived


def test_a_receiver_that_is_silent_during_the_handshake_is_given_up(tmp_path: Path) -> None:
    with SyslogStandIn("tls", folder=tmp_path) as server:
        server.is_silent = True
        with pytest.raises(DeliveryFailed) as refused:
            channel(server, timeout=0.2).send(incident_note())
        assert not refused.value.may_have_arrived


@pytest.mark.parametrize(
    "frame",
    [
        b"<13>1 - - - - - -\x00",
        b"<192>1 - h a p m - x",
        b"<13>2 - h a p m - x",
        b"<13>1 2026-03-02 h a p m - x",
        b"<13>1 - h a p m - two\nlines",
        b"<13>1 - h a p m - \xff",
        b"<13>1 - h " + b"a" * 49 + b" p m - x",
        b"Mar  2 07:00:00 host seawall: x",
    ],
)
def test_the_stand_in_refuses_what_is_no_syslog(frame: bytes) -> None:
    assert parse_message(frame) is None


@pytest.mark.parametrize(
    "text",
    ["CEF:1|a|b|c|d|e|5|x=y", "CEF:0|a|b|c|d|e", "CEF:0|a|b|c|d|e|5|x=y=z", "CEF:0|a|b|c|d|e|5|x=y x=z"],
)
def test_the_stand_in_refuses_what_is_no_cef(text: str) -> None:
    with pytest.raises(ValueError, match=r"CEF|malformed|equals"):
        parse_cef(text)
