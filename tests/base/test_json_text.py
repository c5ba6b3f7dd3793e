"""JSON in UTF-8 of any value, and the same bytes for the same values."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall_base.json_text import encode_json, replace_surrogates

texts = st.text(st.characters(codec=None), max_size=4)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


class Named(msgspec.Struct):
    b: Any = None
    a: Any = None


@given(values)
def test_what_utf_8_has_not_is_a_question_mark(value: Any) -> None:
    expected = json.loads(json.dumps(replace_surrogates(value)))
    for sort_keys in (False, True):
        assert json.loads(encode_json(value, sort_keys=sort_keys)) == expected
    encode_json(value).decode("utf-8")


def test_halves_of_pairs_are_replaced_and_whole_characters_kept() -> None:
    assert encode_json({"\ud800": ["a\udfff", ("😀", "\ud83d\ude00")]}) == '{"?":["a?",["😀","??"]]}'.encode()
    assert replace_surrogates("plain") == "plain"
    assert replace_surrogates(3) == 3


@pytest.mark.parametrize("text", ["x", "\ud800"])
def test_keys_are_sorted_where_that_is_asked_for(text: str) -> None:
    shown = "x" if text == "x" else "?"
    assert encode_json(Named(text, {"d": 1, "c": 2})) == f'{{"b":"{shown}","a":{{"d":1,"c":2}}}}'.encode()
    assert (
        encode_json(Named(text, {"d": 1, "c": 2}), sort_keys=True)
        == f'{{"a":{{"c":2,"d":1}},"b":"{shown}"}}'.encode()
    )


def test_a_decimal_number_is_a_number() -> None:
    assert encode_json([Decimal("1.50")]) == b"[1.50]"
