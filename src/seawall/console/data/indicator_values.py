"""Read values as indicators of an intruder: those that a search of the scope may start from. Types of the API."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from seawall.console.data.incident_values import Time
from seawall.console.data.look_up_query import SubjectText
from seawall.console.data.presentation import time_text
from seawall.console.data.queue_filter import Name
from seawall.console.data.records import Moment
from seawall.response.look_up import LookUpSubject
from seawall.response.look_up.subject import INDICATORS, LookUpKind
from seawall.response.scope.seeds import LOOSE, normalise_value
from seawall.response.scope_values import IndicatorKind
from seawall.storage.database.indicators import LONGEST_NOTE, SavedIndicator
from seawall_base.errors import UsageError


class NewIndicator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value to save: it is the intruder's from a day or time on, in one organisation or in all."""

    subject: SubjectText
    start: Moment = msgspec.field(name="from")
    tenant: Name = ""
    note: Annotated[str, Meta(max_length=LONGEST_NOTE)] = ""


class IndicatorValue(msgspec.Struct, frozen=True, kw_only=True):
    """A saved indicator: `id` removes it, `subject` looks it up, `tenant` is empty for all organisations."""

    id: str
    subject: str
    kind: LookUpKind
    value: str
    tenant: str
    since: Time
    note: str
    by: str
    at: Time


class Indicators(msgspec.Struct, frozen=True):
    """The saved indicators, the last saved first."""

    items: list[IndicatorValue]


def find_indicator(subject: LookUpSubject) -> tuple[IndicatorKind, str] | None:
    """Return a value as the seed of a scope, None if it cannot be one."""
    kind = INDICATORS.get(subject.kind)
    if kind is None:
        return None
    try:
        return kind, normalise_value(kind, subject.value)
    except UsageError:  # a part of a network's name
        return None


def is_owners_too(subject: LookUpSubject) -> bool:
    """Return whether owners show such a value as well, so that it is the intruder's only from a time on."""
    return INDICATORS.get(subject.kind) in LOOSE


def indicator_value(one: SavedIndicator, subject: LookUpSubject) -> IndicatorValue:
    """Return a saved indicator for display; `subject` is its value, parsed."""
    return IndicatorValue(
        id=one.key,
        subject=one.subject,
        kind=subject.kind,
        value=subject.value,
        tenant=one.tenant,
        since=time_text(one.since),
        note=one.note,
        by=one.by,
        at=time_text(one.at),
    )
