"""The search box: what it understands, and that it refuses the rest by name."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.console.api_error import ApiError
from seawall.console.data.search_syntax import (
    CHOICES,
    FIELDS,
    LONGEST,
    MOST_TERMS,
    TEXT_FIELDS,
    SearchCondition,
    parse_search,
)


def test_words_fields_quotes_and_negation() -> None:
    assert parse_search(
        'network:"Example Hosting" -severity:LOW is:raised score>2.5 -"two words" outlook'
    ) == (
        SearchCondition("network", "Example Hosting"),
        SearchCondition("severity", "low", negated=True),
        SearchCondition("is", "raised"),
        SearchCondition("score", "2.5", relation=">", number=2.5),
        SearchCondition("", "two words", negated=True),
        SearchCondition("", "outlook"),
    )


@pytest.mark.parametrize("text", ["", "   ", "\t\n"], ids=["empty", "spaces", "blanks"])
def test_nothing_is_no_terms(text: str) -> None:
    assert parse_search(text) == ()


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("after:2026-03-01", 1_772_323_200_000_000),
        ("after:2026-03-01T00:00:01Z", 1_772_323_201_000_000),
        ("before:2026-03-01T02:00:00+02:00", 1_772_323_200_000_000),
    ],
)
def test_times(text: str, time: int) -> None:
    (term,) = parse_search(text)
    assert term.number == time


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        ("score>1", ">"),
        ("score:>1", ">"),
        ("score>=1", ">="),
        ("score<1", "<"),
        ("score:<=1", "<="),
        ("score:1", ">="),
    ],
)
def test_scores(text: str, relation: str) -> None:
    (term,) = parse_search(text)
    assert (term.field, term.relation, term.number) == ("score", relation, 1.0)


def test_what_only_looks_like_a_field_is_text() -> None:
    assert parse_search('2001:db8::1 "http://x" a-b -') == (
        SearchCondition("", "2001:db8::1"),
        SearchCondition("", "http://x"),
        SearchCondition("", "a-b"),
        SearchCondition("", "-"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "nosuch:x", "severity:worst", "is:", "account:", "score>", "score>x", "score>nan", "score>inf", "score>1e999",
        "after:yesterday", "after:0000-01-01", "account>x", '"open', 'a"b', '""', 'account:""', "x" * (LONGEST + 1),
        " ".join("a" * (MOST_TERMS + 1)), "answer:maybe", "before:99999-01-01",
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse_search(text)
    assert refused.value.status == 422
    assert refused.value.fault.field == "q"


values = st.text(min_size=1, max_size=20)
terms = st.one_of(
    st.builds(SearchCondition, st.just(""), values, st.booleans()),
    st.builds(SearchCondition, st.sampled_from(TEXT_FIELDS), values, st.booleans()),
    st.sampled_from(
        [SearchCondition(field, value) for field, choices in CHOICES.items() for value in choices]
    ),
    st.builds(
        lambda number, relation: SearchCondition("score", repr(number), False, relation, number),
        st.floats(-1e6, 1e6),
        st.sampled_from([">", ">=", "<", "<="]),
    ),
)


def format_search(terms: tuple[SearchCondition, ...]) -> str:
    return " ".join(
        f"{'-' * term.negated}{term.field}{term.relation * bool(term.field)}{_quoted(term.value)}"
        for term in terms
    )


def _quoted(value: str) -> str:
    if re.fullmatch(r"[^\s\"\\:<>-][^\s\"\\:<>]*", value):
        return value
    escaped = re.sub(r'(["\\])', r"\\\1", value)
    return f'"{escaped}"'


@given(st.lists(terms, max_size=8))
def test_what_is_written_is_read_again(wanted: list[SearchCondition]) -> None:
    assert parse_search(format_search(tuple(wanted))) == tuple(wanted)


@given(st.one_of(st.text(max_size=200), st.text(alphabet='ab:"\\-<>= \t', max_size=60)))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        found = parse_search(text)
    except ApiError as refused:
        found, status = (), refused.status
    else:
        status = 422
    assert status == 422
    assert all(term.field in ("", *FIELDS) and term.value for term in found)
    assert parse_search(format_search(found)) == found
