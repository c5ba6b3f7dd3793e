"""Jira's REST API version 2, Cloud and Data Center: https://developer.atlassian.com/cloud/jira/platform/rest/v2/.

Basic with an API token (Cloud) or Bearer with a personal access token (Data Center); 201 for a created issue; 400 with
`errors` for a missing or unknown field, a summary that is blank, longer than 255 characters or of several lines, a
description beyond 32,767 (`CONTENT_LIMIT_EXCEEDED`), a label with a space; the search of Data Center is 410 in the Cloud.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from tests.response.channels.stand_ins.vendor import VendorAnswer, VendorRequest, VendorStandIn

USER, TOKEN = "seawall@example.org", "jira-api-token-0123456789"


class JiraStandIn(VendorStandIn):
    """A site with the project SEC."""

    is_cloud = True

    def answer(self, request: VendorRequest) -> VendorAnswer:
        basic = "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
        if request.headers.get("authorization") != (basic if self.is_cloud else f"Bearer {TOKEN}"):
            return VendorAnswer(401, {"errorMessages": ["You are not authenticated."], "errors": {}})
        if request.path == "/rest/api/2/search":
            return VendorAnswer(410, "removed") if self.is_cloud else self._search(request.json())
        if request.path == "/rest/api/2/search/jql" and self.is_cloud:
            return self._search(request.json())
        if request.path != "/rest/api/2/issue" or request.method != "POST":
            return VendorAnswer(404, "not found")
        fields = (request.json() or {}).get("fields") or {}
        errors = _errors(fields)
        if errors:
            return VendorAnswer(400, {"errorMessages": [], "errors": errors})
        self.accepted.append(fields)
        number = len(self.accepted)
        return VendorAnswer(
            201, {"id": str(number), "key": f"SEC-{number}", "self": f"{self.url}/rest/api/2/issue/{number}"}
        )

    def _search(self, asked: dict[str, Any]) -> VendorAnswer:
        match = re.fullmatch(r'project = "([^"]+)" AND labels = "([^"]+)"', asked.get("jql", ""))
        if match is None:
            return VendorAnswer(400, {"errorMessages": ["Error in the JQL Query"]})
        found = [one for one in self.accepted if match[2] in one.get("labels", ())]
        return VendorAnswer(200, {"issues": [{"id": "1", "key": "SEC-1"} for _ in found[:1]], "isLast": True})


def _errors(fields: dict[str, Any]) -> dict[str, str]:
    errors = {}
    if fields.get("project", {}).get("key") != "SEC":
        errors["project"] = "valid project is required"
    if fields.get("issuetype", {}).get("name") not in {"Task", "Incident"}:
        errors["issuetype"] = "valid issue type is required"
    summary = fields.get("summary", "")
    if not summary.strip():
        errors["summary"] = "You must specify a summary of the issue."
    elif len(summary) > 255:
        errors["summary"] = "Summary must be less than 255 characters."
    elif "\n" in summary:
        errors["summary"] = "The summary is invalid because it contains newline characters."
    if len(fields.get("description", "")) > 32_767:
        errors["description"] = "CONTENT_LIMIT_EXCEEDED"
    if any(" " in label or len(label) > 255 for label in fields.get("labels", ())):
        errors["labels"] = "The label can't contain spaces."
    return errors
