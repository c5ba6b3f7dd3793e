"""What vendors say is told in one sentence, and damaged parameters say nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.incidents.vendor_statements import describe_statement, merge_statements

SAID = {"vendor": "Microsoft", "says": "anonymised address", "level": "medium"}


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({}, "Microsoft says: anonymised address, medium"),
        ({"state": "atRisk"}, "Microsoft says: anonymised address, medium"),
        (
            {"state": "confirmedCompromised"},
            "Microsoft says: anonymised address, medium, confirmed compromised",
        ),
        ({"state": "dismissed", "level": ""}, "Microsoft says: anonymised address, dismissed"),
        ({"address": "198.51.100.7"}, "Microsoft says: anonymised address, medium (198.51.100.7)"),
        ({"vendor": 5}, ""),
        ({"says": None}, ""),
        (
            {"vendor": None, "risk_says": "leaked credentials", "risk": "low"},
            "Microsoft says of a sign-in: leaked credentials, low",
        ),
        (
            {"vendor": None, "risk_says": "leaked credentials", "risk": 3},
            "Microsoft says of a sign-in: leaked credentials",
        ),
    ],
)
def test_a_statement_is_one_sentence(more: dict[str, object], sentence: str) -> None:
    assert describe_statement(json.dumps({**SAID, **more})) == sentence


@given(st.one_of(st.none(), st.text(), st.recursive(st.none() | st.text(), st.lists).map(json.dumps)))
def test_damaged_parameters_say_nothing(text: str | None) -> None:
    assert describe_statement(text) == ""


def test_statements_of_several_groups_are_told_once_in_order_of_time() -> None:
    merged = merge_statements([((2_000_000, "b"), (1_000_000, "a")), ((1_000_000, "a"),), ()])
    assert merged == [
        {"time": "1970-01-01T00:00:01Z", "text": "a"},
        {"time": "1970-01-01T00:00:02Z", "text": "b"},
    ]
