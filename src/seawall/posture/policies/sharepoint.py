"""Policies on SharePoint and OneDrive (MS.SHAREPOINT)."""

from __future__ import annotations

from typing import Any

from seawall.posture.policy import BaselinePolicy, Configuration, PolicyVerdict, verdict
from seawall.posture.values import read_flag, read_number, read_text

_SHARING = {
    "0": "nobody", "disabled": "nobody",
    "1": "new and existing guests", "externalusersharingonly": "new and existing guests",
    "2": "anyone", "externaluserandguestsharing": "anyone",
    "3": "existing guests", "existingexternalusersharingonly": "existing guests",
}  # fmt: skip
_MOST_DAYS = 30


def _tenant(configuration: Configuration) -> dict[str, Any]:
    return next(iter(configuration.all("sharepoint")), {})


def _judge_setting(
    configuration: Configuration, field: str, good: tuple[str, ...], bad: str, fine: str
) -> PolicyVerdict:
    """Return "met" if a setting of SharePoint has one of the good values, written as a number or as a word."""
    value = read_text(_tenant(configuration).get(field)).lower()
    if not value:
        return verdict("cannot say", f"the export does not show {field}")
    return (
        verdict("met", fine)
        if value in good
        else verdict("not met", bad, [f"{field}: {_SHARING.get(value, value)}"])
    )


_INSIDE = ("0", "disabled", "3", "existingexternalusersharingonly")


def _check_sites(configuration: Configuration) -> PolicyVerdict:
    return _judge_setting(
        configuration,
        "sharingcapability",
        _INSIDE,
        "sites are shared beyond known guests",
        "sites are shared with known guests at most",
    )


def _check_drives(configuration: Configuration) -> PolicyVerdict:
    return _judge_setting(
        configuration,
        "onedrivesharingcapability",
        _INSIDE,
        "OneDrive is shared beyond known guests",
        "OneDrive is shared with known guests at most",
    )


def _is_shared_with(configuration: Configuration, *words: str) -> bool | None:
    value = _SHARING.get(read_text(_tenant(configuration).get("sharingcapability")).lower())
    return None if value is None else value in words


def _check_domains(configuration: Configuration) -> PolicyVerdict:
    if _is_shared_with(configuration, "nobody"):
        return verdict("met", "nothing is shared outside")
    return _judge_setting(
        configuration,
        "sharingdomainrestrictionmode",
        ("1", "allowlist"),
        "files are shared with every domain",
        "files are shared with listed domains alone",
    )


def _check_default_link(configuration: Configuration) -> PolicyVerdict:
    return _judge_setting(
        configuration,
        "defaultsharinglinktype",
        ("1", "direct"),
        "links open for more than named people",
        "links are for named people",
    )


def _check_default_permission(configuration: Configuration) -> PolicyVerdict:
    return _judge_setting(
        configuration,
        "defaultlinkpermission",
        ("1", "view"),
        "links allow changes",
        "links allow reading alone",
    )


def _check_link_days(configuration: Configuration) -> PolicyVerdict:
    if _is_shared_with(configuration, "nobody", "existing guests", "new and existing guests"):
        return verdict("met", "links for anyone do not exist")
    days = read_number(_tenant(configuration).get("requireanonymouslinksexpireindays"))
    return _judge_days(days, "links for anyone", "expire")


def _judge_days(days: float | None, what: str, verb: str) -> PolicyVerdict:
    if days is None:
        return verdict("cannot say", "the export does not show the number of days")
    if 0 < days <= _MOST_DAYS:
        return verdict("met", f"{what} {verb} after {days:.0f} days")
    return verdict("not met", f"{what} {verb} too late or never", [f"{days:.0f} days"])


def _check_link_rights(configuration: Configuration) -> PolicyVerdict:
    if _is_shared_with(configuration, "nobody", "existing guests", "new and existing guests"):
        return verdict("met", "links for anyone do not exist")
    tenant = _tenant(configuration)
    values = {
        name: read_text(tenant.get(name)).lower()
        for name in ("fileanonymouslinktype", "folderanonymouslinktype")
    }
    if "" in values.values():
        return verdict("cannot say", "the export does not show what links for anyone allow")
    wrong = [f"{name}: {value}" for name, value in values.items() if value not in ("1", "view")]
    return configuration.judge_offenders(
        "sharepoint", wrong, "links for anyone allow changes", "links for anyone allow reading alone"
    )


