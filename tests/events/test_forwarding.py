"""Where mail is forwarded to: what one record of Exchange proves to be inside the organisation, and nothing else is."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from seawall.events.microsoft import forwarding
from seawall.events.microsoft.m365_details import read_change
from seawall.events.microsoft.m365_meanings import kind

OWN = "contoso.example contoso.onmicrosoft.example"


def target(
    value: Any, operation: str = "New-InboxRule", name: str = "ForwardTo", own: str | None = OWN
) -> str | None:
    parameters = json.dumps([{"Name": "Name", "Value": "."}, {"Name": name, "Value": value}])
    (text,) = read_change(operation, "mail_rule", parameters, None, None, None, None, own)
    assert text is not None
    found: dict[str, str | None] = json.loads(text)
    return found.get(forwarding.TARGET)


def client_rule(actions: Any, own: str | None = OWN) -> str | None:
    text = actions if isinstance(actions, str) else json.dumps(actions)
    properties = json.dumps([{"Name": "RuleName", "Value": "."}, {"Name": "RuleActions", "Value": text}])
    (said,) = read_change("UpdateInboxRules", "mail_rule", None, None, None, None, properties, own)
    assert said is not None
    found: dict[str, str | None] = json.loads(said)
    return found.get(forwarding.TARGET)


@pytest.mark.parametrize(
    "value",
    [
        "ann@contoso.example", "smtp:ann@contoso.example", "SMTP:Ann@Contoso.Example", "mailto:ann@contoso.example",
        '"Ann Smith" [SMTP:ann@contoso.example]', '"Smith, Ann" [SMTP:ann@contoso.example]', "Ann Smith <ann@contoso.example>",
        "ann@contoso.example;ben@contoso.onmicrosoft.example", "ann@contoso.example, ben@contoso.example;",
        ["ann@contoso.example", "smtp:ben@contoso.example"], '["ann@contoso.example"]', "o'neil.ann+mail@contoso.example",
        '"Smith, Ann" [SMTP:ann@contoso.example]; "Ben" [SMTP:ben@contoso.example]',
    ],
)  # fmt: skip
def test_addresses_in_own_domains_are_inside(value: Any) -> None:
    assert target(value) == "inside"


@pytest.mark.parametrize(
    "value",
    [
        "smtp:bob@evil.example", "ann@contoso.example;bob@evil.example", ["ann@contoso.example", "bob@evil.example"],
        "ann@sub.contoso.example", "ann@contoso.example.evil.example", "ann@evilcontoso.example", "ann@contoso-example",
        '"ann@contoso.example" [SMTP:bob@evil.example]', '"bob@evil.example" [SMTP:ann@contoso.example]',
        "Ann <ann@contoso.example> <bob@evil.example>", "ann@contoso.example\x00bob@evil.example",
        "ann@contoso.example bob@evil.example", "ann@contoso.ехample", "ann@ｃontoso.example", "ann@contoso。example",
        "ann@conto\u00adso.example", "ann@contoso\u200b.example", "ann@contoſo.example", "<bob@evil.example>ann@contoso.example",
        "ann@contoso.example.", "bob@evil.example@contoso.example",
    ],
)  # fmt: skip
def test_one_address_elsewhere_is_outside(value: Any) -> None:
    assert target(value) == "outside"


@pytest.mark.parametrize(
    "value",
    [
        "Ann Smith", "ann", "a8d00ac4-23da-4fcf-9668-dcdd9dcce183", '"Ann" [EX:/o=ExchangeLabs/ou=First/cn=Recipients/cn=ann]',
        "EURPR04A009.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/contoso.onmicrosoft.example/Ann",
        "bob%evil.example@contoso.example", "evil.example!bob@contoso.example", '"bob@evil"@contoso.example',
        "bob_evil.example#EXT#@contoso.example", "IMCEASMTP-bob+40evil+2Eexample@contoso.example",
        "SRS0=a=b=evil.example=bob@contoso.example", "ann@contoso.example;Ann Smith", "ann@contoso.example;;bob",
        "x400:ann@contoso.example", "[SMTP:ann@contoso.example", {"address": "ann@contoso.example"},
        ["ann@contoso.example", None], [["ann@contoso.example"], {}], ";", "null",
        "@contoso.example", "änn@contoso.example", '{"a":"ann@contoso.example"}',
        "ann@contoso.example;" * 1_000,
    ],
)  # fmt: skip
def test_what_is_not_read_to_its_end_is_never_inside(value: Any) -> None:
    """Names of the directory may be a mail contact's outside; source routes, guests and encapsulated addresses lead outside."""
    assert target(value) in {"unknown", "outside"}


