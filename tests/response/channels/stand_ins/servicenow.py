"""ServiceNow's Table API: https://www.servicenow.com/docs/ (REST API reference, Table API).

Basic authentication; 201 with the record; 400 for an unknown table; 401; 403 by an access list; 429 with `Retry-After` by a
rate limit rule. Strings that are longer than their column are cut without a word; the stand-in refuses them instead.
"""

from __future__ import annotations

import base64

from tests.response.channels.stand_ins.vendor import VendorAnswer, VendorRequest, VendorStandIn

USER, PASSWORD = "seawall", "service now:pass"
LONGEST = {"short_description": 160, "description": 4000, "correlation_id": 100, "correlation_display": 100}


class ServiceNowStandIn(VendorStandIn):
    """An instance with the table `incident`."""

    denies = False

    def answer(self, request: VendorRequest) -> VendorAnswer:
        if (
            request.headers.get("authorization")
            != "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        ):
            return _error(401, "User Not Authenticated")
        if request.path != "/api/now/table/incident":
            return _error(400, "Invalid table")
        if self.denies:
            return _error(403, "Operation Failed: ACL Exception")
        if request.method == "GET":
            wanted = request.query["sysparm_query"][0].removeprefix("correlation_id=")
            found = [{"number": "INC1"} for one in self.accepted if one["correlation_id"] == wanted]
            return VendorAnswer(200, {"result": found[:1]})
        record = request.json()
        if not isinstance(record, dict):
            return _error(400, "Exception while reading request")
        if any(len(record.get(name, "")) > most for name, most in LONGEST.items()) or not record.get(
            "short_description"
        ):
            return _error(400, "a value is missing, or longer than its column")
        if record.get("urgency") not in {"1", "2", "3"} or record.get("impact") not in {"1", "2", "3"}:
            return _error(400, "Invalid choice")
        self.accepted.append(record)
        return VendorAnswer(
            201, {"result": {**record, "number": f"INC{len(self.accepted):07}", "sys_id": "0" * 32}}
        )


def _error(status: int, message: str) -> VendorAnswer:
    return VendorAnswer(status, {"error": {"message": message, "detail": None}, "status": "failure"})
