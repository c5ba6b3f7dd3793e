"""Policies on tenant settings of Entra ID: passwords, guests, devices, other tenants (MS.AAD.6 and 8)."""

from __future__ import annotations

from seawall.posture.conditional_access import (
    access_rules,
    list_gaps,
    requires_resistance,
    requires_second_factor,
)
from seawall.posture.policy import BaselinePolicy, Configuration, PolicyVerdict, name_of, verdict
from seawall.posture.values import (
    is_hidden,
    read_fields,
    read_flag,
    read_number,
    read_text,
)

_AUTHORISATION = ("authorization_policy",)
_LIMITED_GUESTS = {
    "10dae51f-b6af-4016-8d66-8c2a99b929b3": "limited access",
    "2af84b1e-32c8-42b7-82bc-daa82404023b": "restricted access",
}
_NEVER_EXPIRES = 2_147_483_647


def _check_passwords(configuration: Configuration) -> PolicyVerdict:
    wrong, hidden, managed = [], [], 0
    for one in configuration.all("domains"):
        is_managed = read_text(one.get("authenticationtype")).lower() == "managed"
        if (
            not is_managed
            or read_flag(one.get("isverified")) is not True
            or read_flag(one.get("isroot")) is False
        ):
            continue
        managed += 1
        days = read_number(one.get("passwordvalidityperiodindays"))
        if days is None:
            hidden.append(name_of(one, "id"))
        elif days != _NEVER_EXPIRES:
            wrong.append(f"{name_of(one, 'id')}: {days:.0f} days")
    if not managed and not hidden:
        return verdict("cannot say", "no managed root domain is in the export")
    return configuration.judge_offenders(
        "domains", wrong, "passwords expire", "passwords do not expire", hidden
    )


def _check_guest_access(configuration: Configuration) -> PolicyVerdict:
    found = [
        read_text(one.get("guestuserroleid")).lower() for one in configuration.all("authorization_policy")
    ]
    return configuration.judge_offenders(
        "authorization_policy",
        [f"guest role {role}" for role in found if role and role not in _LIMITED_GUESTS],
        "guests see the directory as members do",
        "guests have limited access to the directory",
        ["guestUserRoleId"] if "" in found else [],
    )


def _check_invitations(configuration: Configuration) -> PolicyVerdict:
    found = [
        read_text(one.get("allowinvitesfrom")).lower() for one in configuration.all("authorization_policy")
    ]
    return configuration.judge_offenders(
        "authorization_policy",
        [f"allowed: {who}" for who in found if who and who not in ("adminsandguestinviters", "none")],
        "more than administrators and guest inviters invite guests",
        "only administrators and guest inviters invite guests",
        ["allowInvitesFrom"] if "" in found else [],
    )


def _is_registration_guarded(configuration: Configuration) -> bool:
    """Return whether a Conditional Access policy requires a second factor to register a device, for everybody."""
    return any(
        "urn:user:registerdevice" in rule.words(rule.apps, "includeuseractions")
        and (requires_second_factor(rule) or requires_resistance(rule))
        and not list_gaps(rule, configuration, by_action=True)
        for rule in access_rules(configuration)
    )


def _check_device_join(configuration: Configuration) -> PolicyVerdict:
    wrong, hidden = [], []
    for one in configuration.all("device_registration"):
        join = read_fields(one.get("azureadjoin"))
        kind = read_text(read_fields(join.get("allowedtojoin")).get("@odata.type")).lower()
        scope = kind or {"0": "no", "1": "all", "2": "enumerated"}.get(read_text(join.get("appliesto")), "")
        factor = read_text(one.get("multifactorauthconfiguration")).lower()
        if not scope and not factor:
            hidden.append("deviceRegistrationPolicy")
        if "alldevice" in scope or scope == "all":
            wrong.append("every user may join devices")
        if factor in ("notrequired", "0") and not _is_registration_guarded(configuration):
            wrong.append("no second factor is required to register a device")
    return configuration.judge_offenders(
        "device_registration",
        wrong,
        "anybody with a session can register a device",
        "device registration is limited",
        hidden,
    )