@pytest.mark.parametrize("value", ["", None, "$null", " ", [], "[]", '""'])
def test_a_target_that_is_taken_away_is_no_forwarding(value: Any) -> None:
    assert target(value, "Set-Mailbox", "ForwardingSmtpAddress") == "none"
    parameters = json.dumps([{"Name": "ForwardingSmtpAddress", "Value": value}])
    assert kind("Set-Mailbox", "1", "Exchange", parameters) == ("admin",)


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("Set-Mailbox", "ForwardingSmtpAddress"), ("Set-Mailbox", "ForwardingAddress"), ("Set-InboxRule", "RedirectTo"),
        ("New-InboxRule", "ForwardAsAttachmentTo"), ("New-TransportRule", "BlindCopyTo"), ("Set-TransportRule", "CopyTo"),
        ("New-TransportRule", "RedirectMessageTo"), ("New-TransportRule", "AddToRecipients"),
    ],
)  # fmt: skip
def test_every_way_of_forwarding_is_looked_at(operation: str, name: str) -> None:
    assert target("ann@contoso.example", operation, name) == "inside"
    assert target("bob@evil.example", operation, name) == "outside"
    assert target("ann@contoso.example", operation, name, None) == "unknown"


@pytest.mark.parametrize("name", ["From", "SentTo", "DeliverToMailboxAndForward"])
def test_other_parameters_are_no_targets(name: str) -> None:
    assert target("ann@contoso.example", "New-InboxRule", name) is None


def test_several_parameters_are_judged_together() -> None:
    both = [
        {"Name": "ForwardingAddress", "Value": "ann@contoso.example"},
        {"Name": "ForwardingSmtpAddress", "Value": "bob@evil.example"},
    ]
    (text,) = read_change("Set-Mailbox", "mail_rule", json.dumps(both), None, None, None, None, OWN)
    assert json.loads(text or "")[forwarding.TARGET] == "outside"


@pytest.mark.parametrize("name", ["ForwardingTarget", "forwardingtarget", "FORWARDINGTARGET"])
def test_a_record_cannot_say_it_itself(name: str) -> None:
    given = [{"Name": name, "Value": "inside"}, {"Name": "ForwardTo", "Value": "bob@evil.example"}]
    (text,) = read_change("New-InboxRule", "mail_rule", json.dumps(given), None, None, None, None, OWN)
    assert json.loads(text or "") == {"ForwardTo": "bob@evil.example", "ForwardingTarget": "outside"}
    (text,) = read_change("New-InboxRule", "mail_rule", json.dumps(given[:1]), None, None, None, None, OWN)
    assert text is None or name not in json.loads(text)


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ([{"ActionType": "Forward", "Recipients": ["ann@contoso.example"], "ForwardFlags": "None"}], "inside"),
        ([{"ActionType": "Redirect", "Recipients": ["ann@contoso.example"]}, {"ActionType": "MarkAsRead"}], "inside"),
        ([{"ActionType": "Forward", "Recipients": ["ann@contoso.example", "bob@evil.example"]}], "outside"),
        ([{"ActionType": "Forward", "Recipients": ["ann@contoso.example"]},
          {"ActionType": "Redirect", "Recipients": ["bob@evil.example"]}], "outside"),
        ([{"ActionType": "Forward", "Recipients": ["ann@contoso.example"]}, {"ActionType": "Reply", "To": "b@evil.example"}],
         "outside"),
        ([{"ActionType": "Forward", "Recipients": ["Ann Smith"]}], "unknown"),
        ([{"ActionType": "Forward", "Recipients": []}], "unknown"),
        ([{"ActionType": "Forward"}], "unknown"),
        ([{"ActionType": "Forward", "Recipients": ["ann@contoso.example"]}, {"Forward": True}], "unknown"),
        ({"ActionType": "Forward", "Recipients": ["ann@contoso.example"]}, "unknown"),
        ("Forward ann@contoso.example", "unknown"),
        ("[" * 500 + "Forward", "unknown"),
        ([{"ActionType": "Move", "Folder": "Newsletters"}], None),
    ],
)  # fmt: skip
def test_the_actions_of_a_clients_rule(actions: Any, expected: str | None) -> None:
    """Records of `UpdateInboxRules` name the actions of a rule as JSON in `OperationProperties`."""
    assert client_rule(actions) == expected


