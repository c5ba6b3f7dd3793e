"""The learnt ranker: its parts sum to its score, more evidence never lowers it where it must not, it refuses strangers."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest

from seawall.detection.ranking.leaf_masks import FEW_ROWS, build_leaf_masks
from seawall.detection.ranking.ranker import INPUTS, load, parse
from seawall.lab.evaluate.training import monotone
from seawall_base.errors import ArtefactInvalid


def random_inputs(n: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.exponential(2.0, (n, len(INPUTS))) * (random.random((n, len(INPUTS))) < 0.4)


def test_base_and_parts_sum_to_the_score() -> None:
    ranker, values = load(), random_inputs(50, 1)
    evidence = np.linspace(-2, 6, 50)
    scores = ranker.score(values, evidence)
    base, parts = ranker.explain(values, evidence)
    assert np.allclose(base + parts.sum(axis=1), scores)
    assert np.ptp(scores) > 0.5


def test_more_of_a_monotone_input_never_lowers_the_score() -> None:
    ranker, values, random = load(), random_inputs(400, 2), np.random.default_rng(3)
    rising = np.flatnonzero(np.array(monotone()) == 1)
    before = ranker.score(values, np.zeros(len(values)))
    for _ in range(40):
        column = random.choice(rising)
        more = values.copy()
        more[:, column] += random.exponential(3.0, len(values))
        assert (ranker.score(more, np.zeros(len(values))) >= before - 1e-4).all(), INPUTS[column]


@pytest.mark.parametrize("count", [0, 1, 63, 65, FEW_ROWS - 1, FEW_ROWS, 9_000])
def test_masks_of_leaves_give_what_walking_the_trees_gives(count: int) -> None:
    ranker, values, random = load(), random_inputs(count, 4), np.random.default_rng(5)
    for odd in (np.nan, np.inf, -np.inf):
        values[random.random(values.shape) < 0.02] = odd
    at_a_split = random.random(values.shape) < 0.05
    inner = ranker.feature >= 0
    splits = {
        int(one): value for one, value in zip(ranker.feature[inner], ranker.threshold[inner], strict=True)
    }
    values = np.where(at_a_split, [splits.get(column, 0.0) for column in range(len(INPUTS))], values)
    evidence = random.normal(size=count)
    node = np.zeros((count, len(ranker.feature)), np.int64)
    for _, _, child in ranker._walk(values):
        node = child
    expected = ranker.intercept + ranker.evidence_weight * evidence
    for tree in range(len(ranker.feature)):
        expected += ranker.expected.take(node[:, tree])
    assert np.array_equal(ranker.score(values, evidence), expected)


@pytest.mark.parametrize(
    ("feature", "left", "right"),
    [
        ([-1], [0], [0]),
        ([0, 0, -1], [1, 0, 0], [2, 2, 0]),
        ([0] * 16 + [-1] * 17, [*range(1, 17), *[0] * 17], [*range(17, 33), *[0] * 17]),
    ],
    ids=["no split", "in a circle", "seventeen leaves"],
)
def test_trees_of_another_shape_are_refused(feature: list[int], left: list[int], right: list[int]) -> None:
    nodes = (
        np.array([feature]),
        np.zeros((1, len(feature))),
        np.array([left]),
        np.array([right]),
        np.zeros((1, len(feature))),
    )
    with pytest.raises(ArtefactInvalid, match="a tree of the learnt ranker"):
        build_leaf_masks(*nodes)


def test_a_ranker_for_other_inputs_is_refused() -> None:
    document = json.loads(
        (resources.files("seawall.detection.ranking") / "data" / "ranker.json").read_bytes()
    )
    for names in ([*document["inputs"][1:], "no.such.input"], "0" * 64):
        with pytest.raises(ArtefactInvalid, match="other features"):
            parse(json.dumps({**document, "inputs": names}).encode())


def test_inputs_are_found_by_name_and_added_ones_have_no_weight() -> None:
    document = json.loads(
        (resources.files("seawall.detection.ranking") / "data" / "ranker.json").read_bytes()
    )
    used = {feature for tree in document["trees"] for feature in tree["feature"]} - {-1}
    kept = [place for place in reversed(range(len(document["inputs"]))) if place in used]
    assert len(kept) < len(document["inputs"])
    moved = {old: new for new, old in enumerate(kept)} | {-1: -1}
    trees = [
        {**tree, "feature": [moved[feature] for feature in tree["feature"]]} for tree in document["trees"]
    ]
    names = [document["inputs"][place] for place in kept]
    fewer = parse(json.dumps({**document, "inputs": names, "trees": trees}).encode())
    values, evidence = random_inputs(300, 3), np.linspace(-2.0, 5.0, 300)
    assert (fewer.score(values, evidence) == load().score(values, evidence)).all()


def test_its_card_says_what_it_was_trained_on() -> None:
    card = load().card
    assert {"rows", "hostile_rows", "trees", "seed", "worlds", "command"} <= set(card)
