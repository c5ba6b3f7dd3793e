"""The column-by-column way and the record-by-record way give the same events and problems."""

from __future__ import annotations

import csv
import gzip
import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.microsoft import m365_columns as m365_audit
from seawall.events.readers import Limits
from tests.events.support import mail_read, read_all, rows, signed_in
from tests.thoroughness import examples

FAST = Limits(fast_bytes=0, batch_records=40, fast_records=40)
SLOW = Limits(fast_bytes=1 << 60)


def both(path: Path) -> tuple[Any, Any]:
    return read_all(path, limits=FAST), read_all(path, limits=SLOW)


def assert_same(path: Path) -> list[dict[str, Any]]:
    (fast, fast_problems, fast_records), (slow, slow_problems, slow_records) = both(path)
    assert fast_records == slow_records
    assert rows(fast) == rows(slow)
    assert fast_problems == slow_problems
    return rows(fast)


def variants(n: int) -> list[Any]:
    """Records that differ in what the two ways could disagree about."""
    return [
        mail_read(n),
        signed_in(n),
        mail_read(n, ClientIPAddress=f"[2001:db8::{n:x}]:443", NewField={"a": [1, 2.5, None]}),
        mail_read(n, Folders=[], OperationCount=None, UserId="Not Available"),
        mail_read(n, Folders=[{}], OperationCount=None),
        mail_read(
            n,
            Folders=[
                {
                    "Path": "\\Inbox",
                    "FolderItems": [{"InternetMessageId": '<é\u2028 " \\ 1.0@b>', "SizeInBytes": 10}],
                },
                {"Path": "\\<b>", "FolderItems": [{"Id": "x"}, None, 3]},
                {"FolderItems": None},
            ],
        ),
        mail_read(n, Folders=[{"Path": 7, "FolderItems": "[1,2]"}]),
        mail_read(n, Folders=[3, {"Path": "\\Inbox", "FolderItems": [{"Id": "y"}]}]),
        mail_read(n, Folders=json.dumps([{"Path": "\\Sent", "FolderItems": [{"Id": "z"}]}])),
        mail_read(n, Folders={"Path": "\\Inbox"}),
        mail_read(n, AppAccessContext={"AADSessionId": ""}, SessionId=f"s{n}"),
        signed_in(n, Operation="UserLoginFailed", ErrorNumber="50126", LogonError="Invalid"),
        signed_in(n, DeviceProperties=[{"Value": f"s{n}", "Name": "SessionId"}]),
        mail_read(
            n,
            RecordType=1,
            Operation="Set-Mailbox",
            Parameters=[
                {"Name": "Identity", "Value": "Piet@Example.org"},
                {"Name": "ForwardingSmtpAddress", "Value": "smtp:x@evil.example"},
            ],
        ),
        mail_read(
            n,
            RecordType=1,
            Operation="New-InboxRule",
            ExternalAccess=False,
            OrganizationName="example.onmicrosoft.example",
            Parameters=[{"Name": "ForwardTo", "Value": "piet@example.org;x@example.onmicrosoft.example"}],
        ),
        mail_read(n, RecordType=25, Operation="MemberAdded", Members=[{"UPN": "é\u2028"}]),
        mail_read(
            n,
            RecordType=40,
            Operation="AlertEntityGenerated",
            UserId="SecurityComplianceAlerts",
            EntityType="User",
            AlertEntityId="Mara.Lind@Example.org",
            Data=json.dumps({"etype": "User"}),
        ),
        mail_read(
            n,
            RecordType=40,
            UserId="SecurityComplianceAlerts",
            Operation="AlertTriggered",
            Data='{"f3u":"a@b.example"}',
        ),
        mail_read(n, RecordType=7, Operation="FileAccessed", UserId="urn:spo:guest#ben@partner.example"),
        mail_read(n, RecordType=6, Operation="FileAccessed", ObjectId="https://x/é", EventData="<a>"),
        mail_read(
            n,
            RecordType=2,
            Operation="Send",
            Item={"Subject": '"q" \\ é', "Id": "1", "ParentFolder": {"Path": "\\Sent"}},
            AffectedItems=[{"Id": 1}, {"Id": 2}],
        ),
        mail_read(n, CreationTime="9999-01-01T00:00:00"),
        mail_read(n, CreationTime=None),
        mail_read(n, CreationTime="2026-03-02T10:00:00.1234567Z"),
        mail_read(n, Id=""),
        {"AuditData": json.dumps(mail_read(n))},
        {"value": [mail_read(n), {"time": "2026-01-01T00:00:00Z", "n": n}]},
        {"time": "2026-01-01T00:00:00Z", "n": n},
        {"n": n},
        mail_read(n, UserType=5, UserKey="7c2b7975-0000-4000-8000-0000000000aa", ClientAppId=""),
    ]


