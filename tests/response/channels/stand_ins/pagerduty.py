"""PagerDuty's Events API v2: https://developer.pagerduty.com/docs/events-api-v2/overview and …/trigger-events.

202 accepted; 400 for a body that is no event, with the reasons; 413 beyond 512 kB; 429 when too fast; 5xx. Events with the
`dedup_key` of an open alert join it.
"""

from __future__ import annotations

from typing import Any

from tests.response.channels.stand_ins.vendor import VendorAnswer, VendorRequest, VendorStandIn

MOST = 512 * 1024
ROUTING_KEY = "0123456789abcdef0123456789abcdef"


class PagerDutyStandIn(VendorStandIn):
    """The enqueue endpoint. `alerts` are the open alerts by dedup key, with the times each was triggered."""

    def __init__(self) -> None:
        super().__init__()
        self.alerts: dict[str, int] = {}

    def answer(self, request: VendorRequest) -> VendorAnswer:
        if request.method != "POST" or request.path != "/v2/enqueue":
            return VendorAnswer(404, "not found")
        if len(request.body) > MOST:
            return VendorAnswer(413, {"status": "invalid event", "message": "Event too large"})
        found = request.json()
        errors = _errors(found) if isinstance(found, dict) else ["JSON is invalid"]
        if errors:
            return VendorAnswer(
                400, {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
            )
        key = found.get("dedup_key") or f"made-{len(self.accepted)}"
        if found["event_action"] == "resolve":
            self.alerts.pop(key, None)
        else:
            self.alerts[key] = self.alerts.get(key, 0) + 1
        self.accepted.append(found)
        return VendorAnswer(202, {"status": "success", "message": "Event processed", "dedup_key": key})


def _errors(event: dict[str, Any]) -> list[str]:
    errors = []
    if len(event.get("routing_key", "")) != 32:
        errors.append("Length of 'routing_key' is incorrect (should be 32 characters)")
    if event.get("event_action") not in {"trigger", "acknowledge", "resolve"}:
        errors.append("'event_action' is missing or invalid")
    if len(event.get("dedup_key", "")) > 255:
        errors.append("'dedup_key' is too long")
    if event.get("event_action") == "resolve":
        return errors
    payload = event.get("payload") or {}
    errors += [
        f"'payload.{name}' is missing or blank"
        for name in ("summary", "source", "severity")
        if not payload.get(name)
    ]
    if len(payload.get("summary", "")) > 1024:
        errors.append("'payload.summary' is too long")
    if payload.get("severity") not in {"critical", "error", "warning", "info"}:
        errors.append(
            "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error', 'info')"
        )
    errors += ["'links.href' is missing" for link in event.get("links", ()) if not link.get("href")]
    return errors
