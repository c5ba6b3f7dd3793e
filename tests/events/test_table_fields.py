"""A column that compiled code copies out of rows is the one that the `csv` module reads, or is left to it."""

from __future__ import annotations

import csv
import io
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.events.formats.table_lines import OTHER, copy_column
from tests.thoroughness import examples

PIECES = st.lists(
    st.sampled_from(['"', '""', ",", ";", "{", "}", "a", "é", " ", "\t", "\r", "\0", "\\", '{""a"":1}']),
    max_size=10,
).map("".join)


def read_row(row: str, delimiter: str) -> list[str]:
    return next(csv.reader([row], delimiter=delimiter), [])


@settings(max_examples=examples(600))
@given(
    st.lists(PIECES, min_size=1, max_size=5), st.sampled_from([",", ";", "\t"]), st.integers(1, 4), st.data()
)
def test_what_is_copied_is_what_csv_reads(
    rows: list[str], delimiter: str, columns: int, data: st.DataObject
) -> None:
    wanted = data.draw(st.integers(0, columns - 1))
    found = copy_column([row.encode() for row in rows], delimiter, columns, wanted).split(b"\n")
    assert found.pop() == b""
    assert len(found) == len(rows)
    for row, text in zip(rows, found, strict=True):
        if text != OTHER:
            fields = read_row(row, delimiter)
            assert len(fields) == columns
            assert fields[wanted] == text.decode()
            assert text.startswith(b"{")


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_what_csv_writes_is_copied(quoting: Literal[0, 1]) -> None:
    texts = ['{"a": "b,c"}', "{}", '{"é": "\\""}']
    written = io.StringIO()
    writer = csv.writer(written, quoting=quoting)
    writer.writerows([["x, y", text, ""] for text in texts])
    rows = [row.encode() for row in written.getvalue().split("\r\n")[:-1]]
    assert copy_column(rows, ",", 3, 1).decode().split("\n") == [*texts, ""]


def test_texts_that_are_no_objects_are_left() -> None:
    rows = [b'a,"[1]"', b'a,""', b"a,", b"", b'a,"{}"x', b'a,"{', b'a,"{\x01}"', b"a,{},"]
    assert copy_column(rows, ",", 2, 1) == (OTHER + b"\n") * len(rows)
