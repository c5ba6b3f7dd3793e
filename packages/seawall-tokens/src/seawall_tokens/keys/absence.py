"""When a key that its issuer no longer lists stops counting: not at the first answer without it, and not late either.

An issuer's servers may answer differently for a while: Entra's set for organisations lost and regained keys 45 times in two
months. A key that is missing from an answer is therefore *absent* and still counts, and is *retired* once it was missing for
long enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

ANSWERS: Final = 3
"""Valid sets in a row that must lack a key."""

SECONDS: Final = 600.0
"""Seconds since the first of them."""

MOST_SECONDS: Final = 1800.0
"""Seconds after which an absent key is retired however few sets were loaded: its source may be out of reach."""


@dataclass(frozen=True, slots=True)
class Absence:
    """Since when (in ticks) a key is not listed, and how many valid sets in a row lacked it."""

    since: float
    answers: int

    def is_over(self, ticks: float) -> bool:
        """Whether the key is retired by now."""
        away = ticks - self.since
        return (self.answers >= ANSWERS and away >= SECONDS) or away >= MOST_SECONDS


def count_absences(known: Mapping[str, Absence], missing: Iterable[str], ticks: float) -> dict[str, Absence]:
    """Return the absences after one more set that lacks the keys `missing`; keys that it lists have none."""
    found: dict[str, Absence] = {}
    for kid in missing:
        before = known.get(kid)
        found[kid] = Absence(ticks, 1) if before is None else Absence(before.since, before.answers + 1)
    return found
