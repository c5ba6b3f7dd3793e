"""MISP's `POST /events/add`: https://www.misp-project.org/openapi/.

The key stands in `Authorization` alone; 200 with the event; 403 for a wrong key or a role without the right; 404 with
"Event already exists…" and `Location` for a known UUID; 403 (`Could not add Event`) with `errors` for a missing `info`, a
wrong level, or an attribute whose type does not fit its category or value.
"""

from __future__ import annotations

import ipaddress
import re
import uuid
from typing import Any

from tests.response.channels.stand_ins.vendor import VendorAnswer, VendorRequest, VendorStandIn

KEY = "misp0123456789abcdefghijklmnopqrstuvwxyz"
CATEGORIES = {
    "ip-src": "Network activity",
    "target-email": "Targeting data",
    "link": "External analysis",
    "text": "External analysis",
}


class MispStandIn(VendorStandIn):
    """One instance. `events` are by UUID."""

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, Any] = {}

    def answer(self, request: VendorRequest) -> VendorAnswer:
        if request.headers.get("authorization") != KEY:
            return VendorAnswer(
                403,
                {"name": "Authentication failed.", "message": "Authentication failed.", "url": request.path},
            )
        if (request.method, request.path) != ("POST", "/events/add"):
            return VendorAnswer(404, {"name": "Invalid action", "url": request.path})
        event = (request.json() or {}).get("Event", request.json())
        try:
            errors = _errors(event)
        except (KeyError, TypeError, ValueError) as error:
            errors = {"info": [str(error)]}
        if errors:
            return VendorAnswer(403, {"saved": False, "name": "Could not add Event", "errors": errors})
        if event["uuid"] in self.events:
            message = (
                "Event already exists, if you would like to edit it, use the url in the location header."
            )
            return VendorAnswer(
                404, {"name": message, "message": message}, {"Location": f"{self.url}/events/1"}
            )
        self.events[event["uuid"]] = event
        self.accepted.append(event)
        return VendorAnswer(200, {"Event": {**event, "id": str(len(self.events))}})


def _errors(event: dict[str, Any]) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if not event["info"] or len(event["info"]) > 65_535:
        errors["info"] = ["Info cannot be empty."]
    if (
        str(event["threat_level_id"]) not in "1234"
        or str(event["distribution"]) not in "0123"
        or str(event["analysis"]) not in "012"
    ):
        errors["threat_level_id"] = ["Options : 1, 2, 3, 4"]
    if str(uuid.UUID(event["uuid"])) != event["uuid"] or not re.fullmatch(r"\d{4}-\d\d-\d\d", event["date"]):
        errors["uuid"] = ["Please provide a valid RFC 4122 UUID"]
    for one in event["Attribute"]:
        if CATEGORIES.get(one["type"]) != one["category"] or not one["value"]:
            errors["Attribute"] = ["type and category do not fit"]
        if one["type"] == "ip-src":
            ipaddress.ip_address(one["value"])
        if one["type"] == "target-email" and not re.fullmatch(r"[^@\s]+@[^@\s]+", one["value"]):
            errors["Attribute"] = ["Email address has an invalid format."]
    return errors
