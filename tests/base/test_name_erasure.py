"""Replacing one person's names: in every spelling, in JSON however escaped, and nobody else's."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall_base.name_erasure import NameErasure

ANNA, BOB = "anna.berger@x.example", "bob@x.example"
GONE = NameErasure(ANNA, "erased-1", aliases=["Änne Berger-Holm"], others=[BOB, "anna@x.example"])


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (ANNA, "erased-1@x.example"),
        ("see ANNA.BERGER@X.EXAMPLE.", "see erased-1@X.EXAMPLE."),
        ("anna.berger's mailbox, Berger, Anna", "erased-1's mailbox, erased-1"),
        ("/personal/anna_berger_x_example/", "/personal/erased-1/"),
        ("Änne Berger-Holm phoned", "erased-1 phoned"),
        ("anna%2Eberger or anna.berger%40x.example", "anna%2Eberger or erased-1@x.example"),
        ("letter-anna.berger@x.example/", "letter-erased-1@x.example/"),
        ("letter-anna.berger@y.example/", "letter-anna.berger@y.example/"),
        ("anna and bob@x.example, susanna.bergers", "anna and bob@x.example, susanna.bergers"),
    ],
)
def test_every_spelling_goes_and_others_stay(text: str, cleaned: str) -> None:
    assert GONE.replace_text(text) == cleaned


@pytest.mark.parametrize("is_ascii", [True, False])
def test_names_in_json_go_however_they_are_escaped(is_ascii: bool) -> None:
    document = {
        "name": "Änne Berger-Holm",
        "quoted": 'she said "anna.berger"',
        "inner": json.dumps({"a": "\n" + ANNA}),
    }
    text = json.dumps({**document, "other": f"\n{BOB}"}, ensure_ascii=is_ascii)
    found = json.loads(GONE.replace_lines(text))
    assert found["name"] == "erased-1"
    assert found["quoted"] == 'she said "erased-1"'
    assert json.loads(found["inner"]) == {"a": "\nerased-1@x.example"}
    assert found["other"] == f"\n{BOB}"


def test_values_keep_their_shape() -> None:
    value = {ANNA: [1, (ANNA, None)], "n": 2.5}
    assert GONE.replace_values(value) == {"erased-1@x.example": [1, ("erased-1@x.example", None)], "n": 2.5}


def test_a_local_part_that_another_person_has_stays() -> None:
    shared = NameErasure(BOB, "erased-2", others=["bob@y.example"])
    assert shared.replace_text("bob reads bob@x.example") == "bob reads erased-2@x.example"


NAMES = st.builds(
    lambda one, two: f"{one}.{two}@x.example", *[st.from_regex(r"[a-z]{3,8}", fullmatch=True)] * 2
)


@given(NAMES, st.text(max_size=60), st.text(max_size=60))
def test_no_name_survives_and_a_second_time_changes_nothing(name: str, before: str, after: str) -> None:
    erasure = NameErasure(name, "erased-3")
    for text in (
        f"{before} {name} {after}",
        json.dumps([before, f" {name} ", after]),
        f"{before}<{name.upper()}>",
    ):
        cleaned = erasure.replace_lines(text)
        assert name not in cleaned.lower()
        assert erasure.replace_lines(cleaned) == cleaned


@given(st.text(max_size=200))
def test_a_text_without_the_name_is_not_touched(text: str) -> None:
    erasure = NameErasure("quetzalcoatl.xolotl@x.example", "erased-4")
    assert erasure.replace_lines(text) == text
