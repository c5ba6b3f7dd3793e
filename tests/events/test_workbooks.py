"""Excel workbooks as people save logs again: whole, damaged and hostile."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.formats.containers import open_members
from seawall.events.formats.growing_text import first_place
from seawall.events.formats.limits import Limits
from seawall.events.formats.table_files import shared_strings
from seawall.events.formats.table_files.cell_values import is_date_format, read_date, read_number
from seawall.events.formats.table_files.shared_strings import SharedStrings
from seawall.events.formats.table_files.sheet_rows import find_column, number_repeated
from seawall.events.formats.table_files.sheet_xml import BadWorkbook
from seawall.events.problem import Problem
from tests.events.archives import member, tar_file, tar_of, zip_of
from tests.events.bombs import measure_bomb
from tests.events.support import mail_read, read_all, read_bytes, rows, signed_in
from tests.events.test_golden import SAMPLES as GOLDEN_PAIRS
from tests.events.test_golden import event_of
from tests.events.workbook_writer import row, strings, text, workbook_of
from tests.thoroughness import examples

SAMPLES = Path(__file__).parent / "table_samples"
RECORDS = [mail_read(1), signed_in(2), mail_read(3)]
HEADER = ("RecordId", "CreationDate", "UserId", "AuditData")
AUDIT = [
    row(*map(text, HEADER)),
    *(row(text(r["Id"]), '<c s="1"><v>46083.375</v></c>', text("x"), text(json.dumps(r))) for r in RECORDS),
]


def table_of(data: bytes) -> list[list[list[str]]]:
    """The rows of each sheet of a workbook."""
    found = []
    for part in open_members(io.BytesIO(data), "a", Limits()):
        assert not isinstance(part, Problem)
        parts = []
        while piece := part.stream.read(1 << 20):
            parts.append(piece)
        assert part.stream.problem is None, part.stream.problem
        found.append(list(csv.reader(io.StringIO(b"".join(parts).decode(), newline=""))))
    return found


@pytest.mark.parametrize("name", ["purview_openpyxl.xlsx", "purview_xlsxwriter.xlsx", None])
def test_workbooks_are_read_as_the_tables_that_they_were(tmp_path: Path, name: str | None) -> None:
    out = io.StringIO()
    csv.writer(out).writerows(
        [HEADER, *([r["Id"], "3/2/2026 9:00:00 AM", "x", json.dumps(r)] for r in RECORDS)]
    )
    expected, _ = read_bytes(tmp_path / "a", out.getvalue().encode())
    data = workbook_of(AUDIT) if name is None else (SAMPLES / name).read_bytes()
    assert read_bytes(tmp_path / "a", data) == (expected, {})
    assert read_bytes(tmp_path / "a", zip_of(member(b"x", data, "stored"))) == (expected, {})
    assert read_bytes(tmp_path / "a", tar_of((tar_file("x"), data))) == (expected, {})


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_avro_files_of_another_program_are_read(tmp_path: Path, codec: str) -> None:
    expected, _ = read_bytes(tmp_path / "a", "".join(json.dumps(r) + "\n" for r in RECORDS).encode())
    assert read_bytes(tmp_path / "a", (SAMPLES / f"capture_{codec}.avro").read_bytes()) == (expected, {})


TABLES = [path for path in GOLDEN_PAIRS if path.suffix == ".csv"]
_FORMS = (
    "%m/%d/%Y, %I:%M:%S %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%Y-%m-%d %H:%M:%S",
)


def _convert(value: str) -> str:
    """A cell as Excel makes it from a field of a CSV file, in the region of the United States."""
    if re.fullmatch(r"-?[1-9]\d{0,14}|0", value):
        return f"<c><v>{value}</v></c>"
    if value.lower() in ("true", "false"):
        return f'<c t="b"><v>{int(value.lower() == "true")}</v></c>'
    for form in _FORMS:
        try:
            moment = datetime.strptime(value, form)  # noqa: DTZ007
        except ValueError:
            continue
        days = (moment - datetime(1899, 12, 30)).total_seconds() / 86_400  # noqa: DTZ001
        return f'<c s="1"><v>{days!r}</v></c>'
    return text(value) if value else "<c/>"


@pytest.mark.parametrize("is_converted", [False, True], ids=["text", "converted"])
@pytest.mark.parametrize("path", TABLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_each_sample_of_a_table_becomes_its_event(tmp_path: Path, path: Path, *, is_converted: bool) -> None:
    raw = path.read_bytes()
    lines = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig").split("\n")
    lines = lines[1:] if lines[0].startswith(("#TYPE", "sep=")) else lines
    delimiter = max(",;\t", key=lines[0].count)
    header, *others = csv.reader(io.StringIO("\n".join(lines), newline=""), delimiter=delimiter)
    change = _convert if is_converted else text
    cells = [row(*map(text, header)), *(row(*map(change, other)) for other in others if other)]
    (tmp_path / "a").write_bytes(workbook_of(cells))
    expected, found = json.loads(path.with_suffix(".event.json").read_text()), event_of(tmp_path / "a")
    if is_converted:  # what is kept as it was is written as Excel does, and an id of the content with it
        for event in (expected, found):
            event.pop("unmapped", None)
            event["metadata_uid"] = event["metadata_uid"].partition("content-")[0]
    assert found == expected


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.[7ax]*")), ids=lambda path: path.name)
def test_table_files_and_archives_are_never_read_while_they_grow(path: Path) -> None:
    place = first_place(path.read_bytes()[:1024], Limits(), is_settled=False)
    assert place is not None
    assert place.shape == "whole"


def test_each_sheet_is_a_table_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a"
    notes = [row(text("Please"), text("read")), row(text("this"))]
    path.write_bytes(workbook_of(AUDIT[:2], [], notes, [AUDIT[0], AUDIT[2]]))
    events, problems, _ = read_all(path)
    names = [event["source_file"].removeprefix(str(path)) for event in rows(events)]
    assert names == ["!Sheet 1", "!Sheet 4"]
    assert [(p.source_file.removeprefix(str(path)), p.code) for p in problems] == [("!Sheet 3", "not-a-log")]


def test_cells_of_each_kind_are_text() -> None:
    shared = strings(
        "<si><t>shared</t></si>",
        "<si><r><t>ri</t></r><r><rPr><b/></rPr><t>ch</t></r><rPh><t>hint</t></rPh></si>",
        "<si><t>a_x000D_\nb</t></si>",
    )
    cells = row(
        '<c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>2</v></c><c t="b"><v>1</v></c><c t="b"><v>0</v></c>',
        '<c t="str"><f>A1</f><v>formula</v></c><c t="e"><v>#NAME?</v></c><c t="d"><v>2026-03-02T09:00:00</v></c>',
        '<c><v>50126</v></c><c><v>1.5E+17</v></c><c><v>0.5</v></c><c s="3"><v>0.25</v></c>',
        '<c s="1"><v>46083.375</v></c><c s="2"><v>46083.3750115741</v></c><c s="1"><v>0.5</v></c><c r="Q1"/>',
    )
    names = row(*(text(f"name {n}") for n in range(15)))
    ((_, found),) = table_of(workbook_of([names, cells], shared=shared))
    assert found == [
        "shared", "rich", "a\r\nb", "True", "False",
        "formula", "#NAME?", "2026-03-02T09:00:00",
        "50126", "150000000000000000", "0.5", "0.25",
        "2026-03-02T09:00:00", "2026-03-02T09:00:01", "12:00:00",
    ]  # fmt: skip


def test_dates_that_begin_in_1904_and_the_day_that_never_was() -> None:
    ((found,),) = table_of(
        workbook_of([row('<c s="1"><v>44621.375</v></c>', text("x"))], properties='date1904="1"')
    )
    assert found[0] == "2026-03-02T09:00:00"
    assert read_date("1", is_1904=False) == "1900-01-01T00:00:00"
    assert read_date("61", is_1904=False) == "1900-03-01T00:00:00"
    assert read_date("46083.375000001", is_1904=False) == "2026-03-02T09:00:00"
    for text_of in ("-1", "2958466", "1e300", "nan", "inf", "x", "9" * 400):
        assert read_date(text_of, is_1904=False) == text_of


def test_numbers_are_written_in_full_if_they_have_an_end() -> None:
    assert [read_number(n) for n in ("1E3", "1.25e-3", "7.0", "-2")] == ["1000", "0.00125", "7", "-2"]
    for number in ("1E+999999999", "1E-999999999", "Ellipsis", "E"):
        assert read_number(number) == number


@pytest.mark.parametrize(
    ("code", "expected"),
    [("m/d/yyyy", True), ("[h]:mm", True), ("General", False), ("0.00", False), ('0" days"', False),
     ("[Red]0", False), ("[$-409]d-mmm", True), ("0\\d", False), ("#,##0_);[Red]", False), ("yyyy;@", True)],
)  # fmt: skip
def test_formats_of_dates_are_distinguished(code: str, *, expected: bool) -> None:
    assert is_date_format(code) is expected


def test_columns_are_found_by_letters_and_named_once() -> None:
    assert [find_column(place) for place in ("A1", "Z9", "AA1", "XFD1048576", "1", "")] == [
        0,
        25,
        26,
        16383,
        -1,
        -1,
    ]
    assert number_repeated(["time", "user", "time"]) == ["time", "user", "time_3"]
    header = row(text("time"), "<c/>", text("time"), text(" a\nb "), text("x"))
    ((found,),) = table_of(workbook_of([header]))
    assert found == ["time", "Column2", "time_3", "a b", "x"]


def test_titles_above_the_header_and_gaps_are_left_out(tmp_path: Path) -> None:
    title = [row(text("Audit log of contoso.example")), row(text("Exported"), text("2026"))]
    found, problems = read_bytes(tmp_path / "a", workbook_of([*title, *AUDIT]))
    assert (len(found), problems) == (3, {})
    sparse = [
        '<row r="7"><c r="B7" t="inlineStr"><is><t>time</t></is></c><c r="D7" t="inlineStr"><is><t>user</t></is></c></row>',
        '<row r="900000"><c r="B9" t="inlineStr"><is><t>2026-03-02</t></is></c></row>',
        '<row r="900001"><c r="F9" t="inlineStr"><is><t>beyond</t></is></c></row>',
    ]
    (lines,) = table_of(workbook_of(sparse))
    assert lines == [
        ["Column1", "time", "Column3", "user"],
        ["", "2026-03-02", "", ""],
        ["", "", "", "", "", "beyond"],
    ]
    assert read_bytes(tmp_path / "a", workbook_of(sparse))[1] == {"!Sheet 1": "wrong-columns"}


def test_a_column_of_json_is_read_as_lines(tmp_path: Path) -> None:
    expected, _ = read_bytes(tmp_path / "a", "".join(json.dumps(r) + "\n" for r in RECORDS).encode())
    lines = [row(text(json.dumps(r, indent=1))) for r in RECORDS]
    assert read_bytes(tmp_path / "a", workbook_of(lines)) == (expected, {})
    with_name = [row(text("AuditData")), *lines]
    assert len(read_bytes(tmp_path / "a", workbook_of(with_name))[0]) == 3


def test_a_text_that_excel_cut_is_a_problem_of_its_record(tmp_path: Path) -> None:
    long = json.dumps(mail_read(5, Noise="x" * 40_000))[:32_767]
    cut = row(text("r"), text("3/2/2026"), text("x"), text(long))
    path = tmp_path / "a"
    path.write_bytes(workbook_of([*AUDIT, cut]))
    events, problems, count = read_all(path)
    assert (events.num_rows, count, problems[0].code) == (3, 4, "bad-json")


OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)
OTHERS: dict[str, tuple[bytes, str]] = {
    "old": (OLE, ".xlsx"),
    "binary": (zip_of(member(b"[Content_Types].xml", b"x"), member(b"xl/workbook.bin", b"x")), ".xlsb"),
    "open": (
        zip_of(member(b"mimetype", b"application/vnd.oasis.opendocument.spreadsheet", "stored")),
        "OpenDocument",
    ),
    "without cells": (workbook_of([], []), "without cells"),
    "arrow": (b"ARROW1\0\0" + bytes(90), "Parquet"),
    "rar": (b"Rar!\x1a\x07\x01\0" + bytes(90), "unpack"),
    "event log": (b"ElfFile\0" + bytes(90), ".evtx"),
    "document": (b"%PDF-1.7\n", "CSV"),
    "encrypted": (b"PARE" + bytes(90), "encrypted"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_read_is_said_with_what_to_do(tmp_path: Path, name: str) -> None:
    data, words = OTHERS[name]
    (tmp_path / "a").write_bytes(data)
    _, (problem,), _ = read_all(tmp_path / "a")
    assert (problem.code, problem.counts_as_record) == ("not-a-log", False)
    assert words in problem.reason


SHARED = strings("<si><t>" + "x" * 60_000 + "</t></si>")
NAMED = '<c t="s"><v>0</v></c>'
DAMAGED: dict[str, bytes] = {
    "a text that is not there": workbook_of([*AUDIT[:2], row('<c t="s"><v>7</v></c>')], shared=strings()),
    "a number of no text": workbook_of([*AUDIT[:2], row('<c t="s"><v>-1</v></c>')], shared=strings("<si/>")),
    "no end of the sheet": workbook_of("<worksheet><sheetData>" + "".join(AUDIT[:2]) + "<row>"),
    "a document type": workbook_of('<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>'),
    "an entity": workbook_of("<worksheet><sheetData><row><c><v>&a;</v></c></row></sheetData></worksheet>"),
    "deep elements": workbook_of("<a>" * 10_000 + "</a>" * 10_000),
    "a tag without end": workbook_of("<worksheet " + 'a="' + "x" * (12 << 20) + '"/>'),
    "no XML": workbook_of("PK\x03\x04"),
    "an unknown encoding": workbook_of('<?xml version="1.0" encoding="utf-77"?><worksheet/>'),
    "no workbook": workbook_of(AUDIT, workbook="x"),
    "styles that are no XML": workbook_of(AUDIT, styles="<a"),
    "shared texts that are no XML": workbook_of(AUDIT, shared="<sst><si>"),
    "a row of many long texts": workbook_of([row(NAMED * 16_000), *AUDIT], shared=SHARED),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_a_problem(tmp_path: Path, name: str) -> None:
    found, problems = read_bytes(tmp_path / "a", DAMAGED[name])
    assert "unreadable" in problems.values()
    assert set(problems.values()) <= {"unreadable", "not-json", "wrong-columns", "bad-json"}
    assert len(found) <= 1


def test_a_sheet_that_is_missing_or_damaged_costs_no_other(tmp_path: Path) -> None:
    data = workbook_of(AUDIT[:2], [AUDIT[0], AUDIT[2]], method="stored")
    for number, place in ((1, "!Sheet 1"), (2, "!Sheet 2")):
        at = data.index(b"xl/worksheets/sheet%d.xml" % number) - 30
        broken = data[:at] + b"XX" + data[at + 2 :]
        found, problems = read_bytes(tmp_path / "a", broken)
        assert (len(found), problems) == (1, {place: "unreadable"})
        end = data.rindex(b"xl/worksheets/sheet%d.xml" % number)
        missing = data[:end] + b"xl/worksheets/other" + data[end + 19 :]
        found, problems = read_bytes(tmp_path / "a", missing)
        assert (len(found), problems) == (1, {place: "unreadable"})


def test_a_cut_workbook_is_a_problem(tmp_path: Path) -> None:
    data = workbook_of(AUDIT)
    for cut in range(30, len(data) - 1, 61):
        found, problems = read_bytes(tmp_path / "a", data[:cut])
        assert (found, set(problems.values())) == ([], {"unreadable"})


def _many_sheets() -> bytes:
    return workbook_of(*([row(NAMED * 400)] * 5 for _ in range(300)), shared=SHARED)


BOMBS: dict[str, Callable[[], bytes]] = {
    "cells of one long text": lambda: workbook_of([row(NAMED * 500)] * 5_000, shared=SHARED),
    "sheets of one long text": _many_sheets,
    "blanks": lambda: workbook_of("<worksheet>" + " " * (100 << 20) + "</worksheet>"),
    "cells far to the right": lambda: workbook_of(['<row><c r="XFD1"><v>1</v></c></row>'] * 400_000),
    "shared texts of megabytes": lambda: workbook_of(
        AUDIT, shared=strings(*(["<si><t>" + "x" * 60_000 + "</t></si>"] * 2_000))
    ),
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured in /proc")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_bounded_memory(tmp_path: Path, name: str) -> None:
    data = BOMBS[name]()
    (tmp_path / "bomb").write_bytes(data)
    size, peak, problems = measure_bomb(tmp_path / "bomb")
    assert peak < 500
    assert size <= max(Limits().ratio_grace_bytes, len(data) * Limits().archive_ratio)
    assert set(problems) & {"bomb", "unreadable"}


def test_shared_texts_are_limited_in_number(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shared_strings, "_MOST", 3)
    assert len(read_bytes(tmp_path / "a", workbook_of(AUDIT, shared=strings("<si/>" * 3)))[0]) == 3
    assert read_bytes(tmp_path / "a", workbook_of(AUDIT, shared=strings("<si/>" * 4))) == (
        [],
        {"": "unreadable"},
    )


def test_many_shared_texts_are_held_in_little_memory() -> None:
    found = SharedStrings()
    texts = [f"{n}:" + "x" * 40_000 for n in range(3_000)]
    for one in texts:
        found.add(one)
    assert len(found) == 3_000
    assert [found.get(n) for n in (0, 2_999, 1_700, 2_500, 1_700)] == [
        texts[n] for n in (0, 2_999, 1_700, 2_500, 1_700)
    ]
    with pytest.raises(BadWorkbook):
        found.get(3_000)


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    changes=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=5),
    method=st.sampled_from(["stored", "deflate"]),
)
def test_no_damage_raises_and_all_is_accounted_for(
    tmp_path_factory: Any, changes: list[tuple[int, int]], method: str
) -> None:
    data = bytearray(workbook_of(AUDIT, shared=strings("<si><t>x</t></si>"), method=method))
    for place, value in changes:
        data[place % len(data)] = value
    _, problems = read_bytes(tmp_path_factory.mktemp("any") / "a", bytes(data))
    assert "reader-failed" not in problems.values()
