"""The containment plan of an incident: steps in their order, for a person to take. Pure; nothing here is applied.

Commands are those of Microsoft Graph PowerShell and Exchange Online PowerShell. They are shown to be copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from seawall.plurals import plural
from seawall.report import words
from seawall.respond.contain.powershell import command
from seawall.respond.contain.templates import is_guid
from seawall.rules.detector import RULES
from seawall.schema.incidents import Incident
from seawall.server.console.data.incident_values import Confidence, Plan, PlanStep

NOTE: Final = (
    "Seawall applies none of this: the steps are shown to be read, copied and run by a person with the rights. "
    "Export the evidence first; some steps end what could still be watched."
)
_NO_COMMAND: Final = " (No command is offered: the name holds characters that are not safe to paste.)"
_MOST_MAILBOXES: Final = 5
_GROUPS: Final = {rule.name: rule.group for rule in RULES}
_FORGED: Final = frozenset({"forged-or-stolen-token", "use-after-revocation"})
_SPRAYED: Final = frozenset({"password-spray", "prompt-bombing", "legacy-protocol", "device-code-phishing"})


@dataclass(frozen=True, slots=True)
class _Subject:
    """What the plan is made for."""

    incident: Incident
    groups: frozenset[str]
    sure: Confidence

    @property
    def account(self) -> str:
        """The account's name."""
        return self.incident.account

    @property
    def is_application(self) -> bool:
        """Whether the account is an application that acts as itself."""
        return "@" not in self.account

    def has(self, *groups: str) -> bool:
        """Whether a rule of these groups fired."""
        return bool(self.groups & set(groups))


@dataclass(frozen=True, slots=True)
class _Step:
    text: str
    why: str
    confidence: Confidence
    template: str = ""
    undo: str | None = None
    values: tuple[tuple[str, str], ...] = ()


def plan(incident: Incident) -> Plan:
    """The steps for an incident, by its kind, its rules and whose account it is."""
    rules = incident.details.get("rules")
    names = rules if isinstance(rules, list | tuple) else ()
    groups = frozenset(_GROUPS[name] for name in names if isinstance(name, str) and name in _GROUPS)
    is_sure = incident.severity in ("high", "critical")
    subject = _Subject(incident, groups, "do now" if is_sure else "confirm first")
    steps = [*_first(subject), *(_application(subject) if subject.is_application else _person(subject))]
    steps += [*_left_behind(subject), *_last(subject)]
    return Plan([_written(order, step) for order, step in enumerate(steps, start=1)], NOTE)


def _written(order: int, step: _Step) -> PlanStep:
    values = dict(step.values)
    run = command(step.template, **values) if step.template else None
    undo = step.undo and command(step.undo, **values)
    text = step.text + (_NO_COMMAND if step.template and run is None else "")
    return PlanStep(order, text, step.why, undo, step.confidence, run)


def _first(subject: _Subject) -> Iterator[_Step]:
    who = "the application's owner" if subject.is_application else "the holder of the account"
    yield _Step(
        f"Ask {who}, by another way than mail, whether this was them.",
        "Whoever reads the mail also reads the question. If it was them, answer the incident as safe or expected.",
        "do now",
    )


def _person(subject: _Subject) -> Iterator[_Step]:
    account = (("account", subject.account),)
    if subject.incident.kind in _FORGED:
        yield _Step(
            "Block sign-in of the account until it is known how the token was made or kept.",
            "A token that was forged, or that outlived a revocation, is not ended by revoking sessions alone.",
            subject.sure,
            "Update-MgUser -UserId {account} -AccountEnabled:$false",
            "Update-MgUser -UserId {account} -AccountEnabled:$true",
            account,
        )
    yield _Step(
        "Revoke the account's sessions and refresh tokens.",
        "Ends what the intruder holds, within about an hour; the holder signs in again. There is no undo and none is needed.",
        subject.sure,
        "Revoke-MgUserSignInSession -UserId {account}",
        values=account,
    )
    yield _Step(
        "Reset the password, by telephone or in person, never by mail.",
        "A password that an intruder knows opens the next session. No command is given, so that none holds a password.",
        "do now" if subject.incident.kind in _SPRAYED else "confirm first",
    )
    yield _Step(
        "Look through the account's sign-in methods, and remove what its holder does not know.",
        "A method that an intruder added survives the reset of the password.",
        "do now" if subject.has("identity") else "confirm first",
        "Get-MgUserAuthenticationMethod -UserId {account}",
        values=account,
    )
    if subject.incident.kind == "legacy-protocol" or subject.has("legacy"):
        yield _Step(
            "Switch off old mail protocols for the mailbox.",
            "They ask for no second factor.",
            "confirm first",
            "Set-CASMailbox -Identity {account} -ImapEnabled $false -PopEnabled $false",
            "Set-CASMailbox -Identity {account} -ImapEnabled $true -PopEnabled $true",
            account,
        )


