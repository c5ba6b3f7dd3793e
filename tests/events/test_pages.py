"""Records in arrays and pages that are read column by column give what each of them gives by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.formats import many_lines, text_lines
from seawall.events.formats.column_reader import ColumnReader
from seawall.events.formats.json_records import split_json
from seawall.events.formats.json_splitter import ObjectRun
from seawall.events.formats.pages import find_run
from seawall.events.readers import Limits
from tests.events.support import mail_read, read_all, rows
from tests.events.test_both_ways import JSON_VALUES, varied
from tests.events.test_sign_in_lines import graph, table_row
from tests.thoroughness import examples

FAST = Limits(fast_bytes=0, batch_records=40, fast_records=60)
SLOW = Limits(fast_bytes=1 << 60)
Record = dict[str, Any]

WRAPPED: dict[str, Callable[[Any], Any]] = {
    "array": lambda records: records,
    "graph": lambda records: {"@odata.context": "https://graph", "value": records, "@odata.nextLink": "x"},
    "event hub": lambda records: {"records": records},
    "upper": lambda records: {"Records": records},
    "google": lambda records: {"kind": "admin#reports#activities", "etag": "e", "items": records},
    "google late": lambda records: {"items": records, "kind": "admin#reports#activities"},
    "no kind": lambda records: {"etag": "e", "items": records},
    "many around": lambda records: {**{f"n{place}": place for place in range(6)}, "value": records},
    "two arrays": lambda records: {"value": records, "records": [{"a": 1}]},
    "two of one": lambda records: {"value": records, "records": 3},
    "object behind": lambda records: {"value": records, "more": {}},
    "hook": lambda records: {
        "eventType": "com.okta.event_hook",
        "source": "s",
        "data": {"events": [{"a": 1, "time": "2026-01-01T00:00:00Z"}]},
        "value": records,
    },
    "within": lambda records: {"value": [{"value": records}]},
}
SPELLED: dict[str, Callable[[Any], str]] = {
    "compact": lambda value: json.dumps(value, separators=(",", ":")),
    "usual": lambda value: json.dumps(value, ensure_ascii=False),
    "pretty": lambda value: json.dumps(value, indent=2),
    "tabs": lambda value: json.dumps(value, indent="\t").replace("\n", "\r\n"),
    "by record": lambda value: (
        "[\n" + ",\n".join(map(json.dumps, value)) + "\n]\n" if isinstance(value, list) else json.dumps(value)
    ),
}


def other(number: int) -> Record:
    """A record of a log that is not known."""
    return {"time": "2026-01-01T00:00:00Z", "n": number}


def found_by_search(number: int) -> Record:
    """A row of a search of the audit log, as PowerShell writes it."""
    record = mail_read(number) if number % 5 else graph(number)
    return {"RecordType": "ExchangeItem", "Identity": record.get("Id"), "AuditData": json.dumps(record)}


FORMS: dict[str, Callable[[int], Record]] = {
    "audit": mail_read,
    "graph": graph,
    "table": table_row,
    "search": found_by_search,
    "other": other,
}


def assert_same(path: Path, fast: Limits = FAST, slow: Limits = SLOW) -> list[Record]:
    (one, one_problems, one_records), (other, other_problems, other_records) = (
        read_all(path, limits=limits) for limits in (fast, slow)
    )
    assert one_records == other_records
    assert rows(one) == rows(other)
    assert one_problems == other_problems
    return rows(one)


@pytest.fixture
def by_column(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note how many records each block gives by column."""
    noted: list[int] = []
    read = ColumnReader.read_columns

    def counting(self: Any, scanned: Any) -> Any:
        found = read(self, scanned)
        noted.append(len(found[1]))
        return found

    monkeypatch.setattr(ColumnReader, "read_columns", counting)
    return noted


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wrapped", WRAPPED)
@pytest.mark.parametrize("spelled", SPELLED)
def test_every_wrapping(tmp_path: Path, form: str, wrapped: str, spelled: str) -> None:
    records = [FORMS[form](number) for number in range(1, 30)]
    path = tmp_path / "page.json"
    path.write_text(SPELLED[spelled](WRAPPED[wrapped](records)))
    assert_same(path)


