"""Write a case file template: facts to fill in are empty, and everybody affected is listed."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from seawall.response.notification.case_file import LONGEST_NAME
from seawall.response.scope_values import VERDICTS, Scope, ScopeSubject, Verdict
from seawall_base.safe_text import visible

MOST: Final = 5_000
"""The most recipients in a new case file."""

_NUMBER: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""A Microsoft tenant id, which must not become a salutation such as *Dear 2155c6ce-…*."""

LeftOutCode = Literal["made-by-intruder", "object-id", "no-person", "unreadable-name", "did-not-fit"]
"""Why somebody in the scope gets no letter.

- `made-by-intruder`: records of the intruder made the account. `object-id`: nothing names the person behind an object id.
- `no-person`: an application, a mailbox of the system, or a name without an address.
- `unreadable-name`: the name cannot be written and read back. `did-not-fit`: beyond the most recipients.
"""

_SYSTEM_MAILBOX: Final = re.compile(
    r"(?i)(?:systemmailbox|discoverysearchmailbox|healthmailbox|migration\.|federatedemail\.|sm_|spo_|quarantineorgshard|aggregategroupmailbox|"
    r"microsoft exchange|exchangelabs|nt authority|s-1-5-)[\w.{} -]*.*"
)
"""Names of mailboxes and principals that Exchange makes for itself."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Somebody in the scope who gets no letter, and why."""

    name: str
    tenant: str
    code: LeftOutCode


_HEAD: Final = """\
# The case file of a notification: `seawall help notify` says what each line means. Nothing is sent by writing it.

[case]
id = "{id}"
title = ""                            # in a few words; it stands on every letter
# aware = {aware}    # when you became aware, with the offset from UTC: deadlines run from it
zone = "UTC"                          # times in letters are given for this zone, for example "Europe/Berlin"
# contained = 2026-01-31T18:00:00Z    # when the access was ended
# next_update = 2026-02-07T12:00:00Z  # by when recipients hear from you again
personal_data = true                  # GDPR Art. 33 may apply
high_risk = true                      # GDPR Art. 34 may apply
nis2 = false                          # NIS2 Art. 23 may apply
tlp = "amber"                         # how far the machine-readable package may be passed on

[sender]
organisation = ""
name = ""                             # a person, not a team
role = ""
email = ""
phone = ""
street = ""

# [smtp]
# host = "mail.example.com"           # port 587 with STARTTLS unless said otherwise
# user = "notices@example.com"        # the password: {variable}, or password_file
# bounce_address = "bounces@example.com"

# What you add in each language that your recipients read; see `seawall help notify`.
# [texts.en]
# happened = ""
# measures = []
# unknown = []
# advice = []
# correction = ""

# {count}. Give each an address that the intruder cannot read, or take them out.
"""


def choose_recipients(
    scope: Scope, wanted: Collection[Verdict] = ("touched", "possible")
) -> tuple[list[ScopeSubject], list[LeftOut]]:
    """Return whose verdict is in `wanted` and who can get a letter, and who gets none, each in the order of verdicts."""
    made = {
        (one.tenant, one.name.lower())
        for one in (*scope.accounts, *scope.mailboxes)
        if any(act.act == "account_made" for act in one.acts)
    }
    chosen, left_out = list[ScopeSubject](), list[LeftOut]()
    for verdict in VERDICTS:
        for subject in (*scope.organisations, *scope.mailboxes):
            if subject.verdict != verdict or verdict not in wanted:
                continue
            is_made = (subject.tenant, subject.name.lower()) in made
            code = "made-by-intruder" if is_made else _find_why_not(subject)
            if code is None and len(chosen) >= MOST:
                code = "did-not-fit"
            if code is None:
                chosen.append(subject)
            else:
                left_out.append(LeftOut(subject.name, subject.tenant, code))
    return chosen, left_out


def _find_why_not(subject: ScopeSubject) -> LeftOutCode | None:
    if not _is_nameable(subject.name):
        return "unreadable-name"
    if subject.kind == "organisation":
        return None
    if _NUMBER.fullmatch(subject.name.partition("@")[0]):
        return "object-id"
    if "@" not in subject.name or _SYSTEM_MAILBOX.fullmatch(subject.name):
        return "no-person"
    return None


def write_case_file(
    id_: str, aware: str, *, variable: str, subjects: Sequence[ScopeSubject], left_out: Sequence[LeftOut] = ()
) -> str:
    """Return a case file's text with a recipient for each of `subjects`, as `choose_recipients` returns them."""
    count = f"{len(subjects)} recipients" + (f"; {len(left_out)} left out" if left_out else "")
    head = _HEAD.format(id=id_, aware=aware, count=count, variable=variable)
    ids = _Ids()
    told = "".join(f"# No letter to {visible(one.name, LONGEST_NAME)}: {one.code}\n" for one in left_out)
    return head + told + "".join(line for subject in subjects for line in _recipient(subject, ids))


def _recipient(subject: ScopeSubject, ids: _Ids) -> Iterator[str]:
    yield f"\n[[recipients]]        # {subject.verdict}\nid = {_quote(ids.of(subject.name))}\n"
    if subject.kind == "organisation":
        name = next((domain for domain in subject.domains if _is_nameable(domain)), subject.name)
        called = (
            '""                             # what people call it'
            if _NUMBER.fullmatch(name)
            else _quote(name)
        )
        yield f'kind = "organisation"\nname = {called}\norganisation = {_quote(subject.tenant)}\n'
    else:
        yield f'kind = "owner"\nname = {_quote(subject.name)}\nmailboxes = [{_quote(subject.name)}]\n'
        if subject.tenant:
            yield f"organisation = {_quote(subject.tenant)}\n"
    yield 'language = "en"\nemail = ""\n'


class _Ids:
    """Make distinct file ids from names."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, name: str) -> str:
        """Return the next id for a name."""
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:50] or "recipient"
        made, number = plain, 1
        while made.casefold() in self._taken:
            number += 1
            made = f"{plain}-{number}"
        self._taken.add(made.casefold())
        return made


def _is_nameable(name: str) -> bool:
    """Return whether a name can be written and read back unchanged; a person must edit others anyway."""
    return bool(name) and len(name) <= LONGEST_NAME and visible(name) == name


def _quote(text: str) -> str:
    """Quote a TOML text. JSON's escapes are a subset of TOML's."""
    return json.dumps(text, ensure_ascii=False)