@pytest.mark.parametrize(
    "own", ["münchen.example", "MÜNCHEN.example", "xn--mnchen-3ya.example", "mu\u0308nchen.example"]
)
@pytest.mark.parametrize(
    "value", ["ann@München.Example", "ann@XN--MNCHEN-3YA.example", "ann@mu\u0308nchen.example"]
)
def test_an_international_domain_has_several_spellings(own: str, value: str) -> None:
    (domains,) = forwarding.own_domains(None, None, f"mara@{own}", None, None)
    assert target(value, own=domains) == "inside"


def test_no_letter_becomes_another() -> None:
    """`faß.example` and `fass.example` belong to two owners since 2010."""
    (domains,) = forwarding.own_domains(None, None, "mara@fass.example", None, None)
    assert target("ann@faß.example", own=domains) == "outside"


@pytest.mark.parametrize(
    ("user", "user_type", "owner", "external", "organisation", "expected"),
    [
        ("mara@contoso.example", "0", None, "false", None, "contoso.example"),
        ("Mara@Contoso.Example", "Admin", None, "False", "contoso.onmicrosoft.example",
         "contoso.onmicrosoft.example contoso.example"),
        ("partner@partner.example", "2", None, "true", "contoso.onmicrosoft.example", "contoso.onmicrosoft.example"),
        ("mara@contoso.example", "0", None, None, None, None),
        ("tech@partner.example", "8", None, "false", None, None),
        ("guest@partner.example", "9", None, "false", None, None),
        ("app@partner.example", "5", None, "false", None, None),
        ("guest_partner.example#EXT#@contoso.example", "0", None, "false", None, None),
        ("live.com#bob@evil.example", "0", None, "false", None, None),
        ("urn:spo:guest#bob@evil.example", "0", None, "false", None, None),
        ("NT AUTHORITY\\SYSTEM", "3", "mara@contoso.example", "true", None, "contoso.example"),
        ("bob@evil.example", "0", "guest_evil.example#EXT#@contoso.example", None, "no domain", None),
        ("a@b@contoso.example", "0", None, "false", None, None),
        (None, None, None, None, None, None),
    ],
)  # fmt: skip
def test_which_domains_a_record_shows_to_be_the_organisations(
    user: str | None, user_type: str | None, owner: str | None, external: str | None, organisation: str | None,
    expected: str | None,
) -> None:  # fmt: skip
    assert forwarding.own_domains(user, user_type, owner, external, organisation) == (expected,)


def test_the_mailbox_that_a_command_names_shows_its_domain() -> None:
    given = [
        {"Name": "Identity", "Value": "mara@contoso.example"},
        {"Name": "ForwardingSmtpAddress", "Value": "smtp:ann@contoso.example"},
    ]
    (text,) = read_change(
        "Set-Mailbox", "mail_rule", json.dumps(given), None, None, None, None, "other.example"
    )
    assert json.loads(text or "")[forwarding.TARGET] == "inside"


def test_the_name_of_a_rule_makes_no_domain_an_own_one() -> None:
    """Whoever makes a rule chooses its name, which stands in `Identity` and in `ObjectId`."""
    given = [
        {"Name": "Identity", "Value": "bob@evil.example"},
        {"Name": "ForwardTo", "Value": "bob@evil.example"},
    ]
    (text,) = read_change("Set-InboxRule", "mail_rule", json.dumps(given), None, None, None, None, OWN)
    assert json.loads(text or "")[forwarding.TARGET] == "outside"


@pytest.mark.parametrize(
    "piece",
    [" ", '"', "[smtp:", "a" * 7 + ";", "a.", "a@", "@é" + "é" * 62, "<a@b.c", "-.' ", "\ud800@\ud800."],
)
def test_hostile_texts_take_no_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    begin = time.process_time()
    assert (
        forwarding.with_target("New-InboxRule", {"ForwardTo": text}, OWN).get("ForwardingTarget") != "inside"
    )
    short = piece * (4_000 // len(piece))
    assert (
        forwarding.with_target("New-InboxRule", {"ForwardTo": short}, OWN).get("ForwardingTarget") != "inside"
    )
    assert time.process_time() - begin < 2