@pytest.mark.parametrize("wrapped", ["array", "graph", "event hub", "upper", "google", "google late"])
@pytest.mark.parametrize("spelled", SPELLED)
def test_pages_are_read_by_column(tmp_path: Path, wrapped: str, spelled: str, by_column: list[int]) -> None:
    records = [graph(number) for number in range(1, 50)]
    for number in range(3):
        (tmp_path / f"{number}.json").write_text(SPELLED[spelled](WRAPPED[wrapped](records)))
    assert len(assert_same(tmp_path)) == sum(by_column) == 147


@pytest.mark.parametrize("between", ["\n", "", ",", "\n{}\n", "\nodd\n", "]\n"])
@pytest.mark.parametrize("indent", [None, 2])
def test_objects_one_after_the_other(
    tmp_path: Path, between: str, indent: int | None, by_column: list[int]
) -> None:
    texts = [json.dumps(graph(number), indent=indent) for number in range(1, 50)]
    (tmp_path / "log.json").write_text(between.join(texts))
    found = assert_same(tmp_path)
    if indent and between.strip() in ("", ",", "{}"):
        assert len(found) == sum(by_column) == 49


def test_lines_with_several_records(tmp_path: Path, by_column: list[int]) -> None:
    lines = [json.dumps(wrap([graph(n), graph(n + 1)])) for n in range(9) for wrap in WRAPPED.values()]
    lines[3:3] = [json.dumps(graph(99)), "[]", "{broken", json.dumps([graph(100), 3]), "", '{"value":[]}']
    (tmp_path / "lines.jsonl").write_text("\n".join(lines))
    assert len(assert_same(tmp_path)) > 150
    assert sum(by_column) > 100


@pytest.mark.parametrize("seed", range(4))
def test_varied_records_in_pages(tmp_path: Path, seed: int) -> None:
    records = varied(seed)
    for number, wrap in enumerate(WRAPPED.values()):
        for place, spell in enumerate(SPELLED.values()):
            mine = records[7 * number : 7 * number + 9]
            (tmp_path / f"{number}-{place}.json").write_text(spell(wrap(mine)))
    assert len(assert_same(tmp_path)) > 300


ODD = [
    '{"a":"\\ud800"}',
    '{"a":1e999}',
    '{"a":123456789012345678901234567890}',
    '{"a":"\t"}',
    "[]",
    "3",
    "null",
    "{}",
    '{"a":NaN}',
    '{"value":[{"a":1}]}',
    '{"kind":"admin#reports#activities","items":[{"b":2}]}',
    '{"a":' + "[" * 63 + "]" * 63 + "}",
    '{"a":' + "[" * 70 + "]" * 70 + "}",
    '{"a":1,"a":2}',
    "{",
    '"',
    '{"a":"b}',
    '{"eventType":"com.okta.event_hook","data":{"events":[{"c":3},4]}}',
]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("wrapped", ["array", "graph", "google"])
def test_an_odd_record_in_a_page(tmp_path: Path, odd: str, wrapped: str) -> None:
    for number, place in enumerate((0, 5, 11)):
        records: list[Any] = [mail_read(number) for number in range(12)]
        records.insert(place, "ODD")
        for name, spell in SPELLED.items():
            text = spell(WRAPPED[wrapped](records)).replace('"ODD"', odd)
            (tmp_path / f"{number} {name}.json").write_text(text)
            (tmp_path / f"{number} {name} twice.json").write_text(f"{text}\n{text}")
    assert_same(tmp_path)


