"""Policies on audit logs and alerts: without them no later question has an answer (MS.EXO.13, MS.SECURITYSUITE.4 and 5)."""

from __future__ import annotations

from seawall.posture.policy import BaselinePolicy, Configuration, PolicyVerdict, name_of, verdict
from seawall.posture.values import (
    is_hidden,
    read_fields,
    read_flag,
    read_items,
    read_number,
    read_text,
    read_texts,
)

_YEAR_OR_MORE = frozenset({"twelvemonths", "threeyears", "fiveyears", "sevenyears", "tenyears"})
_ALERTS = frozenset(
    {
        "suspicious email sending patterns detected",
        "suspicious connector activity",
        "suspicious email forwarding activity",
        "messages have been delayed",
        "tenant restricted from sending unprovisioned email",
        "tenant restricted from sending email",
    }
)
_CLICK_ALERT = "a potentially malicious url click was detected"
_READS = "mailitemsaccessed"


def _check_mailbox_audit(configuration: Configuration) -> PolicyVerdict:
    flags = [read_flag(one.get("auditdisabled")) for one in configuration.all("organization")]
    return configuration.judge_offenders(
        "organization",
        ["AuditDisabled is true"] if True in flags else [],
        "mailboxes are not audited",
        "mailboxes are audited by default",
        ["AuditDisabled"] if None in flags else [],
    )


def _check_unified_log(configuration: Configuration) -> PolicyVerdict:
    flags = [
        read_flag(one.get("unifiedauditlogingestionenabled")) for one in configuration.all("admin_audit")
    ]
    if True in flags:
        return verdict("met", "the unified audit log is on")
    if None in flags or not flags:
        return verdict("cannot say", "the export does not show whether the log is on")
    return verdict("not met", "the unified audit log is off")


def _check_retention(configuration: Configuration) -> PolicyVerdict:
    plans = _plans(configuration)
    if "M365_ADVANCED_AUDITING" not in {name for found in plans.values() for name in found}:
        return verdict("not met", "no licence keeps audit records longer than 180 days", sorted(plans))
    long = [
        name_of(one)
        for one in configuration.all("audit_retention")
        if read_text(one.get("retentionduration")).lower() in _YEAR_OR_MORE
        and read_flag(one.get("enabled")) is not False
    ]
    if long:
        return verdict("met", "a retention policy keeps audit records for a year or longer", long)
    return verdict("not met", "no retention policy keeps audit records for a year")


def _plans(configuration: Configuration) -> dict[str, set[str]]:
    """Return the enabled service plans of each subscribed product."""
    found: dict[str, set[str]] = {}
    for one in configuration.all("licences"):
        if read_text(one.get("capabilitystatus")).lower() in ("suspended", "deleted", "lockedout"):
            continue
        if (read_number(one.get("consumedunits")) or 1) <= 0:
            continue
        plans = [read_fields(item) for item in read_items(one.get("serviceplans")) or ()]
        found[read_text(one.get("skupartnumber"))] = {
            read_text(plan.get("serviceplanname")).upper() for plan in plans
        }
    return found


def _check_licences(configuration: Configuration) -> PolicyVerdict:
    hidden = [
        read_text(one.get("skupartnumber"))
        for one in configuration.all("licences")
        if is_hidden(one.get("serviceplans"))
    ]
    wrong, mail = [], 0
    for name, plans in _plans(configuration).items():
        if not any(plan.startswith("EXCHANGE_S_") and plan != "EXCHANGE_S_FOUNDATION" for plan in plans):
            continue
        mail += 1
        if not plans & {"M365_AUDIT_PLATFORM", "M365_ADVANCED_AUDITING"}:
            wrong.append(name)
    if not mail and not hidden:
        return verdict("cannot say", "no licence with a mailbox is in the export")
    return configuration.judge_offenders(
        "licences",
        wrong,
        "licences with mailboxes lack the audit service",
        "every licence with a mailbox has it",
        hidden,
    )


def _check_bypass(configuration: Configuration) -> PolicyVerdict:
    flags = [
        (name_of(one, "name", "identity"), read_flag(one.get("auditbypassenabled")))
        for one in configuration.all("audit_bypass")
    ]
    return configuration.judge_offenders(
        "audit_bypass",
        [name for name, flag in flags if flag],
        "accounts leave no trace in mailbox audit logs",
        "no account bypasses mailbox audit",
        [name for name, flag in flags if flag is None],
    )


