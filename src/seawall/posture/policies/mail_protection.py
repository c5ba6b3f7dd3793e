"""Policies on filters for mail, links and files (MS.SECURITYSUITE.1, 2, 6, 7 and 8).

A preset policy (Standard, Strict) meets what concerns it: Microsoft sets its values, and nobody can change them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from seawall.posture.policy import BaselinePolicy, Configuration, PolicyVerdict, name_of, verdict
from seawall.posture.values import is_hidden, read_flag, read_text, read_texts

_PRESET = frozenset({"standard", "strict"})
_FILE_TYPES = frozenset({"exe", "cmd", "vbe"})
_SPAM_ACTIONS = frozenset({"movetojmf", "quarantine", "redirect", "delete"})
_SPAM_FIELDS = ("spamaction", "highconfidencespamaction", "phishspamaction", "highconfidencephishaction")
_TIPS = (
    "enablefirstcontactsafetytips",
    "enablesimilaruserssafetytips",
    "enablesimilardomainssafetytips",
    "enableunusualcharacterssafetytips",
)


def _own_policies(configuration: Configuration, export: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name and values of the policies that are no presets."""
    for one in configuration.all(export):
        if read_text(one.get("recommendedpolicytype")).lower() not in _PRESET:
            yield name_of(one, "name", "identity"), one


def _judge_each(
    configuration: Configuration,
    export: str,
    judge: Callable[[dict[str, Any]], bool | None],
    bad: str,
    good: str,
) -> PolicyVerdict:
    """Return "met" if every policy is good. `judge` returns None for a policy whose values the export does not show."""
    if not configuration.all(export):
        return verdict("cannot say", "no policy is in the export")
    answers = [(name, judge(one)) for name, one in _own_policies(configuration, export)]
    return configuration.judge_offenders(
        export,
        [name for name, answer in answers if answer is False],
        bad,
        good,
        [name for name, answer in answers if answer is None],
    )


def _flags(*names: str) -> Callable[[dict[str, Any]], bool | None]:
    """Return a judge of policies that need all of these flags."""

    def judge(one: dict[str, Any]) -> bool | None:
        flags = [read_flag(one.get(name)) for name in names]
        return False if False in flags else None if None in flags else True

    return judge


def _blocks_programs(one: dict[str, Any]) -> bool | None:
    is_on, types = read_flag(one.get("enablefilefilter")), read_texts(one.get("filetypes"), ",;| ")
    if is_on is False:
        return False
    if is_on is None or types is None:
        return None
    return {text.lower().lstrip(".") for text in types} >= _FILE_TYPES


def _keeps_spam_out(one: dict[str, Any]) -> bool | None:
    actions = {read_text(one.get(name)).lower() for name in _SPAM_FIELDS}
    if "" in actions or any(action.isdigit() for action in actions):
        return None
    return actions <= _SPAM_ACTIONS


def _allows_no_domain(one: dict[str, Any]) -> bool | None:
    found = read_texts(one.get("allowedsenderdomains"))
    return None if found is None else not found


def _allows_no_address(one: dict[str, Any]) -> bool | None:
    found = read_texts(one.get("ipallowlist"))
    return None if found is None else not found


def _has_no_safe_list(one: dict[str, Any]) -> bool | None:
    flag = read_flag(one.get("enablesafelist"))
    return None if flag is None else not flag


def _check_file_types(configuration: Configuration) -> PolicyVerdict:
    return _judge_each(
        configuration,
        "malware_filters",
        _blocks_programs,
        "policies let programs through",
        "programs are stopped",
    )


def _check_purge(configuration: Configuration) -> PolicyVerdict:
    return _judge_each(
        configuration,
        "malware_filters",
        _flags("zapenabled"),
        "policies leave malware that is recognised late",
        "malware that is recognised late is removed",
    )


def _check_files(configuration: Configuration) -> PolicyVerdict:
    return _judge_each(
        configuration,
        "defender",
        _flags("enableatpforspoteamsodb"),
        "files in SharePoint, OneDrive and Teams are not scanned",
        "files in SharePoint, OneDrive and Teams are scanned",
    )


