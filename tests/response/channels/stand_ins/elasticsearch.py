"""Elasticsearch's bulk API: https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk.

The body is NDJSON and ends with a newline; the answer is 200 also where single items failed (`errors`); `create` of a known
id is 409; a data stream takes `create` alone and needs `@timestamp`; 401 without valid credentials, 403 without the right,
413 when too large, 429 (`es_rejected_execution_exception`) when busy, for the request or for an item.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.response.channels.stand_ins.vendor import VendorAnswer, VendorRequest, VendorStandIn

API_KEY = "VnVhQ2ZHY0JDZGJrU1hwNw=="
USER, PASSWORD = "seawall", "a pass:word"
MOST = 1_000_000
DATA_STREAM = "logs-seawall.messages-default"


class ElasticsearchStandIn(VendorStandIn):
    """A cluster with one data stream. `item_fault` is answered for the next item."""

    def __init__(self) -> None:
        super().__init__()
        self.documents: dict[str, Any] = {}
        self.item_fault: tuple[int, str] | None = None
        self.forbidden = False

    def answer(self, request: VendorRequest) -> VendorAnswer:
        basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("authorization") not in {f"ApiKey {API_KEY}", basic}:
            return _error(401, "security_exception", "unable to authenticate")
        if self.forbidden:
            return _error(403, "security_exception", "action [indices:data/write/bulk] is unauthorized")
        if request.method not in {"POST", "PUT"} or request.path != "/_bulk":
            return _error(405, "method_not_allowed", "Incorrect HTTP method")
        if not request.headers.get("content-type", "").startswith(
            ("application/x-ndjson", "application/json")
        ):
            return _error(406, "media_type_header_exception", "Content-Type header is not supported")
        if len(request.body) > MOST:
            return VendorAnswer(413, "")
        if not request.body.endswith(b"\n"):
            return _error(
                400, "illegal_argument_exception", "The bulk request must be terminated by a newline [\\n]"
            )
        try:
            lines = [json.loads(line) for line in request.body.splitlines()]
        except ValueError:
            return _error(400, "parse_exception", "Malformed content")
        items = [
            self._create(action, document) for action, document in zip(lines[::2], lines[1::2], strict=True)
        ]
        has_errors = any(item["create"]["status"] >= 300 for item in items)
        return VendorAnswer(200, {"took": 3, "errors": has_errors, "items": items})

    def _create(self, action: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
        if set(action) != {"create"} or action["create"].get("_index") != DATA_STREAM:
            return _item(
                400, "illegal_argument_exception", "only write ops with an op_type of create are allowed"
            )
        if self.item_fault:
            fault, self.item_fault = self.item_fault, None
            return _item(*fault, "the item failed")
        if "@timestamp" not in document:
            return _item(
                400, "document_parsing_exception", "data stream timestamp field [@timestamp] is missing"
            )
        id_ = action["create"]["_id"]
        if len(id_.encode()) > 512:
            return _item(400, "illegal_argument_exception", "id is too long")
        if id_ in self.documents:
            return _item(409, "version_conflict_engine_exception", "document already exists")
        self.documents[id_] = document
        self.accepted.append(document)
        return {"create": {"_index": DATA_STREAM, "_id": id_, "status": 201, "result": "created"}}


def _item(status: int, kind: str, reason: str) -> dict[str, Any]:
    return {"create": {"_index": DATA_STREAM, "status": status, "error": {"type": kind, "reason": reason}}}


def _error(status: int, kind: str, reason: str) -> VendorAnswer:
    return VendorAnswer(status, {"error": {"type": kind, "reason": reason}, "status": status})
