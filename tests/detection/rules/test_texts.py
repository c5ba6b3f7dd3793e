"""Values in JSON texts: a text is left out only if it has no value at the path, however its names are written."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seawall.detection.rules.sigma import text_names, texts
from seawall.detection.rules.sigma.records import RuleRecords
from seawall.detection.rules.sigma.text_names import TextNames
from seawall.detection.rules.sigma.texts import ColumnTexts, TextValues
from seawall.detection.rules.sigma.values import find_values, parse_text
from seawall.events.grouping import Rows
from tests.sample_events import event, table

from .test_sigma import rule, rules

NAMES = (
    "name", "Name", "Value", "Key", "User", "user", "user.key", " key ", "\tUser", "u-1", "U_1", "\u212aey", "\u0130d", "id",
    "\u017fid", "stra\u00dfe", "\u03a3\u03a3", "Additional Info", 'a"b', "a\\b", "a/b", "",
)  # fmt: skip
PATHS = sorted({name.strip().lower() for name in NAMES if name.strip()} | {"i\u0307d"})
VALUES = st.recursive(
    st.sampled_from(["", "x", 0, None, True, "-User x -Key", "-user (\"a\",\"b\")", *NAMES]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
        inner.map(lambda value: json.dumps(value, ensure_ascii=False)),
        inner.map(json.dumps),
    ),
    max_leaves=8,
)  # fmt: skip


def values_of(column: ColumnTexts, numbers: Rows, path: str) -> list[tuple[str, ...]]:
    places, values = column.inside(numbers, path)
    found: list[tuple[str, ...]] = [()] * len(numbers)
    for place, some in zip(places.tolist(), values, strict=True):
        found[place] = some
    return found


def escape_letters(text: str) -> str:
    """Write every letter of a JSON text's strings as an escape, as some writers may."""
    return "".join(f"\\u{ord(one):04x}" if one in "kKuUsS" else one for one in text)


@given(
    st.lists(VALUES, min_size=1, max_size=4),
    st.lists(st.sampled_from(PATHS), min_size=1, max_size=3).map(".".join),
    st.sampled_from([json.dumps, lambda value: json.dumps(value, ensure_ascii=False)]),
)
@example([{"\u212aey": 1}], "key", lambda value: json.dumps(value, ensure_ascii=False))
@example([{"\u212aey": 1}], "key", json.dumps)
@example([{"\u0130d": 1}], "i\u0307d", lambda value: json.dumps(value, ensure_ascii=False))
@example([[{"Name": "\tUser ", "Value": 1}]], "user", json.dumps)
@example(['{"a": "{\\"\\\\u0075ser\\": 1}"}'], "a.user", json.dumps)
def test_no_value_is_missed(said: list[Any], path: str, write: Any) -> None:
    written = [write(one) for one in said]
    written += [escape_letters(text) for text in written if "\\" not in text]
    column = ColumnTexts(pa.array(["", *written, None]), TextValues())
    numbers = column.numbers(np.arange(len(written) + 2))[0].astype(np.int64)
    expected = [(), *(tuple(find_values(parse_text(text), path)) for text in written), ()]
    names = TextNames()
    for one in (path, "name", "other"):
        names.add(one)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "SINGLY", 0)
        assert values_of(column, numbers, path) == expected
        names.index(column, np.unique(numbers)[1:])
        assert values_of(column, numbers, path) == expected


@given(
    st.lists(VALUES, min_size=1, max_size=4),
    st.lists(st.lists(st.sampled_from(PATHS), min_size=1, max_size=3).map(".".join), min_size=1, max_size=4),
    st.sampled_from([0, 1, 256]),
)
def test_a_group_that_cannot_hold_a_path_holds_no_value(
    said: list[Any], paths: list[str], sample: int
) -> None:
    """Texts in small numbers are looked at singly; common names have searches of their own."""
    column = ColumnTexts(pa.array(["", *(json.dumps(one) for one in said)]), TextValues())
    numbers = column.numbers(np.arange(len(said) + 1))[1]
    names = TextNames()
    wanted = frozenset[str]().union(*map(names.add, paths))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_names, "SAMPLE", sample)
        patch.setattr(text_names, "COMMON", 0.5)
        groups = names.find_groups(column, numbers, wanted)
    assert (groups == text_names.EMPTY).tolist() == (numbers == texts.NOTHING).tolist()
    for path in paths:
        may = names.may_hold(groups.tolist(), path)
        found = zip(values_of(column, numbers, path), may, strict=True)
        assert not [some for some, holds in found if some and not holds]


