"""What several test modules need: reading everything, and invented records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from seawall.events.event import EVENT_SCHEMA
from seawall.events.formats.column_reader import ColumnReader
from seawall.events.problem import Problem
from seawall.events.readers import EventBatch, Limits, read

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
ORGANISATION = "3f0c6a50-9c8d-4c7e-8a11-7d3b8d1b2c10"


def read_all(*paths: Path, limits: Limits = Limits()) -> tuple[Any, list[Problem], int]:  # noqa: B008
    """Events, problems and records of all batches; checks the account and the schema of each."""
    tables: list[Any] = []
    problems: list[Problem] = []
    records = 0
    for batch in read(paths, limits):
        check(batch)
        tables.append(batch.events)
        problems += batch.problems
        records += batch.records
    whole = pa.concat_tables(tables) if tables else EVENT_SCHEMA.empty_table()
    return whole, problems, records


def check(batch: EventBatch) -> None:
    """The promises of one batch."""
    assert batch.events.schema.equals(EVENT_SCHEMA)
    batch.events.validate(full=True)
    counted = sum(problem.counts_as_record for problem in batch.problems)
    assert batch.records == batch.events.num_rows + counted
    assert batch.bytes_read >= 0
    for problem in batch.problems:
        assert len(problem.excerpt) <= 200
    for name in ("source", "source_file", "source_line", "kind", "time", "metadata_uid"):
        assert batch.events.column(name).null_count == 0
    for field in EVENT_SCHEMA:
        if pa.types.is_string(field.type) or pa.types.is_dictionary(field.type):
            assert "" not in batch.events.column(field.name).to_pylist()


def rows(table: Any) -> list[dict[str, Any]]:
    """Events as dictionaries without nulls."""
    return [{key: value for key, value in row.items() if value is not None} for row in table.to_pylist()]


def write_lines(path: Path, records: list[Any]) -> Path:
    """A newline-delimited JSON file."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def read_single(path: Path) -> dict[str, Any]:
    """The only event of a file, without its file and what no column holds."""
    events, problems, _ = read_all(path)
    assert not problems
    (found,) = rows(events)
    return {name: value for name, value in found.items() if name not in ("unmapped", "source_file")}


def read_bytes(
    path: Path, data: bytes, limits: Limits | None = None
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The events of a file without its name, and the codes of its problems by the place that they name."""
    path.write_bytes(data)
    events, problems, count = read_all(path, limits=limits or Limits())
    assert count == events.num_rows + sum(problem.counts_as_record for problem in problems)
    found = [{key: value for key, value in event.items() if key != "source_file"} for event in rows(events)]
    return found, {problem.source_file.removeprefix(str(path)): problem.code for problem in problems}


def count_by_column(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of records that compiled code reads by column from now on, block by block."""
    read = list[int]()
    columns = ColumnReader.read_columns

    def counted(self: ColumnReader, *block: Any) -> Any:
        found = columns(self, *block)
        read.append(len(found[1]))
        return found

    monkeypatch.setattr(ColumnReader, "read_columns", counted)
    return read


def mail_read(number: int = 1, **changes: Any) -> dict[str, Any]:
    """An invented MailItemsAccessed record."""
    record = {
        "Id": f"00000000-0000-4000-8000-{number:012d}",
        "CreationTime": f"2026-03-02T10:{number // 60 % 60:02d}:{number % 60:02d}",
        "Operation": "MailItemsAccessed",
        "OrganizationId": ORGANISATION,
        "RecordType": 50,
        "ResultStatus": "Succeeded",
        "UserKey": "10032001A0B0C0D0",
        "UserType": 0,
        "Version": 1,
        "Workload": "Exchange",
        "UserId": "Mara.Lind@Example.org",
        "AppId": "00000002-0000-0ff1-ce00-000000000000",
        "ClientAppId": "9199bf20-a13f-4107-85dc-02114787ef48",
        "ClientIPAddress": f"198.51.100.{number % 200 + 1}",
        "ClientInfoString": "Client=OWA;Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/129.0;",
        "LogonType": 0,
        "MailboxOwnerUPN": "mara.lind@example.org",
        "OperationProperties": [
            {"Name": "MailAccessType", "Value": "Bind"},
            {"Name": "IsThrottled", "Value": "False"},
        ],
        "AppAccessContext": {
            "AADSessionId": "0f3a8f2e-0000-4000-8000-000000000001",
            "UniqueTokenId": f"tok{number}",
            "IssuedAtTime": "2026-03-02T09:55:00",
        },
        "Folders": [
            {
                "FolderItems": [{"InternetMessageId": "<a@b>"}, {"InternetMessageId": "<c@d>"}],
                "Path": "\\Inbox",
            }
        ],
        "OperationCount": 2,
    }
    return {**record, **changes}


def signed_in(number: int = 1, **changes: Any) -> dict[str, Any]:
    """An invented UserLoggedIn record."""
    record = {
        "Id": f"00000000-0000-4000-9000-{number:012d}",
        "CreationTime": "2026-03-02T09:54:00",
        "Operation": "UserLoggedIn",
        "OrganizationId": ORGANISATION,
        "RecordType": 15,
        "ResultStatus": "Success",
        "UserKey": "7e8fd7a3-0000-4000-8000-00000000000a",
        "UserType": 0,
        "Workload": "AzureActiveDirectory",
        "UserId": "mara.lind@example.org",
        "ObjectId": "00000002-0000-0ff1-ce00-000000000000",
        "ApplicationId": "9199bf20-a13f-4107-85dc-02114787ef48",
        "ActorIpAddress": "198.51.100.7",
        "ClientIP": "198.51.100.7",
        "ErrorNumber": "0",
        "ExtendedProperties": [
            {"Name": "ResultStatusDetail", "Value": "Redirect"},
            {
                "Name": "UserAgent",
                "Value": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/129.0 Safari/537.36",
            },
            {"Name": "RequestType", "Value": "OAuth2:Authorize"},
        ],
        "DeviceProperties": [
            {"Name": "OS", "Value": "Windows 10"},
            {"Name": "BrowserType", "Value": "Chrome"},
            {"Name": "SessionId", "Value": "0f3a8f2e-0000-4000-8000-000000000001"},
        ],
    }
    return {**record, **changes}
