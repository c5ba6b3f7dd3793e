"""Common parts of benign changes: accounts and days."""

from __future__ import annotations

from collections.abc import Callable

from seawall.lab.worlds.acts import ActivityLog
from seawall.lab.worlds.organisation import LabAccount
from seawall.lab.worlds.seeded_random import SeededRandom

Span = tuple[list[str], int, int]
"""Affected accounts, first day, day after the last."""
Confuser = Callable[[ActivityLog, SeededRandom], list[Span]]
"""A function that arranges a benign change before the ordinary days are written, and returns the affected spans."""


def some_people(diary: ActivityLog, dice: SeededRandom, low: float, high: float) -> list[LabAccount]:
    """Draw people: a random share of the organisation between two bounds (times the tenant's scale), at least one person."""
    share = dice.log_between(low, high) * diary.tenant.style.confuser_scale
    people = diary.tenant.people
    return dice.sample(people, max(1, min(len(people), round(share * len(people)))))


def some_day(diary: ActivityLog, dice: SeededRandom) -> int:
    """Draw a day, not among the first three."""
    return min(diary.days - 1, 3 + dice.below(max(1, diary.days - 3)))


def names(people: list[LabAccount]) -> list[str]:
    """Return the accounts of people."""
    return [person.upn for person in people]