def test_names_in_texts_close_rules() -> None:
    """A rule is not evaluated on records whose texts lack a name that it needs."""
    asked = rules(
        rule({"s": {"Bag.Risky": "high"}, "condition": "s"}),
        rule({"s": {"Bag.Other": 1}, "condition": "not s"}, id="0f6c1f3e-6c53-4c8e-9a0e-3d1c6f3f0b12"),
    )
    rows = [
        event(str(n), unmapped=json.dumps(said))
        for n, said in enumerate([{"Bag": {"Risky": "high"}}, {"Bag": 1}, {}])
    ]
    records = RuleRecords(table(rows))
    opened = {
        number: (sorted(sure.tolist()), sorted(left.tolist()))
        for number, sure, left in asked.programs()["m365"].selectors.open(records, np.arange(3))
    }
    assert opened == {0: ([], [0]), 1: ([0, 1, 2], [])}


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        ("MOST_NAMES", 1),
        ("MOST_CHARACTERS", 1),
        ("MOST_INDEXED", 0),
        ("MOST_GROUPS", 2),
        ("MOST_SEARCHES", 0),
        ("MOST_KEPT", 0),
    ],
)
def test_limits_of_the_search_change_no_mark(monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    contents = [
        rule({"s": {f"Name{n}": "x"}, "condition": "s"}, id=f"0f6c1f3e-6c53-4c8e-9a0e-3d1c6f3f0b{n:02}")
        for n in range(9)
    ]
    rows = [
        event(str(n), unmapped=json.dumps({f"Name{n % 9}": "xy"[n % 2], "Name3": "x"})) for n in range(600)
    ]
    plain = rules(*contents).mark(table(rows))[0].to_pylist()
    assert len(set(plain)) == 9
    monkeypatch.setattr(text_names, limit, value)
    if limit == "MOST_INDEXED":
        monkeypatch.setattr(text_names, "MOST_NAMES", 1)
    assert rules(*contents).mark(table(rows))[0].to_pylist() == plain


def test_only_one_other_letter_becomes_ascii_in_lower_case() -> None:
    """The search ignores case as RE2 does, and leaves out `i` before U+0307."""
    others = [
        chr(code)
        for code in range(128, sys.maxunicode + 1)
        if any(one.isascii() and one.isprintable() for one in chr(code).lower())
    ]
    assert others == ["\u0130", "\u212a"]
    assert "\u0130".lower() == "i\u0307"


def test_texts_without_the_name_are_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def parse(text: str) -> Any:
        parsed.append(text)
        return parse_text(text)

    monkeypatch.setattr(texts, "parse_text", parse)
    has, lacks = '{"Bag":[{"Name":"RiskLevel","Value":"high"}]}', '{"Bag":[{"Name":"Agent","Value":"x"}]}'
    found = rules(rule({"s": {"Bag.RiskLevel": "high"}, "condition": "s"}))
    rows = [event(str(n), unmapped=text) for n, text in enumerate([has, lacks, has, ""])]
    for _ in range(2):  # the second batch finds the values of the first
        assert [one is not None for one in found.mark(table(rows))[0].to_pylist()] == [
            True,
            False,
            True,
            False,
        ]
    assert parsed == [has]


@pytest.mark.parametrize("kept", ["MOST_KEPT", "MOST_CHARACTERS", "MOST_PARSED_CHARACTERS"])
def test_kept_values_are_bounded_and_change_nothing(monkeypatch: pytest.MonkeyPatch, kept: str) -> None:
    def marks() -> list[list[str | None]]:
        found = rules(rule({"s": {"A": "x"}, "t": {"B": None}, "condition": "s or not t"}))
        batches = [
            [
                event(str(n), unmapped=json.dumps({"A": "xyz"[(n + at) % 3], "B": n % 2 or None}))
                for n in range(6)
            ]
            for at in range(3)
        ]
        return [found.mark(table(rows))[0].to_pylist() for rows in batches]

    plain = marks()
    assert {None} < {one for some in plain for one in some}
    monkeypatch.setattr(texts, kept, 0)
    assert marks() == plain
