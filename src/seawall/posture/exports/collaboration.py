"""Declare the exports of SharePoint Online, OneDrive and Teams, from PowerShell.

Fields: learn.microsoft.com, references of the SharePoint Online and Teams modules. Bundle names are those of the file
`ProviderSettingsExport.json` of CISA's ScubaGear.
"""

from __future__ import annotations

from seawall.posture.exports.export import command

_SHAREPOINT = "role SharePoint Administrator"
_TEAMS = "role Global Reader or Teams Administrator"

COLLABORATION = (
    command(
        "sharepoint",
        "SharePoint tenant settings",
        "Get-SPOTenant",
        _SHAREPOINT,
        "SharingCapability DefaultSharingLinkType",
        "OneDriveSharingCapability SharingDomainRestrictionMode SharingAllowedDomainList DefaultLinkPermission "
        "RequireAnonymousLinksExpireInDays FileAnonymousLinkType FolderAnonymousLinkType EmailAttestationRequired "
        "EmailAttestationReAuthDays LegacyAuthProtocolsEnabled ConditionalAccessPolicy",
        contexts="spo_tenant",
    ),
    command(
        "meetings",
        "Teams meeting policies",
        "Get-CsTeamsMeetingPolicy",
        _TEAMS,
        "AllowAnonymousUsersToStartMeeting AutoAdmittedUsers",
        "Identity AllowExternalParticipantGiveRequestControl AllowPSTNUsersToBypassLobby AllowCloudRecording",
        contexts="meeting_policies",
    ),
    command(
        "teams_federation",
        "Teams external access",
        "Get-CsTenantFederationConfiguration",
        _TEAMS,
        "AllowFederatedUsers AllowTeamsConsumer",
        "Identity AllowedDomains AllowTeamsConsumerInbound BlockedDomains",
        contexts="federation_configuration",
    ),
    command(
        "teams_client",
        "Teams client settings",
        "Get-CsTeamsClientConfiguration",
        _TEAMS,
        "AllowEmailIntoChannel",
        "Identity",
        contexts="client_configuration",
    ),
    command(
        "teams_apps",
        "Teams application permission policies",
        "Get-CsTeamsAppPermissionPolicy",
        _TEAMS,
        "GlobalCatalogAppsType PrivateCatalogAppsType",
        "Identity DefaultCatalogAppsType",
        contexts="app_policies",
    ),
)
