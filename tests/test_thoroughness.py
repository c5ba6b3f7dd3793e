"""`make test` draws the same few examples at every run; thorough runs draw all of them, and others each time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.thoroughness import ORDINARY, PROFILE, examples


@pytest.fixture(autouse=True)
def _the_profile_stays() -> Iterator[None]:
    before = settings.get_current_profile_name()
    yield
    settings.load_profile(before)


@pytest.mark.parametrize(("number", "fewer"), [(400, 100), (100, 25), (25, 8), (5, 5)])
def test_all_examples_belong_to_the_thorough_profile(number: int, fewer: int) -> None:
    settings.load_profile(ORDINARY)
    assert examples(number) == fewer
    settings.load_profile(PROFILE)
    assert examples(number) == number


def draw(profile: str) -> list[int]:
    """Return the examples of one run of a property."""
    settings.load_profile(profile)
    drawn: list[int] = []

    @given(st.integers())
    def run(number: int) -> None:
        drawn.append(number)

    run()
    return drawn


@pytest.mark.parametrize("where", ["", "true"])
def test_ordinary_runs_draw_the_same_examples_everywhere(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", where)
    assert draw(ORDINARY) == draw(ORDINARY)
    assert draw(PROFILE) != draw(PROFILE)
    assert settings.get_profile(PROFILE).print_blob
