"""Mail over a real SMTP server on this machine: encrypted, signed in, once for each recipient, and nothing from logs is HTML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall.response.channels.mail import MailChannel, make_html, make_mail
from seawall.response.channels.testing import try_channel
from seawall.response.errors import ChannelsInvalid
from seawall_base.clock import Clock
from seawall_base.webhooks import DeliveryFailed
from tests.response.channels.kinds import HOSTILE, incident_note, write_secret
from tests.response.notification.mail_server import Server, leaves, leaving, serving

SENDER = "seawall@example.org"


def channel(server: Server, **changes: Any) -> MailChannel:
    values: dict[str, Any] = {
        "name": "soc",
        "host": "127.0.0.1",
        "port": server.port,
        "sender": SENDER,
        "to": ("anna@example.org",),
        "ca_file": str(server.authority or ""),
        "timeout": 5.0,
    }
    return MailChannel(**{**values, **changes})


def body(message: Any, kind: str) -> str:
    found: str = next(
        part.get_payload(decode=True).decode() for part in message.walk() if part.get_content_type() == kind
    )
    return found


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_incident_arrives_encrypted(tmp_path: Path, security: str) -> None:
    with serving(tmp_path, implicit=security == "tls") as server:
        channel(server, security=security).send(incident_note())
        (message,) = server.messages
    assert (
        " ".join(message["Subject"].split())
        == "[Seawall] [high] Sign-in from a new network, then mail was read: anna@contoso.com"
    )
    assert message["Importance"] == "high"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == "<seawall-incident-raised-5-1@example.org>"
    assert "Open: https://seawall.example.org/incidents/a1b2c3" in body(message, "text/plain")
    assert '<a href="https://seawall.example.org/incidents/a1b2c3">' in body(message, "text/html")


def test_it_signs_in_and_says_a_refused_password_without_it(tmp_path: Path) -> None:
    with serving(tmp_path, needs_login=True) as server:
        good = channel(server, user="seawall", password_file=write_secret(tmp_path, "good", "right"))
        good.check()
        good.send(incident_note())
        assert server.logins == [("seawall", "right")]
        bad = channel(server, user="seawall", password_file=write_secret(tmp_path, "bad", "wrong-password"))
        with pytest.raises(DeliveryFailed) as refused:
            bad.send(incident_note())
    assert len(server.messages) == 1
    assert "535" in str(refused.value)
    assert not refused.value.is_final
    assert "wrong-password" not in str(refused.value) + repr(bad)


def test_a_server_without_tls_gets_nothing() -> None:
    with serving() as server, pytest.raises(DeliveryFailed) as refused:
        channel(server).send(incident_note())
    assert not server.envelopes
    assert not refused.value.may_have_arrived


def test_each_recipient_is_a_target_of_its_own() -> None:
    with serving() as server:
        server.refused = {"gone@example.org": "550 5.1.1 unknown"}
        both = channel(
            server, security="none", to=("anna@example.org", "gone@example.org", "anna@example.org")
        )
        assert [part.target for part in both.parts()] == [
            "channel soc: anna@example.org",
            "channel soc: gone@example.org",
        ]
        results = try_channel(both, "", Clock())
        assert [envelope.rcpt_tos for envelope in server.envelopes] == [["anna@example.org"]]
    assert [one.is_accepted for one in results] == [True, False]
    assert "550" in results[1].reason


@pytest.mark.parametrize(("answer", "is_final"), [("452 4.2.2 full", False), ("552 5.3.4 too large", True)])
def test_a_refusal_is_final_or_passes(answer: str, is_final: bool) -> None:
    with serving() as server:
        server.answers = [answer]
        with pytest.raises(DeliveryFailed) as refused:
            channel(server, security="none").send(incident_note())
        assert (refused.value.is_final, refused.value.may_have_arrived) == (is_final, False)
        if not is_final:
            channel(server, security="none").send(incident_note())
            assert len(server.envelopes) == 1


@pytest.mark.parametrize(("after", "may_have_arrived"), [("greeting", False), ("rcpt", False), ("end", True)])
def test_a_server_that_goes_away(after: str, may_have_arrived: bool) -> None:
    with leaving(leaves(after=after)) as port:
        with pytest.raises(DeliveryFailed) as refused:
            channel(Server(port), security="none").send(incident_note())
        assert refused.value.may_have_arrived is may_have_arrived
        assert not refused.value.is_final


def test_text_from_logs_is_no_header_and_no_html() -> None:
    note = incident_note(
        account=HOSTILE, title="x\r\nBcc: eve@evil.example", summary="<script>alert(1)</script>"
    )
    mail = make_mail(note, "seawall@example.org", "anna@example.org")
    assert "Bcc" not in mail
    assert mail["Subject"].startswith("[Seawall] [high] x Bcc: eve@evil.example")
    page = make_html(note)
    assert "<script" not in page
    assert "<https:" not in page
    assert "&lt;script&gt;" in page
    assert mail.as_bytes()


def test_settings_that_would_send_a_password_in_the_clear_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ChannelsInvalid, match="security none"):
        channel(Server(25), host="mail.example.com", security="none").check()
    with pytest.raises(ChannelsInvalid, match="password"):
        channel(Server(25), user="seawall").check()


def test_mails_of_one_attack_are_one_thread() -> None:
    links = [
        {"account": f"{name}@x.example", "incident": "b", "kind": "account", "name": ""} for name in "abcdefg"
    ]
    first, second = (
        make_mail(incident_note(id=id_, attack="a1", attack_links=links), SENDER, "soc@x.example")
        for id_ in "ab"
    )
    alone = make_mail(incident_note(), SENDER, "soc@x.example")
    assert first["References"] == second["References"] == "<seawall-attack-a1@example.org>"
    assert alone["References"] is None
    named = ", ".join(f"{name}@x.example" for name in "abcde")
    assert f"Same attack as: {named} and 2 more" in body(first, "text/plain")
    assert "Same attack" not in body(alone, "text/plain")


def test_an_attack_id_that_is_no_id_makes_no_header() -> None:
    note = incident_note(attack="a> <b@evil.example\r\nBcc: x@evil.example")
    mail = make_mail(note, SENDER, "soc@x.example")
    assert (mail["References"], mail["Bcc"]) == (None, None)