def varied(seed: int) -> list[Any]:
    chance = random.Random(seed)
    return [chance.choice(variants(number)) for number in range(1, 200)]


def test_varied_records_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "audit 'x' [1] *.jsonl"
    lines = [json.dumps(record) for record in [mail_read(n) for n in range(20)] + varied(1) + varied(2)]
    lines[30:30] = [
        "",
        "{broken",
        "   ",
        "[]",
        "3",
        '"text"',
        '{"a":1} {"b":2}',
        "\x00\x00",
        lines[3][:-40],
        "[" * 80 + "]" * 80,
    ]
    path.write_text("\n".join(lines))
    events = assert_same(path)
    assert len(events) > 300
    assert any("NewField" in event.get("unmapped", "") for event in events)


def test_a_line_beyond_the_limit_is_accounted_for_both_ways(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    lines = [json.dumps(mail_read(n)) for n in range(50)]
    path.write_text("\n".join([*lines, json.dumps(mail_read(99, Padding="x" * (17 << 20))), *lines]))
    (fast, _, fast_records), (slow, problems, slow_records) = both(path)
    assert fast_records == slow_records == 101
    assert slow.num_rows == 100
    assert [problem.code for problem in problems] == ["too-large"]
    # DuckDB may have room for it; then it is an event.
    assert fast.num_rows in (100, 101)


def test_crlf_and_odd_bytes(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    good = [json.dumps(mail_read(n)).encode() for n in range(30)]
    path.write_bytes(b"\r\n".join([*good, good[0].replace(b"Mara", b"Ma\xff\xfera"), b"\x0b\x0c", *good]))
    assert len(assert_same(path)) == 61


# Control characters are left out: both ways escape them, one as \u000F and the other as \u000f.
TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=12)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    list(mail_read()) + list(signed_in()) + ["Parameters", "Item", "Target", "ModifiedProperties", "New"]
)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=st.lists(st.dictionaries(FIELDS, JSON_VALUES, max_size=3), min_size=1, max_size=6))
def test_any_value_in_any_field_is_the_same(tmp_path_factory: Any, changes: list[dict[str, Any]]) -> None:
    path = tmp_path_factory.mktemp("both") / "audit.jsonl"
    records = [mail_read(n) for n in range(10)] + [signed_in(n) for n in range(10)]
    for number, change in enumerate(changes):
        # Both ways refuse a structured context for the whole file at its start; later on it is the
        # documented limit.
        change = {k: v for k, v in change.items() if k not in ("AppAccessContext", "Folders")}
        records.append({**(mail_read if number % 2 else signed_in)(100 + number), **change})
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert_same(path)


@pytest.mark.parametrize(
    "extra",
    [{"userid": "b@example.org"}, {"NewField": 1, "newfield": 2}, {"a\0b": 1}, {"\0": 1}, {"Folders.Path": "x"},
     {"Context.AADSessionId": "x"}, {"unmapped": "x"}],
    ids=repr,
)  # fmt: skip
def test_fields_whose_names_cannot_be_columns_are_the_same(tmp_path: Path, extra: dict[str, Any]) -> None:
    """DuckDB cuts a name at NUL, and some names are columns made here: reading failed, and the net had to catch it."""
    path = tmp_path / "audit.jsonl"
    path.write_text("".join(json.dumps(mail_read(n) | extra) + "\n" for n in range(30)))
    assert len(assert_same(path)) == 30


