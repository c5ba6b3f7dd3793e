"""What the vendors' files share to make steps: who it is about, how a step gets its id, commands for PowerShell. Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from seawall.response.containment.records import ChangeRecord
from seawall.response.containment.values import Confidence, ContainmentStep
from seawall.response.search_window import DAY
from seawall_base.safe_text import visible

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
    """Whose steps are made. `sure` is how sure it is that the account is the intruder's; times bound the intrusion.

    `object_id` is the directory's id of the account, empty when no record states it.
    """

    tenant: str
    account: str
    sure: Confidence
    first: int
    last: int
    is_application: bool = False
    object_id: str = ""

    def for_record(self, record: ChangeRecord) -> Confidence:
        """How sure a step is that takes back what a record did. What let the intruder in was given shortly before it came."""
        is_fresh = record.lets_in and record.time >= self.first - DAY
        return self.sure if record.is_intruders or is_fresh else "precaution"


def with_id(action: ContainmentStep) -> ContainmentStep:
    """The action with its id: its kind, and a hash of what it does and to whom."""
    bare = msgspec.json.encode(replace(action, id="", after=(), confidence="likely", evidence=()))
    return replace(action, id=f"{action.kind.replace('_', '-')}-{hashlib.sha256(bare).hexdigest()[:6]}")


def make_powershell(template: str, **values: str) -> tuple[str, ...]:
    """One PowerShell command, or none where a value cannot be a literal."""
    text = fill_command(template, **values)
    return () if text is None else (text,)


def describe_record(record: ChangeRecord, words: str) -> str:
    """The reason for a step, from the record that it takes back."""
    if record.lets_in and not record.is_intruders:
        return f"{words} ({record.activity}; the intruder acts through this application)"
    whose = "the intruder's records" if record.is_intruders else "the account's other records of that time"
    return f"{words} ({record.activity}, among {whose})"


def make_record_step(subject: StepSubject, record: ChangeRecord, **rest: Any) -> ContainmentStep:
    """A step that takes back what a record did."""
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
    """A step about the account itself."""
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
"""PowerShell ends a single-quoted text at any of these."""


def quote_literal(value: str) -> str | None:
    """The value as a single-quoted literal; None for one that no name can be: too long, or with hidden characters.

    A line that holds a line break would be run in parts when it is pasted, quotes or not.
    """
    if not value or len(value) > LONGEST or visible(value) != value or value != value.strip():
        return None
    doubled = _QUOTES.sub(lambda quote: quote[0] * 2, value)
    return f"'{doubled}'"


def fill_command(template: str, **values: str) -> str | None:
    """The template with each `{name}` replaced by a literal; None where one of the values cannot be one."""
    literals = {name: quote_literal(value) for name, value in values.items()}
    if any(text is None for text in literals.values()):
        return None
    return re.sub(r"\{(\w+)\}", lambda found: literals[found[1]] or "", template)
