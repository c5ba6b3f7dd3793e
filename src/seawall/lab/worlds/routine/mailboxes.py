"""Ordinary acts on mailboxes: rules, forwarding and permissions."""

from __future__ import annotations

from seawall.lab.worlds.acts import ActivityLog, cmdlet, token_for
from seawall.lab.worlds.clients import LabClient
from seawall.lab.worlds.organisation import LabAccount
from seawall.lab.worlds.routine.people import find_address, shell_of, somebody, web_of, working_time
from seawall.lab.worlds.seeded_random import SeededRandom

RULE_NAMES = (
    "filing",
    "Newsletters",
    "x",
    ".",
    "..",
    "a",
    "RSS",
    ",,",
    "archive",
    "Clients",
    "fwd",
    "copy",
    "holiday",
)
RULE_WORDS = ("invoice", "payment", "phish", "hack", "password", "wire", "newsletter", "sprint")
"""Names and search words of rules, equal for owners and attackers, so that neither is a signal."""


def filing_rule(dice: SeededRandom) -> dict[str, str]:
    """Return a rule that files, marks or deletes: owners use it for order, attackers to hide mail."""
    word = dice.pick(RULE_WORDS)
    return dice.pick(
        (
            {
                "MoveToFolder": dice.pick(("Newsletters", "Projects", "Archive")),
                "SubjectOrBodyContainsWords": word,
            },
            {"MoveToFolder": "RSS Feeds", "MarkAsRead": "True", "SubjectOrBodyContainsWords": word},
            {"DeleteMessage": "True", "SubjectOrBodyContainsWords": word},
            {"MoveToFolder": "Archive", "StopProcessingRules": "True"},
            {
                "MoveToFolder": "Conversation History",
                "From": dice.pick(("ceo@partner.example", "news@partner.example")),
            },
            {"MarkAsRead": "True", "From": "noreply@builds.example"},
            {"ApplyCategory": "Clients", "FromAddressContainsWords": "client"},
        )
    )


def mailbox_rule(diary: ActivityLog, day: int) -> None:
    """Add an inbox rule for order."""
    dice, person = diary.dice, somebody(diary, day)
    time, client_address = working_time(diary, person, day), find_address(diary, person, day)
    make_rule(
        diary, person, web_of(diary, person), client_address, time, dice.pick(RULE_NAMES), filing_rule(dice)
    )


def make_rule(
    diary: ActivityLog,
    who: LabAccount,
    client: LabClient,
    client_address: str,
    time: float,
    name: str,
    rule: dict[str, str],
) -> None:
    """Add the creation or change of an inbox rule."""
    session, _, _ = token_for(diary, who, client, client_address, time)
    operation = diary.dice.pick_weighted(
        [("New-InboxRule", 0.6), ("Set-InboxRule", 0.25), ("UpdateInboxRules", 0.15)]
    )
    cmdlet(
        diary,
        operation,
        who,
        client,
        client_address,
        time,
        f"{who.upn}\\{name}",
        session,
        AlwaysDeleteOutlookRulesBlob="False",
        Force="False",
        Name=name,
        **rule,
    )


def forwarding(diary: ActivityLog, day: int) -> None:
    """Add forwarding to a colleague or to an external address."""
    dice, person = diary.dice, somebody(diary, day)
    client, client_address, time = (
        web_of(diary, person),
        find_address(diary, person, day),
        working_time(diary, person, day),
    )
    to = dice.pick(
        (
            somebody(diary, day).upn,
            f"{person.name.split()[0].lower()}{dice.below(99)}@gmail.com",
            "helpdesk@partner.example",
        )
    )
    forward(diary, person, client, client_address, time, to)


def forward(
    diary: ActivityLog, who: LabAccount, client: LabClient, client_address: str, time: float, to: str
) -> None:
    """Add forwarding by a setting of the mailbox or by a rule."""
    dice = diary.dice
    if dice.chance(0.5):
        session, _, _ = token_for(diary, who, client, client_address, time)
        cmdlet(
            diary,
            "Set-Mailbox",
            who,
            client,
            client_address,
            time,
            who,
            session,
            ForwardingSmtpAddress=f"smtp:{to}",
            DeliverToMailboxAndForward=dice.pick(("True", "False")),
        )
    else:
        make_rule(diary, who, client, client_address, time, dice.pick(RULE_NAMES), {"ForwardTo": to})


def delegate(diary: ActivityLog, day: int) -> None:
    """Add a delegate to a mailbox, by the help desk or the owner."""
    dice, tenant = diary.dice, diary.tenant
    reader = somebody(diary, day)
    owner = dice.pick(tenant.shared) if dice.chance(0.6) else somebody(diary, day)
    admin = dice.pick(tenant.admins())
    give_access(
        diary,
        admin,
        shell_of(diary, admin),
        find_address(diary, admin, day),
        working_time(diary, admin, day),
        owner,
        reader,
    )
    if owner is not reader:
        reader.guests.append((owner, day + 1))


def give_access(
    diary: ActivityLog,
    admin: LabAccount,
    client: LabClient,
    client_address: str,
    time: float,
    owner: LabAccount,
    reader: LabAccount,
) -> None:
    """Add a grant of full access to a mailbox."""
    session, _, _ = token_for(diary, admin, client, client_address, time)
    cmdlet(
        diary,
        "Add-MailboxPermission",
        admin,
        client,
        client_address,
        time,
        owner,
        session,
        Identity=owner.upn,
        User=reader.upn,
        AccessRights="FullAccess",
        InheritanceType="All",
        AutoMapping=diary.dice.pick(("True", "False")),
    )


def folder_permission(diary: ActivityLog, day: int) -> None:
    """Add the sharing of a folder or calendar."""
    dice, person = diary.dice, somebody(diary, day)
    client, client_address, time = (
        web_of(diary, person),
        find_address(diary, person, day),
        working_time(diary, person, day),
    )
    share_folder(
        diary,
        person,
        client,
        client_address,
        time,
        dice.pick(("Calendar", "Inbox", "Projects")),
        somebody(diary, day).upn,
    )


def share_folder(
    diary: ActivityLog,
    who: LabAccount,
    client: LabClient,
    client_address: str,
    time: float,
    folder: str,
    reader: str,
) -> None:
    """Add a grant of rights on one folder."""
    session, _, _ = token_for(diary, who, client, client_address, time)
    cmdlet(
        diary,
        "Add-MailboxFolderPermission",
        who,
        client,
        client_address,
        time,
        who,
        session,
        Identity=f"{who.upn}:\\{folder}",
        User=reader,
        AccessRights=diary.dice.pick(("Reviewer", "Editor", "Owner")),
    )
