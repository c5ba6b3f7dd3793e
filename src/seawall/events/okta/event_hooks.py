"""Unwrap deliveries of Okta's Event Hooks: an envelope around the delivered records."""

from __future__ import annotations

from typing import Any

_HOOK = "com.okta.event_hook"


def hook_events(value: dict[str, Any]) -> list[Any] | None:
    """Return the records under `data.events` of a delivery, or None if the object is no delivery.

    Each record keeps the envelope's source as `eventHookSource`.
    """
    if value.get("eventType") != _HOOK:
        return None
    data = value.get("data")
    events = data.get("events") if isinstance(data, dict) else None
    if not isinstance(events, list):
        return None
    source = value.get("source")
    if not isinstance(source, str) or not source:
        return events
    return [{"eventHookSource": source, **event} if isinstance(event, dict) else event for event in events]
