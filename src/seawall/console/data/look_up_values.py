"""Value types of look-ups in the API."""

from __future__ import annotations

import msgspec

from seawall.console.data.incident_values import Count, IncidentRow, Time
from seawall.response.look_up.subject import LookUpKind


class SeenBeside(msgspec.Struct, frozen=True, kw_only=True):
    """A value that records show beside the one looked up. `subject` looks it up; `tenant` is an account's organisation."""

    value: str
    name: str | None
    tenant: str | None
    subject: str
    records: Count
    first: Time
    last: Time


class SeenBesideField(msgspec.Struct, frozen=True, kw_only=True):
    """The values of a field, most records first; `total` counts all, at least so many if `is_cut`."""

    name: str
    values: list[SeenBeside]
    total: Count
    is_cut: bool


class DayCount(msgspec.Struct, frozen=True):
    """The records of a UTC day."""

    day: str
    records: Count


class LookUpTerm(msgspec.Struct, frozen=True, kw_only=True):
    """A value that was looked up. `subject` looks it up alone; `is_not`: records must not show it."""

    kind: LookUpKind
    value: str
    subject: str
    is_not: bool


class SeenRule(msgspec.Struct, frozen=True):
    """A Sigma rule that hit an incident, and how many records it hit in all of these incidents."""

    title: str
    records: Count


class LookUpValue(msgspec.Struct, frozen=True, kw_only=True):
    """What the stored events show of a value.

    `kind` and `value` are the first of `subjects`. `searched` rows were looked at, back to `looked_from`; `is_cut` if
    older ones were not. `incidents` list records of the value, the worst first, of the worst thousand incidents;
    `incident_count` counts all that fit, and `rules` hit those that list records. `may_be_indicator`: it is one value that
    may be saved as the intruder's; `is_owners_too`: owners show such values as well.
    """

    kind: LookUpKind
    value: str
    subject: str
    subjects: list[LookUpTerm]
    records: Count
    first: Time | None
    last: Time | None
    by_day: list[DayCount]
    seen: list[SeenBesideField]
    incidents: list[IncidentRow]
    incident_count: Count
    rules: list[SeenRule]
    may_be_indicator: bool
    is_owners_too: bool
    searched: Count
    looked_from: Time | None
    is_cut: bool
