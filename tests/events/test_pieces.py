"""A text read in pieces, wherever it is cut, gives what it gives as a file."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.events.event import EVENT_SCHEMA
from seawall.events.formats.growing_text import ReadPosition, first_place, is_complete, read_piece
from seawall.events.problem import Problem
from seawall.events.readers import Limits
from tests.events.support import check, mail_read, read_all, rows, signed_in
from tests.events.test_shapes import SHAPES
from tests.thoroughness import examples

SMALL = Limits(record_bytes=2_500)
LINES = [
    json.dumps(mail_read(1)),
    json.dumps(signed_in(2)),
    json.dumps([signed_in(3), mail_read(4), 5]),
    json.dumps({"value": [mail_read(6)]}),
    json.dumps(mail_read(7, Subject="ä" * 30)),
    '{"broken": ',
    "",
    "  ",
    "text",
    '"' * 40,
    "x" * 2_501,
    json.dumps({"Id": "x", "Operation": "y" * 9_000}),
    "[" * 80,
]
ROWS = [
    '1,2026-03-02T09:54:00,"{""Id"":""a"",""Operation"":""UserLoggedIn"",""CreationTime"":""2026-03-02T09:54:00""}"',
    '2,2026-03-02T09:54:00,"{""Id"":""b"",\n""Operation"":""UserLoggedIn""}"',
    '3,2026-03-02T09:54:00,"never closed',
    "4,too,many,columns",
    "5",
    "",
    "6,x," + "y" * 2_600,
    '7,"' + "z\n" * 400 + '",{}',
    "8,2026-03-02T09:54:00,{}",
]
HEADERS = [
    "RecordId,CreationDate,AuditData",
    "sep=,\nRecordId,CreationDate,AuditData",
    "#TYPE x\r\nRecordId,CreationDate,AuditData\r",
]


def in_pieces(
    data: bytes, cuts: list[int], limits: Limits, name: str
) -> tuple[Any, list[Problem], int, ReadPosition]:
    """Events, problems and records of a text that grows from cut to cut."""
    place = first_place(data, limits, is_settled=True)
    assert place is not None
    tables: list[Any] = []
    problems: list[Problem] = []
    records = 0
    for size in [*(max(cut, place.offset) for cut in sorted(cuts)), len(data)]:
        while True:
            is_end = size == len(data)
            batches, after = read_piece(data[place.offset : size], place, name, limits, is_end=is_end)
            for batch in batches:
                check(batch)
                tables.append(batch.events)
                problems += batch.problems
                records += batch.records
            assert place.offset <= after.offset <= size
            if after == place:
                break
            place = after
    return pa.concat_tables([EVENT_SCHEMA.empty_table(), *tables]), problems, records, place


def assert_same(data: bytes, cuts: list[int], limits: Limits) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        path.write_bytes(data)
        events, problems, records = read_all(path, limits=limits)
        got, got_problems, got_records, place = in_pieces(data, cuts, limits, str(path))
    assert got_records == records
    assert rows(got) == rows(events)
    assert got_problems == problems
    assert place.offset == len(data)
    assert place.number == records + 1


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(st.sampled_from(LINES), min_size=1, max_size=12),
    st.lists(st.integers(0, 12_000), max_size=8),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.booleans(),
)
def test_lines(found: list[str], cuts: list[int], end: str, is_ended: bool, is_marked: bool) -> None:
    text = end.join([LINES[0], *found]) + (end if is_ended else "")
    data = (b"\xef\xbb\xbf" if is_marked else b"") + text.encode()
    assert_same(data, [min(cut, len(data)) for cut in cuts], SMALL)


@settings(max_examples=examples(150), deadline=None)
@given(
    st.sampled_from(HEADERS),
    st.lists(st.sampled_from(ROWS), min_size=1, max_size=12),
    st.lists(st.integers(0, 9_000), max_size=8),
    st.booleans(),
)
def test_tables(header: str, found: list[str], cuts: list[int], is_ended: bool) -> None:
    data = ("\n".join([header, *found]) + ("\n" if is_ended else "")).encode()
    assert_same(data, [min(cut, len(data)) for cut in cuts], SMALL)


def test_a_large_piece_is_read_column_by_column() -> None:
    data = "".join(json.dumps(mail_read(number)) + "\n" for number in range(400)).encode()
    assert_same(data, [len(data) // 2], Limits(fast_bytes=40_000))


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_what_grows_is_told_from_its_first_line(name: str) -> None:
    data = SHAPES[name].encode()
    for size in range(0, len(data), 7):
        early = first_place(data[:size], Limits(), is_settled=False)
        if early is not None:
            assert early.shape == getattr(first_place(data, Limits(), is_settled=True), "shape", None)


@pytest.mark.parametrize(
    ("head", "shape"),
    [
        (b"", None),
        (b'{"a":1}', None),
        (b'{"a":1}\n', "lines"),
        (b'[\n{"a":1}\n', None),
        (b"time,user\n", "table"),
        (b"time,user", None),
        (b"sep=,\n", None),
        (b"words\n", None),
        (b"\x1f\x8b\x08\x00", "whole"),
        (b"PK\x03\x04", "whole"),
        ("time,user\n".encode("utf-16"), "whole"),
    ],
)
def test_first_look(head: bytes, shape: str | None) -> None:
    assert getattr(first_place(head, Limits(), is_settled=False), "shape", None) == shape


def test_words_left_alone_are_read_as_a_whole() -> None:
    assert first_place(b"words\n", Limits(), is_settled=True) == ReadPosition("whole")


def test_complete_lines() -> None:
    assert is_complete(b'{"a": 1}', Limits())
    assert not is_complete(b'{"a": 1', Limits())
    assert not is_complete(b"12", Limits())
