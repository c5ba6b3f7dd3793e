"""One scoring that runs apart, with what it began from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from seawall.detection.feedback_values import Answered
from seawall.pipeline.live.detection import DayScoring


@dataclass(slots=True)
class Job:
    """One scoring: `run` works apart from everything else, also in another thread; what it found is kept by `Scorer.finish`.

    Between its beginning and `finish`, nothing else may touch the detection: what comes meanwhile waits.
    """

    run: Callable[[], DayScoring]
    started: float
    mark: tuple[Any, ...]
    answers: Sequence[Answered]
    budget: float | None
    is_ruling_due: bool
    is_settled: bool
