"""Decide when a key that its issuer no longer lists is retired: neither at the first answer without it, nor late.

An issuer's servers may answer differently for a while: Entra's set for organisations lost and regained keys 45 times
in two months. A key missing from an answer is therefore *absent* and still valid. It is *retired* once it was missing
for long enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

ANSWERS: Final = 3
"""Consecutive valid sets that must lack a key."""

SECONDS: Final = 600.0
"""Seconds since the first set that lacked it."""

MOST_SECONDS: Final = 1800.0
"""Seconds after which an absent key is retired however few sets were loaded, because its source may be unreachable."""


@dataclass(frozen=True, slots=True)
class KeyAbsence:
    """Since when (in ticks) a key is not listed, and how many consecutive valid sets lacked it."""

    since: float
    answers: int

    def is_over(self, ticks: float) -> bool:
        """Return whether the key is retired by now."""
        away = ticks - self.since
        return (self.answers >= ANSWERS and away >= SECONDS) or away >= MOST_SECONDS


def count_absences(
    known: Mapping[str, KeyAbsence], missing: Iterable[str], ticks: float
) -> dict[str, KeyAbsence]:
    """Return the absences after one more valid set that lacks the keys `missing`.

    Keys that the set lists have no absence.
    """
    found: dict[str, KeyAbsence] = {}
    for kid in missing:
        before = known.get(kid)
        found[kid] = KeyAbsence(ticks, 1) if before is None else KeyAbsence(before.since, before.answers + 1)
    return found
