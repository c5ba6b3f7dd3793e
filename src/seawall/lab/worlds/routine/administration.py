"""Acts of administrators and of the provider."""

from __future__ import annotations

from seawall.lab.worlds.acts import Act, ActivityLog, app_sign_in, cmdlet, directory, token_for
from seawall.lab.worlds.clients import LabClient
from seawall.lab.worlds.first_party import PRINCIPALS
from seawall.lab.worlds.networks import microsoft_address
from seawall.lab.worlds.organisation import LabAccount, LabApplication, nowhere
from seawall.lab.worlds.routine.people import find_address, shell_of, somebody, working_time

ROLES = ("Exchange Administrator", "Helpdesk Administrator", "Global Reader", "User Administrator")


def administer(diary: ActivityLog, day: int) -> None:
    """Add routine administration."""
    dice, admin = diary.dice, diary.dice.pick(diary.tenant.admins())
    client, client_address, time = (
        shell_of(diary, admin),
        find_address(diary, admin, day),
        working_time(diary, admin, day),
    )
    target = somebody(diary, day)
    session, _, _ = token_for(diary, admin, client, client_address, time)
    for operation, parameters in dice.sample(_ADMINISTRATION, 1 + dice.below(3)):
        cmdlet(diary, operation, admin, client, client_address, time, target, session, **parameters)
        time += dice.between(3, 200)
    if dice.chance(0.4):
        done = dice.pick(
            ("Update user.", "Add member to group.", "Add member to role.", "Update group.", "Add user.")
        )
        modified = {"Role.DisplayName": dice.pick(ROLES)} if "role" in done else {}
        client_address = client_address if dice.chance(0.4) else microsoft_address(dice)
        directory(diary, done, admin, client_address, time, target, **modified)


_ADMINISTRATION: tuple[tuple[str, dict[str, str]], ...] = (
    ("Set-Mailbox", {"MaxSendSize": "35 MB"}),
    ("Set-CASMailbox", {"PopEnabled": "False"}),
    ("Set-User", {"Office": "3rd floor"}),
    ("Set-Mailbox", {"LitigationHoldEnabled": "True"}),
    ("Set-DistributionGroup", {"ModerationEnabled": "False"}),
    ("Set-CASMailbox", {"ImapEnabled": "True"}),
    ("Add-RecipientPermission", {"AccessRights": "SendAs"}),
    ("Set-Mailbox", {"EmailAddresses": "smtp:alias@example"}),
    ("Remove-MailboxPermission", {"AccessRights": "FullAccess"}),
)


ODD_ADMINISTRATION: tuple[tuple[str, dict[str, str]], ...] = (
    ("Set-MailboxAuditBypassAssociation", {"AuditBypassEnabled": "True"}),
    ("Set-Mailbox", {"AuditEnabled": "False"}),
    ("New-TransportRule", {"BlindCopyTo": "journal@archive.example", "Mode": "Enforce"}),
    ("Set-AdminAuditLogConfig", {"UnifiedAuditLogIngestionEnabled": "True"}),
    ("New-ComplianceSearch", {"ContentMatchQuery": "subject:contract"}),
    ("New-MailboxExportRequest", {"FilePath": "\\\\files\\export"}),
    ("New-ComplianceSearchAction", {"Export": "True"}),
    ("New-ManagementRoleAssignment", {"Role": "ApplicationImpersonation"}),
    ("Set-TransportRule", {"Mode": "Audit"}),
    ("Add-RoleGroupMember", {"Member": "auditor"}),
)


def odd_administration(diary: ActivityLog, day: int) -> None:
    """Add legitimate administration that looks like an attacker's."""
    dice, admin = diary.dice, diary.dice.pick(diary.tenant.admins())
    administer_oddly(
        diary,
        admin,
        shell_of(diary, admin),
        find_address(diary, admin, day),
        working_time(diary, admin, day),
        1 + dice.below(3),
    )


