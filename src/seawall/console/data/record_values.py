"""Value types of records and accounts in the API."""

from __future__ import annotations

from typing import Any

import msgspec

from seawall.console.data.incident_values import Count, IncidentRow, Time


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One log record. `raw` holds its fields as logged; `is_intruder`: an incident lists it."""

    id: str
    time: Time
    source: str | None
    source_file: str | None
    source_line: int | None
    kind: str | None
    activity: str | None
    status: str | None
    status_code: str | None
    account: str | None
    mailbox: str | None
    app: str | None
    app_name: str | None
    client: str | None
    user_agent: str | None
    ip: str | None
    network: str | None
    country: str | None
    session: str | None
    token: str | None
    item_count: int | None
    access_type: str | None
    folder: str | None
    is_intruder: bool
    raw: dict[str, Any]


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """An account in a list. `worst` is the score of its worst incident; `name` is an application's, "" if none is known."""

    tenant: str
    account: str
    name: str
    type: str | None
    events: Count
    first: Time
    last: Time
    incidents: Count
    worst: float | None


class NetworkUse(msgspec.Struct, frozen=True, kw_only=True):
    """A network from which an account was used."""

    value: str
    country: str | None
    network_class: str | None = msgspec.field(name="class")
    days: Count
    events: Count
    first: Time
    last: Time


class ValueUse(msgspec.Struct, frozen=True, kw_only=True):
    """A value that an account showed: an application (`name` is the log's name of it), a client, a country."""

    value: str
    name: str | None
    days: Count
    events: Count
    first: Time
    last: Time


class AccountValue(msgspec.Struct, frozen=True, kw_only=True):
    """An account with its behaviour profile and incidents; `name` is an application's, "" if none is known."""

    tenant: str
    account: str
    name: str
    type: str | None
    first: Time
    last: Time
    events: Count
    active_days: Count
    networks: list[NetworkUse]
    clients: list[ValueUse]
    apps: list[ValueUse]
    countries: list[ValueUse]
    incidents: list[IncidentRow]


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """Events of an account from one network: (slot, count, of these the intruder's)."""

    network: str | None
    country: str | None
    network_class: str | None = msgspec.field(name="class")
    points: list[tuple[int, int, int]]


class Mark(msgspec.Struct, frozen=True):
    """A moment to mark on a timeline."""

    time: Time
    incident: str
    text: str


class AccountTimeline(msgspec.Struct, frozen=True, kw_only=True):
    """An account's events over time, divided into slots. Slot 0 begins at `from`."""

    start: Time = msgspec.field(name="from")
    end: Time = msgspec.field(name="to")
    slot_seconds: float
    lanes: list[Lane]
    marks: list[Mark]
