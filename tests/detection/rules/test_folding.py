"""Texts are compared whatever their capitals, dashes and blanks, as vendors vary them: here, and not in the readers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seawall.detection.rules.sigma.folding import fold_text, plain_text
from seawall.detection.rules.sigma.load import load_rules
from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from tests.detection.rules.test_sigma import hits
from tests.sample_events import event

MANAGED = "Update application – Certificates and secrets management "
"""The operation as the unified audit log, Graph and Log Analytics write it: with an en dash, and a blank at the end."""

SECRETS = "Update application - Certificates and secrets management"


@pytest.mark.parametrize(
    ("item", "value", "expected"),
    [
        ({"Operation": SECRETS}, MANAGED, True),
        ({"Operation": MANAGED}, SECRETS, True),
        ({"Operation": SECRETS}, "Update application — Certificates and secrets\u00a0management\u200b", True),
        ({"Operation": SECRETS}, f"{MANAGED.strip()}.", True),
        ({"Operation|endswith": "secrets management"}, MANAGED, True),
        ({"Operation|startswith": "Update application - "}, MANAGED, True),
        ({"Operation|contains": "– certificates"}, SECRETS, True),
        ({"Operation": "Update*management"}, MANAGED, True),
        ({"Operation|endswith": "management "}, MANAGED, True),
        ({"Operation|cased": SECRETS.upper()}, MANAGED, False),
        ({"Operation": "Update application"}, MANAGED, False),
        ({"Operation": "Updateapplication"}, "Update application", False),
    ],
)
def test_an_operation_is_compared_without_blanks_and_kinds_of_dashes(
    item: dict[str, Any], value: str, expected: bool
) -> None:
    assert hits({"s": item, "condition": "s"}, event("1", activity_name=value)) == [expected]


@pytest.mark.parametrize(
    ("item", "value", "expected"),
    [
        ({"Parameters.Role": "Mailbox Import Export"}, " Mailbox Import Export\r\n", True),
        ({"Parameters.Role|endswith": "Export"}, "Mailbox Import Export ", True),
        ({"Parameters.Name|re": "^.{1,2}$"}, " ", True),
        ({"Parameters.Name": ""}, " ", True),
        ({"Parameters.Name|exists": True}, " ", True),
        ({"Parameters.Role": "MailboxImport"}, "Mailbox Import", False),
    ],
)
def test_a_value_within_json_is_compared_without_blanks_around_it(
    item: dict[str, Any], value: str, expected: bool
) -> None:
    name = next(iter(item)).split("|")[0].removeprefix("Parameters.")
    row = event("1", kind="admin", parameters=json.dumps({name: value}))
    assert hits({"s": item, "condition": "s"}, row) == [expected]


def test_fields_that_are_compared_with_each_other_are_folded_too() -> None:
    row = event("1", account="mara@example.com", mailbox="Mara@Example.com ")
    assert hits({"s": {"UserId|fieldref": "MailboxOwnerUPN"}, "condition": "s"}, row) == [True]


@pytest.mark.parametrize("text", ["", " ", "A\u2011b\u00a0c\u200b", "\ufeffİ– ", "ascii Only "])
def test_folding_is_settled_after_one_time(text: str) -> None:
    assert fold_text(fold_text(text)) == fold_text(text)
    assert plain_text(plain_text(text)) == plain_text(text)


KEY = "[KeyIdentifier={},KeyType=Password,KeyUsage=Verify,DisplayName=backup]"
FIRST, SECOND = KEY.format("3e08"), KEY.format("77aa")


def changed(old: list[str], new: list[str], **more: Any) -> dict[str, Any]:
    """A record of the unified audit log in its real form: line breaks within the values, a blank after the operation."""
    return {
        "CreationTime": "2026-03-02T09:00:00", "Id": "b050c806-c735-49f1-cd26-08d8f0368340", "Operation": MANAGED,
        "OrganizationId": "6f1f3c0e-2f0b-4a57-9d0e-0b7c1a52e9d4", "RecordType": 8, "ResultStatus": "Success",
        "UserKey": "1003200126677019@example.com", "UserType": 0, "Version": 1, "Workload": "AzureActiveDirectory",
        "ObjectId": "Application_8d8d96a4-edb4-495c-a412-6e72c7e21084", "UserId": "admin@example.com",
        "AzureActiveDirectoryEventType": 1,
        "ModifiedProperties": [
            {"Name": "KeyDescription", "NewValue": listed(new), "OldValue": listed(old)},
            {"Name": "Included Updated Properties", "NewValue": "KeyDescription", "OldValue": ""},
        ],
        **more,
    }  # fmt: skip


def listed(values: list[str]) -> str:
    return "[\r\n  " + ",\r\n  ".join(map(json.dumps, values)) + "\r\n]" if values else "[]"


def in_graph(old: list[str], new: list[str]) -> dict[str, Any]:
    """The same as Graph's directory audit has it."""
    return {
        "id": "Directory_e060ac42-ee5d-47c9-b0e9-3f8499ec6eab", "category": "ApplicationManagement", "result": "success",
        "activityDisplayName": MANAGED, "activityDateTime": "2026-03-02T09:00:00Z", "loggedByService": "Core Directory",
        "initiatedBy": {"user": {"id": "ad5d2ae3-5d68-4756-a82b-6cef5e753444", "userPrincipalName": "admin@example.com"}},
        "targetResources": [{
            "id": "8d8d96a4-edb4-495c-a412-6e72c7e21084", "displayName": "Backup", "type": "Application",
            "modifiedProperties": [
                {"displayName": "KeyDescription", "oldValue": json.dumps(old), "newValue": json.dumps(new)},
                {"displayName": "Included Updated Properties", "oldValue": None, "newValue": '"KeyDescription"'},
            ],
        }],
    }  # fmt: skip