def administer_oddly(
    diary: ActivityLog, admin: LabAccount, client: LabClient, client_address: str, time: float, steps: int
) -> float:
    """Add cmdlets that weaken auditing, search or export mail; return the time after the last."""
    session, _, _ = token_for(diary, admin, client, client_address, time)
    target = diary.dice.pick(diary.tenant.people)
    for operation, parameters in diary.dice.sample(ODD_ADMINISTRATION, steps):
        cmdlet(diary, operation, admin, client, client_address, time, target, session, **parameters)
        time += diary.dice.between(5, 600)
    return time


_PROVIDER = (
    ("Set-Mailbox", "NT AUTHORITY\\SYSTEM (Microsoft.Exchange.ServiceHost)"),
    ("Set-MailboxPlan", "NT AUTHORITY\\SYSTEM (Microsoft.Exchange.ServiceHost)"),
    ("Set-TransportConfig", "NT AUTHORITY\\SYSTEM (w3wp)"),
    ("Set-User", "NT AUTHORITY\\SYSTEM (w3wp)"),
    ("Add-MailboxPermission", "NT AUTHORITY\\SYSTEM (Microsoft.Exchange.ServiceHost)"),
)


_HOUSEKEEPING = (
    "Update user.",
    "Update group.",
    "Update service principal.",
    "Add service principal.",
    "Add app role assignment to service principal.",
    "Add device.",
    "Update device.",
    "Add member to group.",
    "Set Company Information.",
    "Change user license.",
)


def provider_housekeeping(diary: ActivityLog, day: int) -> None:
    """Add directory maintenance or file indexing by an application of the provider."""
    dice = diary.dice
    time = diary.start + 86400 * (day + dice.uniform())
    client_address = microsoft_address(dice) if dice.chance(0.7) else ""
    target = dice.pick(diary.tenant.people)
    if dice.chance(0.3):
        act = Act(
            time,
            "file",
            dice.pick(("FileAccessed", "FileModified")),
            None,
            None,
            client_address,
            owner=target,
        )
        act.details["system"] = dice.pick(("app@sharepoint", "SHAREPOINT\\system"))
        diary.add(act)
        return
    app, name = dice.pick(tuple(PRINCIPALS.items()))
    known = diary.tenant.provider
    if app not in known:
        known[app] = LabApplication(app, dice.guid(), name, "provider", nowhere(), "", False, 24.0, 1.0)
    for _ in range(1 + dice.poisson(0.5)):
        directory(diary, dice.pick(_HOUSEKEEPING), known[app], client_address, time, target)
        time += dice.between(0.1, 30)


def provider_noise(diary: ActivityLog, day: int) -> None:
    """Add the provider's own cmdlets and records of unknown kinds."""
    dice = diary.dice
    if dice.chance(0.15):
        provider_housekeeping(diary, day)
        return
    time = diary.start + 86400 * (day + dice.uniform())
    if dice.chance(0.6):
        operation, actor = dice.pick(_PROVIDER)
        target = dice.pick(diary.tenant.people)
        act = cmdlet(
            diary,
            operation,
            None,
            None,
            "",
            time,
            target,
            "",
            RecoverableItemsQuota="30 GB (32,212,254,720 bytes)",
            Force="True",
        )
        act.details["system"] = actor
    elif dice.chance(0.15) and diary.tenant.apps:
        app = dice.pick(diary.tenant.apps)
        app_sign_in(diary, app, app.place.address(day, dice), time, app.keys[0][1])
    else:
        diary.add(
            Act(
                time,
                "other",
                dice.pick(_UNKNOWN),
                dice.pick(diary.tenant.people),
                None,
                microsoft_address(dice),
            )
        )


_UNKNOWN = (
    "SearchMtpStatus",
    "TIMailData",
    "MemberAdded",
    "MessageReadReceiptReceived",
    "CopilotInteraction",
    "DlpRuleMatch",
    "MeetingParticipantDetail",
    "ListViewed",
    "ViewReport",
    "QuarantineViewMessageHeader",
)