def _application(subject: _Subject) -> Iterator[_Step]:
    if is_guid(subject.account):
        # Quotes inside the filter are doubled once for the filter; it is a GUID, which has none.
        principal = f"Get-MgServicePrincipal -Filter \"appId eq '{subject.account}'\""
        yield _Step(
            "Disable the application's service principal in the organisation.",
            "Ends new tokens at once; those that exist end within about an hour. Whatever depends on the application stops.",
            "confirm first",
            f"Update-MgServicePrincipal -ServicePrincipalId ({principal}).Id -AccountEnabled:$false",
            f"Update-MgServicePrincipal -ServicePrincipalId ({principal}).Id -AccountEnabled:$true",
        )
        yield _Step(
            "List the application's credentials; remove those that nobody can account for, then rotate the others.",
            "A credential that an intruder added works until it is removed.",
            "do now" if subject.has("credential") else "confirm first",
            f"Get-MgApplication -Filter \"appId eq '{subject.account}'\" | Select-Object -ExpandProperty PasswordCredentials",
        )
    else:
        yield _Step(
            "Disable the application's service principal, and rotate its credentials.",
            "The log does not state the application's id in the usual form, so that no command can be given.",
            "confirm first",
        )
    yield _Step(
        "Review what mail the application may read, and narrow it to what it needs.",
        "Permissions that nobody uses are used by others.",
        "confirm first",
    )


def _left_behind(subject: _Subject) -> Iterator[_Step]:
    account = (("account", subject.account),)
    if subject.has("persistence") and not subject.is_application:
        yield _Step(
            "List inbox rules, hidden ones too, and remove those that were set in this session.",
            "Rules that forward or hide mail go on working after the intruder is gone.",
            "do now",
            "Get-InboxRule -Mailbox {account} -IncludeHidden | Format-List Name,Identity,Enabled,Description",
            values=account,
        )
        yield _Step(
            "Note the mailbox's forwarding, then end it.",
            "Forwarding that is set on the mailbox is no rule and is easily overlooked.",
            "confirm first",
            "Get-Mailbox -Identity {account} | Format-List ForwardingAddress,ForwardingSmtpAddress,DeliverToMailboxAndForward; "
            "Set-Mailbox -Identity {account} -ForwardingAddress $null -ForwardingSmtpAddress $null",
            values=account,
        )
        yield _Step(
            "Look through the organisation's mail flow rules.",
            "One rule there forwards everybody's mail.",
            "do now",
            "Get-TransportRule | Format-List Name,State,WhenChanged,Description",
        )
    if subject.has("grant") or subject.incident.kind == "delegate-abuse":
        mailboxes = [name for name in subject.incident.mailboxes if "@" in name][:_MOST_MAILBOXES]
        for mailbox in mailboxes:
            yield _Step(
                f"List who may open the mailbox {mailbox}, and remove what was granted in this session.",
                "Access that was granted to another account does not end with this one's.",
                "do now",
                "Get-MailboxPermission -Identity {mailbox} | Format-Table User,AccessRights,Deny",
                values=(("mailbox", mailbox),),
            )
    if subject.has("consent", "consent_any") or subject.incident.kind == "consent-phishing":
        yield _Step(
            "List what the account consented to, remove what nobody knows, and disable that application.",
            "A consent lets an application read mail without a password, until it is removed.",
            "do now",
            ""
            if subject.is_application
            else "Get-MgUserOauth2PermissionGrant -UserId {account} | Format-List Id,ClientId,Scope",
            values=account,
        )
    if subject.has("role") or subject.incident.kind == "admin-takeover":
        yield _Step(
            "Look through the account's roles and what it changed in the organisation; take back what nobody ordered.",
            "A role that was handed out stays when the account is clean again.",
            "do now",
            "" if subject.is_application else "Get-MgUserTransitiveMemberOf -UserId {account}",
            values=account,
        )
    if subject.has("evasion"):
        yield _Step(
            "Switch auditing on again, where it was switched off.",
            "What happens meanwhile is in no log, and Seawall cannot see it.",
            "do now",
            "Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled $true",
        )


def _last(subject: _Subject) -> Iterator[_Step]:
    incident = subject.incident
    if incident.related:
        yield _Step(
            f"Look at the {plural(len(incident.related), 'other account')} on the same rare network.",
            "An intruder who holds one account often holds several.",
            "do now",
        )
    if incident.messages_proved or incident.messages_possible:
        yield _Step(
            f"Decide who has to be told: {words.messages_text(incident)}.",
            "Laws and contracts give little time, and it runs from when you know.",
            "confirm first",
        )
