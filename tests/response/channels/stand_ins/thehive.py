"""TheHive 5's `POST /api/v1/alert`: https://docs.strangebee.com/thehive/api-docs/.

Bearer; 201; `type`, `source`, `sourceRef`, `title` and `description` are needed, with limits; 400 (`CreateError`) for an alert
with the same type, source and sourceRef, of which the maintainers say that 409 would be better (issue 1094); observables
that stand twice fail the whole alert.
"""

from __future__ import annotations

from typing import Any

from tests.response.channels.stand_ins.vendor import VendorAnswer, VendorRequest, VendorStandIn

KEY = "thehive-key-0123456789"
LONGEST = {"type": 32, "source": 64, "sourceRef": 128, "title": 512, "description": 1_048_576}


class TheHiveStandIn(VendorStandIn):
    """One organisation."""

    def answer(self, request: VendorRequest) -> VendorAnswer:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return VendorAnswer(401, {"type": "AuthenticationError", "message": "Authentication failure"})
        if (request.method, request.path) != ("POST", "/api/v1/alert"):
            return VendorAnswer(404, {"type": "NotFound", "message": request.path})
        alert = request.json()
        fault = _fault(alert) if isinstance(alert, dict) else "no object"
        if fault:
            return VendorAnswer(400, {"type": "BadRequest", "message": fault})
        same = ("type", "source", "sourceRef")
        if any(all(one[name] == alert[name] for name in same) for one in self.accepted):
            return VendorAnswer(400, {"type": "CreateError", "message": "Alert already exists"})
        self.accepted.append(alert)
        return VendorAnswer(201, {"_id": f"~{len(self.accepted)}", "_type": "Alert", **alert})


def _fault(alert: dict[str, Any]) -> str:
    for name, most in LONGEST.items():
        if not alert.get(name) or len(alert[name]) > most:
            return f"{name} is missing or too long"
    if alert.get("severity", 2) not in {1, 2, 3, 4} or not isinstance(alert.get("date", 0), int):
        return "severity or date is wrong"
    if any(not 0 < len(tag) <= 128 for tag in alert.get("tags", ())):
        return "a tag is too long"
    observables = [(one["dataType"], one["data"]) for one in alert.get("observables", ())]
    return "Observable already exists" if len(set(observables)) < len(observables) else ""
