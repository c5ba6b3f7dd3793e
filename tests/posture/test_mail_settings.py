"""Mail settings: whose a domain is, what a rule sends where, and records of domains; words and numbers of PowerShell."""

from __future__ import annotations

from typing import Any

import pytest

from .judging import judge

OWN = [{"id": "contoso.example", "authenticationType": "Managed", "isVerified": True}]


@pytest.mark.parametrize(
    ("target", "domains", "state"),
    [
        ("smtp:ann@contoso.example", OWN, "met"),
        ("smtp:ann@mail.contoso.example", OWN, "met"),
        ("smtp:ann@notcontoso.example", OWN, "not met"),
        ("smtp:ann@fabrikam.example", [], "not met"),
        ("", [], "met"),
        (None, [], "met"),
        ("System.Object[]", OWN, "cannot say"),
    ],
)
def test_forwarding_of_mailboxes(target: str | None, domains: list[dict[str, Any]], state: str) -> None:
    one = {"UserPrincipalName": "ben@contoso.example", "AuditEnabled": True, "ForwardingSmtpAddress": target}
    assert judge("SEAWALL.MAIL.2v1", mailboxes=[one], domains=domains).state == state


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        ({"RedirectTo": ['"Ann" [EX:/o=X/cn=ann]']}, "met"),
        ({"RedirectTo": ['"Ann" [SMTP:ann@contoso.example]']}, "met"),
        ({"ForwardTo": ['"x" [SMTP:x@fabrikam.example]']}, "not met"),
        ({"ForwardAsAttachmentTo": "x@fabrikam.example"}, "not met"),
        ({"ForwardTo": ["x@fabrikam.example"], "Enabled": False}, "met"),
        ({"ForwardTo": "System.String[]"}, "cannot say"),
    ],
)
def test_inbox_rules(rule: dict[str, Any], state: str) -> None:
    one = {"MailboxOwnerId": "ben", "RuleIdentity": "1", "Name": "r", "Enabled": True, **rule}
    assert judge("SEAWALL.MAIL.3v1", inbox_rules=[one], domains=OWN).state == state


def test_without_own_domains_an_address_is_neither_inside_nor_outside() -> None:
    one = {"MailboxOwnerId": "ben", "RuleIdentity": "1", "ForwardTo": ["x@fabrikam.example"], "Enabled": True}
    found = judge("SEAWALL.MAIL.3v1", inbox_rules=[one])
    assert (found.state, found.missing) == ("cannot say", ("domains",))


@pytest.mark.parametrize(
    ("domains", "contacts", "calendar"),
    [
        (["*:CalendarSharingFreeBusySimple"], "met", "met"),
        (["*:CalendarSharingFreeBusyReviewer"], "met", "not met"),
        (["*:ContactsSharing, CalendarSharingFreeBusySimple"], "not met", "not met"),
        (["Anonymous:CalendarSharingFreeBusyReviewer"], "met", "not met"),
        (["fabrikam.example:ContactsSharing"], "met", "met"),
        ("System.Object[]", "cannot say", "cannot say"),
    ],
)
def test_sharing(domains: Any, contacts: str, calendar: str) -> None:
    one = [{"Name": "Default", "Enabled": True, "Default": True, "Domains": domains}]
    assert judge("MS.EXO.6.1v1", sharing=one).state == contacts
    assert judge("MS.EXO.6.2v1", sharing=one).state == calendar


def text(name: str, *strings: str) -> dict[str, Any]:
    return {"Name": name, "Type": 16, "Strings": list(strings)}


@pytest.mark.parametrize(
    ("records", "spf", "dmarc", "reject"),
    [
        ([text("contoso.example", "v=spf1 a -all"), text("_dmarc.contoso.example", "v=DMARC1; p=reject")], "met", "met", "met"),
        ([text("contoso.example", "v=spf1 a ~all")], "met", "cannot say", "cannot say"),
        ([text("contoso.example", "v=spf1 redirect=x"), text("_dmarc.contoso.example", "v=DMARC1;p=none")],
         "met", "met", "not met"),
        ([text("contoso.example", "v=spf1 a ?all")], "not met", "cannot say", "cannot say"),
        ([text("contoso.example", "v=spf1 -all"), text("contoso.example", "v=spf1 ~all")], "not met", "cannot say", "cannot say"),
        ([text("contoso.example", "MS=ms1")], "not met", "cannot say", "cannot say"),
        ([text("CONTOSO.example.", "v=spf1 in", "clude:x -all")], "met", "cannot say", "cannot say"),
        ([], "cannot say", "cannot say", "cannot say"),
    ],
)  # fmt: skip
def test_records_of_a_domain(records: list[dict[str, Any]], spf: str, dmarc: str, reject: str) -> None:
    found = [
        judge(policy, dns_text=records, domains=OWN).state
        for policy in ("MS.EXO.2.2v3", "MS.EXO.4.1v1", "MS.EXO.4.2v1")
    ]
    assert found == [spf, dmarc, reject]


