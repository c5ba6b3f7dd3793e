"""Splunk's HTTP Event Collector, with the codes of its page "Troubleshoot HTTP Event Collector".

`Authorization: Splunk TOKEN`; events are JSON objects one after another; `event` is needed and not blank; only some keys are
known beside it. Splunk Cloud takes at most 1 MB. With indexer acknowledgement a token needs a channel.
"""

from __future__ import annotations

import json
from typing import Any

from tests.response.channels.stand_ins.vendor import VendorAnswer, VendorRequest, VendorStandIn

TOKEN = "b0221cd8-c4b4-465a-9a3c-273e3a75aa29"
MOST = 1_000_000
KEYS = {"time", "host", "source", "sourcetype", "index", "event", "fields"}


class SplunkStandIn(VendorStandIn):
    """One token. `indexes` are those that it may write to."""

    disabled = needs_channel = False
    indexes = ("main", "security")

    def answer(self, request: VendorRequest) -> VendorAnswer:
        if request.path not in {"/services/collector/event", "/services/collector"}:
            return VendorAnswer(404, {"text": "The requested URL was not found on this server.", "code": 404})
        given = request.headers.get("authorization", "")
        if not given:
            return _says(401, 2, "Token is required")
        if not given.startswith("Splunk "):
            return _says(401, 3, "Invalid authorization")
        if given != f"Splunk {TOKEN}":
            return _says(403, 4, "Invalid token")
        if self.disabled:
            return _says(403, 1, "Token disabled")
        if self.needs_channel and not request.headers.get("x-splunk-request-channel"):
            return _says(400, 10, "Data channel is missing")
        if not request.body:
            return _says(400, 5, "No data")
        if len(request.body) > MOST:
            return VendorAnswer(413, "Content-Length of request is too large")
        return self._take(request.body.decode("utf-8"))

    def _take(self, text: str) -> VendorAnswer:
        found: list[dict[str, Any]] = []
        while text.strip():
            try:
                event, end = json.JSONDecoder().raw_decode(text)
            except ValueError:
                return _says(400, 6, "Invalid data format")
            if (
                not isinstance(event, dict)
                or set(event) - KEYS
                or not isinstance(event.get("time", 0), (int, float))
            ):
                return _says(400, 6, "Invalid data format")
            if "event" not in event:
                return _says(400, 12, "Event field is required")
            if event["event"] in ("", {}, None):
                return _says(400, 13, "Event field cannot be blank")
            if event.get("index", "main") not in self.indexes:
                return _says(400, 7, "Incorrect index")
            found.append(event)
            text = text[end:].lstrip()
        self.accepted += found
        return _says(200, 0, "Success")


def _says(status: int, code: int, text: str) -> VendorAnswer:
    return VendorAnswer(status, {"text": text, "code": code})
