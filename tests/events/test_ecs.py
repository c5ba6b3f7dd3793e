"""Documents of the Elastic Common Schema without the original text tell detection what the vendor's record tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.common_schemas.fields import in_capitals, in_order, nest
from tests.events import ecs_documents
from tests.events.support import read_all, rows, write_lines
from tests.events.test_golden import GOLDEN
from tests.thoroughness import examples

Write = Callable[[dict[str, Any]], dict[str, Any]]

_LOST = frozenset({"source_file", "unmapped", "parameters"})
"""Columns that hold the spelling of what has no column."""


def records(source: str, fits: Callable[[dict[str, Any]], bool]) -> list[Any]:
    found = []
    for path in sorted((GOLDEN / source).glob("*.json")):
        is_sample = not path.name.endswith(".event.json") and not path.name.startswith("in_")
        record = json.loads(path.read_text()) if is_sample else {}
        if record and fits(record):
            found.append(pytest.param(record, id=f"{source}-{path.stem}"))
    return found


def _is_settings(record: dict[str, Any]) -> bool:
    return isinstance(record.get("properties"), dict) and "time" in record


def _is_activity(record: dict[str, Any]) -> bool:
    events = record.get("events")
    return isinstance(events, list) and len(events) == 1 and isinstance(record.get("id"), dict)


def read_both(
    folder: Path, record: dict[str, Any], document: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the events of a record and of its document."""
    found, problems, count = read_all(write_lines(folder / "both.jsonl", [record, document]))
    assert not problems
    assert count == 2
    bare, made = rows(found)
    bare["source_line"] = 2
    return bare, made


def same(bare: dict[str, Any], made: dict[str, Any], *lost: str) -> None:
    """Check that the columns are the same, except for some."""
    columns = (bare.keys() | made.keys()) - _LOST - set(lost)
    assert {name: made.get(name) for name in columns} == {name: bare.get(name) for name in columns}


OFFICE = records("m365_audit", lambda record: "CreationTime" in record and "Id" in record)
SIGN_INS = records("entra_signin", _is_settings)
OKTA = records("okta", lambda record: {"uuid", "published", "eventType", "actor"} <= record.keys())
ACTIVITIES = records("google_workspace", _is_activity)


def test_there_are_enough_records() -> None:
    assert len(OFFICE) > 20
    assert len(SIGN_INS) >= 1
    assert len(OKTA) > 20
    assert len(ACTIVITIES) > 40


@pytest.mark.parametrize("record", OFFICE)
@pytest.mark.parametrize("is_dotted", [False, True], ids=["nested", "dotted"])
def test_office(tmp_path: Path, record: dict[str, Any], is_dotted: bool) -> None:
    document = ecs_documents.office(record)
    bare, made = read_both(tmp_path, record, ecs_documents.dotted(document) if is_dotted else document)
    same(bare, made)


@pytest.mark.parametrize("record", SIGN_INS)
@pytest.mark.parametrize("is_dotted", [False, True], ids=["nested", "dotted"])
def test_sign_ins(tmp_path: Path, record: dict[str, Any], is_dotted: bool) -> None:
    document = ecs_documents.sign_in(record)
    bare, made = read_both(tmp_path, record, ecs_documents.dotted(document) if is_dotted else document)
    same(bare, made)


@pytest.mark.parametrize("record", OKTA)
def test_okta(tmp_path: Path, record: dict[str, Any]) -> None:
    bare, made = read_both(tmp_path, record, ecs_documents.okta(record))
    same(bare, made)


@pytest.mark.parametrize("record", ACTIVITIES)
def test_activities(tmp_path: Path, record: dict[str, Any]) -> None:
    bare, made = read_both(tmp_path, record, ecs_documents.activity(record))
    # Elastic keeps neither the network nor empty lists, on which the digest behind the qualifier depends.
    bare["metadata_uid"], made["metadata_uid"] = (
        event["metadata_uid"].partition(":")[0] for event in (bare, made)
    )
    same(bare, made, "src_country")


CHANGE = {
    "time": "2026-03-02T10:00:00.1234567Z",
    "resourceId": "/tenants/3f0c6a50-9c8d-4c7e-8a11-7d3b8d1b2c10/providers/Microsoft.aadiam",
    "operationName": "Add app role assignment to service principal",
    "operationVersion": "1.0",
    "category": "AuditLogs",
    "tenantId": "3f0c6a50-9c8d-4c7e-8a11-7d3b8d1b2c10",
    "resultSignature": "None",
    "durationMs": 0,
    "callerIpAddress": "198.51.100.7",
    "correlationId": "8a4de8b5-095c-47d0-a96f-a75130c61d53",
    "Level": 4,
    "properties": {
        "id": "Directory_8a4de8b5_0001",
        "category": "ApplicationManagement",
        "correlationId": "8a4de8b5-095c-47d0-a96f-a75130c61d53",
        "result": "success",
        "resultReason": "",
        "activityDisplayName": "Add app role assignment to service principal",
        "activityDateTime": "2026-03-02T10:00:00.1234567+00:00",
        "loggedByService": "Core Directory",
        "operationType": "Assign",
        "initiatedBy": {
            "user": {
                "id": "7e8fd7a3-0000-4000-8000-00000000000a",
                "userPrincipalName": "mara.lind@contoso.example",
                "ipAddress": "198.51.100.7",
            }
        },
        "targetResources": [
            {
                "id": "aa000000-0000-4000-8000-000000000001",
                "displayName": "Contoso Archive",
                "type": "ServicePrincipal",
                "modifiedProperties": [
                    {"displayName": "AppRole.Value", "oldValue": None, "newValue": '"Mail.Read"'},
                    {
                        "displayName": "ServicePrincipal.DisplayName",
                        "oldValue": None,
                        "newValue": '"Archive"',
                    },
                ],
            },
            {
                "id": "aa000000-0000-4000-8000-000000000002",
                "displayName": "Graph",
                "type": "ServicePrincipal",
            },
        ],
    },
}


