"""Invented cases for tests of notification: scopes and case files, short, long and hostile."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seawall.collection.coverage_gap import CoverageGap
from seawall.response.notification.case_file import NotificationCase, read_case
from seawall.response.scope.document import write_scope
from seawall.response.scope_values import Indicator, Message, Scope, ScopeSubject, SyncedFolder

HOUR = 3_600_000_000
DAY = 24 * HOUR
T = 1_793_491_200_000_000
"""1 November 2026, midnight UTC."""

ANNA, BEN, CARLA = "anna@contoso.example", "ben@contoso.example", "carla@contoso.example"
GAP = CoverageGap(T + 2 * DAY, T + 3 * DAY, "mail access", "gap", "no mail access records for 24 hours")
HOSTILE = (
    "=HYPERLINK(1)",
    "<script>alert(1)</script>",
    "a\u202egnp.exe",
    "x\r\nBcc: everybody@example.org",
    "\ud800lone",
    "#read(\"/etc/passwd\") *bold* $x$ @ref \\\\",
    "{name} {0} %s",
    "n" * 10_000,
)  # fmt: skip


def mailbox(name: str, verdict: Any = "touched", **values: Any) -> ScopeSubject:
    """A mailbox with a verdict."""
    usual: dict[str, Any] = {"reasons": (f"reason for {name}",)}
    if verdict == "touched":
        usual |= {"first": T + 3 * HOUR, "last": T + 4 * DAY, "messages": 2}
    return ScopeSubject("mailbox", "contoso", name, verdict, **{**usual, **values})


def messages(name: str, count: int, folder: str = "\\Inbox") -> tuple[Message, ...]:
    """Messages that were certainly read."""
    return tuple(
        Message(
            name,
            f"<{number}.AM6PR01MB{number:06d}@contoso.example>",
            folder,
            f"r{number}",
            T + number * HOUR,
            "contoso",
        )
        for number in range(count)
    )


def scope(
    mailboxes: Sequence[ScopeSubject] = (),
    read: Sequence[Message] = (),
    organisations: Sequence[ScopeSubject] = (),
    accounts: Sequence[ScopeSubject] = (),
    **values: Any,
) -> Scope:
    """A scope of some weeks, seeded with one address."""
    seed = Indicator("address", "192.0.2.7", T, T + 20 * DAY, "contoso")
    return Scope(
        T,
        T + 20 * DAY,
        (seed,),
        (),
        tuple(accounts),
        tuple(mailboxes),
        tuple(organisations),
        tuple(read),
        ("exports",),
        **values,
    )


SHORT = scope(
    [
        mailbox(ANNA),
        mailbox(BEN, "possible", gaps=(GAP,)),
        mailbox(CARLA, "not_touched", reasons=("mail access records cover all 20 days",)),
    ],
    messages(ANNA, 2),
    [ScopeSubject("organisation", "contoso", "contoso", "touched", ("one mailbox was read",))],
)

LONG = scope(
    [
        mailbox(
            ANNA,
            messages=180,
            unnamed_messages=7,
            is_throttled=True,
            gaps=(GAP, CoverageGap(T, T + DAY, "sign-ins", "odd-code", "something else")),
            folders=tuple(
                SyncedFolder(
                    ANNA, f"\\Projects\\{n} Agreement with the partners", (), T + n * HOUR, T + n * HOUR
                )
                for n in range(12)
            ),
        ),
        *(
            mailbox(f"person.{n:03d}@contoso.example", ("touched", "possible", "not_touched")[n % 3])
            for n in range(90)
        ),
    ],
    messages(ANNA, 180, "\\Inbox\\A very long name of a folder that somebody made for a project"),
    [
        ScopeSubject(
            "organisation",
            "contoso",
            "contoso",
            "touched",
            tuple(f"reason {n} of the organisation" for n in range(30)),
        )
    ],
    is_bounded=True,
)

RECIPIENTS: dict[str, dict[str, Any]] = {
    "anna": {
        "kind": "owner",
        "name": "Anna Beispiel",
        "mailboxes": [ANNA],
        "email": "anna@private.example",
        "language": "de",
    },
    "ben": {"kind": "owner", "name": "Ben Example", "mailboxes": [BEN], "email": "ben@private.example"},
    "carla": {
        "kind": "owner",
        "name": "Carla Muster",
        "mailboxes": [CARLA],
        "email": "carla@private.example",
    },
    "contoso": {
        "kind": "organisation",
        "name": "Contoso Ltd",
        "organisation": "contoso",
        "email": "security@contoso-crisis.example",
    },
}


def toml(value: Any) -> str:
    """A value in TOML; JSON's texts are TOML's too."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {toml(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(part) for part in value) + "]"
    return json.dumps(value)


def case_text(
    recipients: dict[str, dict[str, Any]] | None = None,
    *,
    case: str = "",
    sender: str = "",
    more: str = "",
) -> str:
    """The text of a case file."""
    lines = [
        "[case]", 'id = "2026-11-mail"', "aware = 2026-11-20T09:30:00+01:00", 'zone = "Europe/Berlin"', case,
        "[sender]", 'organisation = "Northwind Mail GmbH"', 'name = "Dr. Eva Muster"', 'email = "response@northwind.example"',
        'phone = "+49 30 1234567"', 'role = "Head of incident response"', 'street = "Hafenstraße 1\\n10115 Berlin"', sender, more,
    ]  # fmt: skip
    for name, values in (RECIPIENTS if recipients is None else recipients).items():
        lines += [
            "[[recipients]]",
            f"id = {toml(name)}",
            *(f"{key} = {toml(value)}" for key, value in values.items()),
        ]
    return "\n".join(lines)


def folder(path: Path, given: Scope = SHORT, text: str | None = None) -> Path:
    """A folder of a case, with its case file and scope; return the case file."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "case.toml").write_text(case_text() if text is None else text, encoding="utf-8")
    write_scope(path / "scope.json", given)
    return path / "case.toml"


def case(text: str, path: Path) -> NotificationCase:
    """A case as it is read."""
    file = path / "read.toml"
    file.write_text(text, encoding="utf-8")
    return read_case(file)
