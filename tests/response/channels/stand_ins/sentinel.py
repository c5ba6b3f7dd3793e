"""Microsoft's sign-in endpoint and the Logs Ingestion API of Azure Monitor, as Sentinel uses it.

https://learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview and
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow: a token for the scope
`https://monitor.azure.com/.default`; then an array of objects to `/dataCollectionRules/ID/streams/NAME?api-version=2023-01-01`;
204; 400 for a body or stream that is wrong; 401, 403 without the role *Monitoring Metrics Publisher*; 404 for another rule;
413 beyond 1 MB; 429 with `Retry-After`. Columns that the stream does not declare are dropped.
"""

from __future__ import annotations

from urllib.parse import parse_qs

from tests.response.channels.stand_ins.vendor import VendorAnswer, VendorRequest, VendorStandIn

TENANT, CLIENT, SECRET = "11111111-2222-3333-4444-555555555555", "app-id", "s3cret~of.the-app"
RULE, STREAM = "dcr-000a00a000a00000a000000aa000a0aa", "Custom-Seawall_CL"
TOKEN = "eyJ-token-of-azure"
MOST = 1_048_576
COLUMNS = {
    "TimeGenerated", "MessageId", "Kind", "Level", "Organisation", "About", "Account", "Title", "Lines", "Link", "Facts",
    "Document",
}  # fmt: skip


class SentinelStandIn(VendorStandIn):
    """Both servers in one."""

    has_role = True

    def answer(self, request: VendorRequest) -> VendorAnswer:
        if request.path == f"/{TENANT}/oauth2/v2.0/token":
            return self._token(request)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _error(401, "InvalidToken")
        if not self.has_role:
            return _error(403, "OperationFailed")
        if request.query.get("api-version") != ["2023-01-01"]:
            return _error(400, "MissingApiVersionParameter")
        if not request.path.startswith(f"/dataCollectionRules/{RULE}/"):
            return _error(404, "NotFound")
        if request.path != f"/dataCollectionRules/{RULE}/streams/{STREAM}":
            return _error(400, "InvalidStream")
        if len(request.body) > MOST:
            return _error(413, "ContentLengthLimitExceeded")
        if request.headers.get("content-type") != "application/json":
            return _error(415, "UnsupportedMediaType")
        rows = request.json()
        if (
            not isinstance(rows, list)
            or not rows
            or not all(isinstance(row, dict) and "TimeGenerated" in row for row in rows)
        ):
            return _error(400, "InvalidJson")
        self.accepted += [{name: value for name, value in row.items() if name in COLUMNS} for row in rows]
        return VendorAnswer(204)

    def _token(self, request: VendorRequest) -> VendorAnswer:
        given = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if (
            request.headers.get("content-type") != "application/x-www-form-urlencoded"
            or "grant_type" not in given
        ):
            return VendorAnswer(400, {"error": "invalid_request", "error_description": "AADSTS900144"})
        if (
            given.get("scope") != "https://monitor.azure.com/.default"
            or given["grant_type"] != "client_credentials"
        ):
            return VendorAnswer(400, {"error": "invalid_scope", "error_description": "AADSTS1002012"})
        if given.get("client_id") != CLIENT:
            return VendorAnswer(401, {"error": "unauthorized_client", "error_description": "AADSTS700016"})
        if given.get("client_secret") != SECRET:
            return VendorAnswer(
                401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret"}
            )
        return VendorAnswer(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN})


def _error(status: int, code: str) -> VendorAnswer:
    return VendorAnswer(status, {"error": {"code": code, "message": code}}, {"x-ms-error-code": code})