def _check_reads(configuration: Configuration) -> PolicyVerdict:
    wrong, unknown = [], []
    for one in configuration.all("mailboxes"):
        name = name_of(one, "userprincipalname", "primarysmtpaddress")
        defaults = {text.lower() for text in read_texts(one.get("defaultauditset"), ",;| ") or ()}
        for who in ("owner", "delegate"):
            actions = read_texts(one.get(f"audit{who}"), ",;| ")
            if who in defaults or (actions and _READS in {text.lower() for text in actions}):
                continue
            if actions is None or actions == []:
                unknown.append(name)
            else:
                wrong.append(f"{name}: {who}")
    if not configuration.all("mailboxes"):
        return verdict("cannot say", "no mailbox is in the export")
    return configuration.judge_offenders(
        "mailboxes", wrong, "mailboxes do not log who read them", "every mailbox logs who read it", unknown
    )


def _check_alerts(configuration: Configuration) -> PolicyVerdict:
    found = {
        read_text(one.get("name")).lower(): read_flag(one.get("disabled"))
        for one in configuration.all("alerts")
    }
    required = _ALERTS | ({_CLICK_ALERT} & found.keys())
    return configuration.judge_offenders(
        "alerts",
        [name for name in sorted(required) if found.get(name, True)],
        "alerts that the baseline requires are off or missing",
        "the required alerts are on",
        [name for name in sorted(required) if name in found and found[name] is None],
    )


AUDIT = (
    BaselinePolicy(
        "MS.EXO.13.1v1",
        "Mailboxes are audited",
        "Mailbox auditing is not switched off for the organisation.",
        "shall",
        ("organization",),
        _check_mailbox_audit,
        "Without it nobody can say which mailboxes were read.",
        "Run Set-OrganizationConfig -AuditDisabled $false.",
        ("storm-0558", "midnight-blizzard"),
    ),
    BaselinePolicy(
        "MS.SECURITYSUITE.4.1v1",
        "The required alerts are on",
        "Alerts on suspicious sending, connectors and forwarding are enabled.",
        "shall",
        ("alerts",),
        _check_alerts,
        "A taken-over mailbox that forwards or sends in bulk raises an alert.",
        "Enable the listed alert policies in the Defender portal, under Policies and rules.",
        ("tycoon-2fa",),
        ("MS.DEFENDER.5.1v1", "MS.EXO.16.1v1"),
    ),
    BaselinePolicy(
        "MS.SECURITYSUITE.5.1v1",
        "The unified audit log is on",
        "Audit records of all services are collected in one log.",
        "shall",
        ("admin_audit",),
        _check_unified_log,
        "Without it there is nothing to detect with, and nothing to prove afterwards.",
        "Run Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled $true.",
        ("storm-0558", "midnight-blizzard"),
        ("MS.DEFENDER.6.1v1", "MS.EXO.17.1v1"),
    ),
    BaselinePolicy(
        "MS.SECURITYSUITE.5.2v1",
        "Audit records are kept for a year",
        "A retention policy and a licence keep audit records for twelve months or longer.",
        "shall",
        ("audit_retention", "licences"),
        _check_retention,
        "Intrusions are often found months later: the first record would be gone.",
        "Run New-UnifiedAuditLogRetentionPolicy -RetentionDuration TwelveMonths; it needs Audit (Premium).",
        ("storm-0558", "salesloft-drift"),
        ("MS.DEFENDER.6.3v1", "MS.EXO.17.3v1"),
    ),
    BaselinePolicy(
        "SEAWALL.AUDIT.1v1",
        "No account bypasses mailbox audit",
        "Nobody's access to mailboxes is exempt from the audit log.",
        "lesson",
        ("audit_bypass",),
        _check_bypass,
        "An attacker with such an account reads every mailbox without a record.",
        "Run Set-MailboxAuditBypassAssociation -Identity ACCOUNT -AuditBypassEnabled $false.",
        ("midnight-blizzard",),
    ),
    BaselinePolicy(
        "SEAWALL.AUDIT.2v1",
        "Every mailbox logs who read it",
        "MailItemsAccessed is logged for owners and delegates of every mailbox.",
        "lesson",
        ("mailboxes",),
        _check_reads,
        "The record by which the intrusion was found exists in this tenant.",
        "Run Set-Mailbox -Identity MAILBOX -DefaultAuditSet Admin,Delegate,Owner.",
        ("storm-0558", "midnight-blizzard"),
    ),
    BaselinePolicy(
        "SEAWALL.AUDIT.3v1",
        "Licences include the audit service",
        "Every licence with a mailbox includes the service that writes MailItemsAccessed.",
        "lesson",
        ("licences",),
        _check_licences,
        "The record by which the intrusion was found was then sold only with the highest licence.",
        "Assign a licence with Microsoft 365 audit to the users of the listed products.",
        ("storm-0558",),
    ),
)
"""Policies on audit logs and alerts."""