@pytest.mark.parametrize("record", [changed, in_graph])
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([], [FIRST], True),
        ([FIRST], [FIRST, SECOND], True),
        ([FIRST], [SECOND], True),
        ([FIRST], [], False),
        ([FIRST, SECOND], [SECOND], False),
        ([FIRST, SECOND], [SECOND, FIRST], False),
        ([FIRST], [FIRST.replace("backup", "renamed")], False),
    ],
)
def test_only_a_secret_that_was_added_is_another_secret(
    tmp_path: Path, record: Any, old: list[str], new: list[str], expected: bool
) -> None:
    """Microsoft writes one operation for an addition and a removal, with the old and the new values in it."""
    assert (marked(tmp_path, record(old, new)) == {"application_credential_added"}) is expected
    assert rule_hits(tmp_path, record(old, new)) is expected


def test_a_change_of_secrets_that_names_no_values_is_taken_for_an_addition(tmp_path: Path) -> None:
    assert marked(tmp_path, changed([], [FIRST], ModifiedProperties=[])) == {"application_credential_added"}


def marked(folder: Path, record: dict[str, Any]) -> set[str]:
    """The files of the pack's rules that hit a raw record."""
    found = load_rules(())
    told = {about.id: Path(about.file).stem for about in found.abouts}
    path = folder / "records.jsonl"
    path.write_text(json.dumps(record) + "\n", "utf-8")
    networks = Networks.load()
    tables = [enrich(batch.events, networks) for batch in read([path])]
    marks = [mark for one in tables for mark in found.mark(one)[0].to_pylist() if mark]
    return {told[name] for mark in marks for name in mark.split()}


def rule_hits(folder: Path, record: dict[str, Any]) -> bool:
    """Whether the detector's own rule on credentials hits a raw record."""
    import numpy as np

    from seawall.detection.rules.directory import RULES
    from seawall.storage import Coder, Spool

    path, networks = folder / "records.jsonl", Networks.load()
    path.write_text(json.dumps(record) + "\n", "utf-8")
    (spooled := folder / f"spool{len(list(folder.iterdir()))}").mkdir()
    coder, spool = Coder(), Spool(spooled)
    for batch in read([path]):
        spool.add(coder.encode(enrich(batch.events, networks)))
    spool.settle(*coder.settle())
    rule = next(one for one in RULES if one.name == "app-credential")
    return any(np.any(rule.matches(spool.load(day)[0])) for day in spool.days())
