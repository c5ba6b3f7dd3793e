"""Policies on Teams (MS.TEAMS)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seawall.posture.policy import BaselinePolicy, Configuration, PolicyVerdict, name_of, verdict
from seawall.posture.values import is_hidden, read_fields, read_flag, read_items, read_text


def _policies(configuration: Configuration, export: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for one in configuration.all(export):
        yield name_of(one, "identity").removeprefix("Tag:"), one


def _judge_flag(configuration: Configuration, export: str, field: str, bad: str, good: str) -> PolicyVerdict:
    """Return "met" if a flag is off in every policy."""
    found = [(name, read_flag(one.get(field))) for name, one in _policies(configuration, export)]
    if not found:
        return verdict("cannot say", "no policy is in the export")
    return configuration.judge_offenders(
        export,
        [name for name, flag in found if flag],
        bad,
        good,
        [name for name, flag in found if flag is None],
    )


def _check_control(configuration: Configuration) -> PolicyVerdict:
    return _judge_flag(
        configuration,
        "meetings",
        "allowexternalparticipantgiverequestcontrol",
        "strangers may take control of a screen",
        "strangers cannot take control of a screen",
    )


def _check_anonymous(configuration: Configuration) -> PolicyVerdict:
    return _judge_flag(
        configuration,
        "meetings",
        "allowanonymoususerstostartmeeting",
        "anonymous people may start meetings",
        "anonymous people cannot start meetings",
    )


def _check_lobby(configuration: Configuration) -> PolicyVerdict:
    wrong, unknown = [], []
    for name, one in _policies(configuration, "meetings"):
        who = read_text(one.get("autoadmittedusers")).lower()
        if who == "everyone":
            wrong.append(name)
        elif not who:
            unknown.append(name)
    return configuration.judge_offenders(
        "meetings", wrong, "everybody is admitted without waiting", "strangers wait in the lobby", unknown
    )


def _check_dial_in(configuration: Configuration) -> PolicyVerdict:
    return _judge_flag(
        configuration,
        "meetings",
        "allowpstnuserstobypasslobby",
        "callers pass the lobby",
        "callers wait in the lobby",
    )


def _check_external(configuration: Configuration) -> PolicyVerdict:
    wrong, unknown = [], []
    for name, one in _policies(configuration, "teams_federation"):
        if read_flag(one.get("allowfederatedusers")) is False:
            continue
        allowed = one.get("alloweddomains")
        fields = read_fields(allowed)
        listed = fields.get("alloweddomain", fields.get("domain")) if fields or allowed == {} else allowed
        items = read_items(listed)
        if is_hidden(allowed) or allowed is None:
            unknown.append(name)
        elif not items or "allowallknowndomains" in str(allowed).lower():
            wrong.append(name)
    return configuration.judge_offenders(
        "teams_federation",
        wrong,
        "every organisation may write to users",
        "only listed organisations may write to users",
        unknown,
    )


def _check_unmanaged_inbound(configuration: Configuration) -> PolicyVerdict:
    wrong, unknown = [], []
    for name, one in _policies(configuration, "teams_federation"):
        consumer, inbound = (
            read_flag(one.get("allowteamsconsumer")),
            read_flag(one.get("allowteamsconsumerinbound")),
        )
        if consumer and inbound:
            wrong.append(name)
        elif consumer is None or (consumer and inbound is None):
            unknown.append(name)
    return configuration.judge_offenders(
        "teams_federation",
        wrong,
        "personal accounts may write to users first",
        "personal accounts cannot write to users first",
        unknown,
    )


def _check_unmanaged(configuration: Configuration) -> PolicyVerdict:
    return _judge_flag(
        configuration,
        "teams_federation",
        "allowteamsconsumer",
        "users may write to personal accounts",
        "users cannot write to personal accounts",
    )


def _check_channel_mail(configuration: Configuration) -> PolicyVerdict:
    return _judge_flag(
        configuration,
        "teams_client",
        "allowemailintochannel",
        "mail from anybody reaches channels",
        "mail does not reach channels",
    )


def _judge_catalogue(configuration: Configuration, field: str, what: str) -> PolicyVerdict:
    found = [
        (name, read_text(one.get(field)).lower()) for name, one in _policies(configuration, "teams_apps")
    ]
    if not found:
        return verdict("cannot say", "no policy is in the export")
    return configuration.judge_offenders(
        "teams_apps",
        [name for name, kind in found if kind == "blockedapplist"],
        f"{what} may be installed unless blocked",
        f"only approved {what} may be installed",
        [name for name, kind in found if not kind],
    )


def _check_third_party(configuration: Configuration) -> PolicyVerdict:
    return _judge_catalogue(configuration, "globalcatalogappstype", "applications of others")


def _check_custom(configuration: Configuration) -> PolicyVerdict:
    return _judge_catalogue(configuration, "privatecatalogappstype", "custom applications")


_MEETINGS, _FEDERATION = ("meetings",), ("teams_federation",)
_NONE = " No catalogued incident used it."
TEAMS = (
    BaselinePolicy(
        "MS.TEAMS.1.1v1",
        "Strangers cannot take control of a screen",
        "External participants cannot ask for control of a shared screen.",
        "should",
        _MEETINGS,
        _check_control,
        "A false help desk cannot work on the user's screen." + _NONE,
        "Run Set-CsTeamsMeetingPolicy -Identity POLICY -AllowExternalParticipantGiveRequestControl $false.",
    ),
    BaselinePolicy(
        "MS.TEAMS.1.2v2",
        "Anonymous people cannot start meetings",
        "A meeting begins when a member of the organisation joins.",
        "shall",
        _MEETINGS,
        _check_anonymous,
        "A stolen invitation does not become a stage for the attacker.",
        "Run Set-CsTeamsMeetingPolicy -Identity POLICY -AllowAnonymousUsersToStartMeeting $false.",
        ("storm-2372",),
        ("MS.TEAMS.1.2v1",),
    ),
    BaselinePolicy(
        "MS.TEAMS.1.3v1",
        "Strangers wait in the lobby",
        "Anonymous people are not admitted automatically.",
        "should",
        _MEETINGS,
        _check_lobby,
        "Nobody listens unseen with a stolen invitation." + _NONE,
        "Run Set-CsTeamsMeetingPolicy -Identity POLICY -AutoAdmittedUsers EveryoneInCompanyExcludingGuests.",
    ),
    BaselinePolicy(
        "MS.TEAMS.1.5v1",
        "Callers wait in the lobby",
        "People who dial in are not admitted automatically.",
        "should",
        _MEETINGS,
        _check_dial_in,
        "Nobody listens by telephone with a stolen invitation." + _NONE,
        "Run Set-CsTeamsMeetingPolicy -Identity POLICY -AllowPSTNUsersToBypassLobby $false.",
    ),
    BaselinePolicy(
        "MS.TEAMS.2.1v2",
        "Only listed organisations may write to users",
        "External access is limited to domains that the organisation lists.",
        "shall",
        _FEDERATION,
        _check_external,
        "The message with the device code does not arrive in Teams.",
        "Run Set-CsTenantFederationConfiguration -AllowedDomainsAsAList DOMAINS.",
        ("storm-2372", "uta0352"),
        ("MS.TEAMS.2.1v1",),
    ),
    BaselinePolicy(
        "MS.TEAMS.2.2v2",
        "Personal accounts cannot write to users first",
        "Unmanaged accounts cannot start a conversation.",
        "shall",
        _FEDERATION,
        _check_unmanaged_inbound,
        "A stranger who poses as an important contact does not reach the user in Teams.",
        "Run Set-CsTenantFederationConfiguration -AllowTeamsConsumerInbound $false.",
        ("storm-2372",),
        ("MS.TEAMS.2.2v1",),
    ),
    BaselinePolicy(
        "MS.TEAMS.2.3v2",
        "Users cannot write to personal accounts",
        "Users cannot start a conversation with unmanaged accounts.",
        "should",
        _FEDERATION,
        _check_unmanaged,
        "A conversation that began elsewhere cannot be moved into Teams." + _NONE,
        "Run Set-CsTenantFederationConfiguration -AllowTeamsConsumer $false.",
        (),
        ("MS.TEAMS.2.3v1",),
    ),
    BaselinePolicy(
        "MS.TEAMS.4.1v1",
        "Mail does not reach channels",
        "Channels have no mail addresses.",
        "shall",
        ("teams_client",),
        _check_channel_mail,
        "Phishing does not pass the mail filters by way of a channel." + _NONE,
        "Run Set-CsTeamsClientConfiguration -AllowEmailIntoChannel $false.",
    ),
    BaselinePolicy(
        "MS.TEAMS.5.2v2",
        "Only approved applications of others may be installed",
        "Third-party applications in Teams are blocked unless listed.",
        "should",
        ("teams_apps",),
        _check_third_party,
        "An integration that nobody examined gets no grant.",
        "Run Set-CsTeamsAppPermissionPolicy -Identity POLICY -GlobalCatalogAppsType AllowedAppList.",
        ("salesloft-drift",),
        ("MS.TEAMS.5.2v1",),
    ),
    BaselinePolicy(
        "MS.TEAMS.5.3v2",
        "Only approved custom applications may be installed",
        "Custom applications in Teams are blocked unless listed.",
        "should",
        ("teams_apps",),
        _check_custom,
        "A taken-over account cannot plant an application for its colleagues." + _NONE,
        "Run Set-CsTeamsAppPermissionPolicy -Identity POLICY -PrivateCatalogAppsType AllowedAppList.",
        (),
        ("MS.TEAMS.5.3v1",),
    ),
)
"""Policies on Teams."""
