"""Read what a change record did: which act, to what, for whom, in whose mailbox. Pure.

`ACTS` has a row for each operation whose act a story tells. The sentences are in `detection/incidents/story`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from seawall.events.changes.objects import (
    FORWARDS,
    find_application,
    find_flow_rule_name,
    find_grantee,
    find_opened_mailbox,
    find_rule_name,
    is_guid,
    is_on,
    sets_parameter,
    shorten_directory_name,
)
from seawall.events.changes.records import ChangeRecord, normalise_operation
from seawall.events.changes.rule_words import describe_flow_rule, describe_inbox_rule
from seawall.events.changes.scope_words import describe_scopes

LONGEST: Final = 200
"""Longest text of an act, in characters."""


@dataclass(frozen=True, slots=True)
class ChangeAct:
    """Say what one record changed. `act` names the act; texts are "" where the record does not say.

    `object` is what was made or changed, `whom` the account or address that gains, `place` whose mailbox it is, and
    `detail` what the object does.
    """

    act: str
    object: str = ""
    whom: str = ""
    place: str = ""
    detail: str = ""


_Reader = Callable[[ChangeRecord, str], ChangeAct | None]


def read_act(record: ChangeRecord) -> ChangeAct | None:
    """Return what a record did, None if no story tells it."""
    found = ACTS.get(spell_operation(record.activity))
    if found is None:
        return None
    name, read = found
    act = read(record, name)
    if act is None:
        return None
    texts = {
        key: " ".join(getattr(act, key).split())[:LONGEST] for key in ("object", "whom", "place", "detail")
    }
    return replace(act, **texts)


def spell_operation(activity: str) -> str:
    """Return an operation as `ACTS` spells it."""
    return normalise_operation(activity).lower()


def _target(record: ChangeRecord, name: str) -> ChangeAct:
    """Read the account that the record names as its target."""
    whom = record.text("USER_EMAIL") or (record.resource if "@" in record.resource else record.text("Target"))
    return ChangeAct(name, whom="" if whom.lower() == record.account else whom.lower())


def _object(record: ChangeRecord, name: str) -> ChangeAct:
    named = record.text("Target", "DisplayName", "USER_DEFINED_SETTING_NAME", "SETTING_NAME", "Name")
    return ChangeAct(name, object=named or ("" if is_guid(record.resource) else record.resource))


def _application(record: ChangeRecord, name: str) -> ChangeAct:
    return ChangeAct(name, object=find_application(record))


def _consent(record: ChangeRecord, name: str) -> ChangeAct:
    scopes = (
        record.text("ConsentAction.Permissions").rpartition("=>")[2]
        + " "
        + record.text("scope_data", "scope", "API_SCOPES")
    )
    is_for_all = is_on(record, "ConsentContext.OnBehalfOfAll") or "ConsentType: AllPrincipals" in scopes
    act = "consent_for_all" if is_for_all else name
    return ChangeAct(act, object=find_application(record), detail=describe_scopes(scopes))


def _permission_grant(record: ChangeRecord, name: str) -> ChangeAct:
    scopes = record.text("DelegatedPermissionGrant.Scope", "OAuth2PermissionGrant.Scope")
    return ChangeAct(name, object=record.text("Target"), detail=describe_scopes(scopes))


def _app_permission(record: ChangeRecord, name: str) -> ChangeAct:
    value = record.text("AppRole.Value", "AppRole.DisplayName")
    return ChangeAct(
        name, object=value, whom=record.text("ServicePrincipal.DisplayName", "ServicePrincipal.Name")
    )


def _read_assignment(record: ChangeRecord, name: str) -> ChangeAct:
    whom = record.text("User.UPN").lower()
    return ChangeAct(name, object=find_application(record), whom="" if whom == record.account else whom)


def _credential(record: ChangeRecord, name: str) -> ChangeAct | None:
    if "keydescription" in record.parameters and "KeyDescription" not in record.text("Added"):
        return ChangeAct("credential_changed", object=find_application(record))
    return ChangeAct(name, object=find_application(record))


def _owner(record: ChangeRecord, name: str) -> ChangeAct:
    named = record.text("Application.DisplayName", "ServicePrincipal.DisplayName", "Group.DisplayName")
    whom = (record.resource if "@" in record.resource else record.text("Target")).lower()
    return ChangeAct(name, object=named, whom="itself" if whom == record.account else whom)


def _role(record: ChangeRecord, name: str) -> ChangeAct:
    whom = record.text("USER_EMAIL", "Target") or record.resource
    role = record.text(
        "Role.DisplayName", "privilegeGranted", "ROLE_NAME", "RoleDefinition.DisplayName", "Role"
    )
    return ChangeAct(name, object=role.strip("_"), whom="itself" if whom.lower() == record.account else whom)


def _method(record: ChangeRecord, name: str) -> ChangeAct | None:
    if spell_operation(record.activity) == "update user":
        keys = [
            key for key in record.parameters if "strongauthentication" in key and "requirement" not in key
        ]
        if not keys:
            return None
    return _target(record, name)


def _inbox_rule(record: ChangeRecord, name: str) -> ChangeAct:
    is_made = record.text("RuleOperation") in {"AddMailboxRule", "AddRule"}
    return ChangeAct(
        "inbox_rule" if is_made else name,
        object=find_rule_name(record),
        place=record.owner,
        detail=describe_inbox_rule(record),
    )


def _set_mailbox(record: ChangeRecord, _: str) -> ChangeAct | None:
    target = next((record.text(one) for one in FORWARDS if sets_parameter(record, one)), "")
    if target:
        return ChangeAct("forwarding", whom=shorten_directory_name(target), place=_name_mailbox(record))
    if sets_parameter(record, "GrantSendOnBehalfTo"):
        names = record.text("GrantSendOnBehalfTo").strip("\"'[]").split(",")
        whom = ", ".join(shorten_directory_name(one.strip("\"' ")) for one in names)
        return ChangeAct("on_behalf", whom=whom, place=_name_mailbox(record))
    if record.text("AuditEnabled").lower().strip("$") == "false":
        return ChangeAct("audit_off", place=_name_mailbox(record))
    return None


def _name_mailbox(record: ChangeRecord) -> str:
    return shorten_directory_name(find_opened_mailbox(record))


def _mail_flow(record: ChangeRecord, name: str) -> ChangeAct:
    return ChangeAct(name, object=find_flow_rule_name(record), detail=describe_flow_rule(record))


def _mailbox_access(record: ChangeRecord, name: str) -> ChangeAct | None:
    rights = record.text("AccessRights").strip('[]" ')
    whom, place = shorten_directory_name(find_grantee(record)), _name_mailbox(record)
    if whom.lower() in {record.account, record.account.partition("@")[0]}:
        whom = "itself"
    if "sendas" in rights.replace(" ", "").lower():
        return ChangeAct("send_as", whom=whom, place=place)
    if not rights and not whom:
        return None  # a cmdlet of the provider's own upkeep, which gives nobody anything
    if "fullaccess" in rights.replace(" ", "").lower():
        return ChangeAct(name, whom=whom, place=place)
    return ChangeAct("mailbox_right", object=rights, whom=whom, place=place)


def _folder_access(record: ChangeRecord, name: str) -> ChangeAct | None:
    rights = record.text("MemberRights", "AccessRights").strip('[]" ')
    whom = shorten_directory_name(find_grantee(record))
    if rights.lower() == "none" or whom.lower() in {"owner@local", "everyone", "anonymous", ""}:
        return None
    folder = record.text("Identity").rpartition(":")[2] or record.text("Path", "Name")
    return ChangeAct(name, object=folder.strip("\\"), whom=whom, place=record.owner)


def _gmail_forwarding(record: ChangeRecord, name: str) -> ChangeAct:
    whom = record.text("email_forwarding_destination_address", "emailAddress", "forwardingEmail")
    return ChangeAct(name, whom=whom, place=record.owner)


def _transfer(record: ChangeRecord, name: str) -> ChangeAct:
    whom, data = record.text("DESTINATION_USER_EMAIL"), record.text("APPLICATION_NAME")
    return ChangeAct(
        name,
        object=data,
        whom="itself" if whom.lower() == record.account else whom,
        place=record.text("USER_EMAIL"),
    )


def _search(record: ChangeRecord, name: str) -> ChangeAct:
    return ChangeAct(name, object=record.text("Name", "SearchName", "Case"))


def _device(record: ChangeRecord, name: str) -> ChangeAct:
    named = record.text("CloudDisplayName", "DisplayName", "Target").strip('[]"\r\n ')
    return ChangeAct(name, object="" if "@" in named else named)


_Rows = tuple[str, _Reader, Iterable[str]]
_TABLE: Final[tuple[_Rows, ...]] = (
    ("consent", _consent, ("Consent to application", "authorize", "app.oauth2.consent.grant", "app.oauth2.as.consent.grant")),
    ("consent_for_all", _consent, ("AUTHORIZE_API_CLIENT_ACCESS", "app.oauth2.admin.consent.grant")),
    ("app_trusted", _application, ("ADD_TO_TRUSTED_OAUTH2_APPS",)),
    ("permission_grant", _permission_grant, ("Add delegated permission grant", "Add OAuth2PermissionGrant")),
    ("app_permission", _app_permission, ("Add app role assignment to service principal",)),
    ("app_assigned", _read_assignment, ("Add app role assignment grant to user",)),
    ("credential", _credential, (
        "Add service principal credentials", "Create application - Certificates and secrets management",
        "Update application - Certificates and secrets management", "app.oauth2.credentials.lifecycle.create",
        "app.oauth2.credentials.lifecycle.activate",
    )),
    ("app_made", _application, ("Add application", "application.lifecycle.create")),
    ("app_added", _application, ("Add service principal",)),
    ("app_owner", _owner, ("Add owner to application", "Add owner to service principal")),
    ("api_token", _object, ("system.api_token.create",)),
    ("role", _role, (
        "Add member to role", "Add eligible member to role", "Add member to role completed (PIM activation)",
        "Add member to role in PIM completed (permanent)", "Add member to role in PIM completed (timebound)",
        "Add eligible member to role in PIM completed (permanent)", "Add eligible member to role in PIM completed (timebound)",
        "user.account.privilege.grant", "group.privilege.grant", "ASSIGN_ROLE", "GRANT_ADMIN_PRIVILEGE",
        "GRANT_DELEGATED_ADMIN_PRIVILEGES", "New-ManagementRoleAssignment", "Add-RoleGroupMember",
    )),
    ("method", _method, (
        "User registered security info", "User registered all required security info", "Admin registered security info",
        "User changed default security info", "Update user", "user.mfa.factor.activate", "2sv_enroll", "passkey_enrolled",
        "SECURITY_KEY_REGISTERED_FOR_USER", "GENERATE_2SV_SCRATCH_CODES",
    )),
    ("recovery", _target, (
        "recovery_email_edit", "recovery_phone_edit", "recovery_secret_qa_edit", "ADD_RECOVERY_EMAIL", "ADD_RECOVERY_PHONE",
        "CHANGE_RECOVERY_EMAIL", "CHANGE_RECOVERY_PHONE",
    )),
    ("method_removed", _target, (
        "User deleted security info", "Admin deleted security info", "Disable Strong Authentication",
        "user.mfa.factor.deactivate", "user.mfa.factor.reset_all", "user.mfa.factor.suspend", "2sv_disable", "passkey_removed",
        "titanium_unenroll",
        "TURN_OFF_2_STEP_VERIFICATION", "UNENROLL_USER_FROM_STRONG_AUTH", "UNENROLL_USER_FROM_TITANIUM", "REVOKE_SECURITY_KEY",
        "PASSKEY_REVOKED",
    )),
    ("device", _device, ("Register device", "Add device", "Add registered owner to device")),
    ("password", _target, (
        "Reset user password", "Change user password", "Reset password (by admin)", "Change password (self-service)",
        "user.account.reset_password", "user.account.update_password", "password_edit", "CHANGE_PASSWORD",
    )),
    ("account_made", _target, ("Add user", "CREATE_USER", "user.lifecycle.create", "Invite external user")),
    ("account_removed", _target, ("Delete user", "DELETE_USER", "user.lifecycle.deactivate", "user.lifecycle.delete.initiated")),
    ("policy", _object, (
        "Update conditional access policy", "Delete conditional access policy", "Add conditional access policy",
        "Update policy", "Delete policy", "policy.lifecycle.create", "policy.lifecycle.update", "policy.lifecycle.deactivate",
        "policy.lifecycle.delete", "policy.rule.add", "policy.rule.update", "policy.rule.deactivate", "policy.rule.delete",
        "application.policy.sign_on.update", "application.policy.sign_on.rule.create",
        "application.policy.sign_on.rule.update", "application.policy.sign_on.rule.delete",
    )),
    ("zone", _object, ("zone.create", "zone.update", "zone.deactivate", "zone.delete", "zone.remove_blacklist")),
    ("federation", _object, (
        "Set federation settings on domain", "Set domain authentication", "Add unverified domain", "ADD_TRUSTED_DOMAINS",
        "TOGGLE_SSO_ENABLED", "CHANGE_SSO_SETTINGS",
    )),
    ("identity_provider", _object, (
        "system.idp.lifecycle.create", "system.idp.lifecycle.activate", "system.idp.lifecycle.update",
    )),
    ("inbox_rule", _inbox_rule, ("New-InboxRule",)),
    ("inbox_rule_changed", _inbox_rule, ("Set-InboxRule", "Enable-InboxRule", "UpdateInboxRules")),
    ("mail_filter", _object, ("gmail.users.settings.filters.create",)),
    ("mailbox_setting", _set_mailbox, ("Set-Mailbox",)),
    ("forwarding", _gmail_forwarding, (
        "email_forwarding_out_of_domain", "gmail.users.settings.updateAutoForwarding",
        "gmail.users.settings.forwardingAddresses.create", "CREATE_EMAIL_MONITOR",
    )),
    ("flow_rule", _mail_flow, ("New-TransportRule", "New-JournalRule", "New-InboundConnector", "New-OutboundConnector")),
    ("flow_rule_changed", _mail_flow, (
        "Set-TransportRule", "Enable-TransportRule", "Set-JournalRule", "Enable-JournalRule", "Set-InboundConnector",
        "Set-OutboundConnector", "MAIL_ROUTING_DESTINATION_ADDED", "CREATE_GMAIL_SETTING", "CHANGE_GMAIL_SETTING",
    )),
    ("mailbox_access", _mailbox_access, ("Add-MailboxPermission", "Add-RecipientPermission")),
    ("folder_access", _folder_access, (
        "Add-MailboxFolderPermission", "Set-MailboxFolderPermission", "AddFolderPermissions", "ModifyFolderPermissions",
        "UpdateCalendarDelegation",
    )),
    ("delegate", _target, ("gmail.users.settings.delegates.create",)),
    ("audit_off", lambda _record, name: ChangeAct(name), ("Set-MailboxAuditBypassAssociation",)),
    ("search", _search, (
        "New-ComplianceSearch", "Start-ComplianceSearch", "New-MailboxSearch", "SearchCreated", "SearchStarted",
        "EMAIL_LOG_SEARCH", "SECURITY_INVESTIGATION_CONTENT_ACCESS", "view_per_document_begin",
    )),
    ("export", _search, (
        "New-ComplianceSearchAction", "New-MailboxExportRequest", "SearchExportDownloaded", "SearchExported",
        "ViewedSearchExported", "REQUEST_MAILBOX_DUMP", "CUSTOMER_TAKEOUT_CREATED", "create_export_begin", "download_export",
    )),
    ("transfer", _transfer, ("CREATE_DATA_TRANSFER_REQUEST",)),
    ("setting", _object, ("CHANGE_EMAIL_SETTING", "CHANGE_APPLICATION_SETTING", "Set-CASMailbox")),
)  # fmt: skip

ACTS: Final[Mapping[str, tuple[str, _Reader]]] = {
    spell_operation(operation): (name, read) for name, read, operations in _TABLE for operation in operations
}
"""The act of each operation, and how to read it, by the operation in lower case."""
