"""Evaluate boosted trees without walking them: each split rules out the leaves on its other side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.events.coded_batch import Floats
from seawall_base.errors import ArtefactInvalid

MOST_LEAVES = 16
FEW_ROWS = 1_000
"""Below this number of rows all splits are evaluated together; above it one after the other, which needs less memory traffic."""
ROWS_AT_ONCE = 64, 8_192
"""Rows that are evaluated together, of few and of many."""

_LOWEST_ZERO = np.array(
    [(~dead & (dead + 1)).bit_length() - 1 for dead in range((1 << MOST_LEAVES) - 1)] + [0], np.uint8
)
"""Place of the lowest zero bit of each number of 16 bits. All leaves are never ruled out."""


@dataclass(frozen=True, slots=True)
class LeafMasks:
    """Hold s splits of t trees: arrays (s,) `feature`, `threshold` and `rules_out`, tree after tree from `starts` (t,).

    Leaves of a tree are numbered from the right. `rules_out` has a bit for each leaf to the right of the split: a row that goes
    left cannot reach them. The leaf of a row is the lowest one left. `outputs` (t, 16) are the leaves' values.
    """

    feature: np.ndarray
    threshold: Floats
    rules_out: np.ndarray
    starts: np.ndarray
    outputs: Floats

    def add_to(self, total: Floats, values: Floats) -> None:
        """Add the output of each tree to `total` (g,), in order, because rounding depends on it. `values` is (g, n)."""
        few, many = ROWS_AT_ONCE
        is_few = len(values) < FEW_ROWS
        step = few if is_few else many
        for begin in range(0, len(values), step):
            rows = slice(begin, begin + step)
            (self._add_few if is_few else self._add_many)(total[rows], values[rows])

    def _add_few(self, total: Floats, values: Floats) -> None:
        goes_left = values[:, self.feature] <= self.threshold
        ruled_out = np.bitwise_or.reduceat(goes_left.view(np.uint8) * self.rules_out, self.starts, axis=1)
        leaves = _LOWEST_ZERO.take(ruled_out)
        added = self.outputs[np.arange(len(self.starts)), leaves]
        total[:] = np.cumsum(np.concatenate([total[:, None], added], axis=1), axis=1)[:, -1]

    def _add_many(self, total: Floats, values: Floats) -> None:
        columns = np.ascontiguousarray(values.T)
        goes_left, bits = np.empty(len(total), np.bool_), np.empty(len(total), np.uint16)
        splits = list(zip(self.feature.tolist(), self.threshold.tolist(), self.rules_out, strict=True))
        ends = [*self.starts[1:].tolist(), len(splits)]
        for tree, (start, end) in enumerate(zip(self.starts.tolist(), ends, strict=True)):
            ruled_out = np.zeros(len(total), np.uint16)
            for feature, threshold, mask in splits[start:end]:
                np.less_equal(columns[feature], threshold, out=goes_left)
                np.multiply(goes_left.view(np.uint8), mask, out=bits)
                np.bitwise_or(ruled_out, bits, out=ruled_out)
            total += self.outputs[tree].take(_LOWEST_ZERO.take(ruled_out))


def build_leaf_masks(
    feature: np.ndarray, threshold: Floats, left: np.ndarray, right: np.ndarray, output: Floats
) -> LeafMasks:
    """Return the masks of trees that are given as arrays (t, m) of nodes; a leaf has feature -1.

    Raises `ArtefactInvalid` if a tree has more than 16 leaves or no split.
    """
    splits: list[tuple[int, float, int]] = []
    starts: list[int] = []
    outputs = np.zeros((len(feature), MOST_LEAVES))
    for tree in range(len(feature)):
        starts.append(len(splits))
        leaves = _number_leaves(feature[tree], left[tree], right[tree])
        if not 2 <= len(leaves) <= MOST_LEAVES:
            raise ArtefactInvalid(
                f"a tree of the learnt ranker has {len(leaves)} leaves", fix="train it again: make train"
            )
        outputs[tree, : len(leaves)] = output[tree, leaves]
        place = {leaf: number for number, leaf in enumerate(leaves)}
        for node in np.flatnonzero(feature[tree] >= 0).tolist():
            below = _number_leaves(feature[tree], left[tree], right[tree], int(right[tree, node]))
            mask = sum(1 << place[leaf] for leaf in below if leaf in place)
            splits.append((int(feature[tree, node]), float(threshold[tree, node]), mask))
    features, thresholds, masks = zip(*splits, strict=True)
    return LeafMasks(
        np.array(features, np.int64),
        np.array(thresholds),
        np.array(masks, np.uint16),
        np.array(starts, np.int64),
        outputs,
    )


def _number_leaves(feature: np.ndarray, left: np.ndarray, right: np.ndarray, top: int = 0) -> list[int]:
    """Return the leaves below a node, from the right to the left. Raises `ArtefactInvalid` for a node that comes twice."""
    leaves: list[int] = []
    waiting, seen = [top], 0
    while waiting:
        node = waiting.pop()
        seen += 1
        if seen > len(feature):
            raise ArtefactInvalid(
                "a tree of the learnt ranker runs in a circle", fix="train it again: make train"
            )
        if feature[node] < 0:
            leaves.append(node)
        else:
            waiting += [int(left[node]), int(right[node])]
    return leaves
