"""Google's records of administration, consents, groups and rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from seawall.lab.worlds.acts import Act
from seawall.lab.worlds.organisation import LabAccount, LabApplication, Tenant
from seawall.lab.worlds.records.accounts import digits, letters, read_seen_address
from seawall.lab.worlds.records.google_activity import (
    Found,
    Record,
    activity,
    event,
    flag,
    number,
    text,
    texts,
)
from seawall.lab.worlds.records.google_sign_ins import FULL_MAIL, READ_MAIL, authorise, own_account
from seawall.lab.worlds.seeded_random import SeededRandom

_API = "https://www.googleapis.com/auth/"
_SCOPES = {
    "Mail.Read": READ_MAIL,
    "Mail.ReadWrite": _API + "gmail.modify",
    "Mail.Send": _API + "gmail.send",
    "Calendars.Read": _API + "calendar.readonly",
    "Contacts.Read": _API + "contacts.readonly",
    "Files.Read.All": _API + "drive.readonly",
    "IMAP.AccessAsUser.All": FULL_MAIL,
    "EWS.AccessAsUser.All": FULL_MAIL,
    "User.Read": "email",
    "openid": "openid",
    "profile": "profile",
}


def scopes_of(words: str) -> list[str]:
    """Return the Google scopes that correspond to Microsoft's scopes in a text."""
    return [_SCOPES[word] for word in words.split() if word in _SCOPES]


def _admin(
    act: Act, tenant: Tenant, dice: SeededRandom, kind: str, name: str, *parameters: Record
) -> Iterator[Found]:
    yield activity(
        "admin",
        act,
        tenant,
        dice,
        event(kind, name, *parameters),
        client_address=read_seen_address(act.client_address, act.who, dice),
    )


def _setting(name: str, old: str, new: str, application: str = "Gmail") -> tuple[Record, ...]:
    return (
        text("SETTING_NAME", name),
        text("OLD_VALUE", old),
        text("NEW_VALUE", new),
        text("APPLICATION_NAME", application),
    )


_Made = tuple[str, str, tuple[Record, ...]]
_SETTINGS: dict[str, _Made] = {
    "Set-CASMailbox": (
        "EMAIL_SETTINGS",
        "CHANGE_EMAIL_SETTING",
        _setting("ENABLE_POP_ACCESS", "true", "false"),
    ),
    "Set-DistributionGroup": (
        "GROUP_SETTINGS",
        "CHANGE_GROUP_SETTING",
        _setting("WHO_CAN_JOIN", "INVITED_CAN_JOIN", "CAN_REQUEST_TO_JOIN", "Groups"),
    ),
    "Set-MailboxAuditBypassAssociation": (
        "APPLICATION_SETTINGS",
        "CHANGE_APPLICATION_SETTING",
        _setting("DataSharingSettingsProto use_audit_log_sharing", "true", "false", "Data Sharing"),
    ),
    "Set-AdminAuditLogConfig": (
        "APPLICATION_SETTINGS",
        "CHANGE_APPLICATION_SETTING",
        _setting("ContextAwareAccess enabled", "true", "false", "Security"),
    ),
    "New-TransportRule": (
        "EMAIL_SETTINGS",
        "CREATE_GMAIL_SETTING",
        (text("SETTING_NAME", "MESSAGE_SECURITY_RULE"), text("USER_DEFINED_SETTING_NAME", "journal")),
    ),
    "Set-TransportRule": (
        "EMAIL_SETTINGS",
        "CHANGE_GMAIL_SETTING",
        (text("SETTING_NAME", "MESSAGE_SECURITY_RULE"), text("USER_DEFINED_SETTING_NAME", "journal")),
    ),
    "New-ComplianceSearch": ("EMAIL_SETTINGS", "EMAIL_LOG_SEARCH", (text("EMAIL_LOG_SEARCH_RECIPIENT", ""),)),
}


