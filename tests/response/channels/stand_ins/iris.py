"""DFIR-IRIS 2.x: `/alerts/add`, `/alerts/filter`, `/manage/severities/list` and `/manage/alert-status/list`.

https://docs.dfir-iris.org/operations/alerts and the API reference: Bearer; 200 with `status: success`; 400 `Data error` with the
missing fields; 403 without the right on the customer. IRIS itself takes the same `alert_source_ref` again.
"""

from __future__ import annotations

from tests.response.channels.stand_ins.vendor import VendorAnswer, VendorRequest, VendorStandIn

KEY = "iris-key-0123456789"
NAMES = ("Medium", "Unspecified", "Informational", "Low", "High", "Critical")
NEEDED = ("alert_title", "alert_severity_id", "alert_status_id", "alert_customer_id")


class IrisStandIn(VendorStandIn):
    """An instance with the customer 1."""

    def answer(self, request: VendorRequest) -> VendorAnswer:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return VendorAnswer(401, {"status": "error", "message": "Authentication required", "data": []})
        if request.path == "/manage/severities/list":
            rows = [{"severity_id": number, "severity_name": name} for number, name in enumerate(NAMES, 1)]
            return _success(rows)
        if request.path == "/manage/alert-status/list":
            return _success(
                [{"status_id": 1, "status_name": "Unspecified"}, {"status_id": 2, "status_name": "New"}]
            )
        if request.path == "/alerts/filter":
            wanted = request.query["source_reference"][0]
            found = [one for one in self.accepted if one["alert_source_ref"] == wanted]
            return _success({"total": len(found), "alerts": found})
        if (request.method, request.path) != ("POST", "/alerts/add"):
            return VendorAnswer(404, "not found")
        alert = request.json() or {}
        missing = {
            name: ["Missing data for required field."] for name in NEEDED if alert.get(name) in (None, "")
        }
        if missing:
            return VendorAnswer(400, {"status": "error", "message": "Data error", "data": missing})
        if alert["alert_customer_id"] != 1:
            return VendorAnswer(
                403,
                {
                    "status": "error",
                    "message": "User not entitled to create alerts for the client",
                    "data": [],
                },
            )
        if alert["alert_severity_id"] not in range(1, 7) or alert["alert_status_id"] not in (1, 2):
            return VendorAnswer(
                400, {"status": "error", "message": "Data error", "data": {"alert_severity_id": ["Invalid"]}}
            )
        self.accepted.append(alert)
        return _success({"alert_id": len(self.accepted)})


def _success(data: object) -> VendorAnswer:
    return VendorAnswer(200, {"status": "success", "message": "", "data": data})
