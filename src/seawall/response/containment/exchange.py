"""Build steps on Exchange Online mailboxes: inbox rules by Graph; forwarding, delegates and mail flow by PowerShell.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from seawall.events.changes.objects import (
    FORWARDS,
    find_flow_rule_name,
    find_grantee,
    find_opened_mailbox,
    find_rule_name,
    sets_parameter,
    shorten_directory_name,
)
from seawall.events.changes.records import ChangeRecord
from seawall.response.containment.microsoft import call_graph, user_path
from seawall.response.containment.steps import (
    NO_COMMAND,
    StepSubject,
    describe_record,
    make_powershell,
    make_record_step,
)
from seawall.response.containment.values import (
    ChangeCheck,
    ContainmentStep,
    StateRead,
    StepNotice,
    TargetCondition,
)

RULE_FIELDS: Final = ("displayName", "sequence", "isEnabled", "conditions", "actions", "exceptions")
"""Fields needed to recreate a messageRule. Graph sets `id`, `hasError` and `isReadOnly` itself."""

_BY_HAND: Final = "Graph has no call for it: run this in Exchange Online PowerShell."
_FLOW: Final = {
    "New-TransportRule": "mail flow rule",
    "Set-TransportRule": "mail flow rule",
    "Enable-TransportRule": "mail flow rule",
    "New-JournalRule": "journal rule",
    "Set-JournalRule": "journal rule",
    "Enable-JournalRule": "journal rule",
    "New-InboundConnector": "connector",
    "Set-InboundConnector": "connector",
    "New-OutboundConnector": "connector",
    "Set-OutboundConnector": "connector",
}
_MAILBOX_RIGHTS: Final = frozenset(
    {"FullAccess", "ReadPermission", "ChangePermission", "ChangeOwner", "DeleteItem", "ExternalAccount"}
)
_SWITCHES: Final = {
    "mail flow rule": "{}-TransportRule -Identity {{name}}",
    "journal rule": "{}-JournalRule -Identity {{name}}",
}
_LISTED: Final = re.compile(r"[A-Za-z]{1,40}(?:, ?[A-Za-z]{1,40}){0,20}")
"""A list of folder permissions or sharing flags as records and cmdlets write it."""

_NOTE_IT: Final = "Note what you remove: it has to be given again by hand."


def undo_steps(subject: StepSubject, record: ChangeRecord) -> Iterator[ContainmentStep]:
    """Yield the steps that undo a record of Exchange; none for a record of another kind."""
    name = record.activity
    if name in {"New-InboxRule", "Set-InboxRule", "Enable-InboxRule", "UpdateInboxRules"}:
        yield _inbox_rule(subject, record)
    elif name == "Set-Mailbox" and any(sets_parameter(record, one) for one in FORWARDS):
        yield _forwarding(subject, record)
    elif name == "Set-Mailbox" and sets_parameter(record, "GrantSendOnBehalfTo"):
        yield _on_behalf(subject, record)
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


def _inbox_rule(subject: StepSubject, record: ChangeRecord) -> ContainmentStep:
    name, mailbox = find_rule_name(record), record.owner
    reason = describe_record(
        record, "A rule that forwards or hides mail goes on working after the intruder is gone"
    )
    if not name or "@" not in mailbox:
        return make_record_step(
            subject,
            record,
            account=mailbox or subject.account,
            kind="remove_inbox_rule",
            title=f"Look through the inbox rules of {mailbox}",
            reason=reason,
            by_hand="The record does not name the rule. Look through all of them, hidden ones too, and remove what "
            "its owner does not know.",
            powershell=make_powershell(
                "Get-InboxRule -Mailbox {mailbox} -IncludeHidden | Format-List Name,Identity,Enabled,Description",
                mailbox=mailbox,
            ),
            irreversible="Note a rule's description before removing it: it has to be made again by hand.",
        )
    base = user_path(mailbox, "/mailFolders/inbox/messageRules")
    read_only = StepNotice(
        TargetCondition("isReadOnly", "equal", "true"),
        "Graph may not remove this rule (isReadOnly): remove it by PowerShell, then confirm this step",
        by_hand=True,
        of_meant=True,
    )
    body: dict[str, Any] = {field: {"$read": f"rule.{field}"} for field in RULE_FIELDS}
    permission = "MailboxSettings.ReadWrite"
    return make_record_step(
        subject,
        record,
        account=mailbox,
        kind="remove_inbox_rule",
        title=f"Remove the inbox rule “{name}” of {mailbox}",
        reason=reason,
        before=(
            StateRead(
                "rule",
                call_graph("GET", base, "MailboxSettings.Read", "mailfolder-list-messagerules"),
                ("id", "isReadOnly", *RULE_FIELDS),
                items="value",
                where=(TargetCondition("displayName", "equal", name),),
                notices=(read_only,),
            ),
        ),
        each="rule",
        calls=(call_graph("DELETE", base + "/{rule.id}", permission, "messagerule-delete"),),
        done=ChangeCheck("rule", "absent", ("id",)),
        undo=(call_graph("POST", base, permission, "mailfolder-post-messagerules", body=body),),
        undone=ChangeCheck(
            "rule", "restored", ("displayName", "isEnabled", "conditions", "actions", "exceptions")
        ),
        powershell=()
        if "\\" in name  # a backslash would select a rule of another mailbox
        else make_powershell(
            "Remove-InboxRule -Mailbox {mailbox} -Identity {name} -Confirm:$false", mailbox=mailbox, name=name
        ),
        irreversible="A rule that is put back has a new id and perhaps another place among the rules. Remove-InboxRule also "
        "deletes the rules that Outlook keeps to itself; whether Graph does, its documentation does not say.",
    )


def _make_manual_step(
    subject: StepSubject, record: ChangeRecord, command: tuple[str, ...], **rest: Any
) -> ContainmentStep:
    return make_record_step(
        subject,
        record,
        by_hand=_BY_HAND if command else f"In the Exchange admin center. {NO_COMMAND}",
        powershell=command,
        **rest,
    )


def _forwarding(subject: StepSubject, record: ChangeRecord) -> ContainmentStep:
    mailbox = find_opened_mailbox(record)
    target = next(record.text(one) for one in FORWARDS if sets_parameter(record, one))
    given = {
        slot: record.text(name)
        for slot, name in (("smtp", "ForwardingSmtpAddress"), ("recipient", "ForwardingAddress"))
        if sets_parameter(record, name)
    }
    names = {"smtp": "-ForwardingSmtpAddress {smtp}", "recipient": "-ForwardingAddress {recipient}"}
    back = " ".join(names[slot] for slot in given)
    keep = record.text("DeliverToMailboxAndForward").lower().strip('$"') == "true"
    return _make_manual_step(
        subject,
        record,
        make_powershell(
            "Set-Mailbox -Identity {mailbox} -ForwardingAddress $null -ForwardingSmtpAddress $null "
            "-DeliverToMailboxAndForward $false",
            mailbox=mailbox,
        ),
        account=mailbox,
        kind="remove_forwarding",
        title=f"End the forwarding of {_shorten(mailbox)} to {target}",
        reason=describe_record(
            record, "Forwarding that is set on the mailbox is no inbox rule and is easily overlooked"
        ),
        undo_powershell=make_powershell(
            f"Set-Mailbox -Identity {{mailbox}} {back} -DeliverToMailboxAndForward ${str(keep).lower()}",
            mailbox=mailbox,
            **given,
        ),
        irreversible="Where the mailbox forwarded before that record, the log does not say: note Get-Mailbox first.",
    )


def _on_behalf(subject: StepSubject, record: ChangeRecord) -> ContainmentStep:
    mailbox, user = find_opened_mailbox(record), record.text("GrantSendOnBehalfTo").strip("\"'[]")
    is_one = not re.search(r"[,;@{}\[\]=]", user.replace("@", "", 1)) and "@{" not in user
    if not is_one:
        return _make_manual_step(
            subject, record,
            make_powershell("Get-Mailbox -Identity {mailbox} | Format-List GrantSendOnBehalfTo", mailbox=mailbox),
            account=mailbox, kind="remove_delegate", title=f"Look through who may send on behalf of {_shorten(mailbox)}",
            reason=describe_record(record, "The record changes several names, or not in a form that a command needs"),
            irreversible=_NOTE_IT,
        )  # fmt: skip
    template = "Set-Mailbox -Identity {mailbox} -GrantSendOnBehalfTo @{VERB={user}}"
    return _make_manual_step(
        subject,
        record,
        make_powershell(template.replace("VERB", "Remove"), mailbox=mailbox, user=user),
        account=mailbox,
        kind="remove_delegate",
        title=f"Let {_shorten(user)} no longer send on behalf of {_shorten(mailbox)}",
        reason=describe_record(
            record, "Who may send on behalf of a mailbox goes on doing so when the account is clean again"
        ),
        undo_powershell=make_powershell(template.replace("VERB", "Add"), mailbox=mailbox, user=user),
        irreversible="A record that set the whole list also removed who was in it: who that was, the log does not say.",
    )


def _shorten(name: str) -> str:
    """Return a mailbox or a person as titles name it: a directory name by its last part."""
    return shorten_directory_name(name) or name


def _mail_flow(subject: StepSubject, record: ChangeRecord) -> ContainmentStep:
    name = find_flow_rule_name(record)
    words = _FLOW[record.activity]
    if words == "connector":
        template = f"Set-{record.activity.partition('-')[2]} -Identity {{name}} -Enabled "
        disable, enable = template + "$false", template + "$true"
    else:
        disable, enable = (_SWITCHES[words].format(verb) for verb in ("Disable", "Enable"))
        disable += " -Confirm:$false"
    return _make_manual_step(
        subject,
        record,
        make_powershell(disable, name=name),
        kind="remove_forwarding",
        title=f"Disable the {words} “{name}”",
        reason=describe_record(record, "It changes how the whole organisation's mail flows"),
        undo_powershell=make_powershell(enable, name=name),
        irreversible=""
        if record.activity.startswith(("New", "Enable"))
        else "What was changed in it is not taken back: the log does not say what it was before.",
    )


def _mailbox_permission(subject: StepSubject, record: ChangeRecord) -> ContainmentStep:
    mailbox, user = find_opened_mailbox(record), find_grantee(record)
    is_recipient = record.activity == "Add-RecipientPermission"
    words = {item.strip() for item in record.text("AccessRights").strip("[]").replace('"', "").split(",")}
    # SendAs is the only permission on a recipient; mailboxes have others.
    known = ["SendAs"] if is_recipient else sorted(words & _MAILBOX_RIGHTS)
    noun, whom = ("RecipientPermission", "Trustee") if is_recipient else ("MailboxPermission", "User")
    deny = " -Deny" if record.text("Deny").lower().strip("$") == "true" and not is_recipient else ""
    command = f"-Identity {{mailbox}} -{whom} {{user}} -AccessRights {','.join(known)}{deny} -Confirm:$false"
    if not user or not known:
        return _make_manual_step(
            subject, record, make_powershell(f"Get-{noun} -Identity {{mailbox}}", mailbox=mailbox),
            account=mailbox, kind="remove_delegate", title=f"Look through who may open the mailbox {_shorten(mailbox)}",
            reason=describe_record(record, "The record does not say who got which access"), irreversible=_NOTE_IT,
        )  # fmt: skip
    return _make_manual_step(
        subject,
        record,
        make_powershell(f"Remove-{noun} {command}", mailbox=mailbox, user=user),
        account=mailbox,
        kind="remove_delegate",
        title=f"Take {', '.join(known)} on the mailbox {_shorten(mailbox)} from {_shorten(user)}",
        reason=describe_record(
            record, "Access that was granted to another account does not end with this one's"
        ),
        undo_powershell=make_powershell(f"Add-{noun} {command}", mailbox=mailbox, user=user),
    )


def _folder_permission(subject: StepSubject, record: ChangeRecord) -> ContainmentStep:
    mailbox, user = record.owner, find_grantee(record)
    identity = record.text("Identity")
    reason = describe_record(record, "A folder that is shared stays shared when the account is clean again")
    if user and identity.lower().rstrip("\\").endswith((":\\calendar", ":\\kalender")):
        return _calendar_permission(subject, record, user, reason)
    folder = identity if ":\\" in identity else mailbox + ":\\Inbox"
    if not user or folder != identity:
        return _make_manual_step(
            subject, record, make_powershell("Get-MailboxFolderPermission -Identity {identity}", identity=folder),
            account=mailbox, kind="remove_delegate", title=f"Look through who may open folders of {mailbox}", reason=reason,
            irreversible=_NOTE_IT,
        )  # fmt: skip
    rights, flags = (record.text(name).strip('[]"') for name in ("AccessRights", "SharingPermissionFlags"))
    is_known = _LISTED.fullmatch(rights) and (not flags or _LISTED.fullmatch(flags))
    more = f" -SharingPermissionFlags {flags.replace(' ', '')}" if flags and flags != "None" else ""
    again = "Add-MailboxFolderPermission -Identity {identity} -User {user} -AccessRights " + rights.replace(
        " ", ""
    )
    return _make_manual_step(
        subject,
        record,
        make_powershell(
            "Remove-MailboxFolderPermission -Identity {identity} -User {user} -Confirm:$false",
            identity=identity,
            user=user,
        ),
        account=mailbox,
        kind="remove_delegate",
        title=f"Take the access to {identity} from {user}",
        reason=reason,
        undo_powershell=make_powershell(again + more, identity=identity, user=user) if is_known else (),
        irreversible="" if is_known else _NOTE_IT,
    )


def _calendar_permission(
    subject: StepSubject, record: ChangeRecord, user: str, reason: str
) -> ContainmentStep:
    base = user_path(record.owner, "/calendar/calendarPermissions")
    permission = "Calendars.ReadWrite"
    fields = ("emailAddress", "role", "isInsideOrganization")
    body: dict[str, Any] = {
        "emailAddress": {"$read": "permission.emailAddress"},
        "role": {"$read": "permission.role"},
        "isInsideOrganization": {"$read": "permission.isInsideOrganization"},
        "isRemovable": True,
    }
    return make_record_step(
        subject,
        record,
        account=record.owner,
        kind="remove_delegate",
        title=f"Take the access to the calendar of {record.owner} from {user}",
        reason=reason,
        before=(
            StateRead(
                "permission",
                call_graph("GET", base, permission, "calendar-list-calendarpermissions"),
                ("id", *fields),
                items="value",
                where=(TargetCondition("emailAddress.address", "equal", user),),
            ),
        ),
        each="permission",
        calls=(call_graph("DELETE", base + "/{permission.id}", permission, "calendarpermission-delete"),),
        done=ChangeCheck("permission", "absent", ("id",)),
        undo=(call_graph("POST", base, permission, "calendar-post-calendarpermissions", body=body),),
        undone=ChangeCheck("permission", "restored", ("emailAddress.address", "role")),
        irreversible="Whether a delegate's or a custom role can be given back by Graph, its documentation does not say.",
    )
