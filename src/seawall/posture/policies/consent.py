"""Policies on application registrations, consent and credentials in Entra ID (MS.AAD.5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seawall.posture.policy import BaselinePolicy, Configuration, PolicyVerdict, verdict
from seawall.posture.values import (
    DAY,
    is_hidden,
    read_fields,
    read_flag,
    read_items,
    read_seconds,
    read_text,
    read_texts,
    read_time,
)
from seawall_base.rfc3339 import parse_time

_AUTHORISATION = ("authorization_policy",)
_FIRST_APPLICATIONS = parse_time("2012-01-01")
_FOR_SELF = "managepermissiongrantsforself."
_SIDES = (("applicationrestrictions", "applications"), ("serviceprincipalrestrictions", "service principals"))


def _user_permissions(configuration: Configuration) -> Iterator[dict[str, Any]]:
    for one in configuration.all("authorization_policy"):
        yield read_fields(one.get("defaultuserrolepermissions"))


def _check_registration(configuration: Configuration) -> PolicyVerdict:
    flags = [read_flag(one.get("allowedtocreateapps")) for one in _user_permissions(configuration)]
    return configuration.judge_offenders(
        "authorization_policy",
        ["users may register applications"] if True in flags else [],
        "every user may register applications",
        "only administrators register applications",
        ["defaultUserRolePermissions"] if None in flags or not flags else [],
    )


def _check_consent(configuration: Configuration) -> PolicyVerdict:
    assigned, is_seen = set[str](), False
    for one in configuration.all("authorization_policy"):
        for value in (
            one.get("permissiongrantpolicyidsassignedtodefaultuserrole"),
            read_fields(one.get("defaultuserrolepermissions")).get("permissiongrantpoliciesassigned"),
        ):
            found = read_texts(value)
            is_seen |= found is not None
            assigned |= {text.lower() for text in found or ()}
    own = {text.removeprefix(_FOR_SELF) for text in assigned if text.startswith(_FOR_SELF)}
    loose = [f"consent policy {name}" for name in sorted(own) if name.endswith(("-legacy", "-recommended"))]
    custom = [name for name in sorted(own) if not name.startswith("microsoft-user-default-")]
    return configuration.judge_offenders(
        "authorization_policy",
        loose + [f"consent policy {name}" for name in custom if _is_loose(configuration, name)],
        "users may consent to applications beyond permissions that an administrator classified as low",
        "users consent to nothing, or only to permissions that an administrator classified as low",
        ([] if is_seen else ["permissionGrantPoliciesAssigned"])
        + [name for name in custom if not _has_grant_policy(configuration, name)],
    )


def _has_grant_policy(configuration: Configuration, name: str) -> bool:
    return any(read_text(one.get("id")).lower() == name for one in configuration.all("permission_grants"))


def _is_loose(configuration: Configuration, name: str) -> bool:
    """Return whether a consent policy includes delegated permissions that are not classified as low."""
    for one in configuration.all("permission_grants"):
        if read_text(one.get("id")).lower() != name:
            continue
        for include in read_items(one.get("includes")) or ():
            condition = read_fields(include)
            permissions = {text.lower() for text in read_texts(condition.get("permissions")) or ()}
            if read_text(condition.get("permissionclassification")).lower() != "low" and "all" in permissions:
                return True
    return False


def _check_admin_consent(configuration: Configuration) -> PolicyVerdict:
    flags = [read_flag(one.get("isenabled")) for one in configuration.all("admin_consent")]
    for group in configuration.all("directory_settings"):
        for value in read_items(group.get("values")) or ():
            setting = read_fields(value)
            if read_text(setting.get("name")).lower() == "enableadminconsentrequests":
                flags.append(read_flag(setting.get("value")))
    if True in flags:
        return verdict("met", "users can ask an administrator for consent")
    if False in flags:
        return verdict("not met", "users cannot ask an administrator for consent")
    return verdict("cannot say", "the export does not show whether requests are enabled")


def _restrictions(one: dict[str, Any], kind: str) -> Iterator[tuple[str, dict[str, dict[str, Any]] | None]]:
    """Yield for applications and service principals the restrictions on credentials by type; None if the export hides them."""
    for side, words in _SIDES:
        items = read_items(read_fields(one.get(side)).get(kind))
        if is_hidden(one.get(side)) or any(is_hidden(item) for item in items or ()):
            yield words, None
        else:
            found = [read_fields(item) for item in items or ()]
            yield words, {read_text(item.get("restrictiontype")).lower(): item for item in found}


def _check_restriction(
    configuration: Configuration, kind: str, types: tuple[str, ...], days: int | None, good: str
) -> PolicyVerdict:
    wrong, hidden = [], []
    for one in configuration.all("app_management"):
        is_on = read_flag(one.get("isenabled"))
        for words, found in _restrictions(one, kind):
            if found is None:
                hidden.append(words)
                continue
            for name in types:
                why = _why_loose(found.get(name), is_on, days)
                wrong += [f"{words}: {name} {why}"] if why else []
    return configuration.judge_offenders(
        "app_management", wrong, "the default policy for applications leaves credentials free", good, hidden
    )


def _why_loose(restriction: dict[str, Any] | None, is_on: bool | None, days: int | None) -> str:
    if is_on is not True or restriction is None or read_text(restriction.get("state")).lower() == "disabled":
        return "is not restricted"
    if restriction.get("restrictforappscreatedafterdatetime") and not _is_long_ago(restriction):
        return "is restricted for new applications only"
    seconds = read_seconds(restriction.get("maxlifetime"))
    if days is not None and (seconds is None or seconds > days * DAY):
        return f"allows more than {days} days"
    return ""


def _is_long_ago(restriction: dict[str, Any]) -> bool:
    """Return whether the restriction counts from before Graph had applications: then it counts for all."""
    time = read_time(restriction.get("restrictforappscreatedafterdatetime"))
    return time is not None and time < _FIRST_APPLICATIONS


def _check_no_secrets(configuration: Configuration) -> PolicyVerdict:
    types = ("passwordaddition", "symmetrickeyaddition")
    return _check_restriction(
        configuration, "passwordcredentials", types, None, "nobody adds secrets to applications"
    )


def _check_secret_lifetime(configuration: Configuration) -> PolicyVerdict:
    if _check_no_secrets(configuration).state == "met":
        return verdict("met", "nobody adds secrets to applications")
    types = ("passwordlifetime", "symmetrickeylifetime")
    return _check_restriction(
        configuration, "passwordcredentials", types, 180, "secrets last at most 180 days"
    )


def _check_certificate_lifetime(configuration: Configuration) -> PolicyVerdict:
    types = ("asymmetrickeylifetime",)
    return _check_restriction(configuration, "keycredentials", types, 366, "certificates last at most a year")


CONSENT = (
    BaselinePolicy(
        "MS.AAD.5.1v1",
        "Only administrators register applications",
        "Users without an administrator's role cannot register an application.",
        "shall",
        _AUTHORISATION,
        _check_registration,
        "A taken-over account cannot create the application that keeps the access.",
        "Set Users can register applications to No under Users, User settings.",
        ("midnight-blizzard",),
    ),
    BaselinePolicy(
        "MS.AAD.5.2v1",
        "Users do not consent to risky applications",
        "Users consent to nothing, or only to permissions that an administrator classified as low.",
        "shall",
        _AUTHORISATION,
        _check_consent,
        "A phished user cannot grant mail access to an application of the attacker.",
        "Set user consent to Do not allow user consent under Enterprise applications, Consent and permissions.",
        ("context-ai", "salesloft-drift"),
    ),
    BaselinePolicy(
        "MS.AAD.5.3v1",
        "Users can ask an administrator for consent",
        "The admin consent workflow is enabled, so that refused users have a way.",
        "shall",
        (("admin_consent", "directory_settings"),),
        _check_admin_consent,
        "Grants are decided by somebody who sees them, and users do not press for exceptions.",
        "Set Users can request admin consent to Yes under Enterprise applications, Admin consent settings.",
        ("context-ai",),
    ),
    BaselinePolicy(
        "MS.AAD.5.5v1",
        "Nobody adds secrets to applications",
        "The default policy for applications blocks new client secrets.",
        "should",
        ("app_management",),
        _check_no_secrets,
        "An attacker with an administrator's session cannot add a secret to an old application.",
        "Enable passwordAddition and symmetricKeyAddition in the default application management policy.",
        ("midnight-blizzard", "commvault"),
    ),
    BaselinePolicy(
        "MS.AAD.5.6v1",
        "Secrets of applications last at most 180 days",
        "The default policy for applications limits the lifetime of client secrets.",
        "should",
        ("app_management",),
        _check_secret_lifetime,
        "A secret that leaked at a vendor is dead before it is found.",
        "Enable passwordLifetime with P180D in the default application management policy.",
        ("commvault",),
    ),
    BaselinePolicy(
        "MS.AAD.5.7v1",
        "Certificates of applications last at most a year",
        "The default policy for applications limits the lifetime of certificates.",
        "should",
        ("app_management",),
        _check_certificate_lifetime,
        "A key that was copied from a server does not stay valid for years.",
        "Enable asymmetricKeyLifetime with P365D in the default application management policy.",
        ("storm-0558",),
    ),
)
"""Policies on application registrations, consent and credentials."""
