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


class LookUpValue(msgspec.Struct, frozen=True, kw_only=True):
    """What the stored events show of a value.

    `searched` rows were looked at, back to `looked_from`; `is_cut` if older ones were not. `incidents` list records of
    the value, of the worst thousand incidents.
    """

    kind: LookUpKind
    value: str
    subject: str
    records: Count
    first: Time | None
    last: Time | None
    by_day: list[DayCount]
    seen: list[SeenBesideField]
    incidents: list[IncidentRow]
    searched: Count
    looked_from: Time | None
    is_cut: bool
