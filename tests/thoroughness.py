"""How many examples a property gets: some in `make test`, all in `make soak`."""

from __future__ import annotations

from hypothesis import settings

ORDINARY = "project"
"""The Hypothesis profile of `make test`: the same examples at every run, so that a run fails for what was changed alone."""

PROFILE = "thorough"
"""The Hypothesis profile of `make soak`: other examples at every run."""


def register_profiles() -> None:
    """Register both profiles. Neither has a deadline, because machines are busy at times.

    Both say how examples are drawn: otherwise Hypothesis decides by whether it finds itself in continuous integration.
    """
    settings.register_profile(ORDINARY, deadline=None, max_examples=40, derandomize=True, database=None)
    settings.register_profile(
        PROFILE, deadline=None, max_examples=100, derandomize=False, database=None, print_blob=True
    )


def examples(number: int, *, fewest: int = 8) -> int:
    """Return `number` with the thorough profile, else a quarter of it, at least `fewest`."""
    if settings.get_current_profile_name() == PROFILE:
        return number
    return min(number, max(number // 4, fewest))
