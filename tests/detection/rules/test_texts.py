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

from seawall.detection.rules.sigma import texts
from seawall.detection.rules.sigma.texts import ColumnTexts, TextValues
from seawall.detection.rules.sigma.values import find_values, parse_text
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
    assert column.inside(numbers, path) == expected


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
