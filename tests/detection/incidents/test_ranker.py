"""The learnt ranker: its parts sum to its score, more evidence never lowers it where it must not, it refuses strangers."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest

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


def test_a_ranker_for_other_inputs_is_refused() -> None:
    document = json.loads(
        (resources.files("seawall.detection.ranking") / "data" / "ranker.json").read_bytes()
    )
    with pytest.raises(ArtefactInvalid, match="other features"):
        parse(json.dumps({**document, "inputs": "0" * 64}).encode())


def test_its_card_says_what_it_was_trained_on() -> None:
    card = load().card
    assert {"rows", "hostile_rows", "trees", "seed", "worlds", "command"} <= set(card)