def setting(act: Act, tenant: Tenant, dice: SeededRandom) -> Iterator[Found]:
    """Yield records of a change of settings; Google does not log filters that owners create."""
    if not isinstance(act.who, LabAccount):
        return
    parameters: dict[str, Any] = act.details["parameters"]
    target = str(act.details["target"])
    mailbox = act.owner.upn if act.owner else target
    to = str(parameters.get("ForwardingSmtpAddress") or parameters.get("ForwardTo") or "").removeprefix(
        "smtp:"
    )
    if to:
        if not to.endswith(f"@{tenant.domain}"):
            yield from own_account(
                act,
                tenant,
                dice,
                "email_forwarding_change",
                "email_forwarding_out_of_domain",
                text("email_forwarding_destination_address", to),
            )
        return
    made = _SETTINGS.get(act.operation)
    user, domain = text("USER_EMAIL", mailbox), text("DOMAIN_NAME", tenant.domain)
    if made:
        yield from _admin(act, tenant, dice, made[0], made[1], *made[2], domain)
    elif act.operation == "Set-Mailbox" and "EmailAddresses" in parameters:
        yield from _admin(
            act, tenant, dice, "USER_SETTINGS", "ADD_NICKNAME", user, text("USER_NICKNAME", "alias")
        )
    elif act.operation == "Set-User":
        yield from _admin(act, tenant, dice, "USER_SETTINGS", "CHANGE_USER_CUSTOM_FIELD", user)
    elif act.operation in ("New-MailboxExportRequest", "New-ComplianceSearchAction"):
        yield from _admin(
            act,
            tenant,
            dice,
            "USER_SETTINGS",
            "CREATE_DATA_TRANSFER_REQUEST",
            user,
            text("DESTINATION_USER_EMAIL", act.who.upn),
            text("APPLICATION_NAME", dice.pick(("Gmail", "Drive and Docs"))),
        )
    elif act.operation in ("Set-Mailbox", "New-ManagementRoleAssignment", "Add-RecipientPermission"):
        yield from _admin(
            act,
            tenant,
            dice,
            "EMAIL_SETTINGS",
            "CHANGE_EMAIL_SETTING",
            *_setting("ENABLE_EMAIL_DELEGATION", "false", "true"),
            domain,
        )
    elif act.operation == "Add-RoleGroupMember":
        yield from _role(act, tenant, dice, mailbox, "_GROUPS_ADMIN_ROLE")


_ROLES = {
    "Exchange Administrator": "_SERVICES_ADMIN_ROLE",
    "Helpdesk Administrator": "_HELP_DESK_ADMIN_ROLE",
    "Global Reader": "_GROUPS_READER_ROLE",
    "User Administrator": "_USER_MANAGEMENT_ADMIN_ROLE",
}


def _role(act: Act, tenant: Tenant, dice: SeededRandom, whom: str, role: str) -> Iterator[Found]:
    yield from _admin(
        act,
        tenant,
        dice,
        "DELEGATED_ADMIN_SETTINGS",
        "ASSIGN_ROLE",
        text("ROLE_NAME", role),
        text("USER_EMAIL", whom),
    )


def directory(act: Act, tenant: Tenant, dice: SeededRandom) -> Iterator[Found]:
    """Yield records of a directory change; with Okta, passwords and factors are changed there and not at Google."""
    target = act.details["target"]
    if not isinstance(act.who, LabAccount):
        return
    if act.operation == "Consent to application." and isinstance(target, LabApplication):
        words = act.details["modified"]["ConsentAction.Permissions"].partition("Scope: ")[2].partition("]")[0]
        yield activity(
            "token", act, tenant, dice, authorise(target.name, target.app, "WEB", scopes_of(words))
        )
    elif isinstance(target, LabAccount):
        if act.operation in _CREDENTIALS:
            if not tenant.systems.is_federated:
                yield from _CREDENTIALS[act.operation](act, target, tenant, dice)
        elif act.operation in _USERS:
            yield from _USERS[act.operation](act, target, tenant, dice)


def _own_password(act: Act, _target: LabAccount, tenant: Tenant, dice: SeededRandom) -> Iterator[Found]:
    return own_account(act, tenant, dice, "password_change", "password_edit")


def _reset(act: Act, target: LabAccount, tenant: Tenant, dice: SeededRandom) -> Iterator[Found]:
    return _admin(act, tenant, dice, "USER_SETTINGS", "CHANGE_PASSWORD", text("USER_EMAIL", target.upn))


