"""The learnt ranker: boosted trees, monotone where the meaning is, evaluated with arrays and explained exactly."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

import numpy as np

from seawall.detection.ranking.calibration import KAPPA
from seawall.detection.ranking.features import FEATURES
from seawall.detection.ranking.patterns import PATTERNS
from seawall.events.coded_batch import Floats
from seawall_base.errors import ArtefactInvalid

INPUTS: tuple[str, ...] = (*FEATURES, *(f"p.{pattern.name}" for pattern in PATTERNS))
"""Ranker inputs: the features, then −ln p of each pattern."""

EVIDENCE = "evidence"
"""Name of the part that the unsupervised evidence adds."""

NO_EVIDENCE = float(np.log(KAPPA))
"""Evidence of a group in which no pattern speaks: it belongs to the base, what is above it to the reasons."""

PARTS: tuple[str, ...] = (*INPUTS, EVIDENCE)
"""Names of what a score is the sum of, beside the base."""

ARTEFACT = "ranker.json"

ROWS_AT_ONCE = 128
"""Groups that are led down all trees together: as arrays of (groups, trees)."""


def inputs(values: Floats, p: Floats) -> Floats:
    """Return the ranker's input float64 (g, len(INPUTS))."""
    return np.concatenate([values, -np.log(p)], axis=1)


@dataclass(frozen=True, slots=True)
class Ranker:
    """t trees of at most m nodes. Arrays are (t, m); a leaf has feature -1. `expected` is a node's mean output.

    The score is log-odds: the unsupervised evidence, weighed, plus what each split on the way adds, so the
    parts sum to the whole. The trees only correct what the evidence says by itself: on logs unlike any that
    they were trained on, the evidence carries the ranking.
    """

    feature: np.ndarray
    threshold: Floats
    left: np.ndarray
    right: np.ndarray
    expected: Floats
    depth: int
    intercept: float
    evidence_weight: float
    card: dict[str, object]

    def score(self, values: Floats, evidence: Floats) -> Floats:
        """Return log-odds float64 (g,) from inputs (g, len(INPUTS)) and unsupervised evidence (g,)."""
        total = self.intercept + self.evidence_weight * evidence
        for begin in range(0, len(values), ROWS_AT_ONCE):
            some = slice(begin, begin + ROWS_AT_ONCE)
            leaf = np.zeros((len(values[some]), len(self.feature)), np.int64)
            for _feature, _node, child in self._walk(values[some]):
                leaf = child
            added = self.expected[np.arange(len(self.feature)), leaf]
            # One after the other: a sum in another order differs in its last digits.
            total[some] = np.cumsum(np.concatenate([total[some, None], added], axis=1), axis=1)[:, -1]
        return total

    def explain(self, values: Floats, evidence: Floats) -> tuple[float, Floats]:
        """Return the base and what each of `PARTS` adds, float64 (g, len(PARTS)); base + parts = score.

        `values` is (g, len(INPUTS)), `evidence` (g,).
        """
        base = self.intercept + self.evidence_weight * NO_EVIDENCE + float(self.expected[:, 0].sum())
        parts = np.zeros((len(values), len(PARTS)))
        parts[:, -1] = self.evidence_weight * (evidence - NO_EVIDENCE)
        trees = np.arange(len(self.feature))
        for begin in range(0, len(values), ROWS_AT_ONCE):
            steps = list(self._walk(values[begin : begin + ROWS_AT_ONCE]))
            if not steps:
                continue
            change = [self.expected[trees, child] - self.expected[trees, node] for _, node, child in steps]
            # Tree by tree, and down each of them: row, tree and level in this order.
            feature = np.stack([feature for feature, _, _ in steps], axis=2)
            rows = np.broadcast_to(np.arange(begin, begin + len(feature))[:, None, None], feature.shape)
            np.add.at(parts, (rows, feature), np.stack(change, axis=2))
        return base, parts

    def _walk(self, values: Floats) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield, level by level, each row's split feature, node and the node it goes to, in every tree; (g, t) each.

        At a leaf it stays.
        """
        rows, trees = np.arange(len(values))[:, None], np.arange(len(self.feature))
        node = np.zeros((len(values), len(self.feature)), np.int64)
        for _ in range(self.depth):
            feature = self.feature[trees, node]
            inner = feature >= 0
            if not inner.any():
                return
            feature = np.maximum(feature, 0)
            goes_left = values[rows, feature] <= self.threshold[trees, node]
            step = np.where(goes_left, self.left[trees, node], self.right[trees, node])
            child = np.where(inner, step, node)
            yield feature, node, child
            node = child


def load() -> Ranker:
    """Read the ranker that ships with Seawall. Raises `ArtefactInvalid` when it does not fit this version."""
    place = resources.files("seawall.detection.ranking") / "data" / ARTEFACT
    if not place.is_file():
        raise ArtefactInvalid(
            "the learnt ranker is missing", fix="reinstall Seawall, or train one: make train"
        )
    return parse(place.read_bytes())


def parse(document: bytes) -> Ranker:
    """Read a ranker from its JSON document."""
    content = json.loads(document)
    if content["inputs"] != hashlib.sha256("\n".join(INPUTS).encode()).hexdigest():
        raise ArtefactInvalid(
            "the learnt ranker was trained on other features", fix="train it again: make train"
        )
    trees = content["trees"]
    width = max(len(tree["feature"]) for tree in trees)

    def pad_column(name: str, fill: float, kind: type) -> np.ndarray:
        table: np.ndarray = np.full((len(trees), width), fill, kind)
        for place, tree in enumerate(trees):
            table[place, : len(tree[name])] = tree[name]
        return table

    return Ranker(
        pad_column("feature", -1, np.int64),
        pad_column("threshold", 0.0, np.float64),
        pad_column("left", 0, np.int64),
        pad_column("right", 0, np.int64),
        pad_column("expected", 0.0, np.float64),
        int(content["depth"]),
        float(content["intercept"]),
        float(content["evidence_weight"]),
        content["card"],
    )