@pytest.mark.parametrize("is_dotted", [False, True], ids=["nested", "dotted"])
def test_changes(tmp_path: Path, is_dotted: bool) -> None:
    document = ecs_documents.change(CHANGE)
    bare, made = read_both(tmp_path, CHANGE, ecs_documents.dotted(document) if is_dotted else document)
    same(bare, made)
    assert made["account"] == "mara.lind@contoso.example"
    assert json.loads(made["parameters"]) == json.loads(bare["parameters"])
    assert json.loads(made["parameters"])["AppRole.Value"] == "Mail.Read"


def test_changes_of_audit_records_keep_their_names(tmp_path: Path) -> None:
    for param in OFFICE:
        (record,) = param.values
        bare, made = read_both(tmp_path, record, ecs_documents.office(record))
        assert json.loads(made.get("parameters", "{}")) == json.loads(bare.get("parameters", "{}"))


def test_the_text_of_the_vendor_comes_first(tmp_path: Path) -> None:
    (record,) = OFFICE[0].values
    document = ecs_documents.office(record)
    document["event"]["original"] = json.dumps({**record, "Id": "of-the-text"})
    _, made = read_both(tmp_path, record, document)
    assert made["metadata_uid"] == "of-the-text"


def test_fields_of_a_hit(tmp_path: Path) -> None:
    (record,) = OFFICE[0].values
    fields = ecs_documents.dotted(ecs_documents.office(record))
    hit = {"_index": "logs", "_id": "1", "fields": {name: [value] for name, value in fields.items()}}
    bare, made = read_both(tmp_path, record, hit)
    same(bare, made)


def test_a_document_with_an_odd_section_is_no_record(tmp_path: Path) -> None:
    odd: list[dict[str, Any]] = [
        {"o365": {"audit": "text"}},
        {"o365": {"audit": {"UserId": {"a": 1}}}, "event": 7},
        {"azure": {"signinlogs": {"category": [], "properties": "x"}}},
        {"okta": {"event_type": {}, "uuid": 1}},
        {"google_workspace": {"kind": 1, "event": [], "actor": None}},
        {"google_workspace.kind": "x", "google_workspace": [1]},
    ]
    lines = [{"@timestamp": "2026-03-02T10:00:00Z", **one} for one in odd]
    events, problems, count = read_all(write_lines(tmp_path / "odd.jsonl", lines))
    assert count == len(lines) == events.num_rows + len(problems)


def test_nest() -> None:
    assert nest({"a.b": [1], "a": {"c": [2]}, "d.e.f": [{"g": 1}], "h": {}}) == {
        "a": {"b": 1, "c": [2]},
        "d": {"e": {"f": [{"g": 1}]}},
        "h": {},
    }
    assert nest({"a": 1, "a.b": 2}) == {"a": 1}
    long = ".".join("a" * 40)
    assert nest({long: 1}) == {long: 1}


def test_nest_leaves_its_argument() -> None:
    record = {"a": {"b": {"c": 1}}, "a.b.d": 2}
    assert nest(record)["a"]["b"] == {"c": 1, "d": 2}
    assert record == {"a": {"b": {"c": 1}}, "a.b.d": 2}


def test_lists_and_names() -> None:
    assert in_order({"1": "b", "0": "a", "10": "c"}) == ["a", "b", "c"]
    assert in_order({"0": "a", "x": "b"}) == {"0": "a", "x": "b"}
    names = in_capitals(
        {"user_id": 1, "Is CAE Token": 2, "created_at": 3, "_x": 4}, {"created_at": "createdDateTime"}
    )
    assert names == {"userId": 1, "Is CAE Token": 2, "createdDateTime": 3, "_x": 4}


SECTIONS = st.sampled_from(
    ["o365.audit", "azure.signinlogs", "azure.auditlogs", "okta", "google_workspace", "event", "user"]
)
NAMES = st.sampled_from(["RecordType", "properties", "category", "kind", "uuid", "0", "a.b", "login"])
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=examples(200), deadline=None, suppress_health_check=list(HealthCheck))
@given(sections=st.dictionaries(SECTIONS, JSON_VALUES, min_size=1, max_size=4), is_nested=st.booleans())
def test_any_document_is_accounted_for(
    tmp_path_factory: Any, sections: dict[str, Any], is_nested: bool
) -> None:
    path = tmp_path_factory.mktemp("ecs") / "any.jsonl"
    document = {"@timestamp": "2026-03-02T10:00:00Z", **sections}
    events, problems, count = read_all(write_lines(path, [nest(document) if is_nested else document]))
    assert count == 1 == events.num_rows + len(problems)
    assert all(problem.code != "reader-failed" for problem in problems)