def _cookies(act: Act, target: LabAccount, tenant: Tenant, dice: SeededRandom) -> Iterator[Found]:
    if act.who is not target:
        yield from _admin(
            act, tenant, dice, "USER_SETTINGS", "RESET_SIGNIN_COOKIES", text("USER_EMAIL", target.upn)
        )


def _enroll(act: Act, _target: LabAccount, tenant: Tenant, dice: SeededRandom) -> Iterator[Found]:
    return own_account(act, tenant, dice, "2sv_change", "2sv_enroll")


def _update(act: Act, target: LabAccount, tenant: Tenant, dice: SeededRandom) -> Iterator[Found]:
    if "StrongAuthenticationUserDetails" not in act.details["modified"]:
        return _admin(
            act, tenant, dice, "USER_SETTINGS", "CHANGE_USER_CUSTOM_FIELD", text("USER_EMAIL", target.upn)
        )
    return own_account(act, tenant, dice, "recovery_info_change", "recovery_phone_edit")


def _member(act: Act, target: LabAccount, tenant: Tenant, dice: SeededRandom) -> Iterator[Found]:
    group = f"{target.department}@{tenant.domain}"
    yield from _admin(
        act,
        tenant,
        dice,
        "GROUP_SETTINGS",
        "ADD_GROUP_MEMBER",
        text("USER_EMAIL", target.upn),
        text("GROUP_EMAIL", group),
    )
    yield activity(
        "groups",
        act,
        tenant,
        dice,
        event(
            "moderator_action",
            "add_user",
            text("group_email", group),
            text("user_email", target.upn),
            texts("status", "succeeded"),
        ),
        client_address=read_seen_address(act.client_address, act.who, dice),
    )


def _grant(act: Act, target: LabAccount, tenant: Tenant, dice: SeededRandom) -> Iterator[Found]:
    role = _ROLES.get(act.details["modified"].get("Role.DisplayName", ""), "_USER_MANAGEMENT_ADMIN_ROLE")
    return _role(act, tenant, dice, target.upn, role)


def _create(act: Act, target: LabAccount, tenant: Tenant, dice: SeededRandom) -> Iterator[Found]:
    return _admin(act, tenant, dice, "USER_SETTINGS", "CREATE_USER", text("USER_EMAIL", target.upn))


_Change = Callable[[Act, LabAccount, Tenant, SeededRandom], Iterator[Found]]
_CREDENTIALS: dict[str, _Change] = {
    "Change user password.": _own_password,
    "Reset user password.": _reset,
    "Update StsRefreshTokenValidFrom Timestamp.": _cookies,
    "User registered security info": _enroll,
}
_USERS: dict[str, _Change] = {
    "Update user.": _update,
    "Add member to group.": _member,
    "Add member to role.": _grant,
    "Add user.": _create,
}


def identity(act: Act, tenant: Tenant, dice: SeededRandom) -> Iterator[Found]:
    """Yield records of domain-wide delegation; other acts of this kind belong to Okta."""
    app = act.details["target"]
    if act.operation != "Authorise delegation." or not isinstance(app, LabApplication):
        return
    yield from _admin(
        act,
        tenant,
        dice,
        "DOMAIN_SETTINGS",
        "AUTHORIZE_API_CLIENT_ACCESS",
        text("API_CLIENT_NAME", digits(app.app, 21)),
        text("API_SCOPES", ",".join(scopes_of(act.details["scope"]))),
        text("DOMAIN_NAME", tenant.domain),
    )


def other(act: Act, tenant: Tenant, dice: SeededRandom) -> Iterator[Found]:
    """Yield a record of a rule that matched (application `rules`)."""
    who = act.person
    yield activity(
        "rules",
        act,
        tenant,
        dice,
        event(
            "rule_match_type",
            "rule_match",
            text("rule_name", dice.pick(("Payment card numbers", "External sharing", "Passport numbers"))),
            text("rule_type", "DLP"),
            text("severity", dice.pick(("LOW", "MEDIUM", "HIGH"))),
            text("data_source", dice.pick(("DRIVE", "CHAT"))),
            text("resource_id", "1" + letters(f"{who.upn}/{dice.below(40)}", 43)),
            text("resource_owner_email", who.upn),
            number("match_count", 1 + dice.below(4)),
            flag("has_content_match", True),
        ),
        client_address="",
    )
