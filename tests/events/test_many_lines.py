"""Lines that are read many at once give what each of them gives by itself."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.batches import EventBatch, RecordBuffer, drain
from seawall.events.event import EVENT_SCHEMA
from seawall.events.formats import many_lines
from seawall.events.formats.column_reader import ColumnReader
from seawall.events.formats.json_records import line_records
from seawall.events.formats.record_numbers import RecordNumbers
from seawall.events.masked_excerpts import record_problem
from seawall.events.problem import Problem
from seawall.events.readers import Limits
from tests.events.support import check, mail_read, rows, signed_in
from tests.events.test_both_ways import JSON_VALUES, TEXT, variants
from tests.thoroughness import examples

Found = tuple[list[dict[str, Any]], list[Problem], int]
LIMITS = Limits(record_bytes=6_000)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few records make several blocks."""
    monkeypatch.setattr(many_lines, "FEWEST_BYTES", 0)
    monkeypatch.setattr(many_lines, "BLOCK", 9_000)


def together(data: bytes, limits: Limits = LIMITS) -> Found:
    return _all(many_lines.batches_of_lines(data, "log", limits, RecordNumbers(1)))


def one_by_one(data: bytes, limits: Limits = LIMITS) -> Found:
    return _all(drain(RecordBuffer("log", limits), _each(data, limits)))


def _each(data: bytes, limits: Limits) -> Iterator[Any]:
    numbers = RecordNumbers(1)
    for line in data.split(b"\n"):
        if len(line) > limits.record_bytes and line.strip():
            reason = f"one record larger than {limits.record_bytes} bytes"
            yield record_problem("log", next(numbers), "too-large", reason)
        elif line.strip():
            yield from line_records(line, "log", numbers, limits)


def _all(found: Iterator[tuple[Any, list[Problem], int]]) -> Found:
    events, problems, records = [EVENT_SCHEMA.empty_table()], [], 0
    for table, wrong, number in found:
        check(EventBatch(table, tuple(wrong), number, 0))
        events.append(table)
        problems += wrong
        records += number
    return rows(pa.concat_tables(events)), problems, records


def assert_same(data: bytes, limits: Limits = LIMITS) -> Found:
    found, expected = together(data, limits), one_by_one(data, limits)
    assert found[2] == expected[2]
    assert found[1] == expected[1]
    assert found[0] == expected[0]
    return found


def lines_of(records: list[Any]) -> list[bytes]:
    return [json.dumps(record).encode() for record in records]


