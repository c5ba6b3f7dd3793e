"""Table of what acts are worth: which rules name them, how much harm they do, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImpactRow:
    """Say what an act does. `level` is 1 (small), 2 (serious) or 3 (grave).

    `rules` are names of built-in rules, `techniques` those of ATT&CK that a Sigma rule names the act by. `what` is the
    beginning of a sentence, `why` its end.
    """

    name: str
    level: int
    rules: tuple[str, ...]
    techniques: tuple[str, ...]
    what: str
    why: str
    is_reading: bool = False

    @property
    def kind(self) -> str:
        """Return what distinguishes kinds of acts: the name, but one kind for all that reads mail."""
        return "reading" if self.is_reading else self.name


ACTS: tuple[ImpactRow, ...] = (
    ImpactRow(
        "role", 3, ("role-grant",), ("T1098.003",),
        "Administrator roles or rights were given or changed",
        "whoever holds it can change the organisation, also after this account is closed",
    ),
    ImpactRow(
        "credential", 3, ("app-credential", "api-token"), ("T1098.001",),
        "A secret, token or application that signs in by itself was added",
        "it keeps access after the account's password and sessions are changed",
    ),
    ImpactRow(
        "mail-flow", 3, ("transport-rule",), (),
        "The flow of the organisation's mail was changed",
        "it concerns everybody's mail",
    ),
    ImpactRow(
        "policy", 3, ("policy-change",), ("T1484", "T1484.002", "T1556.007", "T1556.009", "T1562.001", "T1562.007", "T1199"),
        "A policy, protection or trust of the organisation was changed",
        "it opens every account, or keeps a way in",
    ),
    ImpactRow(
        "logging", 3, ("audit-off",), ("T1562.008",),
        "Logging was switched off or diverted",
        "what follows may not be seen",
    ),
    ImpactRow(
        "search", 3, ("mailbox-search",), (),
        "Mailboxes were searched or exported",
        "one search can reach the mail of everybody",
    ),
    ImpactRow(
        "destruction", 3, (), ("T1485", "T1486", "T1490"),
        "Data, or what keeps data, was destroyed",
        "it may not come back",
    ),
    ImpactRow(
        "consent", 2, ("consent-mail",), ("T1528", "T1671"),
        "An application was let in to data",
        "it keeps access after the account's password and sessions are changed",
    ),
    ImpactRow(
        "mailbox-access", 2, ("mailbox-grant",), ("T1098.002",),
        "Access to a mailbox was given or prepared",
        "another account reads the mail after this one is closed",
    ),
    ImpactRow(
        "mail-taken", 2, (), ("T1114.002",),
        "Mail was read by a program, searched, exported or moved",
        "much of it can be taken at once",
        is_reading=True,
    ),
    ImpactRow(
        "forwarding", 2, ("forwarding",), ("T1114.003",),
        "Mail is sent on or copied, or may now be",
        "it goes on after the intruder has left",
    ),
    ImpactRow(
        "hiding", 2, ("hiding-rule",), ("T1564.008",),
        "A rule hides, moves or picks out mail",
        "the holder does not see answers and warnings",
    ),
    ImpactRow(
        "sign-in-method", 2, ("method-change",), ("T1556", "T1556.006", "T1098.005"),
        "Sign-in methods, devices or rules of sign-in were changed",
        "an intruder's method outlasts a new password",
    ),
    ImpactRow(
        "access-kept", 2, (), ("T1098", "T1136.003", "T1648", "T1550.004"),
        "Accounts, members, applications or automations were changed in a way that can keep access",
        "it stays when this account is closed",
    ),
    ImpactRow(
        "traces", 2, (), ("T1070", "T1070.008"),
        "Mail, rules or traces were removed",
        "the holder and the investigation miss them",
    ),
    ImpactRow(
        "sending", 2, (), ("T1534", "T1672"),
        "Mail was sent in an odd way, or forged senders were allowed",
        "others trust the sender",
    ),
    ImpactRow(
        "files", 2, (), ("T1213", "T1213.002", "T1213.005", "T1530", "T1537", "T1567", "T1567.002", "T1552"),
        "Files, chats or secrets were read in bulk, taken or opened to others",
        "what they say is known outside",
    ),
    ImpactRow(
        "shut-out", 2, (), ("T1531",),
        "Accounts or sessions were shut out",
        "their holders cannot work",
    ),
    ImpactRow(
        "small-consent", 1, ("consent",), (),
        "An application was given access",
        "it may keep it after the password is changed",
    ),
)  # fmt: skip
"""The gravest rows come first. A rule or technique is in one row at most."""

MADE_ADMINISTRATOR = ImpactRow(
    "made-administrator", 3, (), (),
    "An account whose incident ranks higher gave this one a role",
    "it is a second way into the organisation",
)  # fmt: skip
MANY_MAILBOXES = ImpactRow(
    "many-mailboxes", 3, (), (), "Mailboxes of several others were opened", "each of them is exposed", is_reading=True
)  # fmt: skip
OTHERS_MAILBOX = ImpactRow(
    "others-mailbox", 2, (), (), "A mailbox of somebody else was opened", "more than one person's mail is exposed",
    is_reading=True,
)  # fmt: skip
MAILBOX_EMPTIED = ImpactRow(
    "mailbox-emptied", 3, (), (), "So much mail was read or synchronised that it may be all", "nothing in it is secret any more",
    is_reading=True,
)  # fmt: skip
MANY_MESSAGES = ImpactRow(
    "many-messages", 2, (), (), "Much mail was read or synchronised", "what it says is known outside", is_reading=True
)  # fmt: skip
SOME_MESSAGES = ImpactRow(
    "messages",
    1,
    (),
    (),
    "Mail was read or synchronised",
    "what it says may be known outside",
    is_reading=True,
)
MEASURED = (MADE_ADMINISTRATOR, MANY_MAILBOXES, OTHERS_MAILBOX, MAILBOX_EMPTIED, MANY_MESSAGES, SOME_MESSAGES)
"""Rows that follow from numbers and from other cases, not from rules."""

_BY_RULE = {rule: row for row in ACTS for rule in row.rules}
_BY_TECHNIQUE = {technique: row for row in ACTS for technique in row.techniques}


def find_row(rule: str, techniques: Sequence[str]) -> ImpactRow | None:
    """Return the row of a built-in rule, or of the first technique of a Sigma rule that has one; None if it does no harm.

    Rules name the technique first that they are about.
    """
    if rule in _BY_RULE:
        return _BY_RULE[rule]
    return next((_BY_TECHNIQUE[technique] for technique in techniques if technique in _BY_TECHNIQUE), None)
