"""Nothing that a log holds is a formula in a spreadsheet, and every table can be read again."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall_base.csv_text import Cell, csv_lines, safe
from tests.console.samples import HOSTILE, texts

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"


def read(lines: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_text(text: str) -> None:
    for delimiter in ",;":
        for row in read("".join(csv_lines(["a"], [[text]])), delimiter):
            for cell in row:
                assert not cell.lstrip(" '\"").startswith(tuple(SIGNS)) or cell.startswith("'"), cell
                assert not set(cell) & set("\t\r\n\x00\x1b\u202e")


@given(st.lists(st.lists(st.one_of(texts, st.integers(), st.none()), min_size=3, max_size=3), max_size=5))
def test_a_table_keeps_its_shape(rows: list[list[Cell]]) -> None:
    found = read("".join(csv_lines(["x", "y", "z"], rows)))
    assert found[0] == ["x", "y", "z"]
    assert len(found) == len(rows) + 1
    for row, cells in zip(rows, found[1:], strict=True):
        assert len(cells) == 3
        for value, cell in zip(row, cells, strict=True):
            assert cell == ("" if value is None else safe(value) if isinstance(value, str) else str(value))


@given(texts)
def test_no_cell_begins_like_a_formula(text: str) -> None:
    assert not safe(text).startswith(tuple(SIGNS))
    assert not safe(text).lstrip().startswith(tuple(SIGNS))


def test_numbers_stay_numbers_and_plain_text_stays_as_it_is() -> None:
    assert "".join(csv_lines(["n"], [[-1.5], [True], [float("nan")], ["Outlook (mail)"]])) == (
        '"n"\r\n-1.5\r\ntrue\r\n\r\n"Outlook (mail)"\r\n'
    )
