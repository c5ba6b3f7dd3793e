"""Policies on the ways by which mail leaves or is sent: forwarding, rules, SMTP AUTH, sharing (MS.EXO.1, 5, 6 and 7)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from seawall.posture.policy import BaselinePolicy, Configuration, PolicyVerdict, name_of, verdict
from seawall.posture.values import is_hidden, read_flag, read_items, read_number, read_text, read_texts

_ADDRESS = re.compile(r"[\w.+%&'*/=?^`{|}~!#$-]{1,64}@([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")


def _check_remote_domains(configuration: Configuration) -> PolicyVerdict:
    flags = [
        (name_of(one, "domainname"), read_flag(one.get("autoforwardenabled")))
        for one in configuration.all("remote_domains")
    ]
    if not flags:
        return verdict("cannot say", "no remote domain is in the export")
    return configuration.judge_offenders(
        "remote_domains",
        [name for name, flag in flags if flag],
        "mail may be forwarded automatically to other organisations",
        "no remote domain allows automatic forwarding",
        [name for name, flag in flags if flag is None],
    )


def _check_outbound(configuration: Configuration) -> PolicyVerdict:
    modes = [
        (name_of(one), read_text(one.get("autoforwardingmode")).lower())
        for one in configuration.all("outbound_spam")
    ]
    return configuration.judge_offenders(
        "outbound_spam",
        [name for name, mode in modes if mode == "on"],
        "outbound policies allow automatic forwarding",
        "outbound policies stop automatic forwarding",
        [name for name, mode in modes if mode not in ("on", "off", "automatic")],
    )


def _own_domains(configuration: Configuration) -> set[str]:
    """Return the organisation's own domains, from the export of domains and from the mailboxes' own addresses."""
    found = {read_text(one.get("id")).lower() for one in configuration.all("domains")}
    for one in configuration.all("mailboxes"):
        for name in ("userprincipalname", "primarysmtpaddress"):
            found.add(read_text(one.get(name)).lower().rpartition("@")[2])
    return found - {""}


def _outside(values: Iterable[Any], own: set[str]) -> list[str]:
    """Return the addresses in these values that belong to no domain of the organisation."""
    found = []
    for value in values:
        for item in read_items(value) or ():
            for match in _ADDRESS.finditer(read_text(item)):
                domain = match[1].lower()
                if not any(domain == one or domain.endswith("." + one) for one in own):
                    found.append(match[0])
    return found


def _judge_copies(
    configuration: Configuration,
    export: str,
    fields: tuple[str, ...],
    objects: Iterable[tuple[str, dict[str, Any]]],
    what: str,
) -> PolicyVerdict:
    own = _own_domains(configuration)
    wrong, unknown = [], []
    for name, one in objects:
        values = [one.get(name_) for name_ in fields]
        outside = _outside(values, own)
        if outside:
            wrong.append(f"{name}: {', '.join(outside[:3])}")
        elif any(is_hidden(value) for value in values):
            unknown.append(name)
    if wrong and not own:
        return verdict("cannot say", "the organisation's own domains are unknown", wrong, ("domains",))
    return configuration.judge_offenders(
        export, wrong, f"{what} outside the organisation", f"none sends {what} outside", unknown
    )


def _check_mailbox_forwarding(configuration: Configuration) -> PolicyVerdict:
    mailboxes = (
        (name_of(one, "userprincipalname", "primarysmtpaddress"), one)
        for one in configuration.all("mailboxes")
    )
    return _judge_copies(
        configuration,
        "mailboxes",
        ("forwardingsmtpaddress", "forwardingaddress"),
        mailboxes,
        "mail is forwarded",
    )


def _check_inbox_rules(configuration: Configuration) -> PolicyVerdict:
    fields = ("forwardto", "forwardasattachmentto", "redirectto")
    rules = (
        (f"{name_of(one, 'mailboxownerid')}: {name_of(one, 'name', 'ruleidentity')}", one)
        for one in configuration.all("inbox_rules")
        if read_flag(one.get("enabled")) is not False
    )
    return _judge_copies(configuration, "inbox_rules", fields, rules, "inbox rules send mail")


def _enabled_rules(configuration: Configuration) -> Iterator[dict[str, Any]]:
    for one in configuration.all("transport_rules"):
        state, mode = read_text(one.get("state")).lower(), read_text(one.get("mode")).lower()
        if state in ("enabled", "0") and mode in ("enforce", "0", ""):
            yield one


def _check_transport_copies(configuration: Configuration) -> PolicyVerdict:
    fields = ("redirectmessageto", "blindcopyto", "copyto", "addtorecipients")
    rules = ((name_of(one, "name"), one) for one in _enabled_rules(configuration))
    return _judge_copies(configuration, "transport_rules", fields, rules, "transport rules send mail")


def _check_unfiltered(configuration: Configuration) -> PolicyVerdict:
    return configuration.judge_offenders(
        "transport_rules",
        [
            name_of(one, "name")
            for one in _enabled_rules(configuration)
            if read_number(one.get("setscl")) == -1
        ],
        "transport rules let mail past the filters",
        "no transport rule lets mail past the filters",
    )


def _check_smtp(configuration: Configuration) -> PolicyVerdict:
    flags = [read_flag(one.get("smtpclientauthenticationdisabled")) for one in configuration.all("transport")]
    return configuration.judge_offenders(
        "transport",
        ["SmtpClientAuthenticationDisabled is false"] if False in flags else [],
        "programs may send mail with a user's password",
        "SMTP AUTH is disabled for the organisation",
        ["SmtpClientAuthenticationDisabled"] if None in flags or not flags else [],
    )


def _check_smtp_exceptions(configuration: Configuration) -> PolicyVerdict:
    return configuration.judge_offenders(
        "client_access",
        [
            name_of(one, "primarysmtpaddress", "name")
            for one in configuration.all("client_access")
            if read_flag(one.get("smtpclientauthenticationdisabled")) is False
        ],
        "mailboxes are exempt from the ban on SMTP AUTH",
        "no mailbox is exempt from the ban on SMTP AUTH",
    )


def _check_sharing(configuration: Configuration, what: str) -> PolicyVerdict:
    wrong, hidden = [], []
    for one in configuration.all("sharing"):
        domains = read_texts(one.get("domains"), ";|")
        if domains is None:
            hidden.append(name_of(one, "name"))
        elif read_flag(one.get("enabled")) is not False:
            wrong += [
                f"{name_of(one, 'name')}: {text}"
                for text in domains
                if text.startswith(("*", "Anonymous")) and what in text.lower() and not _is_free_busy(text)
            ]
    return configuration.judge_offenders(
        "sharing",
        wrong,
        f"{what} folders are shared with every domain",
        f"{what} folders are not shared with every domain",
        hidden,
    )


def _is_free_busy(text: str) -> bool:
    """Return whether only free and busy times are shared, and no contacts."""
    return "calendarsharingfreebusysimple" in text.lower() and "contacts" not in text.lower()


def _check_contacts(configuration: Configuration) -> PolicyVerdict:
    return _check_sharing(configuration, "contacts")


def _check_calendars(configuration: Configuration) -> PolicyVerdict:
    return _check_sharing(configuration, "calendar")


def _check_warnings(configuration: Configuration) -> PolicyVerdict:
    for one in configuration.all("external_tags"):
        if read_flag(one.get("enabled")) is True:
            return verdict("met", "Outlook marks external senders")
    for one in _enabled_rules(configuration):
        is_outside = read_text(one.get("fromscope")).lower() in ("notinorganization", "1")
        if is_outside and (
            read_text(one.get("prependsubject")) or read_text(one.get("applyhtmldisclaimertext"))
        ):
            return verdict("met", "a transport rule marks external mail", [name_of(one, "name")])
    missing = [name for name in ("transport_rules", "external_tags") if not configuration.has(name)]
    if missing:
        return verdict(
            "cannot say", "another export may show what marks mail from outside", (), tuple(missing)
        )
    return verdict("not met", "nothing marks mail from outside")


def _check_connectors(configuration: Configuration) -> PolicyVerdict:
    wrong = []
    for one in configuration.all("inbound_connectors"):
        is_limited = any(
            read_flag(one.get(name)) is True
            for name in ("restrictdomainstocertificate", "restrictdomainstoipaddresses")
        )
        is_trusted = read_text(one.get("connectortype")).lower() in ("onpremises", "1") or read_flag(
            one.get("cloudservicesmailenabled")
        )
        named = read_text(one.get("tlssendercertificatename")) or read_texts(one.get("senderipaddresses"))
        if read_flag(one.get("enabled")) is not False and is_trusted and not is_limited and not named:
            wrong.append(name_of(one, "name"))
    return configuration.judge_offenders(
        "inbound_connectors",
        wrong,
        "connectors take mail from anybody as the organisation's own",
        "every trusted connector names its sender",
    )


_FORWARD_FIX = "Run Set-Mailbox -Identity MAILBOX -ForwardingSmtpAddress $null -ForwardingAddress $null."
MAIL_FLOW = (
    BaselinePolicy(
        "MS.EXO.1.1v2",
        "Mail is not forwarded automatically",
        "No remote domain allows automatic forwarding to other organisations.",
        "shall",
        ("remote_domains",),
        _check_remote_domains,
        "The attacker cannot have copies sent to himself when the session ends.",
        "Run Set-RemoteDomain -Identity DOMAIN -AutoForwardEnabled $false.",
        ("tycoon-2fa", "eviltokens"),
        ("MS.EXO.1.1v1",),
    ),
    BaselinePolicy(
        "MS.EXO.5.1v1",
        "SMTP AUTH is disabled",
        "No program sends mail with a user name and a password.",
        "shall",
        ("transport",),
        _check_smtp,
        "A stolen password alone does not send mail in the user's name.",
        "Run Set-TransportConfig -SmtpClientAuthenticationDisabled $true.",
        ("midnight-blizzard",),
    ),
    BaselinePolicy(
        "MS.EXO.6.1v1",
        "Contacts are not shared with everybody",
        "No sharing policy gives contact folders to every domain.",
        "shall",
        ("sharing",),
        _check_contacts,
        "An attacker cannot collect whom to phish next. No catalogued incident used shared contacts.",
        "Run Set-SharingPolicy and remove the domain * with ContactsSharing.",
    ),
    BaselinePolicy(
        "MS.EXO.6.2v1",
        "Calendars are not shared with everybody",
        "No sharing policy gives calendar details to every domain.",
        "shall",
        ("sharing",),
        _check_calendars,
        "An attacker cannot read who meets whom. No catalogued incident used shared calendars.",
        "Run Set-SharingPolicy and limit the domain * to CalendarSharingFreeBusySimple.",
    ),
    BaselinePolicy(
        "MS.EXO.7.1v1",
        "Mail from outside is marked",
        "Readers see which messages come from outside.",
        "shall",
        (("transport_rules", "external_tags"),),
        _check_warnings,
        "A message in the name of a colleague carries the mark of a stranger.",
        "Run Set-ExternalInOutlook -Enabled $true.",
        ("code-of-conduct",),
    ),
    BaselinePolicy(
        "SEAWALL.MAIL.1v1",
        "Outbound policies stop automatic forwarding",
        "No outbound spam policy lets automatic forwarding through.",
        "lesson",
        ("outbound_spam",),
        _check_outbound,
        "Forwarding that an inbox rule or a mailbox setting asks for is stopped at the border.",
        "Run Set-HostedOutboundSpamFilterPolicy -Identity POLICY -AutoForwardingMode Off.",
        ("tycoon-2fa", "eviltokens"),
    ),
    BaselinePolicy(
        "SEAWALL.MAIL.2v1",
        "No mailbox forwards outside",
        "No mailbox has a forwarding address of another organisation.",
        "lesson",
        ("mailboxes",),
        _check_mailbox_forwarding,
        "Copies that an attacker once set up do not go on.",
        _FORWARD_FIX,
        ("tycoon-2fa",),
    ),
    BaselinePolicy(
        "SEAWALL.MAIL.3v1",
        "No inbox rule sends mail outside",
        "No inbox rule forwards or redirects to another organisation.",
        "lesson",
        ("inbox_rules",),
        _check_inbox_rules,
        "The rule that an attacker left behind is found, and sends no more.",
        "Run Remove-InboxRule -Mailbox MAILBOX -Identity RULE, after you have saved it as evidence.",
        ("tycoon-2fa", "eviltokens"),
    ),
    BaselinePolicy(
        "SEAWALL.MAIL.4v1",
        "No transport rule sends mail outside",
        "No transport rule copies or redirects to another organisation.",
        "lesson",
        ("transport_rules",),
        _check_transport_copies,
        "An administrator's session cannot leave a copy of all mail behind. No catalogued incident did so.",
        "Run Disable-TransportRule -Identity RULE, and ask who made it.",
    ),
    BaselinePolicy(
        "SEAWALL.MAIL.5v1",
        "No transport rule lets mail past the filters",
        "No enabled rule sets the spam confidence level to -1.",
        "lesson",
        ("transport_rules",),
        _check_unfiltered,
        "Phishing does not reach the inbox because a sender was once trusted.",
        "Replace the rule by an entry in the Tenant Allow/Block List that expires.",
        ("code-of-conduct",),
    ),
    BaselinePolicy(
        "SEAWALL.MAIL.6v1",
        "No mailbox is exempt from the ban on SMTP AUTH",
        "No mailbox allows SMTP AUTH for itself.",
        "lesson",
        ("client_access",),
        _check_smtp_exceptions,
        "The one exempt mailbox with a weak password does not send for the attacker.",
        "Run Set-CASMailbox -Identity MAILBOX -SmtpClientAuthenticationDisabled $true.",
        ("midnight-blizzard",),
    ),
    BaselinePolicy(
        "SEAWALL.MAIL.7v1",
        "Trusted connectors name their sender",
        "Every inbound connector that makes mail internal requires a certificate or addresses.",
        "lesson",
        ("inbound_connectors",),
        _check_connectors,
        "A stranger cannot send as the organisation itself. No catalogued incident used a connector.",
        "Run Set-InboundConnector -Identity CONNECTOR -RestrictDomainsToCertificate $true -TlsSenderCertificateName NAME.",
    ),
)
"""Policies on the ways by which mail leaves or is sent."""
