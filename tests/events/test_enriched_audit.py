"""Audit records that Global Secure Access enriched: rows of Log Analytics, and diagnostic settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.events.support import ORGANISATION, read_all, rows
from tests.events.test_both_ways import JSON_VALUES
from tests.thoroughness import examples

FIELDS = {
    "TimeGenerated": "2026-03-02T08:40:11Z", "Id": "e1", "Operation": "FileDownloaded", "OrganizationId": ORGANISATION,
    "RecordType": 6, "ResultStatus": "Succeeded", "UserId": "Mara@contoso.example", "UserType": "Regular",
    "Workload": "OneDrive", "ObjectId": "https://x.example/plan.docx", "ClientIp": "203.0.113.80", "SourceIp": "198.51.100.7",
    "DeviceId": "5b1d0000-0000-4000-8000-000000000060", "UniqueTokenId": "kmXUqF7yHkGLrIuT9uhcAA",
    "AdditionalProperties": {"UserAgent": "curl/8.0", "Id": "another"},
}  # fmt: skip
ROW = FIELDS | {"TenantId": "77777777-0000-4000-8000-000000000001", "Type": "EnrichedMicrosoft365AuditLogs"}
SMALL = {name[0].lower() + name[1:]: value for name, value in FIELDS.items() if name != "TimeGenerated"}
ENVELOPE = {
    "time": FIELDS["TimeGenerated"],
    "category": "EnrichedOffice365AuditLogs",
    "tenantId": ORGANISATION,
}

FORMS: dict[str, dict[str, Any]] = {
    "row": ROW,
    "pairs": {**ROW, "AdditionalProperties": [{"Name": "UserAgent", "Value": "curl/8.0"}]},
    "text": {**ROW, "AdditionalProperties": json.dumps(FIELDS["AdditionalProperties"])},
    "diagnostic": {**ENVELOPE, "properties": FIELDS},
    "diagnostic, small letters": {**ENVELOPE, "properties": SMALL},
    "diagnostic, text": {**ENVELOPE, "properties": json.dumps(FIELDS)},
    "event hub": {"records": [{**ENVELOPE, "properties": FIELDS}]},
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_give_the_same_event(tmp_path: Path, form: str) -> None:
    path = tmp_path / "log.json"
    path.write_text(json.dumps(FORMS[form]))
    events, problems, _ = read_all(path)
    assert not problems
    (event,) = rows(events)
    known = {
        "source": "office_activity", "metadata_uid": "e1", "kind": "file", "activity_name": "FileDownloaded", "status": "success",
        "account": "mara@contoso.example", "org_uid": ORGANISATION, "src_ip": "198.51.100.7", "client": "curl/rest",
        "device_uid": FIELDS["DeviceId"], "token_uid": FIELDS["UniqueTokenId"], "resource_uid": FIELDS["ObjectId"],
    }  # fmt: skip
    assert {name: event.get(name) for name in known} == known
    assert event["time"].isoformat() == "2026-03-02T08:40:11+00:00"


def test_without_a_source_address_the_client_address_counts(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(json.dumps({**ROW, "SourceIp": ""}))
    (event,) = rows(read_all(path)[0])
    assert event["src_ip"] == "203.0.113.80"


@settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
@given(record=st.sampled_from(list(FORMS.values())), data=st.data())
def test_any_value_in_any_field_is_an_event_or_a_problem(
    tmp_path_factory: Any, record: dict[str, Any], data: st.DataObject
) -> None:
    names = st.sampled_from([*record, "properties", "AdditionalProperties", "category", "Type"])
    changed = record | data.draw(st.dictionaries(names, JSON_VALUES, max_size=3))
    path = tmp_path_factory.mktemp("enriched") / "log.json"
    path.write_text(json.dumps(changed) + "\n" + json.dumps(ROW))
    events, problems, records = read_all(path)
    assert records == events.num_rows + sum(problem.counts_as_record for problem in problems)
    assert "e1" in events["metadata_uid"].to_pylist()
