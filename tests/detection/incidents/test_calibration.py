"""Conformal p-values: uniform on exchangeable groups, small for the extreme, robust to a roll-out."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.detection.ranking.calibration import PatternCalibration, _dominance
from seawall.detection.ranking.features import FEATURES, INDEX, FeatureTable
from seawall.detection.ranking.patterns import LEVELS, PATTERNS, find_cells, name_best_pattern
from tests.thoroughness import examples


def groups(n: int, seed: int, **columns: float) -> FeatureTable:
    """n groups of people with long histories and random surprises of network, client and country."""
    values = np.zeros((n, len(FEATURES)))
    random = np.random.default_rng(seed)
    for name in ("network.backed_off", "client.backed_off", "country.rarity"):
        values[:, INDEX[name]] = random.exponential(1.5, n)
    values[:, INDEX["active_days"]] = 4.0
    values[:, INDEX["usual_gap_abroad"]] = 720.0
    for name, value in columns.items():
        values[-1, INDEX[name.replace("__", ".")]] = value
    return FeatureTable(values)


def tenant(n: int) -> np.ndarray:
    return np.zeros(n, np.int32)


def test_p_values_are_calibrated_on_exchangeable_groups() -> None:
    calibration = PatternCalibration()
    for day in range(10):
        calibration.observe(groups(400, day), tenant(400))
    p = np.concatenate([calibration.observe(groups(400, 100 + day), tenant(400))[:, 0] for day in range(10)])
    for a in (0.01, 0.05, 0.2):
        assert np.mean(p <= a) / a <= 2.0  # conservative where many groups tie in a cell


def test_the_most_extreme_group_has_the_least_p() -> None:
    calibration = PatternCalibration()
    for day in range(5):
        calibration.observe(groups(300, day), tenant(300))
    table = groups(300, 9, network__backed_off=12.0, client__backed_off=12.0, country__rarity=12.0)
    p = calibration.observe(table, tenant(300))[:, 0]
    assert p.argmin() == 299
    assert p[299] < 0.002


def test_a_roll_out_is_no_surprise_on_its_first_day() -> None:
    calibration = PatternCalibration()
    for day in range(5):
        calibration.observe(groups(300, day), tenant(300))
    table = groups(300, 9)
    for name in ("network.backed_off", "client.backed_off", "country.rarity"):
        table.values[:150, INDEX[name]] = 9.0
    assert calibration.observe(table, tenant(300))[:150, 0].min() > 0.05


def test_a_lone_service_borrows_the_tenant_and_can_stand_out() -> None:
    calibration = PatternCalibration()
    for day in range(5):
        calibration.observe(groups(300, day), tenant(300))
    table = groups(
        300, 9, service=1.0, network__backed_off=12.0, client__backed_off=12.0, country__rarity=12.0
    )
    assert calibration.observe(table, tenant(300))[299, 0] < 0.01


def test_a_pattern_without_its_need_stays_silent() -> None:
    table = groups(5, 1)
    for pattern in PATTERNS:
        if pattern.needs:
            assert (find_cells(pattern, table) == -1).all()


@settings(max_examples=examples(30), deadline=None)
@given(st.lists(st.integers(-1, LEVELS**3 - 1), min_size=1, max_size=40), st.integers(0, 2**31))
def test_dominance_equals_a_plain_count(cells: list[int], seed: int) -> None:
    codes = np.array(cells, np.int32)[:, None]
    grid = np.bincount(codes[:, 0] % (LEVELS**3 + 1), minlength=LEVELS**3 + 1)[None, :].astype(float)
    got = _dominance(grid, codes)[:, 0]
    spots = [np.array(np.unravel_index(c, (LEVELS,) * 3)) if c >= 0 else None for c in cells]
    above = [
        sum(bool((o >= m).all()) for o in spots if o is not None) if m is not None else None for m in spots
    ]
    for place, own in enumerate(above):
        others = sum(
            n != place and count is not None and own is not None and count <= own
            for n, count in enumerate(above)
        )
        assert np.isclose(got[place], 1.0 if own is None else (1 + others) / len(cells))


def test_a_silent_pattern_never_names_a_group() -> None:
    table = groups(1, 1)
    assert not name_best_pattern(table, 0, np.ones(len(PATTERNS))).needs
