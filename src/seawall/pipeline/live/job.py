"""A scoring that runs in another thread, with the inputs it started from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from seawall.detection.feedback_values import FeedbackAnswer
from seawall.pipeline.live.budget import RaisingLimits
from seawall.pipeline.live.detection import DayScoring
from seawall_base.clock import Clock

LONGEST_SCORING = 3.0
"""Seconds after which scoring stops at the end of a day if more events have arrived."""


def begin_deadline(clock: Clock) -> Callable[[], bool]:
    """Return a deadline that lets the scoring of many days pause for events that arrive meanwhile."""
    until = clock.monotonic() + LONGEST_SCORING
    return lambda: clock.monotonic() > until


@dataclass(slots=True)
class ScoringJob:
    """One scoring. `run` may execute in another thread; `Scorer.finish` stores its result.

    Between start and `finish`, nothing else may change the detection: arriving events wait.
    """

    run: Callable[[], DayScoring]
    started: float
    mark: tuple[Any, ...]
    answers: Sequence[FeedbackAnswer]
    limits: RaisingLimits
    is_ranking_due: bool
    is_settled: bool
