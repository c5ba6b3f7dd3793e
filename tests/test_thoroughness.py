"""Long properties get fewer examples in ordinary runs, and all of them in thorough ones."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.thoroughness import PROFILE, examples


@pytest.mark.parametrize(("number", "fewer"), [(400, 100), (100, 25), (25, 8), (5, 5)])
def test_all_examples_belong_to_the_thorough_profile(number: int, fewer: int) -> None:
    before = settings.get_current_profile_name()
    try:
        settings.load_profile("project")
        assert examples(number) == fewer
        settings.load_profile(PROFILE)
        assert examples(number) == number
    finally:
        settings.load_profile(before)