def usual(number: int = 30) -> list[bytes]:
    """So many that the fields of audit records are known afterwards."""
    return lines_of([(mail_read if n % 2 else signed_in)(n) for n in range(number)])


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many records were read column by column, for each block."""
    seen: list[int] = []
    columns = ColumnReader.read_columns

    def counted(self: ColumnReader, *block: Any) -> Any:
        raw, read, is_blank = columns(self, *block)
        seen.append(len(read))
        return raw, read, is_blank

    monkeypatch.setattr(ColumnReader, "read_columns", counted)
    return seen


def test_most_records_are_read_column_by_column(typed: list[int]) -> None:
    events, problems, records = assert_same(b"\n".join(usual(200)) + b"\n")
    assert (len(events), problems, records) == (200, [], 200)
    assert sum(typed) > 180


@pytest.mark.parametrize("seed", range(6))
def test_varied_records(seed: int, typed: list[int]) -> None:
    chance = random.Random(seed)
    lines = usual() + lines_of([chance.choice(variants(number)) for number in range(200)])
    lines[50:50] = [
        b"",
        b"{broken",
        b"   ",
        b"[]",
        b"3",
        b'"text"',
        b'{"a":1} {"b":2}',
        b"\0\0",
        lines[3][:-40],
    ]
    assert_same(b"\n".join(lines))
    assert sum(typed) > 50


def test_where_most_lack_an_id_none_is_read_twice(typed: list[int]) -> None:
    without = lines_of([{**mail_read(n), "Id": None} for n in range(60)])
    assert_same(b"\n".join(usual(12) + without + usual(40)))
    assert len(typed) < 6


def test_records_of_no_known_kind_are_read_by_column(typed: list[int]) -> None:
    unknown = [
        mail_read(n, RecordType=25, Operation="TeamsSessionStarted", Extra={"b": [1.5]}) for n in range(60)
    ]
    spaced = [json.dumps(record).encode() for record in unknown[:20]]
    compact = [json.dumps(record, separators=(",", ":")).encode() for record in unknown[20:]]
    escaped = [line.replace(b"Teams", b"\\u0054eams") for line in compact[:9]]
    assert_same(
        b"\n".join(
            [*usual(12), *spaced, *compact, *escaped, b" " + compact[0], compact[1] + b"\r", *usual(40)]
        )
    )
    assert sum(typed) > 120


SIGN_IN = {
    "id": "s", "createdDateTime": "2026-03-02T10:00:00Z", "userPrincipalName": "mara.lind@example.org",
    "appId": "9199bf20-a13f-4107-85dc-02114787ef48", "ipAddress": "198.51.100.7", "clientAppUsed": "Browser",
    "status": {"errorCode": 0}, "isInteractive": True,
}  # fmt: skip
DEEP = b'{"CreationTime":"2026-03-02T10:00:00","Id":"d","Operation":"Send","RecordType":2,"Item":%s}'
HOSTILE = {
    "kinds side by side": lines_of([{**SIGN_IN, "id": f"s{n}"} for n in range(9)]),
    "another kind of record": lines_of([mail_read(1, Operation="TeamsSessionStarted", RecordType=25)] * 9),
    "arrays and wrappers": lines_of(
        [[mail_read(1), signed_in(2), 3], {"value": [mail_read(4)]}, {**mail_read(5), "value": [mail_read(6)]}]
    ),
    "wrapped records": lines_of([{"AuditData": json.dumps(mail_read(1))}, mail_read(2, AuditData=mail_read(3))] * 5),
    "no record at all": lines_of([{}, [], None, 3, "text", {"n": 1}, {"Operation": "x"}]),
    "without an id": lines_of([mail_read(1, Id=""), mail_read(2, Id=None), mail_read(3, Id=7)]),
    "no marks": lines_of(
        [mail_read(1, RecordType=None, Workload=None, UserType=None, OrganizationId=None, UserKey=None)]
    ),
    "no time": lines_of([mail_read(1, CreationTime=None), mail_read(2, CreationTime="9999-01-01T00:00:00")]),
    "a line beyond the limit": lines_of([mail_read(1, ObjectId="x" * 7_000), mail_read(2, ObjectId="y" * 40_000)]),
    "blanks beyond the limit": [b" " * 7_000, b" \t" * 9_000, b" " * 7_000 + usual(2)[1]],
    "nested as deep as may be": [DEEP % (b"[" * depth + b"]" * depth) for depth in (61, 62, 63, 64, 65, 900, 2_400)],
    "brackets in strings": [DEEP % (b'"' + b"[{" * 80 + b'"'), DEEP % (b'"' + b"\\\\" * 9 + b"[" * 80 + b'"')],
    "names twice": [
        b'{"Id":"x",' + usual()[0][1:],
        usual()[0][:-1] + b',"Id":"y","UserId":"z@example.org"}',
        usual()[1][:-1] + b',"Folders":[],"AppAccessContext":{"AADSessionId":1,"AADSessionId":"b"}}',
        DEEP % b'{"Path":"a","Path":"b"}',
        b'{"Id":"a","Item":3,' + DEEP[1:] % b'{"ParentFolder":{"Path":"\\\\Sent"}}',
    ],
    "not UTF-8": [
        usual()[1].replace(b"Mara", b"Ma\xff\xfera"),
        usual()[1].replace(b"<a@b>", b"\xed\xa0\x80"),
        DEEP % b'"\xc3"',
        usual()[1].replace(b'"LogonType"', b'"Logon\xffType"'),
        "é ".encode() + usual()[1],
        usual()[1].replace(b"Mara", "Märä\u2028".encode()),
    ],
    "odd escapes": [
        DEEP % text
        for text in (b'"\\ud800"', b'"\\ud83d\\ude00"', b'"a\tb"', b'"\\q"', b'"\\/"', b'"\\u0000"', b'"\x7f"', b"'x'")
    ],
    "odd numbers": [
        DEEP % text
        for text in (b"1e400", b"-0", b"-0.0", b"1E5", b"0.10", b"01", b"NaN", b"9" * 40, b"1e-400", b"Infinity")
    ] + [usual()[1].replace(b'"OperationCount": 2', b'"OperationCount": ' + text) for text in (b"1e400", b"9" * 40, b"2.0")],
    "skipped, but broken": [
        usual()[1].replace(b'{"InternetMessageId": "<c@d>"}', text)
        for text in (b"{", b'{"a":}', b'"\\ud800"', b"1e400", b"nul", b"3", b"[1 2]")
    ],
    "another shape than usual": lines_of(
        [
            mail_read(1, Folders={"Path": "x"}), mail_read(2, Folders=[3, {"Path": 7}]),
            mail_read(3, Folders='[{"Path":"y","FolderItems":[1]}]'), mail_read(4, AppAccessContext="[]"),
            mail_read(5, AppAccessContext='{"AADSessionId":"z"}'), mail_read(6, Folders=[{"FolderItems": "[1,2]"}]),
            mail_read(7, UserId={"a": [1.5]}, ClientIP=[True], LogonType=False, UserKey=1.0, UserType=True),
            mail_read(8, AppAccessContext=[1]), mail_read(9, AppAccessContext={}), mail_read(10, Folders=[{}]),
            mail_read(11, Folders=[{"FolderItems": None}, {"FolderItems": [None, 1, "x"]}]),
        ]
    ),
    "fields of all kinds": lines_of(
        [mail_read(n, New={"a": n}, Other=[], More=None, **{f"Field {n} é": n, "": "", "\"q\"": "q"}) for n in range(40)]
    ),
    "very many fields": lines_of([mail_read(n, **{f"F{n}-{m}": m for m in range(90)}) for n in range(8)]),
    "very long names": lines_of([mail_read(n, **{"N" * 70: 1}) for n in range(8)]),
    "carriage returns": [line + b"\r" for line in usual(6)] + [b"\r", b" \t"],
    "empty texts": lines_of([mail_read(n, ClientIPAddress="", SessionId="", Item="", Folder={}) for n in range(9)]),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_whatever_stands_between_is_the_same(name: str, typed: list[int]) -> None:
    lines = usual() + HOSTILE[name] + usual(9) + HOSTILE[name] * 3 + usual(9)
    _, _, records = assert_same(b"\n".join(lines))
    assert records >= 48
    assert sum(typed) > 20


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_what_stands_at_the_start_is_the_same(name: str) -> None:
    assert_same(b"\n".join(HOSTILE[name] * 4 + usual(20)))


def test_a_batch_is_not_larger_than_it_may_be() -> None:
    data = b"\n".join(usual(40) + lines_of([[mail_read(n) for n in range(100)]]))
    limits = Limits(batch_records=25, fast_records=25)
    sizes = [records for _, _, records in many_lines.batches_of_lines(data, "log", limits, RecordNumbers(1))]
    assert sum(sizes) == 140
    assert max(sizes) <= 25 + 9_000 // 600
    assert_same(data, limits)


def test_the_rest_of_a_line_beyond_the_limit_is_one_problem() -> None:
    data = b'"rest"}\n' + b"\n".join(usual(20))
    found = _all(many_lines.batches_of_lines(data, "log", LIMITS, RecordNumbers(1), is_dropping=True))
    assert [(problem.line, problem.code) for problem in found[1]] == [(1, "too-large")]
    assert found[2] == 21


RECORD_FIELDS = st.sampled_from(
    [
        *mail_read(),
        *signed_in(),
        "Parameters",
        "Item",
        "Target",
        "ModifiedProperties",
        "Actor",
        "EventData",
        "New",
    ]
)


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.dictionaries(RECORD_FIELDS, JSON_VALUES | TEXT, max_size=4), min_size=1, max_size=12),
    st.booleans(),
)
def test_any_value_in_any_field(changes: list[dict[str, Any]], is_ascii: bool) -> None:
    records = [(mail_read if n % 2 else signed_in)(n, **change) for n, change in enumerate(changes)]
    texts = [json.dumps(record, ensure_ascii=is_ascii).encode() for record in records]
    assert_same(b"\n".join([*usual(12), *texts, *texts]))


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 1_200), st.binary(max_size=6)), min_size=1, max_size=12))
def test_any_damage(damage: list[tuple[int, bytes]]) -> None:
    lines = usual(30)
    for place, (at, put) in enumerate(damage):
        line = lines[-1 - place]
        lines[-1 - place] = line[: at % len(line)] + put + line[at % len(line) + len(put) :]
    assert_same(b"\n".join(lines))


@pytest.mark.parametrize("value", ["null", "None", "Not Available", "00000000-0000-0000-0000-000000000000"])
@pytest.mark.parametrize("make", [mail_read, signed_in])
def test_an_id_that_reads_as_nothing_is_an_id_all_the_same(make: Any, value: str) -> None:
    data = b"\n".join([*usual(12), json.dumps(make(1, Id=value)).encode()])
    assert_same(data)
    events, _, _ = _all(many_lines.batches_of_lines(data, "log", LIMITS, RecordNumbers(1)))
    assert value in [event["metadata_uid"] for event in events]
