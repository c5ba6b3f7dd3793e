"""Rank groups with boosted trees, partly monotone, evaluated as arrays and explained exactly."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

import numpy as np

from seawall.detection.ranking.calibration import KAPPA
from seawall.detection.ranking.features import FEATURES
from seawall.detection.ranking.leaf_masks import LeafMasks, build_leaf_masks
from seawall.detection.ranking.patterns import PATTERNS
from seawall.events.coded_batch import Floats
from seawall_base.errors import ArtefactInvalid

INPUTS: tuple[str, ...] = (*FEATURES, *(f"p.{pattern.name}" for pattern in PATTERNS))
"""Inputs of the ranker: the features, then −ln p of each pattern."""

EVIDENCE = "evidence"
"""Name of the score part of the unsupervised evidence."""

NO_EVIDENCE = float(np.log(KAPPA))
"""Unsupervised evidence of a group to which no pattern applies. It belongs to the base; the excess belongs to the reasons."""

PARTS: tuple[str, ...] = (*INPUTS, EVIDENCE)
"""Names of the parts that, with the base, sum to a score."""

ARTEFACT = "ranker.json"

ROWS_AT_ONCE = 128
"""Number of groups explained together, to bound arrays of (groups, trees)."""


def inputs(values: Floats, p: Floats) -> Floats:
    """Return the inputs of the ranker, float64 (g, len(INPUTS))."""
    return np.concatenate([values, -np.log(p)], axis=1)


@dataclass(frozen=True, slots=True)
class Ranker:
    """Hold t trees of at most m nodes as arrays (t, m). A leaf has feature -1; `expected` is a node's mean output.

    The score in log-odds is the weighted unsupervised evidence plus the change of `expected` at each split on the path. So
    the parts sum to the score. The trees only correct the evidence: on logs unlike the training data, the evidence carries
    the ranking. `digest` is that of the document from which it was read.
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
    masks: LeafMasks
    digest: str

    @property
    def base(self) -> float:
        """Return the score of a group without evidence, in log-odds."""
        return self.intercept + self.evidence_weight * NO_EVIDENCE + float(self.expected[:, 0].sum())

    def score(self, values: Floats, evidence: Floats) -> Floats:
        """Return log-odds, float64 (g,), from inputs (g, len(INPUTS)) and unsupervised evidence (g,)."""
        total = self.intercept + self.evidence_weight * evidence
        self.masks.add_to(total, values)
        return total

    def explain(self, values: Floats, evidence: Floats) -> tuple[float, Floats]:
        """Return the base and the contribution of each of `PARTS`, float64 (g, len(PARTS)). Base plus parts is the score.

        `values` is (g, len(INPUTS)), `evidence` (g,).
        """
        parts = np.zeros((len(values), len(PARTS)))
        parts[:, -1] = self.evidence_weight * (evidence - NO_EVIDENCE)
        for begin in range(0, len(values), ROWS_AT_ONCE):
            steps = list(self._walk(values[begin : begin + ROWS_AT_ONCE]))
            if not steps:
                continue
            change = [self.expected.take(child) - self.expected.take(node) for _, node, child in steps]
            # Axes: row, tree, level. A count of weights adds them in this order.
            feature = np.stack([feature for feature, _, _ in steps], axis=2)
            feature += (np.arange(len(feature)) * len(PARTS))[:, None, None]
            weights = np.stack(change, axis=2).reshape(-1)
            rows = parts[begin : begin + ROWS_AT_ONCE]
            rows += np.bincount(feature.reshape(-1), weights, rows.size).reshape(rows.shape)
        return self.base, parts

    def _walk(self, values: Floats) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield for each level the split feature, the node and its child of each row in each tree; (g, t) each.

        A node is its place in the flat arrays. At a leaf, the child is the leaf itself.
        """
        first = np.arange(len(values))[:, None] * values.shape[1]
        root = np.arange(len(self.feature)) * self.feature.shape[1]
        values = np.ascontiguousarray(values)
        node = np.broadcast_to(root, (len(values), len(root)))
        for _ in range(self.depth):
            feature = self.feature.take(node)
            inner = feature >= 0
            if not inner.any():
                return
            feature = np.maximum(feature, 0)
            goes_left = values.take(first + feature) <= self.threshold.take(node)
            step = np.where(goes_left, self.left.take(node), self.right.take(node)) + root
            child = np.where(inner, step, node)
            yield feature, node, child
            node = child


def load() -> Ranker:
    """Read the ranker that ships with Seawall. Raises `ArtefactInvalid` if it is missing or does not fit the features."""
    place = resources.files("seawall.detection.ranking") / "data" / ARTEFACT
    if not place.is_file():
        raise ArtefactInvalid(
            "the learnt ranker is missing", fix="reinstall Seawall, or train one: make train"
        )
    return parse(place.read_bytes())


def parse(document: bytes) -> Ranker:
    """Read a ranker from its JSON document, which names its inputs: those that were added since stay without weight.

    Raises `ArtefactInvalid` if an input that it was trained on is no more.
    """
    content = json.loads(document)
    names = content["inputs"]
    if not isinstance(names, list) or not {*INPUTS}.issuperset(names):
        raise ArtefactInvalid(
            "the learnt ranker was trained on other features", fix="train it again: make train"
        )
    place_of = np.array([*(INPUTS.index(name) for name in names), -1], np.int64)
    trees = content["trees"]
    width = max(len(tree["feature"]) for tree in trees)

    def pad_column(name: str, fill: float, kind: type) -> np.ndarray:
        table: np.ndarray = np.full((len(trees), width), fill, kind)
        for place, tree in enumerate(trees):
            table[place, : len(tree[name])] = tree[name]
        return table

    nodes = (
        place_of[pad_column("feature", -1, np.int64)],
        pad_column("threshold", 0.0, np.float64),
        pad_column("left", 0, np.int64),
        pad_column("right", 0, np.int64),
        pad_column("expected", 0.0, np.float64),
    )
    return Ranker(
        *nodes,
        int(content["depth"]),
        float(content["intercept"]),
        float(content["evidence_weight"]),
        content["card"],
        build_leaf_masks(*nodes),
        hashlib.blake2b(document, digest_size=16).hexdigest(),
    )