def _check_tips(configuration: Configuration) -> PolicyVerdict:
    return _judge_each(
        configuration,
        "phishing_filters",
        _flags(*_TIPS),
        "policies warn nobody of impostors",
        "policies warn of impostors",
    )


def _check_spam(configuration: Configuration) -> PolicyVerdict:
    return _judge_each(
        configuration,
        "content_filters",
        _keeps_spam_out,
        "policies deliver spam or phishing",
        "spam and phishing are kept out",
    )


def _check_allowed_domains(configuration: Configuration) -> PolicyVerdict:
    return _judge_each(
        configuration,
        "content_filters",
        _allows_no_domain,
        "policies trust whole domains",
        "no policy trusts a whole domain",
    )


def _check_links(configuration: Configuration, names: tuple[str, ...], bad: str, good: str) -> PolicyVerdict:
    hidden = [name_of(one) for one in configuration.all("safe_links") if is_hidden(list(one.values()))]
    if hidden:
        return verdict("cannot say", "the export hides values: export it again with more depth", hidden)
    return _judge_each(configuration, "safe_links", _flags(*names), bad, good)


def _check_link_list(configuration: Configuration) -> PolicyVerdict:
    names = ("enablesafelinksforemail", "enablesafelinksforteams", "enablesafelinksforoffice")
    return _check_links(
        configuration, names, "policies leave links unchecked", "links are checked when they are opened"
    )


def _check_link_scan(configuration: Configuration) -> PolicyVerdict:
    names = ("scanurls", "delivermessageafterscan")
    return _check_links(
        configuration, names, "policies deliver before links are scanned", "links are scanned before delivery"
    )


def _check_clicks(configuration: Configuration) -> PolicyVerdict:
    return _check_links(
        configuration, ("trackclicks",), "policies do not record who clicked", "clicks are recorded"
    )


def _check_addresses(configuration: Configuration) -> PolicyVerdict:
    return _judge_each(
        configuration,
        "connection_filters",
        _allows_no_address,
        "filters trust addresses",
        "no filter trusts an address",
    )


def _check_safe_list(configuration: Configuration) -> PolicyVerdict:
    return _judge_each(
        configuration,
        "connection_filters",
        _has_no_safe_list,
        "filters trust Microsoft's safe list",
        "no filter has a safe list",
    )