def _check_federation(configuration: Configuration) -> PolicyVerdict:
    federated = [
        name_of(one, "id")
        for one in configuration.all("domains")
        if read_text(one.get("authenticationtype")).lower() == "federated"
    ]
    if not federated and configuration.has("domains"):
        return configuration.judge_offenders("domains", [], "", "no domain is federated")
    if not configuration.has("federation"):
        reason = "the federation settings of these domains are missing"
        return verdict("cannot say", reason, federated, ("federation",))
    strict = ("enforcemfabyfederatedidp", "rejectmfabyfederatedidp")
    wrong = [
        f"{name_of(one, 'displayname', 'issueruri')}: {read_text(one.get('federatedidpmfabehavior')) or 'not set'}"
        for one in configuration.all("federation")
        if read_text(one.get("federatedidpmfabehavior")).lower() not in strict
    ]
    return configuration.judge_offenders(
        "federation",
        wrong,
        "Entra ID believes a second factor that the federated server only claims",
        "federation is strict",
    )


def _check_cross_tenant(configuration: Configuration) -> PolicyVerdict:
    wrong, hidden = [], []
    for one in configuration.all("cross_tenant"):
        if is_hidden(list(one.values())):
            hidden.append("crossTenantAccessPolicy")
        trust = read_fields(one.get("inboundtrust"))
        wrong += [f"trusts {name}" for name, value in sorted(trust.items()) if read_flag(value) is True]
        automatic = read_fields(one.get("automaticuserconsentsettings"))
        wrong += [
            f"automatic consent: {name}"
            for name, value in sorted(automatic.items())
            if read_flag(value) is True
        ]
        direct = read_fields(read_fields(one.get("b2bdirectconnectinbound")).get("usersandgroups"))
        if read_text(direct.get("accesstype")).lower() == "allowed":
            wrong.append("direct connect from every tenant")
    return configuration.judge_offenders(
        "cross_tenant",
        wrong,
        "the defaults trust every other tenant",
        "other tenants are not trusted by default",
        hidden,
    )


ENTRA_SETTINGS = (
    BaselinePolicy(
        "MS.AAD.6.1v1",
        "Passwords do not expire",
        "No managed domain makes users change their passwords on a schedule.",
        "shall",
        ("domains",),
        _check_passwords,
        "People who must change passwords often choose patterns that a spray guesses.",
        "Run Update-MgDomain -DomainId DOMAIN -PasswordValidityPeriodInDays 2147483647.",
        ("midnight-blizzard",),
    ),
    BaselinePolicy(
        "MS.AAD.8.1v1",
        "Guests have limited access to the directory",
        "Guests cannot list users, groups and applications as members can.",
        "should",
        _AUTHORISATION,
        _check_guest_access,
        "A taken-over guest cannot map the organisation. No catalogued incident began so.",
        "Set Guest user access to limited or restricted under External collaboration settings.",
    ),
    BaselinePolicy(
        "MS.AAD.8.2v1",
        "Only guest inviters invite guests",
        "Invitations need the role Guest Inviter or an administrator.",
        "should",
        _AUTHORISATION,
        _check_invitations,
        "A taken-over account cannot invite the attacker as a guest. No catalogued incident did so.",
        "Set Guest invite settings to Only users assigned to specific admin roles under External collaboration settings.",
    ),
    BaselinePolicy(
        "SEAWALL.DEVICE.1v1",
        "Not everybody registers devices",
        "Joining a device is limited to named users, and takes a second factor.",
        "lesson",
        ("device_registration",),
        _check_device_join,
        "The stolen code could not have registered the device that kept the access.",
        "Set Users may join devices to Selected, and require multifactor authentication, under Devices, Device settings.",
        ("uta0352", "storm-2372"),
    ),
    BaselinePolicy(
        "SEAWALL.DOMAIN.1v1",
        "Federated domains do not vouch for the second factor",
        "Entra ID asks the federated server for a second factor, or asks itself.",
        "lesson",
        ("domains",),
        _check_federation,
        "A forged assertion does not count as a second factor. No catalogued incident used a federated domain.",
        "Run Update-MgDomainFederationConfiguration with -FederatedIdpMfaBehavior rejectMfaByFederatedIdp.",
    ),
    BaselinePolicy(
        "SEAWALL.TENANT.1v1",
        "Other tenants are not trusted by default",
        "The default cross-tenant settings trust no claims and allow no direct connect.",
        "lesson",
        ("cross_tenant",),
        _check_cross_tenant,
        "A tenant that the attacker owns cannot vouch for its own users. No catalogued incident did so.",
        "Reset the default settings under Cross-tenant access settings, and trust partners one by one.",
    ),
)
"""Policies on tenant settings of Entra ID."""
