"""Read Google Workspace's audit activities from Google Cloud Logging: entries with events in `protoPayload.metadata`.

Source: cloud.google.com/logging/docs/audit/gsuite-audit-logging.
"""

from __future__ import annotations

from typing import Any

_APPLICATIONS = {
    "admin.googleapis.com": "admin",
    "cloudidentity.googleapis.com": "groups_enterprise",
    "login.googleapis.com": "login",
    "oauth2.googleapis.com": "token",
}
"""Services that write activities, with the name of each log in the Reports API."""
_TAKEN = {"authenticationInfo": "principalEmail", "requestMetadata": "callerIp"}
_EMPTY: tuple[Any, ...] = (None, "", [], {})
_DESCRIBING = frozenset({"label", "type"})
"""Members of a parameter that only describe it."""


def is_log_entry(record: dict[str, Any]) -> bool:
    """Return whether an object is a log entry that contains an activity."""
    payload = record.get("protoPayload")
    if not isinstance(payload, dict) or not isinstance(payload.get("serviceName"), str):
        return False
    metadata = payload.get("metadata")
    return (
        payload["serviceName"] in _APPLICATIONS
        and isinstance(metadata, dict)
        and isinstance(metadata.get("event"), list)
    )


def activity_of(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the activity of a log entry in the form of the Reports API, with the entry's other fields beside it.

    The entry identifies the organisation by a Google Cloud number, which no other log has. The account's domain stands in.
    """
    payload = entry["protoPayload"]
    metadata, request, who = (
        _object(payload, name) for name in ("metadata", "requestMetadata", "authenticationInfo")
    )
    number = _object(metadata, "activityId")
    activity = {
        "id": {
            "time": entry.get("timestamp") or number.get("timeUsec"),
            "uniqueQualifier": number.get("uniqQualifier"),
            "applicationName": _APPLICATIONS[payload["serviceName"]],
        },
        "actor": {"email": who.get("principalEmail")},
        "ipAddress": request.get("callerIp"),
        "events": [_event(event) for event in metadata["event"]],
    }
    others = {
        name: value for name, value in entry.items() if name not in ("protoPayload", "timestamp", *activity)
    }
    return {**activity, **others, "protoPayload": _rest(payload)}


def _rest(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the members of a payload that are not extracted."""
    kept = {name: value for name, value in payload.items() if name not in ("@type", "metadata")}
    for name, taken in _TAKEN.items():
        held = kept.get(name)
        if isinstance(held, dict):
            kept[name] = {
                member: value for member, value in held.items() if member != taken and value not in _EMPTY
            }
    return {name: value for name, value in kept.items() if value not in _EMPTY}


def _object(holder: dict[str, Any], name: str) -> dict[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


def _event(event: Any) -> Any:
    if not isinstance(event, dict):
        return event
    known = {
        "type": event.get("eventType"),
        "name": event.get("eventName"),
        "parameters": _parameters(event.get("parameter")),
    }
    return known | {
        name: value for name, value in event.items() if name not in ("eventType", "eventName", "parameter")
    }


def _parameters(held: Any) -> Any:
    if not isinstance(held, list):
        return held
    return [
        {name: value for name, value in one.items() if name not in _DESCRIBING}
        if isinstance(one, dict)
        else one
        for one in held
    ]