def test_dmarc_of_a_parent_holds_for_its_subdomains_and_their_own_goes_before() -> None:
    own = [*OWN, {"id": "sub.contoso.example", "isVerified": True}]
    parent = text("_dmarc.contoso.example", "v=DMARC1; p=reject")
    assert judge("MS.EXO.4.2v1", dns_text=[parent], domains=own).state == "met"
    found = judge(
        "MS.EXO.4.2v1", dns_text=[parent, text("_dmarc.sub.contoso.example", "v=DMARC1; p=none")], domains=own
    )
    assert found.state == "not met"
    assert found.names[0].startswith("sub.contoso.example")


@pytest.mark.parametrize(
    ("mailbox", "state"),
    [
        ({"DefaultAuditSet": ["Admin", "Delegate", "Owner"], "AuditOwner": ["HardDelete"]}, "met"),
        ({"AuditOwner": ["MailItemsAccessed"], "AuditDelegate": ["MailItemsAccessed"]}, "met"),
        ({"AuditOwner": "Update MailItemsAccessed", "AuditDelegate": "Update, MailItemsAccessed"}, "met"),
        ({"AuditOwner": ["MailItemsAccessed"], "AuditDelegate": ["HardDelete"]}, "not met"),
        (
            {"AuditOwner": "Microsoft.Exchange.Data.MultiValuedProperty`1[Microsoft.Exchange.Data.X]"},
            "cannot say",
        ),
        ({"AuditOwner": None}, "cannot say"),
    ],
)
def test_mailboxes_that_log_reads(mailbox: dict[str, Any], state: str) -> None:
    found = judge(
        "SEAWALL.AUDIT.2v1", mailboxes=[{"UserPrincipalName": "a@x.example", "AuditEnabled": True, **mailbox}]
    )
    assert found.state == state


@pytest.mark.parametrize(
    ("value", "state"),
    [(0, "met"), (3, "met"), (1, "not met"), (2, "not met"), ("Disabled", "met"), ("ExistingExternalUserSharingOnly", "met"),
     ("ExternalUserAndGuestSharing", "not met"), ("2", "not met"), (None, "cannot say")],
)  # fmt: skip
def test_sharing_capability_in_words_and_numbers(value: Any, state: str) -> None:
    assert (
        judge(
            "MS.SHAREPOINT.1.1v1", sharepoint=[{"SharingCapability": value, "DefaultSharingLinkType": 1}]
        ).state
        == state
    )


@pytest.mark.parametrize(
    ("allowed", "state"),
    [
        ({"AllowedDomain": [{"Domain": "fabrikam.example"}]}, "met"),
        (["fabrikam.example"], "met"),
        ({}, "not met"), ([], "not met"),
        ("AllowAllKnownDomains", "not met"),
        ("Microsoft.Rtc.Management.WritableConfig.Settings.Edge.AllowList", "cannot say"),
        (None, "cannot say"),
    ],
)  # fmt: skip
def test_allowed_domains_of_teams(allowed: Any, state: str) -> None:
    one = {
        "Identity": "Global",
        "AllowFederatedUsers": True,
        "AllowedDomains": allowed,
        "AllowTeamsConsumer": False,
    }
    assert judge("MS.TEAMS.2.1v2", teams_federation=[one]).state == state
    assert judge("MS.TEAMS.2.1v2", teams_federation=[one | {"AllowFederatedUsers": False}]).state == "met"


def google(
    value: dict[str, Any], unit: str = "orgUnits/root", order: Any = 1, kind: str = "ADMIN", group: str = ""
) -> dict[str, Any]:
    return {
        "policyQuery": {"orgUnit": unit, "group": group, "sortOrder": order},
        "setting": {"type": "settings/gmail.auto_forwarding", "value": value},
        "type": kind,
    }


ON, OFF = {"enableAutoForwarding": True}, {"enableAutoForwarding": False}


@pytest.mark.parametrize(
    ("policies", "state", "names"),
    [
        ([google(OFF)], "met", ()),
        ([google(ON, kind="SYSTEM", order=9), google(OFF)], "met", ()),
        ([google(ON, order=1), google(OFF, order="201.5")], "met", ()),
        ([google(OFF), google(ON, "orgUnits/sales")], "not met", ("orgUnits/sales",)),
        ([google(OFF), google(ON, group="groups/1")], "not met", ("groups/1",)),
        ([google({"enableAutoForwarding": "False"})], "met", ()),
        ([google({})], "cannot say", ("orgUnits/root",)),
        ([], "cannot say", ()),
    ],
)
def test_google_settings_of_units(policies: list[dict[str, Any]], state: str, names: tuple[str, ...]) -> None:
    found = judge("GWS.GMAIL.11.1v1", google_policies=policies)
    assert (found.state, found.names) == (state, names)


def test_marks_on_mail_from_outside_may_stand_in_either_export() -> None:
    rule = {
        "Name": "x",
        "State": "Enabled",
        "Mode": "Enforce",
        "FromScope": "NotInOrganization",
        "PrependSubject": "[EXT]",
    }
    tags = {"Identity": "x", "Enabled": True, "AllowList": []}
    assert judge("MS.EXO.7.1v1", transport_rules=[rule]).state == "met"
    assert judge("MS.EXO.7.1v1", external_tags=[tags]).state == "met"
    found = judge("MS.EXO.7.1v1", transport_rules=[])
    assert (found.state, found.missing) == ("cannot say", ("external_tags",))
    assert (
        judge("MS.EXO.7.1v1", transport_rules=[], external_tags=[tags | {"Enabled": False}]).state
        == "not met"
    )