def _check_codes(configuration: Configuration) -> PolicyVerdict:
    if _is_shared_with(configuration, "nobody", "existing guests"):
        return verdict("met", "nobody opens files with a code")
    tenant = _tenant(configuration)
    if read_flag(tenant.get("emailattestationrequired")) is False:
        return verdict("not met", "people with a code need no new one")
    return _judge_days(read_number(tenant.get("emailattestationreauthdays")), "codes", "expire")


def _check_legacy_sites(configuration: Configuration) -> PolicyVerdict:
    return _judge_setting(
        configuration,
        "legacyauthprotocolsenabled",
        ("false", "0"),
        "SharePoint takes passwords from old programs",
        "SharePoint refuses old programs",
    )


_SITES = ("sharepoint",)
_NONE = " No catalogued incident used it."
SHAREPOINT = (
    BaselinePolicy(
        "MS.SHAREPOINT.1.1v1",
        "Sites are shared with known guests at most",
        "External sharing of SharePoint is limited to existing guests or to nobody.",
        "shall",
        _SITES,
        _check_sites,
        "A taken-over account cannot publish a library to anybody." + _NONE,
        "Run Set-SPOTenant -SharingCapability ExistingExternalUserSharingOnly.",
    ),
    BaselinePolicy(
        "MS.SHAREPOINT.1.2v1",
        "OneDrive is shared with known guests at most",
        "External sharing of OneDrive is limited to existing guests or to nobody.",
        "shall",
        _SITES,
        _check_drives,
        "A taken-over account cannot publish its files to anybody." + _NONE,
        "Run Set-SPOTenant -OneDriveSharingCapability ExistingExternalUserSharingOnly.",
    ),
    BaselinePolicy(
        "MS.SHAREPOINT.1.3v1",
        "Files are shared with listed domains alone",
        "External sharing is limited to domains that the organisation lists.",
        "shall",
        _SITES,
        _check_domains,
        "Files do not reach an account that the attacker made elsewhere." + _NONE,
        "Run Set-SPOTenant -SharingDomainRestrictionMode AllowList -SharingAllowedDomainList DOMAINS.",
    ),
    BaselinePolicy(
        "MS.SHAREPOINT.2.1v1",
        "Links are for named people",
        "The default link opens for the people whom its maker names.",
        "shall",
        _SITES,
        _check_default_link,
        "A link that is forwarded by mistake opens nothing." + _NONE,
        "Run Set-SPOTenant -DefaultSharingLinkType Direct.",
    ),
    BaselinePolicy(
        "MS.SHAREPOINT.2.2v1",
        "Links allow reading alone",
        "The default link allows reading, and no changes.",
        "shall",
        _SITES,
        _check_default_permission,
        "A stolen link does not plant a changed file." + _NONE,
        "Run Set-SPOTenant -DefaultLinkPermission View.",
    ),
    BaselinePolicy(
        "MS.SHAREPOINT.3.1v1",
        "Links for anyone expire",
        "Links for anyone expire after 30 days or less, or do not exist.",
        "shall",
        _SITES,
        _check_link_days,
        "An old link in a stolen mailbox opens nothing any more.",
        "Run Set-SPOTenant -RequireAnonymousLinksExpireInDays 30.",
        ("storm-2372",),
    ),
    BaselinePolicy(
        "MS.SHAREPOINT.3.2v1",
        "Links for anyone allow reading alone",
        "Links for anyone allow no changes to files and folders, or do not exist.",
        "shall",
        _SITES,
        _check_link_rights,
        "A stolen link does not plant a changed file." + _NONE,
        "Run Set-SPOTenant -FileAnonymousLinkType View -FolderAnonymousLinkType View.",
    ),
    BaselinePolicy(
        "MS.SHAREPOINT.3.3v2",
        "Codes for guests expire",
        "People who open files with a code need a new one after 30 days or less.",
        "shall",
        _SITES,
        _check_codes,
        "Whoever took over a guest's mailbox long ago is asked again." + _NONE,
        "Run Set-SPOTenant -EmailAttestationRequired $true -EmailAttestationReAuthDays 30.",
        (),
        ("MS.SHAREPOINT.3.3v1",),
    ),
    BaselinePolicy(
        "SEAWALL.SHAREPOINT.1v1",
        "SharePoint refuses old programs",
        "No program signs in to SharePoint with a protocol that cannot ask for a second factor.",
        "lesson",
        _SITES,
        _check_legacy_sites,
        "A stolen password alone does not open the files.",
        "Run Set-SPOTenant -LegacyAuthProtocolsEnabled $false.",
        ("midnight-blizzard",),
    ),
)
"""Policies on SharePoint and OneDrive."""