def test_an_object_beyond_the_buffer_does_not_end_the_file(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    records = [mail_read(n) for n in range(50)]
    big = mail_read(99, ObjectId="x" * (9 << 20))
    path.write_text("\n".join(json.dumps(record) for record in [*records, big, *records]))
    assert len(assert_same(path)) == 101


def test_compressed_and_wide_text_are_the_same(tmp_path: Path) -> None:
    text = "\n".join(json.dumps(record) for record in [mail_read(n) for n in range(20)] + varied(3))
    results = []
    for name, data in (
        ("a", text.encode()),
        ("b", gzip.compress(text.encode())),
        ("c", text.encode("utf-16")),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        results.append([{**row, "source_file": ""} for row in assert_same(path)])
    assert results[0] == results[1] == results[2]


def embedded(seed: int) -> list[Any]:
    """AuditData of every kind: as one line, over several, as an object, broken, missing."""
    chance = random.Random(seed)
    texts: list[Any] = [json.dumps(mail_read(n), ensure_ascii=n % 2 > 0) for n in range(30)]
    for record in varied(seed):
        text = json.dumps(record)
        odd = [
            json.dumps(record, indent=1),
            text + "\r",
            text[:-9],
            "",
            "null",
            "[]",
            json.dumps(text),
            " " + text,
        ]
        texts.append(chance.choice(odd) if chance.random() < 0.3 else text)
    return texts


def test_audit_data_in_tables_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "purview.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        table = csv.writer(file)
        table.writerow(["CreationDate", "UserIds", "Operations", "AuditData"])
        for number, text in enumerate([*embedded(5), *embedded(6)]):
            table.writerow(["2026-03-02", "x", "y", text] if number % 50 else ["2026-03-02", "too few"])
    assert len(assert_same(path)) > 250


def test_audit_data_on_lines_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "search.jsonl"
    lines = [json.dumps({"Identity": n, "AuditData": text}) for n, text in enumerate(embedded(7))]
    lines[9:9] = [
        "{broken",
        "",
        json.dumps(mail_read(7)),
        json.dumps({"AuditData": mail_read(8)}),
        '{"AuditData":5}',
    ]
    lines.append(json.dumps([{"AuditData": json.dumps(mail_read(9))}, 3, {"n": 1}]))
    lines.append('{"AuditData":"{\\"a\\":\\"\\ud800\\"}"}')
    path.write_text("\n".join(lines))
    assert len(assert_same(path)) > 150


def test_blocks_of_audit_data_go_on_numbering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seawall.events.formats.text_batches.BLOCK", 20_000)
    path = tmp_path / "search.jsonl.gz"
    lines = [json.dumps({"AuditData": text}) for text in embedded(8)]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    assert len(assert_same(path)) > 150


def test_blocks_go_on_numbering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seawall.events.formats.many_lines.BLOCK", 20_000)
    monkeypatch.setattr("seawall.events.formats.line_blocks.CHUNK", 5_000)
    text = "\n".join(json.dumps(record) for record in [mail_read(n) for n in range(20)] + varied(4))
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert len(assert_same(path)) > 150


def test_short_files_are_read_together_and_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seawall.events.formats.many_lines.BLOCK", 30_000)
    for file in range(12):
        lines = [json.dumps(record) for record in [mail_read(n) for n in range(file)] + varied(file)]
        lines[file:file] = ["", "{broken", json.dumps([mail_read(1), 3, signed_in(2)]), " " * 50]
        text = "\n".join(lines) + "\n" * (file % 2)
        (tmp_path / f"{file:02}.jsonl").write_text(text if file != 5 else "")
    (tmp_path / "03a.json").write_text(json.dumps([signed_in(4)], indent=1))
    (tmp_path / "07a.csv").write_text("not,a,log\n1,2,3\n")
    assert len(assert_same(tmp_path)) > 1_000


def test_sessions_in_device_properties_are_found_in_any_spelling() -> None:
    texts = [
        None,
        '[{"Name":"OS","Value":"W"},{"Name":"SessionId","Value":"a-1"}]',
        '[{"Name":"SessionId","Value":"b"},{"Name":"SessionId","Value":"c"}]',
        '[{"Name":"SessionId","Value":""}]',
        '[{"Name":"SessionId","Value":"x\\"}"}]',
        '[{"Name":"SessionId","Value":"d","More":1}]',
        '[{"Name":"OS"}]',
        None,
        '[{"Name":"SessionId","Value":"e"},{"Name":"OS","Value":"}"}]',
    ]
    found, rest = m365_audit._device_sessions(pa.array(texts, pa.string()))
    assert found.to_pylist() == [None, "a-1", "b", None, None, None, None, None, "e"]
    usual = ['[{"Name":"OS","Value":"W"},{}]', "[{},{}]", '[{},{"Name":"OS","Value":"}"}]']
    assert rest.to_pylist() == [None, usual[0], usual[1], *texts[3:8], usual[2]]


def test_a_session_in_another_spelling_is_found_beside_the_usual_one(tmp_path: Path) -> None:
    odd = [{"Value": "odd", "Name": "SessionId"}]
    path = tmp_path / "audit.jsonl"
    records = [signed_in(n, DeviceProperties=odd) if n == 7 else signed_in(n) for n in range(20)]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert [event["session_uid"] for event in assert_same(path)].count("odd") == 1
