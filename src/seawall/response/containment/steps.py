"""Share the parts of steps among vendors: subject, step id, PowerShell commands. Pure."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from seawall.events.changes.records import ChangeRecord
from seawall.response.containment.values import Confidence, ContainmentStep
from seawall.response.search_window import DAY
from seawall_base.safe_text import visible

REVIEW: Final = "Look through "
"""The beginning of the title of a step in which a person looks for what the records do not name."""

NO_COMMAND: Final = "No command is offered, because the name holds characters that are not safe to paste."
SESSIONS_STAY_ENDED: Final = (
    "Sessions and refresh tokens that were revoked stay revoked; their owner signs in again."
)
OLD_ONE_IS_GONE: Final = (
    "The password from before cannot be brought back. Seawall sets one that nobody knows and keeps none: "
    "the help desk gives the owner a new one, by telephone or in person."
)


@dataclass(frozen=True, slots=True)
class StepSubject:
    """The account that steps are about.

    `sure` is the confidence that the intruder used it; the times bound the intrusion. `object_id` is its directory
    id, empty if no record states it. `is_suspected` says whether an incident is about the account.
    """

    tenant: str
    account: str
    sure: Confidence
    first: int
    last: int
    is_application: bool = False
    object_id: str = ""
    is_suspected: bool = False

    def for_record(self, record: ChangeRecord) -> Confidence:
        """Return the confidence of a step that undoes a record.

        A consent that let the intruder in was given shortly before the intrusion.
        """
        is_fresh = record.lets_in and record.time >= self.first - DAY
        return self.sure if record.is_intruders or is_fresh else "precaution"


class ChangesByAccount:
    """Index change records by the accounts they concern; there may be thousands of both."""

    def __init__(self, changes: Iterable[ChangeRecord]) -> None:
        self._by: dict[tuple[str, str], list[ChangeRecord]] = defaultdict(list)
        for record in changes:
            for name in dict.fromkeys((record.account, record.mailbox)):
                if name:
                    self._by[record.tenant, name].append(record)

    def __call__(self, subject: StepSubject) -> Iterator[ChangeRecord]:
        """Return a subject's change records by time.

        The account made the change during the intrusion, or let the intruder in, or the intruder made it in its
        mailbox.
        """
        for record in self._by.get((subject.tenant, subject.account), ()):
            is_own = record.account == subject.account
            is_meant = record.lets_in or subject.first <= record.time <= subject.last
            if record.is_intruders or (is_own and is_meant):
                yield record


def with_id(action: ContainmentStep) -> ContainmentStep:
    """Return the action with its id: its kind and a hash of what it does to whom."""
    bare = msgspec.json.encode(replace(action, id="", after=(), confidence="likely", evidence=()))
    return replace(action, id=f"{action.kind.replace('_', '-')}-{hashlib.sha256(bare).hexdigest()[:6]}")


def make_powershell(template: str, **values: str) -> tuple[str, ...]:
    """Return one PowerShell command, or none if a value cannot be quoted as a literal."""
    text = fill_command(template, **values)
    return () if text is None else (text,)


def describe_record(record: ChangeRecord, words: str) -> str:
    """Return the reason for a step as text, from the record that it undoes."""
    if record.lets_in and not record.is_intruders:
        return f"{words} ({record.activity}; the intruder acts through this application)"
    whose = "the intruder's records" if record.is_intruders else "the account's other records of that time"
    return f"{words} ({record.activity}, among {whose})"


def make_record_step(subject: StepSubject, record: ChangeRecord, **rest: Any) -> ContainmentStep:
    """Build a step that undoes a record."""
    return with_id(
        ContainmentStep(
            id="",
            vendor=record.vendor,
            tenant=record.tenant or subject.tenant,
            confidence=subject.for_record(record),
            evidence=(record.id,) if record.id else (),
            object_id=subject.object_id if rest.get("account", subject.account) == subject.account else "",
            **{"account": subject.account, **rest},
        )
    )


def make_account_step(subject: StepSubject, **rest: Any) -> ContainmentStep:
    """Build a step about the account itself."""
    return with_id(
        ContainmentStep(
            id="",
            tenant=subject.tenant,
            account=subject.account,
            object_id=subject.object_id,
            **{"confidence": subject.sure, **rest},
        )
    )


LONGEST: Final = 320
_QUOTES: Final = re.compile("['\u2018\u2019\u201a\u201b]")
"""Characters that end a single-quoted text in PowerShell."""


def quote_literal(value: str) -> str | None:
    """Quote a value as a single-quoted PowerShell literal; None if it is too long or has hidden characters.

    A pasted line break would split the command even inside quotes.
    """
    if not value or len(value) > LONGEST or visible(value) != value or value != value.strip():
        return None
    doubled = _QUOTES.sub(lambda quote: quote[0] * 2, value)
    return f"'{doubled}'"


def fill_command(template: str, **values: str) -> str | None:
    """Replace each `{name}` by a quoted literal; None if a value cannot be quoted."""
    literals = {name: quote_literal(value) for name, value in values.items()}
    if any(text is None for text in literals.values()):
        return None
    return re.sub(r"\{(\w+)\}", lambda found: literals[found[1]] or "", template)