MAIL_PROTECTION = (
    BaselinePolicy(
        "MS.SECURITYSUITE.1.1v1",
        "Mail with programs is stopped",
        "Attachments of the types exe, cmd and vbe do not arrive.",
        "shall",
        ("malware_filters",),
        _check_file_types,
        "A program that steals sessions from the browser does not arrive by mail.",
        "Run Set-MalwareFilterPolicy -Identity POLICY -EnableFileFilter $true -FileTypes @{Add='exe','cmd','vbe'}.",
        ("context-ai", "unc5537"),
        ("MS.EXO.9.5v1", "MS.EXO.9.3v1", "MS.EXO.9.1v2", "MS.DEFENDER.1.2v1"),
    ),
    BaselinePolicy(
        "MS.SECURITYSUITE.1.2v1",
        "Mail is examined again after delivery",
        "Messages that are recognised as malware later leave the mailbox.",
        "shall",
        ("malware_filters",),
        _check_purge,
        "A message that was new to every filter is gone before most people open it.",
        "Run Set-MalwareFilterPolicy -Identity POLICY -ZapEnabled $true.",
        ("code-of-conduct",),
        ("MS.EXO.10.3v1",),
    ),
    BaselinePolicy(
        "MS.SECURITYSUITE.1.4v1",
        "Files in SharePoint, OneDrive and Teams are scanned",
        "Safe Attachments covers files that are not sent by mail.",
        "should",
        ("defender",),
        _check_files,
        "Malware that a taken-over account shares is found. No catalogued incident spread so.",
        "Run Set-AtpPolicyForO365 -EnableATPForSPOTeamsODB $true.",
        (),
        ("MS.DEFENDER.3.1v1", "MS.TEAMS.7.1v1"),
    ),
    BaselinePolicy(
        "MS.SECURITYSUITE.2.4v1",
        "Readers are warned of impostors",
        "Safety tips for first contact and for similar names are on.",
        "should",
        ("phishing_filters",),
        _check_tips,
        "A message that pretends to come from the leadership carries a warning.",
        "Run Set-AntiPhishPolicy -Identity POLICY -EnableFirstContactSafetyTips $true, and the three further tips.",
        ("code-of-conduct",),
        ("MS.EXO.11.2v1",),
    ),
    BaselinePolicy(
        "MS.SECURITYSUITE.6.1v1",
        "Spam and phishing stay out of the inbox",
        "Recognised spam and phishing go to the junk folder or to quarantine.",
        "shall",
        ("content_filters",),
        _check_spam,
        "Recognised phishing is not in the inbox, where people act.",
        "Run Set-HostedContentFilterPolicy -Identity POLICY -HighConfidencePhishAction Quarantine, and the same for the others.",
        ("code-of-conduct", "eviltokens"),
        ("MS.EXO.14.1v2", "MS.EXO.14.2v1"),
    ),
    BaselinePolicy(
        "MS.SECURITYSUITE.6.2v1",
        "No domain is trusted as a whole",
        "Anti-spam policies list no allowed sender domains.",
        "shall",
        ("content_filters",),
        _check_allowed_domains,
        "A partner whose mailbox was taken over is filtered as everybody is.",
        "Run Set-HostedContentFilterPolicy -Identity POLICY -AllowedSenderDomains @().",
        ("tycoon-2fa",),
        ("MS.EXO.14.3v2",),
    ),
    BaselinePolicy(
        "MS.SECURITYSUITE.7.1v1",
        "Links are checked when they are opened",
        "Safe Links covers mail, Teams and Office.",
        "should",
        ("safe_links",),
        _check_link_list,
        "A link that became a phishing site after delivery is stopped at the click.",
        "Run Set-SafeLinksPolicy -Identity POLICY -EnableSafeLinksForEmail $true, and the same for Teams and Office.",
        ("eviltokens", "tycoon-2fa"),
        ("MS.EXO.15.1v1", "MS.TEAMS.8.1v1", "MS.DEFENDER.1.3v1"),
    ),
    BaselinePolicy(
        "MS.SECURITYSUITE.7.2v1",
        "Links are scanned before delivery",
        "Messages wait until their links and downloads are scanned.",
        "should",
        ("safe_links",),
        _check_link_scan,
        "A message with a link to a known phishing kit does not arrive.",
        "Run Set-SafeLinksPolicy -Identity POLICY -ScanUrls $true -DeliverMessageAfterScan $true.",
        ("tycoon-2fa",),
        ("MS.EXO.15.2v1",),
    ),
    BaselinePolicy(
        "MS.SECURITYSUITE.7.3v1",
        "Clicks are recorded",
        "Safe Links records who opened which link.",
        "should",
        ("safe_links",),
        _check_clicks,
        "After a wave of phishing it is known who clicked, within minutes.",
        "Run Set-SafeLinksPolicy -Identity POLICY -TrackClicks $true.",
        ("code-of-conduct",),
        ("MS.EXO.15.3v1", "MS.TEAMS.8.2v1"),
    ),
    BaselinePolicy(
        "MS.SECURITYSUITE.8.1v1",
        "No address skips the filters",
        "Connection filters have no list of allowed addresses.",
        "should",
        ("connection_filters",),
        _check_addresses,
        "Mail from a shared server that was taken over is filtered as well.",
        "Run Set-HostedConnectionFilterPolicy -Identity Default -IPAllowList @().",
        ("tycoon-2fa",),
        ("MS.EXO.12.1v1",),
    ),
    BaselinePolicy(
        "MS.SECURITYSUITE.8.2v1",
        "Microsoft's safe list is off",
        "Connection filters do not trust the list that Microsoft buys from others.",
        "should",
        ("connection_filters",),
        _check_safe_list,
        "A sender on a list that nobody of the organisation knows is filtered. No catalogued incident used it.",
        "Run Set-HostedConnectionFilterPolicy -Identity Default -EnableSafeList $false.",
        (),
        ("MS.EXO.12.2v1",),
    ),
)
"""Policies on filters for mail, links and files."""
