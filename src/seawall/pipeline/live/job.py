"""A scoring that runs in another thread, with the inputs it started from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from seawall.detection.feedback_values import FeedbackAnswer
from seawall.pipeline.live.budget import RaisingLimits
from seawall.pipeline.live.detection import DayScoring


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
