"""Name the logs that Seawall tells apart, what detection needs of them, and what brings a log or field that is missing."""

from __future__ import annotations

from dataclasses import dataclass

MICROSOFT = "Microsoft 365"
GOOGLE = "Google Workspace"
OKTA = "Okta"

AUDIT = ("m365_audit", "office_activity")
ENTRA = ("entra_signin",)
GRAPH = ("graph_activity",)
MAIL_FLOW = ("mail_flow",)
WORKSPACE = ("google_workspace",)


@dataclass(frozen=True, slots=True)
class KnownLog:
    """Describe a log: the events of `sources` and `kinds`, for Entra sign-ins also `is_interactive` and `account_types`.

    Empty or None means any. `needs` are the fields that detection uses.
    """

    name: str
    product: str
    sources: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    is_interactive: bool | None = None
    account_types: tuple[str, ...] = ()

    def holds(
        self, source: str | None, kind: str | None, is_interactive: bool | None, account_type: str | None
    ) -> bool:
        """Return whether events with these values belong to this log."""
        return (
            source in self.sources
            and (not self.kinds or kind in self.kinds)
            and (self.is_interactive is None or self.is_interactive is is_interactive)
            and (not self.account_types or account_type in self.account_types)
        )


FIELDS = ("account", "client address", "client", "application", "session", "token", "device", "method")
"""Fields that detection uses, in the order of the table. A method is how a sign-in was authenticated."""

_WHO = ("account", "client address")
_ACCESS = (*_WHO, "client", "application", "session", "token")
_SIGN_IN = (*_ACCESS, "method")

KNOWN_LOGS = (
    KnownLog("Mailbox access", MICROSOFT, AUDIT, ("mail_access",), _ACCESS),
    KnownLog("Mail sent, moved or deleted", MICROSOFT, AUDIT, ("mail_action",), (*_WHO, "session")),
    KnownLog("Inbox rules and forwarding", MICROSOFT, AUDIT, ("mail_rule",), (*_WHO, "session")),
    KnownLog("Administration", MICROSOFT, AUDIT, ("admin",), ("account",)),
    KnownLog("Sign-ins in the audit log", MICROSOFT, AUDIT, ("sign_in",), _WHO),
    KnownLog("Directory changes in the audit log", MICROSOFT, AUDIT, ("directory",), ("account",)),
    KnownLog("Files", MICROSOFT, AUDIT, ("file",), _WHO),
    KnownLog("Alerts in the audit log", MICROSOFT, AUDIT, ("vendor_alert",)),
    KnownLog("Other audit records", MICROSOFT, AUDIT),
    KnownLog("Graph activity: mail", MICROSOFT, GRAPH, ("mail_access", "mail_action", "mail_rule"), _ACCESS),
    KnownLog("Graph activity: other requests", MICROSOFT, GRAPH),
    KnownLog("Mail flow: messages sent", MICROSOFT, MAIL_FLOW, ("mail_action",), _WHO),
    KnownLog("Mail flow: links clicked", MICROSOFT, MAIL_FLOW, ("mail_access",), _WHO),
    KnownLog("Mail flow: other records", MICROSOFT, MAIL_FLOW),
    KnownLog("Sign-ins of applications", MICROSOFT, ENTRA, needs=_WHO, account_types=("service", "system")),
    KnownLog("Non-interactive sign-ins", MICROSOFT, ENTRA, needs=_SIGN_IN, is_interactive=False),
    KnownLog("Interactive sign-ins", MICROSOFT, ENTRA, needs=_SIGN_IN),
    KnownLog("Directory audits", MICROSOFT, ("entra_audit",), needs=_WHO),
    KnownLog("Risks of Entra ID Protection", MICROSOFT, ("entra_risk",), needs=("account",)),
    KnownLog("Alerts of Microsoft", MICROSOFT, ("microsoft_alerts",)),
    KnownLog("Message trace, mail and link events", MICROSOFT, ("mail_flow",)),
    KnownLog("Google sign-ins", GOOGLE, WORKSPACE, ("sign_in",), _WHO),
    KnownLog("Google mail access", GOOGLE, WORKSPACE, ("mail_access",), (*_WHO, "application")),
    KnownLog("Google mail sent, moved or deleted", GOOGLE, WORKSPACE, ("mail_action", "mail_rule"), _WHO),
    KnownLog("Google grants, accounts and settings", GOOGLE, WORKSPACE, ("directory", "admin"), _WHO),
    KnownLog("Google Drive", GOOGLE, WORKSPACE, ("file",), _WHO),
    KnownLog("Google alerts", GOOGLE, ("google_alerts",)),
    KnownLog("Other Google activities", GOOGLE, WORKSPACE),
    KnownLog("Okta sign-ins", OKTA, ("okta",), ("sign_in",), (*_WHO, "client", "session", "method")),
    KnownLog("Okta accounts, applications and settings", OKTA, ("okta",), ("directory", "admin"), _WHO),
    KnownLog("Other Okta events", OKTA, ("okta",)),
)
"""In the order in which they are looked at: an event belongs to the first that holds it."""


