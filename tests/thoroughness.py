"""How many examples a property gets: some in `make test`, all in `make soak`."""

from __future__ import annotations

from hypothesis import settings

PROFILE = "thorough"
"""The Hypothesis profile of `make soak`."""


def examples(number: int, *, fewest: int = 8) -> int:
    """Return `number` with the thorough profile, else a quarter of it, at least `fewest`.

    Examples differ from run to run, so that many short runs see what a long one sees.
    """
    if settings.get_current_profile_name() == PROFILE:
        return number
    return min(number, max(number // 4, fewest))
