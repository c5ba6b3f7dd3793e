"""Steps on mailboxes of Exchange Online: inbox rules by Graph; forwarding, delegates and mail flow by PowerShell. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from seawall.respond.contain.microsoft import graph
from seawall.respond.contain.records import Record
from seawall.respond.contain.steps import NO_COMMAND, Subject, by_record, shell, why
from seawall.respond.contain.templates import address
from seawall.schema.response import Action, Check, Condition, Read

POWERSHELL: Final = "https://learn.microsoft.com/en-us/powershell/module/exchange/"
RULE_FIELDS: Final = ("displayName", "sequence", "isEnabled", "conditions", "actions", "exceptions")
"""What makes a messageRule again; `id`, `hasError` and `isReadOnly` are the vendor's."""

_FORWARDS: Final = ("forwardingsmtpaddress", "forwardingaddress")
_BY_HAND: Final = "Graph has no call for it: run this in Exchange Online PowerShell."
_FLOW: Final = {
    "New-TransportRule": "mail flow rule",
    "Set-TransportRule": "mail flow rule",
    "New-JournalRule": "journal rule",
    "New-InboundConnector": "connector",
    "New-OutboundConnector": "connector",
}
_RIGHTS: Final = frozenset(
    {
        "FullAccess",
        "ReadPermission",
        "SendAs",
        "ChangePermission",
        "ChangeOwner",
        "DeleteItem",
        "ExternalAccount",
    }
)
_SWITCHES: Final = {
    "mail flow rule": "{}-TransportRule -Identity {{name}}",
    "journal rule": "{}-JournalRule -Identity {{name}}",
}


def from_record(subject: Subject, record: Record) -> Iterator[Action]:
    """The steps that take back what a record of Exchange did; none for a record of anything else."""
    name = record.activity
    if name in {"New-InboxRule", "Set-InboxRule", "Enable-InboxRule", "UpdateInboxRules"}:
        yield _inbox_rule(subject, record)
    elif name == "Set-Mailbox" and record.text(*_FORWARDS).strip("$\" '") not in {"", "null"}:
        yield _forwarding(subject, record)
    elif name in _FLOW:
        yield _mail_flow(subject, record)
    elif name in {"Add-MailboxPermission", "Add-RecipientPermission"}:
        yield _mailbox_permission(subject, record)
    elif name in {
        "Add-MailboxFolderPermission",
        "Set-MailboxFolderPermission",
        "AddFolderPermissions",
        "ModifyFolderPermissions",
        "UpdateCalendarDelegation",
    }:
        yield _folder_permission(subject, record)


def rule_name(record: Record) -> str:
    """The name of the inbox rule that a record is about, empty where it does not say."""
    named = record.text("Name", "RuleName")
    if named:
        return named
    identity = record.text("Identity") or record.resource
    return identity.rpartition("\\")[2] if "\\" in identity else ""