@dataclass(frozen=True, slots=True)
class NeededLog:
    """Describe what detection needs of a product: one of the logs `any_of`, what it shows, and how to get it."""

    name: str
    product: str
    any_of: tuple[str, ...]
    unseen: str
    get: str


NEEDED_LOGS = (
    NeededLog(
        "mailbox access",
        MICROSOFT,
        ("Mailbox access",),
        "who read which mail, and with which session",
        "the operation `MailItemsAccessed` of the unified audit log. Role: View-Only Audit Logs, or the application permission "
        "ActivityFeed.Read. Mailbox auditing must log it: `Get-Mailbox … | select -Expand AuditOwner`",
    ),
    NeededLog(
        "interactive sign-ins",
        MICROSOFT,
        ("Interactive sign-ins", "Sign-ins in the audit log"),
        "how and from where accounts sign in",
        "Graph `/beta/auditLogs/signIns` or a diagnostic setting `SignInLogs`. Permission: AuditLog.Read.All; "
        "licence: Entra ID P1 or P2",
    ),
    NeededLog(
        "non-interactive sign-ins",
        MICROSOFT,
        ("Non-interactive sign-ins",),
        "whether the token behind a mail access was ever issued; refreshed and replayed tokens",
        "Graph `/beta/auditLogs/signIns` with `signInEventTypes/any(t: t eq 'nonInteractiveUser')`, or a diagnostic setting "
        "`NonInteractiveUserSignInLogs`. Permission: AuditLog.Read.All; licence: Entra ID P1 or P2",
    ),
    NeededLog(
        "sign-ins of applications",
        MICROSOFT,
        ("Sign-ins of applications",),
        "secrets of applications that strangers use",
        "Graph `/beta/auditLogs/signIns` with `signInEventTypes/any(t: t eq 'servicePrincipal')`, or a diagnostic setting "
        "`ServicePrincipalSignInLogs`. Permission: AuditLog.Read.All; licence: Entra ID P1 or P2",
    ),
    NeededLog(
        "directory changes",
        MICROSOFT,
        ("Directory audits", "Directory changes in the audit log"),
        "consents, new credentials, roles and sign-in methods",
        "Graph `/v1.0/auditLogs/directoryAudits` or a diagnostic setting `AuditLogs`. Permission: AuditLog.Read.All",
    ),
    NeededLog(
        "Graph activity",
        MICROSOFT,
        ("Graph activity: mail", "Graph activity: other requests"),
        "what programs with a token ask of Microsoft Graph, request by request",
        "a diagnostic setting `MicrosoftGraphActivityLogs`. Role: Security Administrator; licence: Entra ID P1 or P2",
    ),
    NeededLog(
        "Google sign-ins",
        GOOGLE,
        ("Google sign-ins",),
        "how and from where accounts sign in",
        "Reports API, application `login`. Privilege: Reports; scope: admin.reports.audit.readonly",
    ),
    NeededLog(
        "Google grants and settings",
        GOOGLE,
        ("Google grants, accounts and settings",),
        "applications that were granted access, and changes of accounts",
        "Reports API, applications `token`, `admin` and `user_accounts`. Privilege: Reports; scope: admin.reports.audit.readonly",
    ),
    NeededLog(
        "Google mail access",
        GOOGLE,
        ("Google mail access",),
        "who read which mail",
        "Reports API, applications `token` and `gmail`, or the BigQuery export of Gmail logs. Privilege: Reports",
    ),
    NeededLog(
        "Okta sign-ins",
        OKTA,
        ("Okta sign-ins",),
        "how and from where accounts sign in",
        "the System Log, `/api/v1/logs`. Scope: okta.logs.read",
    ),
    NeededLog(
        "Okta changes",
        OKTA,
        ("Okta accounts, applications and settings",),
        "new factors, roles, tokens and policies",
        "the System Log, `/api/v1/logs`, without a filter on event types. Scope: okta.logs.read",
    ),
)

NO_MAIL_LOG = NeededLog(
    "a log of a mail service",
    "",
    (),
    "who read which mail",
    "the audit log of Microsoft 365 or Google Workspace",
)
"""What is missing where logs of a sign-in service lie alone."""

MAIL_PRODUCTS = (MICROSOFT, GOOGLE)

ENOUGH = 0.5
"""A field that fewer of a log's records state is worth a line of advice."""

_GRAPH_V1 = (
    "Graph v1.0 omits session and token ids. Export `/beta/auditLogs/signIns`, or use a diagnostic setting."
)
_OFFICE_ACTIVITY = "The table OfficeActivity omits it. Export the unified audit log."
_AUDIT_LOG = "Microsoft writes it into records since 2025, and not into all. There is nothing to configure."

FIELD_ADVICE = {
    ("entra_signin", "session"): _GRAPH_V1,
    ("entra_signin", "token"): _GRAPH_V1,
    ("office_activity", "session"): _OFFICE_ACTIVITY,
    ("office_activity", "token"): _OFFICE_ACTIVITY,
    ("office_activity", "application"): _OFFICE_ACTIVITY,
    ("m365_audit", "session"): _AUDIT_LOG,
    ("m365_audit", "token"): _AUDIT_LOG,
}
"""Reason and remedy, by source and field."""

NO_ADVICE = "The records do not state it. Check that the export holds all columns."