@settings(max_examples=examples(80), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(sorted(FORMS)),
    st.sampled_from(sorted(WRAPPED)),
    st.sampled_from(sorted(SPELLED)),
    st.lists(st.tuples(st.integers(0, 6_000), st.binary(max_size=3)), min_size=1, max_size=3),
    st.sampled_from(["", "\n", "]", "}", ",", "{}", "\n{}", "\x00"]),
)
def test_any_damage(
    tmp_path: Path, form: str, wrapped: str, spelled: str, damage: list[tuple[int, bytes]], end: str
) -> None:
    records = [FORMS[form](number) for number in range(1, 6)]
    text = bytearray(SPELLED[spelled](WRAPPED[wrapped](records)).encode())
    for place, inserted in damage:
        at = place % len(text)
        text[at : at + 1] = inserted
    path = tmp_path / "page.json"
    path.write_bytes(bytes(text) + end.encode())
    assert_same(path)


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(graph(1))) | st.text(max_size=8), JSON_VALUES),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(sorted(SPELLED)),
)
def test_any_value_in_any_field(tmp_path: Path, changes: list[tuple[str, Any]], spelled: str) -> None:
    records = [graph(number) for number in range(1, 6)]
    for place, (name, value) in enumerate(changes):
        records[place][name] = value
    path = tmp_path / "page.json"
    path.write_text(SPELLED[spelled](records))
    assert_same(path)


LARGE = Limits(fast_bytes=0, record_bytes=6_000, batch_records=40, fast_records=60)
LARGE_SLOW = Limits(fast_bytes=1 << 60, record_bytes=6_000)


@pytest.mark.parametrize("form", ["graph", "search", "other"])
@pytest.mark.parametrize("chunk", [700, 5_000])
@pytest.mark.parametrize("wrapped", WRAPPED)
def test_documents_larger_than_one_record_may_be(
    tmp_path: Path,
    wrapped: str,
    chunk: int,
    form: str,
    monkeypatch: pytest.MonkeyPatch,
    by_column: list[int],
) -> None:
    for module in (many_lines, text_lines, "seawall.events.formats.json_records"):
        monkeypatch.setattr(
            f"{module}.CHUNK" if isinstance(module, str) else f"{module.__name__}.CHUNK", chunk
        )
    records: list[Any] = [FORMS[form](number) for number in range(1, 60)]
    records[20] = {**FORMS[form](20), "padding": "x" * 9_000}
    records[30:30] = ["ODD"] * len(ODD)
    for name, spell in SPELLED.items():
        text = spell(WRAPPED[wrapped](records))
        for odd in ODD:
            text = text.replace('"ODD"', odd, 1)
        (tmp_path / f"{name}.json").write_text(text)
    found = assert_same(tmp_path, LARGE, LARGE_SLOW)
    if wrapped == "array":
        assert len(found) > 100
    if wrapped == "array" and form == "graph":
        assert sum(by_column) > 100


@settings(max_examples=examples(200))
@given(
    st.lists(st.sampled_from([*ODD, " ", ",", "\n", "[", "]", '{"a":"b"}', '{"records":[', "é"]), max_size=12)
)
def test_runs_are_what_the_splitter_finds(parts: list[str]) -> None:
    text = "".join(parts).encode("utf-8", "surrogatepass")
    for cut in (len(text), 5, 40):
        found: list[list[Any]] = []
        for finder in (None, find_run):
            splitter = split_json(400, finder)
            pieces = [
                piece
                for start in range(0, len(text), cut or 1)
                for piece in splitter.feed(text[start : start + cut])
            ]
            mine: list[Any] = []
            for piece in [*pieces, *splitter.finish()]:
                if isinstance(piece, ObjectRun):
                    mine += [piece.data[start:end] for start, end in piece.spans.tolist()]
                else:
                    mine.append(piece if isinstance(piece, bytes) else None)
            found.append(mine)
        assert found[0] == found[1]


def test_an_array_with_a_record_on_each_line_is_one_document(tmp_path: Path) -> None:
    path = tmp_path / "array.json"
    for count in (1, 2, 40, 60):
        path.write_text("[\n" + ",\n".join(json.dumps(graph(n)) for n in range(count)) + "\n]\n")
        events, problems, records = read_all(path)
        assert (events.num_rows, problems, records) == (count, [], count)
