"""Read alerts of Google Workspace's Alert Center API (`alerts`, v1beta1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seawall.events.formats.json_values import as_text, content_id, read_structure
from seawall.events.microsoft.m365_meanings import clean, identifier
from seawall.events.vendor_alerts import (
    COLUMNS,
    AlertedPerson,
    VendorAlert,
    identify,
    name_person,
    normalise,
)

__all__ = ["NAME", "RAW_COLUMNS", "normalise", "recognises", "row"]

NAME = "google_alerts"
RAW_COLUMNS = COLUMNS

_NEEDED = frozenset({"customerId", "alertId", "type", "source"})
_PERSON = ("email", "actorEmail", "triggeringUserEmail")
"""Members of `data` that name a person, the one whom the alert is about first."""
_DETAILS = ("superAdminPasswordResetEvent", "ruleViolationInfo", "loginDetails")
_ADDRESSES = ("ipAddress", "loginIpAddress")


def recognises(record: dict[str, Any]) -> bool:
    """Return whether an object is an alert of the Alert Center."""
    return record.keys() >= _NEEDED and not record.keys().isdisjoint(("createTime", "startTime", "data"))


def row(record: dict[str, Any]) -> tuple[str | None, ...]:
    """Return the raw columns of one record, and the whole record as `unmapped`. Alerts are rare: each is read in Python."""
    data, metadata = _object(record.get("data")), _object(record.get("metadata"))
    details = [data, *(_object(data.get(name)) for name in _DETAILS)]
    state, kind = as_text(metadata.get("status")), clean(as_text(record.get("type")))
    alert = VendorAlert("Google")
    alert.name_people(_find_people(data, details))
    alert.name_addresses(as_text(part.get(name)) for part in details for name in _ADDRESSES)
    alert.said |= {
        "product": record.get("source"),
        "says": kind,
        "type": (as_text(data.get("@type")) or "").rpartition(".")[2],
        "level": (as_text(metadata.get("severity")) or "").lower(),
        "state": state,
        "detail": data.get("description") or data.get("title"),
        "detected": record.get("createTime"),
        "alert": record.get("alertId"),
    }
    uid = as_text(record.get("alertId"))
    login = _object(data.get("loginDetails"))
    alert.values |= {
        "metadata_uid": identify(uid, state) if uid else content_id(record),
        "time": as_text(login.get("loginTime") or record.get("startTime") or record.get("createTime")),
        "activity_name": kind,
        "org_uid": identifier(as_text(record.get("customerId"))),
        "resource_uid": uid,
    }
    return alert.row(record)


def _find_people(data: dict[str, Any], details: list[dict[str, Any]]) -> Iterator[AlertedPerson]:
    """Yield the person whom the alert is about; recipients of mail are left out, because they did nothing."""
    reset = _object(data.get("superAdminPasswordResetEvent"))
    for part, names in ((reset, ("userEmail",)), *((part, _PERSON) for part in details)):
        for name in names:
            person = name_person(part.get(name))
            if person is not None:
                yield person
                return


def _object(value: Any) -> dict[str, Any]:
    found = read_structure(value)
    return found if isinstance(found, dict) else {}
