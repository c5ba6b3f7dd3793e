"""No secret of a record reaches any file that a scan writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from seawall.pipeline.scan import scan
from tests.events.planted_secrets import list_planted

TENANT = "11111111-1111-4111-8111-111111111111"


def _write_audit(number: int, value: Any) -> dict[str, Any]:
    return {
        "Id": f"00000000-0000-4000-8000-{number:012d}", "CreationTime": "2026-03-02T10:00:00", "Operation": "Set-Mailbox",
        "RecordType": 1, "Workload": "Exchange", "OrganizationId": TENANT, "UserId": "ann@x.example", "UserType": 2,
        "ObjectId": value if isinstance(value, str) else "ann", "ClientIP": "203.0.113.9",
        "Parameters": [{"Name": "Identity", "Value": "ann"}, {"Name": "Notes", "Value": json.dumps(value)}], "Extra": value,
    }  # fmt: skip


def _write_sign_in(number: int, value: Any) -> dict[str, Any]:
    return {
        "id": f"00000000-0000-4000-8001-{number:012d}", "createdDateTime": "2026-03-02T10:00:00Z",
        "userPrincipalName": "ann@x.example",
        "userId": "22222222-2222-4222-8222-222222222222", "ipAddress": "203.0.113.9", "appDisplayName": "Office", "appId": TENANT,
        "status": {"errorCode": 0, "additionalDetails": value if isinstance(value, str) else ""}, "resourceTenantId": TENANT,
        "userAgent": value if isinstance(value, str) else "Mozilla/5.0", "extra": value, "isInteractive": True,
    }  # fmt: skip


def _write_okta(number: int, value: Any) -> dict[str, Any]:
    return {
        "uuid": f"00000000-0000-4000-8002-{number:012d}", "published": "2026-03-02T10:00:00.000Z",
        "eventType": "user.session.start",
        "actor": {"id": "00u1", "type": "User", "alternateId": "ann@x.example"}, "client": {"ipAddress": "203.0.113.9"},
        "outcome": {"result": "SUCCESS", "reason": value if isinstance(value, str) else "X"}, "target": [], "version": "0",
        "debugContext": {"debugData": value if isinstance(value, dict) else {"requestUri": value}}, "severity": "INFO",
    }  # fmt: skip


def _write_google(number: int, value: Any) -> dict[str, Any]:
    return {
        "kind": "admin#reports#activity", "id": {"time": "2026-03-02T10:00:00.000Z", "uniqueQualifier": str(number),
        "applicationName": "login",
        "customerId": "C0"}, "actor": {"email": "ann@x.example", "profileId": "1"}, "ipAddress": "203.0.113.9",
        "events": [{"type": "login", "name": "login_success", "parameters": [{"name": "note", "value": json.dumps(value)}]}],
    }  # fmt: skip


def _write_other(number: int, value: Any) -> dict[str, Any]:
    return {"timestamp": "2026-03-02T10:00:00Z", "user": "ann@x.example", "event_id": number, "detail": value}


def _write_damaged(number: int, value: Any) -> dict[str, Any]:
    return {
        "Id": f"d{number}",
        "Operation": "UserLoggedIn",
        "CreationTime": "never",
        "Workload": "x",
        "Extra": value,
    }


FORMS = (_write_audit, _write_sign_in, _write_okta, _write_google, _write_other, _write_damaged)


def _list_texts(folder: Path) -> dict[str, str]:
    """Return the texts of all files, those inside Parquet too."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            found[path.name] = repr(pq.read_table(path).to_pylist())
        elif path.is_file():
            found[path.name] = path.read_text("utf-8", "replace")
    return found


@pytest.mark.parametrize("write", FORMS)
def test_no_planted_secret_is_in_any_file(tmp_path: Path, write: Any) -> None:
    planted = list(list_planted())
    logs = tmp_path / "logs"
    logs.mkdir()
    records = [json.dumps(write(number, value)) for number, (_, _, value) in enumerate(planted)]
    (logs / "a.jsonl").write_text("\n".join(records) + "\n")
    result = scan(logs, tmp_path / "out", 1e6)
    assert result.summary["records"] == len(planted)
    texts = _list_texts(tmp_path / "out")
    written = {"events.parquet", "incidents.jsonl", "problems.jsonl"}
    assert written | ({"report.html"} if result.summary["events"] else set()) <= texts.keys()
    shown = {
        name: [description for description, secret, _ in planted if secret in text]
        for name, text in texts.items()
    }
    assert {name: found for name, found in shown.items() if found} == {}


@pytest.mark.parametrize("write", FORMS[:2])
def test_coded_secrets_are_masked_as_a_whole(tmp_path: Path, write: Any) -> None:
    planted = [value for name, _, value in list_planted() if "base64" in name or "compressed" in name]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(write(n, v)) for n, v in enumerate(planted)))
    scan(tmp_path / "a.jsonl", tmp_path / "out")
    text = _list_texts(tmp_path / "out")["events.parquet"]
    assert [value for value in planted if value in text] == []
