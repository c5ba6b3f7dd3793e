"""Parquet files of several programs: whole, damaged and hostile."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.formats.containers import open_members
from seawall.events.formats.limits import BODY, Limits
from seawall.events.formats.table_files import arrow_lines
from seawall.events.formats.table_files.thrift_values import BadThrift, ThriftReader
from seawall.events.problem import Problem
from tests.events.archives import member, tar_file, tar_of, zip_of
from tests.events.bombs import measure_bomb
from tests.events.support import mail_read, read_all, read_bytes, rows, signed_in, write_lines
from tests.events.test_golden import SAMPLES, event_of
from tests.thoroughness import examples

MEGABYTE = 1 << 20
RECORDS = [mail_read(n) for n in range(40)]


def parquet_of(records: list[dict[str, Any]] | Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    table = pa.Table.from_pylist(records) if isinstance(records, list) else records
    pq.write_table(pa.table(table) if isinstance(table, dict) else table, buffer, **options)
    return buffer.getvalue()


WAYS: dict[str, dict[str, Any]] = {
    "dictionaries": {},
    "small row groups": {"row_group_size": 7},
    "plain": {"use_dictionary": False, "compression": "zstd"},
    "shared beginnings": {"use_dictionary": False, "column_encoding": {"Id": "DELTA_BYTE_ARRAY"}},
    "second version": {"data_page_version": "2.0", "compression": "gzip"},
    "no compression": {"compression": "none"},
    "lz4": {"compression": "lz4"},
    "brotli": {"compression": "brotli"},
}


@pytest.mark.parametrize("way", WAYS)
def test_rows_are_read_as_their_json_records(tmp_path: Path, way: str) -> None:
    expected, _ = read_bytes(tmp_path / "a", "".join(json.dumps(r) + "\n" for r in RECORDS).encode())
    assert read_bytes(tmp_path / "a", parquet_of(RECORDS, **WAYS[way])) == (expected, {})


def test_files_of_another_program_are_read(tmp_path: Path) -> None:
    """DuckDB makes columns of UUIDs and of times."""
    expected, _ = read_bytes(tmp_path / "a", "".join(json.dumps(r) + "\n" for r in RECORDS).encode())
    write_lines(tmp_path / "a.jsonl", RECORDS)
    duckdb.sql(f"copy (from read_json('{tmp_path}/a.jsonl')) to '{tmp_path}/b' (format parquet)")
    assert read_bytes(tmp_path / "a", (tmp_path / "b").read_bytes()) == (expected, {})


def _without_empty(value: Any) -> Any:
    """Parquet has no structures without fields."""
    if isinstance(value, dict):
        return {key: _without_empty(item) for key, item in value.items()} or None
    return [_without_empty(item) for item in value] if isinstance(value, list) else value


NOT_IN_COLUMNS = frozenset({"in_bigquery_row"})
"""Samples whose record is a list of values beside its schema: in columns it would be the table itself."""


def _golden_records() -> dict[Path, dict[str, Any]]:
    found = {}
    for path in SAMPLES:
        try:
            record = json.loads(path.read_text("utf-8-sig"))
        except ValueError:
            continue
        if isinstance(record, dict) and path.stem not in NOT_IN_COLUMNS:
            found[path] = record
    return found


GOLDEN = _golden_records()


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_each_sample_in_columns_becomes_its_event(tmp_path: Path, path: Path) -> None:
    record = _without_empty(GOLDEN[path])
    try:
        data = parquet_of([record])
    except pa.ArrowException:  # a list of several types: such columns are JSON as text
        data = parquet_of(
            [{k: json.dumps(v) if isinstance(v, list | dict) else v for k, v in record.items()}]
        )
    (tmp_path / "a").write_bytes(data)
    expected = json.loads(path.with_suffix(".event.json").read_text())
    found = event_of(tmp_path / "a")
    for event in (found, expected):
        event.pop("unmapped", None)
        # Some ids are, or end with, a digest of the content.
        event["metadata_uid"] = event["metadata_uid"].partition(":")[0].partition("content-")[0]
    assert found == expected


TABLES = [path for path in SAMPLES if path.suffix == ".csv"]


@pytest.mark.parametrize("path", TABLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_each_sample_of_a_table_in_columns_of_text_becomes_its_event(tmp_path: Path, path: Path) -> None:
    raw = path.read_bytes()
    lines = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig").split("\n")
    lines = lines[1:] if lines[0].startswith(("#TYPE", "sep=")) else lines
    delimiter = max(",;\t", key=lines[0].count)
    header, *others = csv.reader(io.StringIO("\n".join(lines), newline=""), delimiter=delimiter)
    names = [name.strip().removesuffix("[UTC]").strip() for name in header]
    cells = [dict(zip(names, other, strict=True)) for other in others if other]
    columns = {name: pa.array([row[name] or None for row in cells], pa.string()) for name in names}
    (tmp_path / "a").write_bytes(parquet_of(columns))
    expected, found = json.loads(path.with_suffix(".event.json").read_text()), event_of(tmp_path / "a")
    for event in (expected, found):
        event.pop("unmapped", None)
        event["metadata_uid"] = event["metadata_uid"].partition("content-")[0]
    assert found == expected


def test_values_of_each_type_are_written_as_json_has_them(tmp_path: Path) -> None:
    moment = datetime(2026, 3, 2, 10, 0, 0, 123456, tzinfo=UTC)
    inner = pa.struct(
        [("t", pa.timestamp("ns")), ("n", pa.string()), ("b", pa.binary()), ("l", pa.list_(pa.int8()))]
    )
    columns = {
        "zone": pa.array([moment, None], pa.timestamp("us", "Europe/Berlin")),
        "ns": pa.array([1_772_445_600_123_456_789, None], pa.timestamp("ns")),
        "date": pa.array([moment.date(), None]),
        "decimal": pa.array([Decimal("1.50"), None]),
        "float": pa.array([float("inf"), 0.5]),
        "flag": pa.array([True, None]),
        "large": pa.array([2**64 - 1, None], pa.uint64()),
        "bytes": pa.array([b"abc", b"\xff\x00"]),
        "uuid": pa.array([bytes(range(16)), None], pa.binary(16)),
        "nothing": pa.nulls(2),
        "nested": pa.array([{"t": moment, "b": b"\xff", "l": [1, None]}, None], inner),
        "map": pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int32())),
        "text": pa.array(['a"b\\c\n\x01é😀', None]),
        'we"ird\nname': pa.array(["x", None]),
        "AuditData": pa.array([None, None], pa.string()),
    }  # fmt: skip
    data = io.BytesIO(parquet_of(pa.table(columns)))
    part = next(open_members(data, "a", Limits()))
    text = part.stream.read(MEGABYTE)  # type: ignore[union-attr]
    first, second = map(json.loads, text.splitlines())
    assert first == {
        "zone": "2026-03-02T10:00:00.123456Z",
        "ns": "2026-03-02T10:00:00.123456789",
        "date": "2026-03-02",
        "decimal": "1.50",
        "float": None,
        "flag": True,
        "large": 2**64 - 1,
        "bytes": "abc",
        "uuid": "00010203-0405-0607-0809-0a0b0c0d0e0f",
        "nested": {"t": "2026-03-02T10:00:00.123456000", "b": "/w==", "l": [1, None]},
        "map": {"k": 1},
        "text": 'a"b\\c\n\x01é😀',
        'we"ird\nname': "x",
        "AuditData": "",
    }
    assert second == {"float": 0.5, "bytes": "/wA=", "map": {}, "AuditData": ""}


_LEAF = st.none() | st.text(max_size=4)
_INNER = st.none() | st.fixed_dictionaries({"x": _LEAF, "y": st.none() | st.integers(-9, 9)})
_ROW = st.fixed_dictionaries(
    {
        "text": _LEAF,
        "inner": _INNER,
        "list": st.none() | st.lists(_INNER, max_size=3),
        "lists": st.none() | st.lists(st.none() | st.lists(_LEAF, max_size=2), max_size=2),
        "map": st.none() | st.dictionaries(st.text(max_size=2), _INNER, max_size=2),
    }
)
_STRUCT = pa.struct([("x", pa.string()), ("y", pa.int8())])
_SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("inner", _STRUCT),
        ("list", pa.list_(_STRUCT)),
        ("lists", pa.large_list(pa.list_(pa.string()))),
        ("map", pa.map_(pa.string(), _STRUCT)),
    ]
)


def _without_null(value: Any) -> Any:
    """A value as it is written: null fields of objects are left out, but not those of maps."""
    if isinstance(value, dict) and value.keys() == {"x", "y"}:
        return {key: item for key, item in value.items() if item is not None}
    if isinstance(value, dict):
        return {key: _without_null(item) for key, item in value.items()}
    return [_without_null(item) for item in value] if isinstance(value, list) else value


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(_ROW, max_size=9), st.integers(1, 9), st.integers(1, 60))
def test_nested_rows_are_written_as_they_are(
    table: list[dict[str, Any]], rows_of_group: int, largest: int
) -> None:
    maps = [{**row, "map": None if row["map"] is None else list(row["map"].items())} for row in table]
    data = parquet_of(pa.Table.from_pylist(maps, schema=_SCHEMA), row_group_size=rows_of_group)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrow_lines, "_SLICE", largest)
        part = next(open_members(io.BytesIO(data), "a", Limits()))
        assert not isinstance(part, Problem)
        text = part.stream.read(MEGABYTE)
        while piece := part.stream.read(MEGABYTE):
            text += piece
    assert part.stream.problem is None
    expected = [
        {key: _without_null(value) for key, value in row.items() if value is not None} for row in table
    ]
    if table:
        assert [json.loads(line) for line in text.split(b"\n")[:-1]] == expected
    else:
        assert text == b'"text","inner","list","lists","map"\n'


@pytest.mark.parametrize("kind", [pa.string(), pa.large_binary()])
def test_a_column_of_json_alone_is_read_as_lines(tmp_path: Path, kind: Any) -> None:
    expected, _ = read_bytes(tmp_path / "a", "".join(json.dumps(r) + "\n" for r in RECORDS).encode())
    texts = [json.dumps(record, indent=1) for record in RECORDS]
    assert read_bytes(tmp_path / "a", parquet_of({"value": pa.array(texts).cast(kind)})) == (expected, {})
    found = read_bytes(tmp_path / "a", parquet_of({"AuditData": pa.array([*texts, None])}))
    assert found == (expected, {"": "bad-json"})
    found = read_bytes(tmp_path / "a", parquet_of({"value": pa.array([*texts, "text"])}))
    assert found == (expected, {"": "no-time"})


def test_tables_in_archives_are_read(tmp_path: Path) -> None:
    data = parquet_of(RECORDS[:3])
    packed = zip_of(member(b"x", data), member(b"y", parquet_of([signed_in(1)])))
    found, problems = read_bytes(tmp_path / "a", packed)
    assert (len(found), problems) == (4, {})
    assert read_bytes(tmp_path / "a", tar_of((tar_file("x"), data)))[1] == {}
    limits = Limits(record_bytes=len(data) // 5)
    assert read_bytes(tmp_path / "a", packed, limits)[1] == {"!x": "bomb"}


def test_a_table_without_rows_is_judged_by_its_columns(tmp_path: Path) -> None:
    assert read_bytes(tmp_path / "a", parquet_of(pa.Table.from_pylist(RECORDS).slice(0, 0))) == ([], {})
    assert read_bytes(tmp_path / "a", parquet_of(pa.table({"a": pa.nulls(0), "b": pa.nulls(0)}))) == (
        [],
        {"": "not-a-log"},
    )


def test_rows_without_a_value_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(parquet_of(pa.table({"time": pa.array([None, "2026-03-02T10:00:00Z", None])})))
    events, problems, count = read_all(path)
    assert (events.num_rows, count) == (1, 3)
    assert [problem.line for problem in problems] == [1, 3]


def test_reading_goes_on_behind_a_damaged_row_group(tmp_path: Path) -> None:
    data = bytearray(parquet_of(RECORDS, row_group_size=10))
    group = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(1).column(0)
    data[group.dictionary_page_offset : group.dictionary_page_offset + 8] = b"\xff" * 8
    path = tmp_path / "a"
    path.write_bytes(data)
    events, problems, count = read_all(path)
    assert (events.num_rows, count) == (30, 30)
    assert [(p.code, p.source_file) for p in problems] == [("unreadable", str(path))]
    assert "row group 2 of 10 rows" in problems[0].reason
    assert {row["source_file"].removeprefix(str(path)) for row in rows(events)} == {"", "!row group 3"}


def test_a_damaged_last_row_group_is_one_problem(tmp_path: Path) -> None:
    data = bytearray(parquet_of(RECORDS, row_group_size=20))
    group = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(1).column(0)
    data[group.dictionary_page_offset : group.dictionary_page_offset + 8] = b"\xff" * 8
    found, problems = read_bytes(tmp_path / "a", bytes(data))
    assert (len(found), problems) == (20, {"": "unreadable"})


def test_cut_and_encrypted_files_are_said(tmp_path: Path) -> None:
    data = parquet_of(RECORDS)
    for cut in (4, 5, 11, 12, len(data) // 2, len(data) - 1):
        assert read_bytes(tmp_path / "a", data[:cut]) == ([], {"": "unreadable"})
    assert read_bytes(tmp_path / "a", data[:-8] + b"\xff\xff\xff\x7fPAR1") == ([], {"": "unreadable"})


def _repeat(text: str, count: int) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([text]))


def _list_of(values: Any) -> Any:
    return pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)


def _large(table: Any, **options: Any) -> bytes:
    return parquet_of(table, compression="zstd", dictionary_pagesize_limit=1 << 30, **options)


_DELTA: dict[str, Any] = {"use_dictionary": False, "data_page_size": 1 << 30}
BOMBS: dict[str, Callable[[], bytes]] = {
    "a million times one large text": lambda: _large({"time": _repeat("x" * (10 * MEGABYTE), 1_000_000)}),
    "one row of a million large texts": lambda: _large(
        {"time": _list_of(_repeat("x" * (4 * MEGABYTE), 1_000_000))}
    ),
    "one row of a list without end": lambda: _large({"time": _list_of(pa.nulls(20_000_000, pa.int8()))}),
    "one text of a page": lambda: _large({"time": ["x" * (90 * MEGABYTE)]}),
    "pages of hundreds of megabytes": lambda: _large({"time": ["x" * (150 * MEGABYTE)]}),
    "many columns of large pages": lambda: _large({f"c{n}": ["x" * (3 * MEGABYTE)] for n in range(80)}),
    "texts that share their beginning": lambda: _large(
        {"time": ["x" * (1 << 16) + str(n) for n in range(2_000)]},
        column_encoding={"time": "DELTA_BYTE_ARRAY"},
        **_DELTA,
    ),
    "a list of texts that share their beginning": lambda: _large(
        {"time": [["x" * (1 << 16) + str(n) for n in range(2_000)]]},
        column_encoding={"time.list.element": "DELTA_BYTE_ARRAY"},
        **_DELTA,
    ),
    "five million rows of nothing": lambda: _large(
        {"a": pa.nulls(5_000_000, pa.int8())}, row_group_size=5_000_000
    ),
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured in /proc")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_bounded_memory(tmp_path: Path, name: str) -> None:
    data = BOMBS[name]()
    (tmp_path / "bomb").write_bytes(data)
    size, peak, problems = measure_bomb(tmp_path / "bomb")
    assert peak < 800
    limit = max(Limits().ratio_grace_bytes, len(data) * Limits().archive_ratio)
    assert size <= limit + Limits().record_bytes
    assert set(problems) <= {"bomb", "unreadable"}
    assert problems or size > Limits().record_bytes or name == "five million rows of nothing"


def test_a_request_body_may_have_smaller_pages(tmp_path: Path) -> None:
    data = _large({"time": ["x" * (40 * MEGABYTE)]})
    assert read_bytes(tmp_path / "a", data)[1] == {"": "too-large"}
    path = tmp_path / "a"
    (problem,) = read_all(path, limits=BODY)[1]
    assert (problem.code, "pages are too large" in problem.reason) == ("unreadable", True)


def test_numbers_and_structures_of_a_directory_are_bounded() -> None:
    assert ThriftReader(b"\x15\x02\x19\x25\x04\x06\x00", 99).read_struct() == {1: 1, 2: [2, 3]}
    for data, most in (
        (b"\x19\xf5\xff\xff\xff\xff\x0f" + b"\x02" * 99, 50),
        (b"\x1c" * 99, 999),
        (b"\x16" + b"\xff" * 20, 9),
    ):
        with pytest.raises(BadThrift):
            ThriftReader(data, most).read_struct()
    with pytest.raises(IndexError):
        ThriftReader(b"\x18\x09abc", 9).read_struct()


BASES = [parquet_of(RECORDS, **way) for way in WAYS.values()]


@settings(max_examples=examples(200), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    base=st.integers(0, len(BASES) - 1),
    changes=st.lists(st.tuples(st.integers(1, 1 << 20), st.integers(0, 255)), min_size=1, max_size=6),
    is_footer=st.booleans(),
)
def test_no_damage_raises_and_all_is_accounted_for(
    tmp_path_factory: Any, base: int, changes: list[tuple[int, int]], *, is_footer: bool
) -> None:
    data = bytearray(BASES[base])
    footer = int.from_bytes(data[-8:-4], "little")
    for place, value in changes:
        data[-9 - place % footer if is_footer else 4 + place % (len(data) - 12)] = value
    _, problems = read_bytes(tmp_path_factory.mktemp("any") / "a", bytes(data))
    assert "reader-failed" not in problems.values()
