"""Compiled reading of JSON lines: what it takes is what a JSON parser finds, and what it leaves is left whole."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.events.formats import line_formats
from seawall.events.formats.json_values import as_text, encode
from seawall.events.formats.line_blocks import LineBuffer, LineText, TextOrigin
from seawall.events.formats.record_numbers import RecordNumbers
from seawall.events.json_lines.block import JsonBlock
from seawall.events.json_lines.field_tree import MOST_COLUMNS, FieldTree
from seawall.events.json_lines.layout import IS_ARRAY, IS_OBJECT, IS_REFUSED, OF_FIRST
from tests.events.support import mail_read, read_all, rows, signed_in
from tests.events.test_both_ways import FAST, JSON_VALUES, variants
from tests.thoroughness import examples

NAMES = ("a", "b", "Long name of a field", "é")
PIECES = [
    '{"a":',
    '"b":',
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "\\u00e9",
    "\\ud800",
    "é",
    "1",
    "-0",
    "1e5",
    "01",
    "true",
    "nul",
    " ",
]


def block_of(text: bytes, tree: FieldTree | None = None, depth: int = 8) -> JsonBlock:
    lines = LineBuffer().fill([LineText(TextOrigin("log", RecordNumbers(1)), [text], False)])
    return JsonBlock(lines.data, lines.starts, lines.ends, tree or tree_of(*NAMES), depth)


def tree_of(*names: str) -> FieldTree:
    tree = FieldTree()
    for name in names:
        tree.add(name, column=name)
    return tree


def all_rows(block: JsonBlock) -> Any:
    return np.flatnonzero(block.is_read)


def nesting(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(nesting, inner), default=0) if isinstance(value, dict | list) else 0


@settings(max_examples=examples(300))
@given(
    st.lists(st.dictionaries(st.sampled_from(NAMES), JSON_VALUES, max_size=4), min_size=1, max_size=6),
    st.booleans(),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", "  : ")]),
)
def test_columns_hold_what_a_parser_finds(
    records: list[dict[str, Any]], is_ascii: bool, separators: tuple[str, str]
) -> None:
    lines = [json.dumps(record, ensure_ascii=is_ascii, separators=separators) for record in records]
    block = block_of("\n".join(lines).encode(), depth=64)
    read = all_rows(block)
    objects = [
        {name: records[row][name] for name in NAMES if records[row].get(name) not in (None, "", [], {})}
        for row in read.tolist()
    ]
    assert block.write_objects(NAMES, read).to_pylist() == [encode(one) if one else None for one in objects]
    for name in NAMES:
        values = [records[row].get(name) for row in read.tolist()]
        column = block.encode_column(name, read)
        found = [column.values[code] if code >= 0 else None for code in column.codes.tolist()]
        assert found == [as_text(value) or None for value in values]
        assert block.read_texts(name, read).to_pylist() == found
        kept = [None if value in (None, "", [], {}) else encode(value) for value in values]
        assert block.read_texts(name, read, is_json=True).to_pylist() == kept


@settings(max_examples=examples(500))
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=30))
def test_no_text_is_taken_that_a_parser_refuses(text: str) -> None:
    line = text.replace("\n", " ").encode("utf-8", "surrogatepass")
    block = block_of(b'{"a":"usual"}\n' + line + b"\n")
    assert block.is_read[0]
    if block.is_read[1]:
        value = json.loads(line)
        assert isinstance(value, dict)
        assert nesting(value) <= 8
    if block.is_blank[1]:
        assert not line.strip()


@pytest.mark.parametrize("depth", [1, 2, 3, 8])
def test_the_depth_is_bounded(depth: int) -> None:
    texts = [b'{"a":' + b"[" * inner + b"]" * inner + b"}" for inner in range(1, 12)]
    assert block_of(b"\n".join(texts), depth=depth).is_read.tolist() == [
        inner < depth for inner in range(1, 12)
    ]


def test_objects_that_are_looked_into() -> None:
    tree = FieldTree()
    context, folder, items = tree.add_node(), tree.add_node(), tree.add_tally()
    tree.add("Context", column="Context", child=context, flags=IS_OBJECT)
    tree.add("Session", node=context, column="Context.Session")
    tree.add("Folders", column="Folders", child=folder, flags=IS_ARRAY, tally=items)
    tree.add("Path", node=folder, column="Folders.Path", flags=OF_FIRST)
    tree.add("Items", node=folder, flags=IS_ARRAY, tally=items)
    tree.add("Wrapped", flags=IS_REFUSED)
    lines = [
        b'{"Context":{"Other":1,"Session":"s"},"Folders":[{"Path":"p","Items":[1,{"Path":2},[3]]},{"Path":"q","Items":[1]}]}',
        b'{"Context":null,"Folders":[]}',
        b'{"Folders":[{}]}',
        b'{"Context":"{}"}',
        b'{"Folders":[1]}',
        b'{"Folders":{"Path":"x"}}',
        b'{"Context":{"Session":1,"Session":2}}',
        b'{"Folders":[{"Items":[],"Items":[1]}]}',
        b'{"Context":{},"Context":{}}',
        b'{"Wrapped":1}',
        b'{"Folders":[{},{"Path":"late"}]}',
    ]
    block = block_of(b"\n".join(lines), tree)
    read = all_rows(block)
    assert read.tolist() == [0, 1, 2, 10]
    assert block.read_texts("Context.Session", read).to_pylist() == ["s", None, None, None]
    assert block.read_texts("Folders.Path", read).to_pylist() == ["p", None, None, None]
    assert block.read_tally(items, read).tolist() == [4, -1, 0, 0]


def test_further_fields_get_columns_until_there_are_enough() -> None:
    tree = tree_of("a")
    lines = [json.dumps({f"field {number}": number}) for number in range(2 * MOST_COLUMNS)]
    block = block_of("\n".join(lines).encode(), tree)
    assert tree.is_full
    assert len(tree.columns) == MOST_COLUMNS
    assert all_rows(block).tolist() == list(range(MOST_COLUMNS - 1))
    assert block.read_texts("field 7", np.array([7])).to_pylist() == ["7"]


@pytest.mark.parametrize("name", ["x" * 65, "bell\\u0007", "a\\\\b", "\ufffd", "\u2028"])
def test_a_record_with_an_unusual_name_is_left(name: str) -> None:
    lines = ['{"a":1}', f'{{"{name}":1}}', '{"b":2}']
    block = block_of("\n".join(lines).encode())
    assert block.is_read.tolist() == [True, False, True]


def test_a_name_of_a_made_column_is_left() -> None:
    tree = tree_of("a")
    inner = tree.add_node()
    tree.add("Outer", child=inner, column="Outer")
    tree.add("Inner", node=inner, column="Outer.Inner")
    block = block_of(b'{"Outer":{"Inner":1}}\n{"Outer.Inner":2}', tree)
    assert block.is_read.tolist() == [True, False]


def test_bytes_that_are_not_utf_8_are_left() -> None:
    block = block_of(b'{"a":"\xc3\xa9"}\n{"a":"\xff"}\n{"b":{"\xff":1}}\n{"\xff":1}')
    assert block.is_read.tolist() == [True, False, False, False]


def test_without_numba_the_same_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(8)
    records = [mail_read(n) if n % 2 else signed_in(n) for n in range(60)]
    records += [chance.choice(variants(n)) for n in range(100)]
    path = tmp_path / "audit.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    events, problems, count = read_all(path, limits=FAST)
    monkeypatch.setattr(line_formats, "_import_compiled", lambda _name: None)
    again, same_problems, same_count = read_all(path, limits=FAST)
    assert (rows(events), problems, count) == (rows(again), same_problems, same_count)


@pytest.mark.soak
def test_damaged_lines_are_read_within_the_arrays() -> None:
    """The kernels with bounds checks (loads of words apart, which PADDING covers) give what the others give."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/events/test_many_lines.py",
        "tests/events/test_pages.py",
        "tests/events/test_okta_columns.py",
        "tests/events/test_google_columns.py",
        "tests/events/test_table_fields.py",
        "tests/events/test_value_numbers.py",
        __file__,
    ]
    environment = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_DISABLE_JIT": "0"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 0, done.stdout[-2000:]
