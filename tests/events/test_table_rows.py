"""Rows that compiled code writes as JSON are what the `csv` module reads, and give the same events."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.formats.table_lines import OTHER, write_rows
from tests.events.support import signed_in
from tests.events.test_pages import assert_same, by_column
from tests.events.test_sign_in_lines import table_row
from tests.events.test_table_fields import PIECES, read_row
from tests.thoroughness import examples

__all__ = ["by_column"]

Record = dict[str, Any]
FORMS: dict[str, Callable[[int], Record]] = {"table": table_row, "audit": signed_in}


@settings(max_examples=examples(600), deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=5), st.sampled_from([",", ";", "\t"]), st.integers(1, 4))
def test_what_is_written_is_what_csv_reads(rows: list[str], delimiter: str, columns: int) -> None:
    names = [f"n{place} \"'é"[: place + 2] for place in range(columns)]
    found = write_rows([row.encode() for row in rows], delimiter, names).split(b"\n")
    assert found.pop() == b""
    assert len(found) == len(rows)
    for row, text in zip(rows, found, strict=True):
        if text != OTHER:
            fields = read_row(row, delimiter)
            assert len(fields) == columns
            assert json.loads(text) == {
                name: value for name, value in zip(names, fields, strict=True) if value
            }


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_csv_writes_is_written(quoting: Any, delimiter: str, tmp_path: Path) -> None:
    written = [["a, b;", '"q" \\', ""], ["", "", "é"], ["x", "", "y"]]
    with (tmp_path / "a.csv").open("w", newline="") as file:
        csv.writer(file, quoting=quoting, delimiter=delimiter).writerows(written)
    rows = (tmp_path / "a.csv").read_bytes().split(b"\r\n")[:-1]
    lines = write_rows(rows, delimiter, ["a", "b", "c"]).splitlines()
    wanted = [{name: value for name, value in zip("abc", row, strict=True) if value} for row in written]
    assert [json.loads(line) for line in lines] == wanted


def write_table(path: Path, records: list[Record], quoting: Any = csv.QUOTE_MINIMAL) -> None:
    names = list(dict.fromkeys(name for record in records for name in record))
    with path.open("w", newline="") as file:
        writer = csv.writer(file, quoting=quoting)
        writer.writerow([f"{name} [UTC]" if name == "TimeGenerated" else name for name in names])
        for record in records:
            texts = (record.get(name) for name in names)
            writer.writerow(
                [
                    "" if text is None else text if isinstance(text, str) else json.dumps(text)
                    for text in texts
                ]
            )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_tables_are_read_by_column(tmp_path: Path, form: str, quoting: Any, by_column: list[int]) -> None:
    write_table(tmp_path / "a.csv", [FORMS[form](number) for number in range(1, 150)], quoting)
    assert len(assert_same(tmp_path)) == 149
    assert sum(by_column) > 140


def test_odd_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_table(path, [table_row(number) for number in range(1, 40)])
    lines = path.read_bytes().split(b"\r\n")
    lines[3:3] = [
        b"",
        b"a,b",
        b'"',
        lines[5] + b",more",
        lines[6].replace(b"a", b"\xff"),
        lines[7].replace(b"a", b"\0"),
    ]
    lines[20:20] = [
        lines[9].replace(b"o", b"\t"),
        b"," * (lines[0].count(b",")),
        lines[8].replace(b"Outlook", b'"Out\nlook"'),
    ]
    path.write_bytes(b"\r\n".join(lines))
    assert len(assert_same(tmp_path)) > 20


@settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(sorted(FORMS)),
    st.lists(st.tuples(st.integers(0, 20_000), st.binary(max_size=4)), min_size=1, max_size=4),
)
def test_any_damage(tmp_path: Path, form: str, damage: list[tuple[int, bytes]]) -> None:
    path = tmp_path / "a.csv"
    write_table(path, [FORMS[form](number) for number in range(1, 20)])
    text = path.read_bytes()
    for at, put in damage:
        text = text[: at % len(text)] + put + text[at % len(text) + len(put) :]
    path.write_bytes(text)
    assert_same(tmp_path)
