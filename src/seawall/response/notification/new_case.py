"""Write a case file template: facts to fill in are empty, and everybody affected is listed."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Final

from seawall.response.notification.case_file import LONGEST_NAME
from seawall.response.scope_values import VERDICTS, Scope, ScopeSubject, Verdict
from seawall_base.safe_text import visible

MOST: Final = 5_000
"""The most recipients in a new case file."""

_NUMBER: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""A Microsoft tenant id, which must not become a salutation such as *Dear 2155c6ce-…*."""

_HEAD: Final = """\
# The case file of a notification: docs/how-to/notify.md says what each line means. Nothing is sent by writing it.

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

# What you add in each language that your recipients read; see docs/how-to/notify.md.
# [texts.en]
# happened = ""
# measures = []
# unknown = []
# advice = []
# correction = ""

# {count}. Give each an address that the intruder cannot read, or take them out.
"""


def write_case_file(
    scope: Scope,
    id_: str,
    aware: str,
    *,
    variable: str,
    wanted: Collection[Verdict] = ("touched", "possible"),
) -> str:
    """Return a case file's text for a scope, with a recipient for each subject whose verdict is in `wanted`."""
    subjects = [
        subject
        for verdict in VERDICTS
        for subject in (*scope.organisations, *scope.mailboxes)
        if subject.verdict == verdict and verdict in wanted and _is_nameable(subject.name)
    ]
    left_out = max(0, len(subjects) - MOST)
    count = f"{len(subjects) - left_out} recipients" + (f"; {left_out} more did not fit" if left_out else "")
    head = _HEAD.format(id=id_, aware=aware, count=count, variable=variable)
    ids = _Ids()
    return head + "".join(line for subject in subjects[:MOST] for line in _recipient(subject, ids))


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
