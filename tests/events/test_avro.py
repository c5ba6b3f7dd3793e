"""Avro files: Event Hubs Capture and others, whole, damaged and hostile."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.formats.table_files import avro_values
from seawall.events.readers import Limits
from tests.events.archives import member, zip_of
from tests.events.avro_writer import CODECS, SYNC, avro_of, block, capture, number, text
from tests.events.support import mail_read, read_all, rows, signed_in
from tests.thoroughness import examples


def records(*places: int) -> bytes:
    return json.dumps({"records": [mail_read(place) for place in places]}).encode()


def read(path: Path, data: bytes, limits: Limits = Limits()) -> tuple[list[dict[str, Any]], dict[str, str]]:  # noqa: B008
    """The events of a file, and the codes of its problems by the place that they name."""
    path.write_bytes(data)
    events, problems, count = read_all(path, limits=limits)
    counted = sum(problem.counts_as_record for problem in problems)
    assert count == events.num_rows + counted
    return rows(events), {p.source_file.removeprefix(str(path)): p.code for p in problems}


@pytest.mark.parametrize("codec", CODECS)
def test_captured_messages_are_read(tmp_path: Path, codec: str) -> None:
    bodies = [records(0, 1), json.dumps(signed_in(2)).encode(), b"\xef\xbb\xbf" + records(3)]
    found, problems = read(tmp_path / "a", capture(*bodies, codec=codec, each=2))
    assert not problems
    assert [event["source"] for event in found] == ["m365_audit"] * 4
    assert {event["source_file"] for event in found} == {str(tmp_path / "a")}
    assert [event["source_line"] for event in found] == [1, 2, 3, 4]


def test_a_message_is_read_as_the_same_text_in_a_file(tmp_path: Path) -> None:
    expected, _ = read(tmp_path / "a", records(0, 1, 2))
    assert read(tmp_path / "a", capture(records(0, 1, 2))) == (expected, {})
    pretty = json.dumps({"records": [mail_read(n) for n in range(3)]}, indent=2).encode()
    assert read(tmp_path / "a", capture(pretty)) == (expected, {})
    lines = "".join(json.dumps(mail_read(n)) + "\r\n" for n in range(3)).encode()
    assert read(tmp_path / "a", capture(lines)) == (expected, {})


def test_each_message_without_a_record_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(capture(records(0), None, b"", b"hello\nworld", b"\xff\xfe", b"{broken", records(1)))
    events, problems, count = read_all(path)
    assert (events.num_rows, count) == (2, 7)
    assert [problem.line for problem in problems] == [2, 3, 4, 5, 6]


def test_a_file_without_a_message_is_no_problem(tmp_path: Path) -> None:
    assert read(tmp_path / "a", capture()) == ([], {})


def test_captures_in_archives_are_read(tmp_path: Path) -> None:
    packed = zip_of(*(member(b"%d.avro" % n, capture(records(n))) for n in range(3)))
    found, problems = read(tmp_path / "a", packed)
    assert (len(found), problems) == (3, {})
    assert found[2]["source_file"] == f"{tmp_path}/a!2.avro"
    found, problems = read(tmp_path / "a", gzip.compress(capture(*(records(n) for n in range(9)))))
    assert (len(found), problems) == (9, {})
    assert read(tmp_path / "a", gzip.compress(gzip.compress(capture(records(1)))))[1] == {"": "bomb"}


TABLE = {
    "type": "record",
    "name": "Row",
    "namespace": "contoso.example",
    "fields": [
        {"name": "CreationTime", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "Operation", "type": {"type": "enum", "name": "Verb", "symbols": ["UserLoggedIn", "Other"]}},
        {"name": "UserId", "type": ["null", "string"]},
        {"name": "RecordType", "type": "int"},
        {"name": "Items", "type": {"type": "array", "items": {"type": "map", "values": "double"}}},
        {"name": "Id", "type": {"type": "fixed", "name": "Sixteen", "size": 4}},
        {"name": "Amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "Day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "Next", "type": ["null", "contoso.example.Row"]},
        {"name": "Flag", "type": "boolean"},
        {"name": "Ratio", "type": "float"},
    ],
}


def row(user: str, inner: bytes = number(0)) -> bytes:
    items = number(-1) + number(11) + number(1) + text("n") + struct.pack("<d", 0.5) + number(0) + number(0)
    begin = number(1_772_445_600_123) + number(0) + number(1) + text(user) + number(15) + items
    return begin + b"\x00\xff\x10\x11" + text(b"\xff\x38") + number(20_514) + inner + b"\x01" + bytes(4)


def test_other_tables_are_read_as_json_records(tmp_path: Path) -> None:
    nested = number(1) + row("inner")
    found, problems = read(tmp_path / "a", avro_of(TABLE, block(row("Mara@contoso.example", nested))))
    assert not problems
    (event,) = found
    assert (event["source"], event["account"]) == ("m365_audit", "mara@contoso.example")
    assert event["time"].isoformat() == "2026-03-02T10:00:00.123000+00:00"
    unmapped = json.loads(event["unmapped"])
    assert unmapped["Items"] == [{"n": 0.5}]
    assert (unmapped["Amount"], unmapped["Day"], unmapped["Flag"]) == ("-2.00", "2026-03-02", True)
    assert unmapped["Next"]["UserId"] == "inner"


def test_a_table_without_rows_is_judged_by_its_columns(tmp_path: Path) -> None:
    assert read(tmp_path / "a", avro_of(TABLE)) == ([], {})
    other = {"type": "record", "name": "x", "fields": [{"name": "a", "type": "int"}]}
    assert read(tmp_path / "a", avro_of(other)) == ([], {"": "not-a-log"})


def test_reading_goes_on_behind_a_damaged_block(tmp_path: Path) -> None:
    data = bytearray(capture(*(records(n) for n in range(6))))
    starts = [at for at in range(len(data)) if data.startswith(SYNC, at)]
    data[starts[2]] ^= 1  # the end of the second block
    found, problems = read(tmp_path / "a", bytes(data))
    assert problems == {"": "unreadable"}
    assert [event["metadata_uid"][-2:] for event in found] == ["00", "03", "04", "05"]
    assert found[1]["source_file"] == f"{tmp_path}/a!block 3"
    broken = capture(records(0), codec="deflate") + number(1) + text(b"\xff" * 30) + SYNC
    found, problems = read(
        tmp_path / "a", broken + capture(records(1), codec="deflate")[len(capture(codec="deflate")) :]
    )
    assert (len(found), problems) == (2, {"": "unreadable"})


def test_a_cut_file_gives_what_came_before(tmp_path: Path) -> None:
    whole = capture(*(records(n) for n in range(6)), each=3)
    for cut in range(len(capture()) + 1, len(whole), 97):
        found, problems = read(tmp_path / "a", whole[:cut])
        assert set(problems.values()) <= {"unreadable", "not-a-log"}
        assert "unreadable" in problems.values() or len(found) == 3
    for cut in range(4, len(capture())):
        assert read(tmp_path / "a", whole[:cut]) == ([], {"": "unreadable"})


NULLS = {"type": "record", "name": "x", "fields": [{"name": "a", "type": {"type": "array", "items": "null"}}]}
LOOP = {"type": "record", "name": "x", "fields": [{"name": "a", "type": "x"}]}
CHAIN = {"type": "record", "name": "x", "fields": [{"name": "time", "type": ["null", "x"]}]}
EMPTY = {"type": "record", "name": "x", "fields": []}
HOSTILE: dict[str, bytes] = {
    "more nulls than memory": avro_of(NULLS, block(number(1 << 60) + number(0))),
    "a negative count of nulls": avro_of(NULLS, block(number(-(1 << 60)) + number(1) + number(0))),
    "records without bytes": avro_of(EMPTY, block(b"", count=1 << 60)),
    "a schema that is a type without bytes": avro_of("null", block(b"", count=1 << 60)),
    "a record in itself": avro_of(LOOP, block(b"")),
    "a chain without end": avro_of(CHAIN, block(number(1) * 100_000 + number(0))),
    "a length beyond the block": avro_of("string", block(number(1 << 40) + b"x")),
    "a negative length": avro_of("string", block(number(-5) + b"x")),
    "a number without end": avro_of("long", block(b"\xff" * 40)),
    "a block beyond the file": avro_of("string") + number(1) + number(1 << 50) + b"x",
    "a negative block": avro_of("string") + number(1) + number(-9) + b"x" * 40,
    "a negative count of records": avro_of("string", block(text("x"), count=-4)),
    "a union without this branch": avro_of(["null", "string"], block(number(7))),
    "an enumeration without this symbol": avro_of({"type": "enum", "name": "e", "symbols": ["a"]}, block(number(3))),
    "a codec without a name": avro_of("string", block(text("x")), codec="lzo"),
    "a schema without types": avro_of({"type": {"type": {"type": "nothing"}}}, block(b"x")),
    "a schema that names nothing": avro_of("Missing", block(b"x")),
    "a schema too deep": avro_of(json.loads('{"type":"array","items":' * 80 + '"int"' + "}" * 80), block(b"x")),
    "a header of a gigabyte": b"Obj\x01" + number(1) + number(1 << 30) + b"x" * 100,
    "a header of many entries": b"Obj\x01" + number(1 << 40) + b"\0\0" * 5_000,
    "a bomb in snappy": avro_of("bytes", number(1) + text(b"\xff\xff\xff\xff\x0f" + bytes(20)) + SYNC, codec="snappy"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_damage(tmp_path: Path, name: str) -> None:
    found, problems = read(tmp_path / "a", HOSTILE[name])
    assert not found
    assert "unreadable" in problems.values()


@pytest.mark.parametrize("codec", ["deflate", "bzip2", "xz", "zstandard"])
def test_bombs_are_damage(tmp_path: Path, codec: str) -> None:
    bomb = avro_of("bytes", block(text(bytes(40 << 20)), codec=codec), codec=codec)
    found, problems = read(tmp_path / "a", bomb)
    assert not found
    assert "unreadable" in problems.values()


def test_a_record_that_is_too_large_costs_no_other(tmp_path: Path) -> None:
    limits = Limits(record_bytes=3_000)
    found, problems = read(
        tmp_path / "a", capture(records(0), b"[" + b" " * 4_000 + b"]", records(1)), limits
    )
    assert (len(found), problems) == (2, {"": "too-large"})


def test_many_damaged_blocks_end_the_file(tmp_path: Path) -> None:
    data = avro_of("string", *(number(1) + text(b"\xff\xff") + SYNC for _ in range(5_000)))
    _, problems = read(tmp_path / "a", data)
    assert 50 <= len(problems) <= 101
    assert set(problems.values()) == {"unreadable"}


def test_values_that_json_cannot_hold_are_text(tmp_path: Path) -> None:
    decode, _ = avro_values.compile_schema(b'{"type":"long","logicalType":"timestamp-micros"}')
    assert decode(avro_values.AvroBytes(number((1 << 62) - 1), 9)) == str((1 << 62) - 1)
    decode, _ = avro_values.compile_schema(b'"bytes"')
    assert decode(avro_values.AvroBytes(text(b"\xff\x00"), 9)) == "/wA="
    decode, _ = avro_values.compile_schema(b'{"type":"bytes","logicalType":"decimal","scale":999}')
    with pytest.raises(avro_values.BadAvro, match="256 bits"):
        decode(avro_values.AvroBytes(text(b"\x7f" * 33), 9))


@settings(max_examples=examples(200), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    codec=st.sampled_from(sorted(CODECS)),
    changes=st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_no_damage_raises_and_all_is_accounted_for(
    tmp_path_factory: Any, codec: str, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(avro_of(TABLE, *(block(row("a"), row("b"), codec=codec) for _ in range(8)), codec=codec))
    for place, value in changes:
        data[place % len(data)] = value
    found, problems = read(tmp_path_factory.mktemp("any") / "a", bytes(data))
    assert "reader-failed" not in problems.values()
    assert len(found) <= 16
