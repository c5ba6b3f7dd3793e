"""Define rules on mailboxes: forwarding and hiding inbox rules, grants, transport rules, searches."""

from __future__ import annotations

from seawall.detection.rules.rule import (
    BuiltinRule,
    has_mention,
    is_set,
    match_either,
    match_operations,
    match_where,
    parse_parameters,
)
from seawall.events.coded_batch import CodedBatch

FORWARDS = ("forwardto", "redirectto", "forwardasattachmentto", "forwardingsmtpaddress", "forwardingaddress")
HIDES = ("deletemessage", "softdelete", "permanentdelete", "markasread")
MAIL_FLOW = ("rout", "forward", "journal", "bcc", "recipient_address_map", "gateway", "smtp_relay")
"""Words in Gmail's settings that decide where an organisation's mail goes."""
HIDING_PLACES = ("rss", "conversation history", "archive", "junk", "deleted", "notes", "sync issues")

_rules = match_operations(
    "New-InboxRule",
    "Set-InboxRule",
    "UpdateInboxRules",
    "Set-Mailbox",
    "New-TransportRule",
    "Set-TransportRule",
)


def _forwards(batch: CodedBatch, row: int) -> bool:
    named = {name.lower(): value for name, value in parse_parameters(batch, row).items()}
    if any(is_set(named[name]) for name in FORWARDS if name in named):
        return True
    return (
        has_mention(batch, row, ("forward", "redirect"))
        and batch.value("activity_name", row) == "UpdateInboxRules"
    )


def _hides(batch: CodedBatch, row: int) -> bool:
    named = {name.lower(): value for name, value in parse_parameters(batch, row).items()}
    if any(is_set(named[name]) for name in HIDES if name in named):
        return True
    target = str(named.get("movetofolder", "")).lower()
    if any(place in target for place in HIDING_PLACES):
        return True
    return batch.value("activity_name", row) == "UpdateInboxRules" and has_mention(
        batch, row, ("delete", *HIDING_PLACES)
    )


def _gives_access(batch: CodedBatch, row: int) -> bool:
    """Return whether a record gives full access to a mailbox, or any right to a folder. Folder records also withdraw rights."""
    if batch.value("activity_name", row) == "Add-MailboxPermission":
        return has_mention(batch, row, ("fullaccess", "full access"))
    named = {name.lower(): str(value).strip().lower() for name, value in parse_parameters(batch, row).items()}
    return named.get("memberrights") != "none" and named.get("accessrights") != "none"


def _audit_off(batch: CodedBatch, row: int) -> bool:
    named = {
        name.lower(): str(value).lower().strip('"$') for name, value in parse_parameters(batch, row).items()
    }
    off = {
        "unifiedauditlogingestionenabled": "false",
        "auditenabled": "false",
        "auditdisabled": "true",
        "auditbypassenabled": "true",
        "adminauditlogenabled": "false",
    }
    return any(named.get(name) == value for name, value in off.items())


RULES = (
    BuiltinRule(
        "forwarding",
        "persistence",
        "T1114.003 Email Forwarding Rule",
        "sends mail on to another address",
        "forwarding set up in a client that writes no audit record",
        match_either(
            match_where(_rules, _forwards),
            match_operations(
                "email_forwarding_out_of_domain",
                "gmail.users.settings.updateAutoForwarding",
                "gmail.users.settings.forwardingAddresses.create",
                "CREATE_EMAIL_MONITOR",
            ),
        ),
    ),
    BuiltinRule(
        "hiding-rule",
        "persistence",
        "T1564.008 Email Hiding Rules",
        "hides or deletes incoming mail by a rule",
        "rules whose actions the record does not name",
        match_where(_rules, _hides),
    ),
    BuiltinRule(
        "mailbox-grant",
        "grant",
        "T1098.002 Additional Email Delegate Permissions",
        "gives somebody access to a mailbox",
        "grants made before the log begins",
        match_where(
            match_operations(
                "Add-MailboxPermission",
                "Add-RecipientPermission",
                "Add-MailboxFolderPermission",
                "Set-MailboxFolderPermission",
                "AddFolderPermissions",
                "ModifyFolderPermissions",
                "UpdateCalendarDelegation",
                "gmail.users.settings.delegates.create",
            ),
            _gives_access,
        ),
    ),
    BuiltinRule(
        "transport-rule",
        "persistence",
        "T1114.003 Email Forwarding Rule",
        "changes how the whole organisation's mail flows",
        "rules changed in place before the log begins",
        match_either(
            match_operations(
                "New-TransportRule",
                "New-InboundConnector",
                "New-OutboundConnector",
                "New-JournalRule",
                "MAIL_ROUTING_DESTINATION_ADDED",
            ),
            match_where(
                match_operations("CREATE_GMAIL_SETTING", "CHANGE_GMAIL_SETTING"),
                lambda batch, row: has_mention(batch, row, MAIL_FLOW),
            ),
        ),
    ),
    BuiltinRule(
        "audit-off",
        "evasion",
        "T1562.008 Disable or Modify Cloud Logs",
        "switches auditing off",
        "audit that was never on",
        match_where(
            match_operations(
                "Set-AdminAuditLogConfig",
                "Set-Mailbox",
                "Set-MailboxAuditBypassAssociation",
                "Set-OrganizationConfig",
            ),
            _audit_off,
        ),
    ),
    BuiltinRule(
        "mailbox-search",
        "collection",
        "T1114.002 Remote Email Collection",
        "searches or exports mailboxes",
        "searches through Graph, which are mail accesses",
        match_operations(
            "New-ComplianceSearch",
            "Start-ComplianceSearch",
            "New-ComplianceSearchAction",
            "SearchCreated",
            "SearchStarted",
            "SearchExportDownloaded",
            "New-MailboxExportRequest",
            "New-MailboxSearch",
            "SearchExported",
            "ViewedSearchExported",
            "EMAIL_LOG_SEARCH",
            "REQUEST_MAILBOX_DUMP",
            "SECURITY_INVESTIGATION_CONTENT_ACCESS",
            "CUSTOMER_TAKEOUT_CREATED",
            "CUSTOMER_TAKEOUT_SUCCEEDED",
            "create_export_begin",
            "view_per_document_begin",
            "download_export",
        ),
    ),
)
