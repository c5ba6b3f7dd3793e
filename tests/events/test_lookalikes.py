"""Names that imitate well-known names are found; those names themselves and unlike ones are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.applications.names import list_application_names
from seawall.events.lookalikes import BRANDS, find_imitated_name, is_one_apart


@pytest.mark.parametrize(
    ("name", "imitated"),
    [
        ("rnicrosoft_office", "Microsoft Office"),
        ("rnicrosoft", "Microsoft"),
        ("Micros0ft Teams", "Microsoft Teams"),
        ("G\u043e\u043egle Docs Helper", "Google"),
        ("Outlok Mobile", "Outlook Mobile"),
        ("ITCornpany", "ITCompany"),
        ("Microsoft Office", ""),
        ("Microsoft-Office", ""),
        ("Salesloop CRM Sync", ""),
        ("carnival", ""),
        ("", ""),
        ("abc", ""),
    ],
)
def test_an_imitated_name_is_found(name: str, imitated: str) -> None:
    assert find_imitated_name(name) == imitated


def test_names_of_the_organisation_may_be_imitated_and_are_no_imitations() -> None:
    assert find_imitated_name("summltworks.example", ["summitworks.example"]) == "summitworks.example"
    assert find_imitated_name("summitworks.example", ["summitworks.example"]) == ""


@pytest.mark.parametrize("name", [*BRANDS, *sorted(list_application_names())[:200]])
def test_no_well_known_name_imitates_another(name: str) -> None:
    assert find_imitated_name(name) == ""


def distance(one: str, other: str) -> int:
    """The Levenshtein distance, by its definition."""
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, start=1):
        before, row = row, [at]
        for place, against in enumerate(other, start=1):
            row.append(min(before[place] + 1, row[-1] + 1, before[place - 1] + (letter != against)))
    return row[-1]


@given(st.text("ab", max_size=7), st.text("ab", max_size=7))
def test_one_apart_is_a_levenshtein_distance_of_one(one: str, other: str) -> None:
    assert is_one_apart(one, other) == (distance(one, other) == 1)


@given(st.text(max_size=200))
def test_any_text_is_a_name(name: str) -> None:
    found = find_imitated_name(name)
    assert found == "" or found.casefold() != name.casefold()
