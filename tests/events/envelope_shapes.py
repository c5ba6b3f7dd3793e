"""Put a vendor's record into the envelopes that SIEMs and tools hand out. Samples with sources: `golden/*/in_*.json`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Wrap = Callable[[dict[str, Any]], dict[str, Any]]


def _text(record: dict[str, Any]) -> str:
    return json.dumps(record)


RECORD_ENVELOPES: dict[str, Wrap] = {
    "elastic event.original": lambda record: {
        "@timestamp": "2026-03-02T10:00:00.000Z",
        "event": {"module": "o365", "original": _text(record), "kind": "event"},
        "ecs": {"version": "8.11.0"},
        "tags": ["preserve_original_event"],
    },
    "elastic agent": lambda record: {
        "@timestamp": "2026-03-02T10:00:00.000Z",
        "data_stream": {"type": "logs", "dataset": "o365.audit", "namespace": "default"},
        "input": {"type": "cel"},
        "o365audit": record,
    },
    "elastic dotted": lambda record: {
        "@timestamp": ["2026-03-02T10:00:00.000Z"],
        "event.original": [_text(record)],
    },
    "filebeat message": lambda record: {
        "@timestamp": "2026-03-02T10:00:00.000Z",
        "agent": {"type": "filebeat", "version": "8.12.0"},
        "log": {"offset": 0, "file": {"path": "/var/log/audit.json"}},
        "message": _text(record),
        "input": {"type": "log"},
    },
    "logstash": lambda record: {
        "@timestamp": "2026-03-02T10:00:00.000Z",
        "@version": "1",
        "host": {"name": "collector"},
        "event": {"original": _text(record)},
        "message": _text(record),
    },
    "elasticsearch hit": lambda record: {
        "_index": "logs-o365.audit-default",
        "_id": "Rk1sYY4B",
        "_score": 1.0,
        "_source": {"@timestamp": "2026-03-02T10:00:00Z", "event": {"original": _text(record)}},
    },
    "splunk raw": lambda record: {
        "_time": "2026-03-02T10:00:00.000+00:00",
        "_raw": _text(record),
        "host": "manage.office.com",
        "index": "o365",
        "sourcetype": "o365:management:activity",
    },
    "splunk result": lambda record: {
        "preview": False,
        "offset": 0,
        "result": {"_raw": _text(record), "sourcetype": "o365:management:activity"},
    },
    "splunk hec": lambda record: {
        "time": 1772445600.0,
        "host": "collector",
        "source": "o365",
        "sourcetype": "o365:management:activity",
        "event": record,
    },
    "splunk hec text": lambda record: {"time": "1772445600", "event": _text(record)},
    "wazuh json log": lambda record: {
        "timestamp": "2026-03-02T10:00:00.000+0000",
        "rule": {"level": 3, "id": "100100", "description": "JSON log", "groups": ["json"]},
        "agent": {"id": "000", "name": "manager"},
        "manager": {"name": "manager"},
        "id": "1772445600.1",
        "decoder": {"name": "json"},
        "data": record,
        "location": "/var/log/audit.json",
    },
    "wazuh office365": lambda record: {
        "timestamp": "2026-03-02T10:00:00.000+0000",
        "rule": {"level": 3, "id": "91545", "description": "Office 365: sign-in", "groups": ["office365"]},
        "data": {"integration": "office365", "office365": record},
        "location": "office365",
    },
    "wazuh ms-graph": lambda record: {
        "timestamp": "2026-03-02T10:00:00.000+0000",
        "data": {"integration": "ms-graph", "ms-graph": record, "scan_id": "1"},
        "location": "ms-graph",
    },
    "wazuh gcp": lambda record: {
        "timestamp": "2026-03-02T10:00:00.000+0000",
        "data": {"integration": "gcp", "gcp": record},
        "location": "Wazuh-GCloud",
    },
    "wazuh queue": lambda record: {"integration": "office365", "office365": record},
    "panther alert": lambda record: {"rule_id": "Standard.BruteForce", "alert_id": "a", "log": record},
    "fluent bit": lambda record: {
        "log": _text(record) + "\n",
        "stream": "stdout",
        "time": "2026-03-02T10:00:00Z",
    },
    "fluentd": lambda record: {"tag": "o365.audit", "time": 1772445600, "message": _text(record)},
}


Fold = Callable[[list[dict[str, Any]]], dict[str, Any]]


def _hits(records: list[dict[str, Any]]) -> dict[str, Any]:
    listed = [
        {"_index": "logs", "_id": str(n), "_score": None, "_source": one} for n, one in enumerate(records)
    ]
    return {"total": {"value": len(records), "relation": "eq"}, "max_score": None, "hits": listed}


_SHARDS = {"total": 3, "successful": 3, "skipped": 0, "failed": 0}

PAGES: dict[str, Fold] = {
    "elasticsearch search": lambda records: {
        "took": 5,
        "timed_out": False,
        "_shards": _SHARDS,
        "hits": _hits(records),
        "aggregations": {"byUser": {"buckets": [{"key": 'a "]} b', "doc_count": 3}]}},
        "profile": {"shards": []},
    },
    "elasticsearch scroll": lambda records: {"_scroll_id": "c2Nhbg==", "took": 1, "hits": _hits(records)},
    "elasticsearch msearch": lambda records: {
        "took": 2,
        "responses": [
            {"took": 1, "timed_out": False, "_shards": _SHARDS, "hits": _hits(records[:1]), "status": 200},
            {"took": 1, "timed_out": False, "_shards": _SHARDS, "hits": _hits(records[1:]), "status": 200},
        ],
    },
    "kibana": lambda records: {
        "id": "Fm5",
        "rawResponse": {"took": 5, "timed_out": False, "_shards": _SHARDS, "hits": _hits(records)},
        "isPartial": False,
        "isRunning": False,
        "total": 3,
        "loaded": 3,
    },
    "splunk results": lambda records: {
        "preview": False,
        "init_offset": 0,
        "messages": [],
        "fields": [{"name": "_raw"}, {"name": "_time"}, {"name": "sourcetype", "type": "str"}],
        "results": [
            {"_raw": json.dumps(one), "_time": "2026-03-02T10:00:00.000+00:00", "sourcetype": ["a", "b"]}
            for one in records
        ],
        "highlighted": {},
    },
    "splunk results alone": lambda records: {"results": [{"_raw": json.dumps(one)} for one in records]},
    "graph hunting": lambda records: {
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#microsoft.graph.security.huntingQueryResults",
        "schema": [{"name": "Timestamp", "type": "DateTime"}, {"name": "RawEventData", "type": "Object"}],
        "results": records,
    },
    "defender hunting": lambda records: {
        "Stats": {"ExecutionTime": 0.1, "resource_usage": {"cache": {"memory": {"hits": 5}}}},
        "Schema": [{"Name": "Timestamp", "Type": "DateTime"}],
        "Results": records,
    },
    "alfa": lambda records: {
        "query": {"logtype": "login", "user": "all", "start_time": None},
        "activities": records,
    },
    "alfa by log": lambda records: {"activities": {"login": records[:2], "admin": records[2:]}},
}
