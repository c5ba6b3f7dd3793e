"""What a benign confuser is."""

from __future__ import annotations

from collections.abc import Callable

from seawall.lab.acts import Diary
from seawall.lab.dice import Dice

Span = tuple[list[str], int, int]
"""Accounts concerned, first day, day after the last."""
Confuser = Callable[[Diary, Dice], list[Span]]
"""Arranges something before the ordinary days are written; returns what it arranged."""
