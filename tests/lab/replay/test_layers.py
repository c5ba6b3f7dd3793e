"""A detector that is off has its reasons left out, and what is left sums to the score of the others."""

from __future__ import annotations

import numpy as np
import pytest

from seawall.detection.ranking.features import FEATURES, INDEX, FeatureTable
from seawall.detection.ranking.patterns import PATTERNS
from seawall.detection.ranking.ranker import PARTS
from seawall.lab.replay.layers import (
    DETECTOR_SETTINGS,
    LAYER_NAMES,
    SETTINGS,
    keep_parts,
    share_joint_evidence,
)

OWN = ("lineage", "behaviour", "rules")


def table(rows: int = 5) -> tuple[FeatureTable, np.ndarray, np.ndarray]:
    numbers = np.random.default_rng(3)
    values = FeatureTable(numbers.exponential(2.0, (rows, len(FEATURES))))
    return values, numbers.integers(0, len(PATTERNS), rows), numbers.normal(0, 1, (rows, len(PARTS)))


def test_settings_are_all_each_off_and_each_alone() -> None:
    assert len(SETTINGS) == 1 + 2 * len(LAYER_NAMES)
    assert SETTINGS[0].on == frozenset(LAYER_NAMES)
    assert {len(setting.on) for setting in SETTINGS[1:9]} == {7}
    assert {len(setting.on) for setting in SETTINGS[9:]} == {1}
    assert DETECTOR_SETTINGS[0] == {"lineage", "behaviour", "rules", "alerts"}


def test_the_parts_of_the_detectors_sum_to_all_parts() -> None:
    values, pattern, parts = table()
    shares = share_joint_evidence(values, pattern)
    assert shares.sum(axis=1) == pytest.approx(np.ones(5))
    each = sum(keep_parts(parts, shares, frozenset({name})) for name in OWN)
    assert each == pytest.approx(parts)
    assert keep_parts(parts, shares, frozenset(OWN)) == pytest.approx(parts)
    assert not keep_parts(parts, shares, frozenset({"alerts"})).any()


def test_a_part_belongs_to_its_own_detector() -> None:
    values, pattern, parts = table(1)
    shares = share_joint_evidence(values, pattern)
    orphan = PARTS.index("lineage.orphan")
    network = PARTS.index("network.backed_off")
    kept = keep_parts(parts, shares, frozenset({"lineage"}))
    assert kept[0, orphan] == parts[0, orphan]
    assert kept[0, network] == 0.0


def test_joint_evidence_goes_where_the_surprise_is() -> None:
    number = next(
        place
        for place, one in enumerate(PATTERNS)
        if any(name.startswith("lineage.") for part in one.dimensions for name in part.split("+"))
    )
    values = np.zeros((1, len(FEATURES)))
    names = [name for part in PATTERNS[number].dimensions for name in part.split("+")]
    values[0, INDEX[next(name for name in names if name.startswith("lineage."))]] = 4.0
    shares = share_joint_evidence(FeatureTable(values), np.array([number]))
    assert shares[0].tolist() == [1.0, 0.0, 0.0]


def test_joint_evidence_without_surprise_is_behaviour() -> None:
    shares = share_joint_evidence(FeatureTable(np.zeros((1, len(FEATURES)))), np.array([0]))
    assert shares[0].tolist() == [0.0, 1.0, 0.0]
