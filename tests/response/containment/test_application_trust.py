"""What an intruder added to an application: only what was added is removed, and only where the record says what was there."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from tests.events.support import read_all, rows, write_lines

from .graph import Graph
from .running import asking, run
from .samples import row
from .serving import served
from .test_microsoft_days import TRUST, TRUSTED, only, planned, trust_of
from .test_planning import APP, KEY, OLD_KEY, SECRET

PROPERTY = "FederatedIdentityCredentials"
OWN = {
    **TRUST,
    "Name": "own",
    "Issuer": "https://ci.example.org",
    "Id": "dddddddd-0000-4000-8000-00000000000a",
}


def audited(old: str, new: str, name: str = PROPERTY, activity: str = "Update application") -> dict[str, Any]:
    """A record of Entra's directory audits."""
    return {
        "id": "Directory_1", "category": "ApplicationManagement", "correlationId": "c", "result": "success", "resultReason": "",
        "activityDisplayName": activity, "activityDateTime": "2026-05-04T09:00:00Z", "loggedByService": "Core Directory",
        "operationType": "Update", "initiatedBy": {"user": {"id": "u", "userPrincipalName": "ann@example.org"}, "app": None},
        "targetResources": [{"id": APP, "displayName": "Good App", "type": "Application", "modifiedProperties": [
            {"displayName": name, "oldValue": old, "newValue": new},
            {"displayName": "Included Updated Properties", "oldValue": None, "newValue": f'"{name}"'}]}],
        "additionalDetails": [],
    }  # fmt: skip


def unified(old: str, new: str, name: str, operation: str) -> dict[str, Any]:
    """The same in the unified audit log, with the application's id for its object, as some have it."""
    return {
        "Id": "a0000000-0000-4000-8000-000000000001", "CreationTime": "2026-05-04T09:00:00", "Operation": operation,
        "OrganizationId": "b0000000-0000-4000-8000-000000000001", "RecordType": 8, "ResultStatus": "Success", "UserType": 0,
        "UserKey": "u", "Workload": "AzureActiveDirectory", "ObjectId": APP, "UserId": "ann@example.org", "Version": 1,
        "AzureActiveDirectoryEventType": 1, "ModifiedProperties": [{"Name": name, "NewValue": new, "OldValue": old}],
        "Target": [{"ID": f"Application_{APP}", "Type": 2}, {"ID": "Good App", "Type": 1}],
    }  # fmt: skip


def read(tmp_path: Path, record: dict[str, Any]) -> dict[str, Any]:
    """The event that a record becomes."""
    table, problems, _ = read_all(write_lines(tmp_path / "audits.jsonl", [record]))
    assert not problems
    (event,) = rows(table)
    return {**row("Update application"), "unmapped": "", **event, "org_uid": TRUSTED["org_uid"]}


def text(*trusts: dict[str, Any]) -> str:
    return json.dumps(trusts)


def test_a_foreign_issuer_is_no_longer_trusted_and_the_own_one_is(tmp_path: Path) -> None:
    event = read(tmp_path, audited(text(OWN), text(OWN, TRUST)))
    graph = Graph()
    graph.add_user("ann@example.org")
    graph.applications[APP] = []
    graph.trusted[APP] = [{"id": one["Id"], **trust_of(one)} for one in (OWN, TRUST)]
    before = copy.deepcopy(graph.trusted[APP])
    found = planned(event)
    action = only(found, "remove_app_credential")
    assert "build of Good App" in action.title
    assert "https://evil.example/oidc" in action.reason
    with served(graph):
        ask = asking({"microsoft": graph})
        assert run(found, tmp_path / "journal", ask)[action.id].state == "done"
        assert [one["name"] for one in graph.trusted[APP]] == ["own"]
        assert run(found, tmp_path / "journal", ask, "undo")[action.id].state == "undone"
    assert [trust | {"id": ""} for trust in graph.trusted[APP]] == [trust | {"id": ""} for trust in before]


def test_an_issuer_that_was_changed_is_told_with_what_it_was() -> None:
    was = {**TRUST, "Issuer": "https://ci.example.org"}
    changed = copy.deepcopy(TRUSTED)
    raw = audited(text(was), text(TRUST))["targetResources"]
    action = only(
        planned({**changed, "unmapped": text({"targetResources": raw})[1:-1]}), "remove_app_credential"
    )
    assert action.title.endswith("which was there before with other values")
    assert "https://ci.example.org" in action.irreversible


def test_a_removal_leaves_nothing_to_remove(tmp_path: Path) -> None:
    event = read(tmp_path, audited(text(OWN, TRUST), text(OWN)))
    assert [one for one in planned(event).actions if one.kind == "remove_app_credential"] == []


def test_what_cannot_be_read_is_looked_at_by_a_person(tmp_path: Path) -> None:
    event = read(tmp_path, audited("[]", text(TRUST)[:40]))
    action = only(planned(event), "remove_app_credential")
    assert action.is_by_hand
    assert "issuer nobody in the organisation knows" in action.by_hand


def test_a_record_that_does_not_say_what_was_there_before_removes_no_secret(tmp_path: Path) -> None:
    """A secret of the organisation's own stands in it too, and one that was removed does not come back."""
    keys = [f"[KeyIdentifier={key},KeyType=Password,KeyUsage=Verify,DisplayName=x]" for key in (OLD_KEY, KEY)]
    record = unified(
        f'["{keys[0]}"]', f'["{keys[0]}", "{keys[1]}"]', "KeyDescription", SECRET["activity_name"]
    )
    action = only(planned(read(tmp_path, record)), "remove_app_credential")
    assert action.is_by_hand
    assert KEY in action.by_hand
    trust = only(
        planned(read(tmp_path, unified("[]", text(TRUST), PROPERTY, "Update application."))),
        "remove_app_credential",
    )
    assert trust.is_by_hand


def test_another_change_of_an_application_is_no_step() -> None:
    other = row(
        "Update application",
        source="entra_audit",
        kind="directory",
        resource_uid=APP,
        parameters={"DisplayName": "x"},
    )
    assert [one for one in planned(other).actions if one.kind == "remove_app_credential"] == []
