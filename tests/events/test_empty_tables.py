"""An export of nothing is an empty log: a known header without rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.formats.empty_tables import is_empty_table
from seawall.events.formats.growing_text import first_place, read_piece
from seawall.events.readers import Limits
from tests.events.support import read_all

KNOWN = {
    "Purview": "CreationDate,UserIds,Operations,AuditData",
    "Purview's new portal": "RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits",
    "PowerShell": '#TYPE Selected.System.Object\n"RecordType","CreationDate","UserIds","Operations","AuditData"',
    "Excel": "sep=;\nCreationDate;UserIds;Operations;AuditData",
    "audit records as columns": "CreationTime,Id,Operation,OrganizationId,RecordType,UserId",
    "OfficeActivity": "TimeGenerated [UTC],Operation,OfficeWorkload,UserId,ClientIP",
    "sign-ins": "createdDateTime,appId,userPrincipalName,ipAddress,clientAppUsed",
    "Entra audit": "activityDateTime\tactivityDisplayName\tcorrelationId",
}
UNKNOWN = (
    "",
    "\n\n",
    "a,b",
    "created,price,colour",
    "CreationDate",
    "Dear reader, the time is ripe.",
    '{"AuditData":1}',
)


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("end", ["", "\n", "\r\n\r\n"])
def test_a_known_header_alone_is_an_empty_log(tmp_path: Path, name: str, encoding: str, end: str) -> None:
    body = (KNOWN[name].replace("\n", "\r\n") + end).encode(encoding)
    assert is_empty_table(body)
    path = tmp_path / "export.csv"
    path.write_bytes(body)
    events, problems, read = read_all(path)
    assert (events.num_rows, problems, read) == (0, [], 0)


@pytest.mark.parametrize("name", KNOWN)
def test_it_is_one_that_grows_too(name: str) -> None:
    body = KNOWN[name].encode() + b"\n"
    limits = Limits()
    place = first_place(body, limits, is_settled=True)
    assert place is not None
    batches, _ = read_piece(body, place, "export.csv", limits, is_end=True)
    assert sum(batch.records + len(batch.problems) for batch in batches) == 0


@pytest.mark.parametrize("text", UNKNOWN)
def test_another_header_proves_no_log(tmp_path: Path, text: str) -> None:
    assert not is_empty_table(text.encode() + b"\n")
    path = tmp_path / "prices.csv"
    path.write_text(text + "\n")
    _, problems, read = read_all(path)
    assert read or [problem.code for problem in problems] == ["not-a-log"]


def test_a_table_of_another_log_is_read_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("time,name,user\n2026-03-01T00:00:00Z,looked,ann@x.example\n")
    events, problems, _ = read_all(path)
    assert (events.num_rows, problems) == (1, [])


def test_a_header_with_a_row_is_not_empty() -> None:
    assert not is_empty_table(b"CreationDate,UserIds,Operations,AuditData\nx\n")
    assert not is_empty_table(b"CreationDate,AuditData\n" + b"\n" * (1 << 18))


@given(st.binary(max_size=300) | st.text(alphabet='aAuditD,;\t\n"\r#= \0', max_size=60).map(str.encode))
def test_no_bytes_break_it_and_what_has_records_is_not_empty(body: bytes) -> None:
    limits = Limits()
    place = first_place(body, limits, is_settled=True)
    is_empty = is_empty_table(body)
    if is_empty and place is not None and place.shape == "table":
        batches, _ = read_piece(body[place.offset :], place, "body", limits, is_end=True)
        assert sum(batch.records for batch in batches) == 0