def _inbox_rule(subject: Subject, record: Record) -> Action:
    name, mailbox = rule_name(record), record.owner
    reason = why(record, "A rule that forwards or hides mail goes on working after the intruder is gone")
    if not name or "@" not in mailbox:
        return by_record(
            subject,
            record,
            account=mailbox or subject.account,
            kind="remove_inbox_rule",
            title=f"Look through the inbox rules of {mailbox}",
            reason=reason,
            by_hand="The record does not name the rule. Look through all of them, hidden ones too, and remove what "
            "its holder does not know.",
            powershell=shell(
                "Get-InboxRule -Mailbox {mailbox} -IncludeHidden | Format-List Name,Identity,Enabled,Description",
                mailbox=mailbox,
            ),
            irreversible="Note a rule's description before removing it: it has to be made again by hand.",
        )
    base = address("/users/{mailbox}/mailFolders/inbox/messageRules", mailbox=mailbox)
    body: dict[str, Any] = {field: {"$read": f"rule.{field}"} for field in RULE_FIELDS}
    permission = "MailboxSettings.ReadWrite"
    return by_record(
        subject,
        record,
        account=mailbox,
        kind="remove_inbox_rule",
        title=f"Remove the inbox rule “{name}” of {mailbox}",
        reason=reason,
        before=(
            Read(
                "rule",
                graph("GET", base, "MailboxSettings.Read", "mailfolder-list-messagerules"),
                ("id", *RULE_FIELDS),
                items="value",
                where=(Condition("displayName", "equal", name),),
            ),
        ),
        each="rule",
        calls=(graph("DELETE", base + "/{rule.id}", permission, "messagerule-delete"),),
        done=Check("rule", "absent", ("id",)),
        undo=(graph("POST", base, permission, "mailfolder-post-messagerules", body=body, expect=(200, 201)),),
        undone=Check("rule", "restored", RULE_FIELDS),
        powershell=()
        if "\\" in name  # it would name another mailbox's rule
        else shell(
            "Remove-InboxRule -Mailbox {mailbox} -Identity {name} -Confirm:$false", mailbox=mailbox, name=name
        ),
        details={
            "note": "A rule that is put back gets a new id. Graph does not show hidden rules: "
            "Get-InboxRule -IncludeHidden does."
        },
    )


def _by_hand(subject: Subject, record: Record, command: tuple[str, ...], **rest: Any) -> Action:
    return by_record(
        subject,
        record,
        by_hand=_BY_HAND if command else f"In the Exchange admin center. {NO_COMMAND}",
        powershell=command,
        **rest,
    )


def _forwarding(subject: Subject, record: Record) -> Action:
    mailbox, target = record.owner, record.text(*_FORWARDS)
    name = "ForwardingSmtpAddress" if record.text("ForwardingSmtpAddress") else "ForwardingAddress"
    keep = record.text("DeliverToMailboxAndForward").lower().strip('$"') == "true"
    return _by_hand(
        subject,
        record,
        shell(
            "Set-Mailbox -Identity {mailbox} -ForwardingAddress $null -ForwardingSmtpAddress $null "
            "-DeliverToMailboxAndForward $false",
            mailbox=mailbox,
        ),
        account=mailbox,
        kind="remove_forwarding",
        title=f"End the forwarding of {mailbox} to {target}",
        reason=why(record, "Forwarding that is set on the mailbox is no inbox rule and is easily overlooked"),
        undo_powershell=shell(
            f"Set-Mailbox -Identity {{mailbox}} -{name} {{target}} -DeliverToMailboxAndForward ${str(keep).lower()}",
            mailbox=mailbox,
            target=target,
        ),
        irreversible="Where the mailbox forwarded before that record, the log does not say: note Get-Mailbox first.",
    )


def _mail_flow(subject: Subject, record: Record) -> Action:
    name = record.text("Name") or record.text("Identity") or record.resource.rpartition("\\")[2]
    words = _FLOW[record.activity]
    if words == "connector":
        template = f"Set-{record.activity.partition('-')[2]} -Identity {{name}} -Enabled "
        disable, enable = template + "$false", template + "$true"
    else:
        disable, enable = (_SWITCHES[words].format(verb) for verb in ("Disable", "Enable"))
        disable += " -Confirm:$false"
    return _by_hand(
        subject,
        record,
        shell(disable, name=name),
        kind="remove_forwarding",
        title=f"Disable the {words} “{name}”",
        reason=why(record, "It changes how the whole organisation's mail flows"),
        undo_powershell=shell(enable, name=name),
    )


