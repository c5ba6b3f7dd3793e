"""Every shape in which records are exported gives the same events."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.readers import Limits
from tests.events.support import mail_read, read_all, rows, signed_in
from tests.thoroughness import examples

RECORDS = [
    mail_read(1),
    signed_in(2),
    mail_read(3, Parameters=[{"Name": "a", "Value": 'line\n"quoted", {[}]'}]),
]


def table(columns: list[str], lines: list[list[str]], delimiter: str = ",", end: str = "\r\n") -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerow(columns)
    writer.writerows(lines)
    return out.getvalue()


def purview(end: str = "\r\n", delimiter: str = ",") -> str:
    lines = [[r["Id"], "3/2/2026 9:00:00 AM", "x", json.dumps(r)] for r in RECORDS]
    return table(["RecordId", "CreationDate", "UserId", "AuditData"], lines, delimiter, end)


SHAPES: dict[str, str] = {
    "lines": "\n".join(map(json.dumps, RECORDS)),
    "array": json.dumps(RECORDS),
    "array, pretty": json.dumps(RECORDS, indent=2),
    "value": json.dumps({"@odata.context": "https://x/$metadata", "value": RECORDS, "@odata.nextLink": "y"}),
    "records": json.dumps({"records": RECORDS}),
    "Records, pretty": json.dumps({"Records": RECORDS}, indent=1),
    "pretty objects": "\n".join(json.dumps(r, indent=4) for r in RECORDS),
    "concatenated": "".join(map(json.dumps, RECORDS)),
    "blobs on lines": json.dumps(RECORDS[:2]) + "\n" + json.dumps(RECORDS[2:]),
    "audit data as text": "\n".join(
        json.dumps({"Identity": "x", "AuditData": json.dumps(r)}) for r in RECORDS
    ),
    "audit data as object": json.dumps([{"AuditData": r} for r in RECORDS]),
    "audit data twice": json.dumps([{"AuditData": json.dumps(json.dumps(r))} for r in RECORDS]),
    "wrapped in log": "\n".join(json.dumps({"rule_id": "x", "log": r}) for r in RECORDS),
    "search hits": "\n".join(json.dumps({"_index": "x", "_source": r}) for r in RECORDS),
    "splunk results": "\n".join(
        json.dumps({"preview": False, "result": {"_raw": json.dumps(r)}}) for r in RECORDS
    ),
    "purview csv": purview(),
    "powershell csv": "#TYPE Selected.System.Object\r\n" + purview("\n"),
    "semicolons": purview(delimiter=";"),
    "tabs": purview(delimiter="\t"),
}


@pytest.mark.parametrize("shape", list(SHAPES))
def test_shape(tmp_path: Path, shape: str) -> None:
    path = tmp_path / "export"
    plain = tmp_path / "plain"
    path.write_text(SHAPES[shape], newline="")
    plain.write_text(SHAPES["lines"])
    events, problems, records = read_all(path)
    assert not problems
    assert records == len(RECORDS)

    def without_place(found: Any) -> list[dict[str, Any]]:
        return [{k: v for k, v in row.items() if k != "source_file"} for row in rows(found)]

    assert without_place(events) == without_place(read_all(plain)[0])


def test_table_problems(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    good = json.dumps(mail_read(1)).replace('"', '""')
    path.write_text(
        f'RecordId,CreationDate,AuditData\na,b,"{good}"\na,b\na,b,"{{broken"\na,b,\na,b,c,d\na,b,"{good}"\na,"b\n'
    )
    events, problems, records = read_all(path)
    assert records == 7
    assert events.num_rows == 2
    assert [p.code for p in problems] == [
        "wrong-columns",
        "bad-json",
        "bad-json",
        "wrong-columns",
        "wrong-columns",
    ]
    assert [p.line for p in problems] == [2, 3, 4, 5, 7]


def test_an_open_quote_costs_one_row(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    good = json.dumps(mail_read(1)).replace('"', '""')
    path.write_text("RecordId,CreationDate,AuditData\n" + 'a,"b,c\n' + f'a,b,"{good}"\n' * 20)
    events, problems, records = read_all(path)
    assert (events.num_rows, records, len(problems)) == (20, 21, 1)


def test_plain_csv_of_another_log(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("timestamp,ip,user\n2026-01-01 10:00:00,198.51.100.7,Mara@Example.org\n,,x\n")
    events, problems, _ = read_all(path)
    assert rows(events)[0]["account"] == "mara@example.org"
    assert [p.code for p in problems] == ["no-time"]


def test_log_analytics_csv(tmp_path: Path) -> None:
    path = tmp_path / "signins.csv"
    names = [
        "TenantId",
        "TimeGenerated [UTC]",
        "CreatedDateTime",
        "Category",
        "UserPrincipalName",
        "Status",
        "AppId",
        "Id",
    ]
    values = [
        "w",
        "3/2/2026, 9:00:00.123 AM",
        "2026-03-02T09:00:00Z",
        "SignInLogs",
        "M@x.org",
        '{"errorCode":50126}',
        "a",
        "i-1",
    ]
    path.write_text(table(names, [values]))
    (event,) = rows(read_all(path)[0])
    assert (event["source"], event["status"], event["account"]) == ("entra_signin", "failure", "m@x.org")


def test_broken_records_in_documents(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    pretty = [json.dumps(r, indent=2) for r in RECORDS]
    path.write_text("[\n" + ",\n".join([pretty[0], '{"a": "open\n}', pretty[1], "7", pretty[2]]) + "\n")
    events, problems, records = read_all(path)
    assert events.num_rows == 3
    assert records == 3 + len(problems)
    assert {p.code for p in problems} == {"not-json"}


def test_times_outside_the_range(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    records = [
        mail_read(CreationTime=t)
        for t in ("9999-12-31T23:59:59", "0001-01-01T00:00:00", "yesterday", "", None)
    ]
    path.write_text(json.dumps(records))
    _, problems, _ = read_all(path)
    assert [p.code for p in problems] == ["bad-time", "bad-time", "no-time", "no-time", "no-time"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
PIECES = st.lists(
    st.sampled_from(
        [
            json.dumps(RECORDS[0]).encode(),
            b"{",
            b"}",
            b"[",
            b"]",
            b"\n",
            b",",
            b'"',
            b"\\",
            b"\0",
            b"\xff",
            b'{"value":[',
            b'{"time":1700000000}',
            b"AuditData,time\n",
            b"\r\n",
            b"\x1f\x8b",
            b"PK\x03\x04",
        ]
    ),
    max_size=25,
)
TINY = Limits(record_bytes=5000, batch_records=3)


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=300) | PIECES.map(b"".join) | JSON.map(lambda v: json.dumps(v).encode()))
def test_no_bytes_raise_and_all_are_accounted_for(tmp_path_factory: Any, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(data)
    for limits in (Limits(), TINY, Limits(fast_bytes=0)):
        read_all(path, limits=limits)


FIELDS = sorted(
    set(mail_read())
    | set(signed_in())
    | {
        "createdDateTime",
        "appId",
        "status",
        "properties",
        "category",
        "Type",
        "TimeGenerated",
        "activityDateTime",
        "activityDisplayName",
        "initiatedBy",
        "targetResources",
        "log",
        "_raw",
        "result",
        "AuditData",
        "location",
        "deviceDetail",
        "authenticationDetails",
        "time",
        "id",
        "actor",
        "client",
        "value",
        "ipAddress",
        "additionalDetails",
    }
)


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    base=st.sampled_from(
        [
            {},
            mail_read(),
            signed_in(),
            {"Type": "SigninLogs", "CreatedDateTime": "2026-01-01"},
            {"category": "AuditLogs", "time": "2026-01-01"},
            {"Type": "OfficeActivity"},
        ]
    ),
    changes=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=5),
)
def test_any_field_with_any_value_is_an_event_or_a_problem(
    tmp_path_factory: Any, base: dict[str, Any], changes: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_text(json.dumps({**base, **changes}))
    assert read_all(path)[2] >= 1
