"""The structure of Google Workspace records: activities of the Reports API, their events and parameters."""

from __future__ import annotations

from typing import Any

from seawall.lab.worlds.acts import Act
from seawall.lab.worlds.organisation import LabAccount, Tenant
from seawall.lab.worlds.records import accounts
from seawall.lab.worlds.records.text import seconds
from seawall.lab.worlds.seeded_random import SeededRandom

Record = dict[str, Any]
Found = tuple[str, Record]
"""An activity with the application that lists it."""


def milliseconds(time: float) -> str:
    """Return a time as 2024-05-01T08:30:00.123Z."""
    return f"{seconds(time)}.{int((time % 1) * 1000):03d}Z"


def qualifier(dice: SeededRandom) -> str:
    """Return a unique qualifier: a signed number of 64 bits as text."""
    return str(int(dice.hexadecimal(16), 16) - (1 << 63))


def activity(
    application: str,
    act: Act,
    tenant: Tenant,
    dice: SeededRandom,
    *events: Record,
    who: LabAccount | None = None,
    client_address: str | None = None,
    time: float | None = None,
) -> Found:
    """Return one activity of an application with its events. `who`, `address` and `time` default to those of the act."""
    person = who or act.person
    record: Record = {
        "kind": "admin#reports#activity",
        "id": {
            "time": milliseconds(act.time if time is None else time),
            "uniqueQualifier": qualifier(dice),
            "applicationName": application,
            "customerId": accounts.customer(tenant),
        },
        "etag": f'"{dice.token(27)}/{dice.token(27)}"',
        "actor": {
            "callerType": "USER",
            "email": person.spelling or person.upn,
            "profileId": accounts.profile(person),
        },
        "events": list(events),
    }
    seen = act.client_address if client_address is None else client_address
    if seen:
        record["ipAddress"] = seen
    return application, record


def event(kind: str, name: str, *parameters: Record) -> Record:
    """Return one event of an activity."""
    found: Record = {"type": kind, "name": name}
    if parameters:
        found["parameters"] = list(parameters)
    return found


def text(name: str, value: str) -> Record:
    """Return a parameter with a text value."""
    return {"name": name, "value": value}


def texts(name: str, *values: str) -> Record:
    """Return a parameter with several text values."""
    return {"name": name, "multiValue": list(values)}


def number(name: str, value: int) -> Record:
    """Return a parameter with an integer, which the API writes as text."""
    return {"name": name, "intValue": str(value)}


def flag(name: str, value: bool) -> Record:
    """Return a parameter with a boolean value."""
    return {"name": name, "boolValue": value}


def message(name: str, *parameters: Record) -> Record:
    """Return a parameter that contains parameters."""
    return {"name": name, "messageValue": {"parameter": list(parameters)}}


def messages(name: str, *several: list[Record]) -> Record:
    """Return a parameter that contains several lists of parameters."""
    return {"name": name, "multiMessageValue": [{"parameter": parameters} for parameters in several]}


def identity_of(record: Record) -> str:
    """Return the id of an activity: its unique qualifier."""
    return str(record["id"]["uniqueQualifier"])