def _mailbox_permission(subject: Subject, record: Record) -> Action:
    mailbox, user = record.owner, record.text("User", "Trustee")
    rights = record.text("AccessRights") or "FullAccess"
    words = {item.strip() for item in rights.strip("[]").replace('"', "").split(",")}
    known = sorted(words & _RIGHTS)
    noun = "RecipientPermission" if record.activity == "Add-RecipientPermission" else "MailboxPermission"
    whom = "Trustee" if noun == "RecipientPermission" else "User"
    command = f"-Identity {{mailbox}} -{whom} {{user}} -AccessRights {','.join(known)} -Confirm:$false"
    if not user or not known:
        return _by_hand(
            subject, record, shell(f"Get-{noun} -Identity {{mailbox}}", mailbox=mailbox),
            account=mailbox, kind="remove_delegate", title=f"Look through who may open the mailbox {mailbox}",
            reason=why(record, "The record does not say who got which access"),
            irreversible="Note what you remove: it has to be given again by hand.",
        )  # fmt: skip
    return _by_hand(
        subject,
        record,
        shell(f"Remove-{noun} {command}", mailbox=mailbox, user=user),
        account=mailbox,
        kind="remove_delegate",
        title=f"Take {', '.join(known)} on the mailbox {mailbox} from {user}",
        reason=why(record, "Access that was granted to another account does not end with this one's"),
        undo_powershell=shell(f"Add-{noun} {command}", mailbox=mailbox, user=user),
    )


def _folder_permission(subject: Subject, record: Record) -> Action:
    mailbox, user = record.owner, record.text("User", "MemberUpn")
    identity = record.text("Identity")
    reason = why(record, "A folder that is shared stays shared when the account is clean again")
    if user and identity.lower().rstrip("\\").endswith((":\\calendar", ":\\kalender")):
        return _calendar_permission(subject, record, user, reason)
    folder = identity if ":\\" in identity else mailbox + ":\\Inbox"
    if not user or folder != identity:
        return _by_hand(
            subject, record, shell("Get-MailboxFolderPermission -Identity {identity}", identity=folder),
            account=mailbox, kind="remove_delegate", title=f"Look through who may open folders of {mailbox}", reason=reason,
            irreversible="Note what you remove: it has to be given again by hand.",
        )  # fmt: skip
    rights = record.text("AccessRights").strip('[]"') or "Reviewer"
    undo = (
        shell(
            f"Add-MailboxFolderPermission -Identity {{identity}} -User {{user}} -AccessRights {rights}",
            identity=identity,
            user=user,
        )
        if rights.isalpha() and rights.isascii()
        else ()
    )
    return _by_hand(
        subject,
        record,
        shell(
            "Remove-MailboxFolderPermission -Identity {identity} -User {user} -Confirm:$false",
            identity=identity,
            user=user,
        ),
        account=mailbox,
        kind="remove_delegate",
        title=f"Take the access to {identity} from {user}",
        reason=reason,
        undo_powershell=undo,
    )


def _calendar_permission(subject: Subject, record: Record, user: str, reason: str) -> Action:
    base = address("/users/{mailbox}/calendar/calendarPermissions", mailbox=record.owner)
    permission = "Calendars.ReadWrite"
    fields = ("emailAddress", "role", "isInsideOrganization")
    body: dict[str, Any] = {
        "emailAddress": {"$read": "permission.emailAddress"},
        "role": {"$read": "permission.role"},
        "isInsideOrganization": {"$read": "permission.isInsideOrganization"},
        "isRemovable": True,
    }
    return by_record(
        subject,
        record,
        account=record.owner,
        kind="remove_delegate",
        title=f"Take the access to the calendar of {record.owner} from {user}",
        reason=reason,
        before=(
            Read(
                "permission",
                graph("GET", base, "Calendars.Read", "calendar-list-calendarpermissions"),
                ("id", *fields),
                items="value",
                where=(Condition("emailAddress.address", "equal", user),),
            ),
        ),
        each="permission",
        calls=(graph("DELETE", base + "/{permission.id}", permission, "calendarpermission-delete"),),
        done=Check("permission", "absent", ("id",)),
        undo=(
            graph(
                "POST", base, permission, "calendar-post-calendarpermissions", body=body, expect=(200, 201)
            ),
        ),
        undone=Check("permission", "restored", fields),
    )
