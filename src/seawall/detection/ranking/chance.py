"""Estimate the chance that an incident is real from its score, by a curve that was measured beside the ranker.

The curve is a small document: points (score, chance) that rise together, and the least score from which incidents are raised.
It belongs to one ranker: whoever trains the ranker measures the curve again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

import numpy as np

from seawall_base.errors import ArtefactInvalid

ARTEFACT = "chance.json"
_FIX = "reinstall Seawall, or measure it again: python -m seawall.lab.evaluate.calibrate_chance"


@dataclass(frozen=True, slots=True)
class ChanceCurve:
    """Hold points of a rising curve: `scores` in log-odds, ascending, and `chances` in [0, 1].

    `raised_from` is the least score from which incidents are raised, None for no threshold. `card` says how the points were
    measured.
    """

    scores: tuple[float, ...]
    chances: tuple[float, ...]
    raised_from: float | None = None
    card: Mapping[str, Any] = field(default_factory=dict)

    def estimate(self, score: float) -> float:
        """Return the chance of a score: linear between points, and that of the nearest point beyond them."""
        return float(np.interp(score, self.scores, self.chances))

    def least_score(self, chance: float) -> float:
        """Return the least score with at least this chance; infinite if no score has it."""
        if chance <= self.chances[0]:
            return -math.inf
        if chance > self.chances[-1]:
            return math.inf
        place = int(np.searchsorted(self.chances, chance))
        before, after = self.chances[place - 1], self.chances[place]
        share = (chance - before) / (after - before)
        return self.scores[place - 1] + share * (self.scores[place] - self.scores[place - 1])


@cache
def load_chance() -> ChanceCurve:
    """Return the curve that ships with Seawall. Raises `ArtefactInvalid` if it is missing or no rising curve."""
    place = resources.files("seawall.detection.ranking") / "data" / ARTEFACT
    if not place.is_file():
        raise ArtefactInvalid("the curve of chances is missing", fix=_FIX)
    return parse_chance(place.read_bytes())


def parse_chance(document: bytes) -> ChanceCurve:
    """Read a curve from its JSON document. Raises `ArtefactInvalid` if it is no rising curve."""
    try:
        content = json.loads(document)
        points = [(float(score), float(chance)) for score, chance in content["points"]]
        least = content["raised_from"]
        raised_from = None if least is None else float(least)
        card = dict(content["card"])
    except (ValueError, KeyError, TypeError) as error:
        raise ArtefactInvalid(f"the curve of chances cannot be read: {error!r}", fix=_FIX) from error
    finite = all(map(math.isfinite, (*(value for point in points for value in point), raised_from or 0.0)))
    rises = all(one[0] < two[0] and one[1] <= two[1] for one, two in pairwise(points))
    if not points or not finite or not rises or points[0][1] < 0.0 or points[-1][1] > 1.0:
        raise ArtefactInvalid("the curve of chances does not rise from 0 to 1", fix=_FIX)
    scores, chances = zip(*points, strict=True)
    return ChanceCurve(scores, chances, raised_from, card)
