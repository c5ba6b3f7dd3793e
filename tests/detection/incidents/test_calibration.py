"""Conformal p-values: uniform on exchangeable groups, small for the extreme, robust to a roll-out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.detection.ragged import collect
from seawall.detection.ranking.calibration import (
    FORGETTING,
    SPOTS,
    STRATA,
    PatternCalibration,
    _count_dominating,
    find_p_values,
    strata,
)
from seawall.detection.ranking.features import FEATURES, INDEX, FeatureTable
from seawall.detection.ranking.patterns import LEVELS, PATTERNS, find_cells, name_best_pattern
from seawall.events.array_state import RestoredState, StateInvalid
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
    held, counts = np.unique(np.array(cells) % SPOTS, return_counts=True)
    codes = np.array(cells)
    got = np.ones(len(cells))
    got[codes >= 0] = find_p_values(held, counts.astype(float), codes[codes >= 0])
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


def plain_p_values(grid: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Return the p-values of cells of one grid, from its 513 counts."""
    cube = grid[: LEVELS**3].reshape(LEVELS, LEVELS, LEVELS)
    for axis in range(3):
        cube = np.flip(np.cumsum(np.flip(cube, axis), axis), axis)
    above = cube.reshape(-1)
    n = max(grid.sum() - 1, 0)
    p = []
    for cell in cells:
        reached = 0.0
        for other in np.argsort(above, kind="stable"):
            if above[other] <= above[cell]:
                reached += grid[other]
        p.append(1.0 if cell < 0 else min((1 + max(reached - 1, 0)) / (n + 1), 1))
    return np.array(p)


def test_each_tenant_and_stratum_has_its_own_counts_and_services_borrow() -> None:
    """The counts that are held only where there are some give the same bits as grids in full."""
    calibration, random = PatternCalibration(), np.random.default_rng(3)
    grids: dict[tuple[int, int], np.ndarray] = {}
    for day in range(4):
        table = groups(150, day)
        table.values[:, INDEX["service"]] = random.integers(0, 2, 150)
        table.values[:, INDEX["active_days"]] = random.choice([1.0, 4.0], 150)
        owner = np.sort(random.choice([0, 3, 4, 9], 150)).astype(np.int32)
        if day == 2:
            owner = np.where(owner == 3, 4, owner).astype(
                np.int32
            )  # a tenant without events keeps its weight
        p = calibration.observe(table, owner)
        cells = np.stack([find_cells(pattern, table) for pattern in PATTERNS], axis=1)
        stratum = strata(table)
        for key in set(zip(owner.tolist(), stratum.tolist(), strict=True)):
            mine = (owner == key[0]) & (stratum == key[1])
            today = np.stack(
                [np.bincount(cells[mine, at] % SPOTS, minlength=SPOTS) for at in range(len(PATTERNS))]
            ).astype(float)
            grids[key] = grids[key] * FORGETTING + today if key in grids else today
        if day < 3:
            continue
        for key in set(zip(owner.tolist(), stratum.tolist(), strict=True)):
            mine = (owner == key[0]) & (stratum == key[1])
            grid = grids[key]
            if key[1] >= 2:
                others = [grids.get((key[0], one), np.zeros_like(grid)) for one in range(STRATA)]
                everybody = sum(others) - grid
                grid = grid + min(1.0, 3000.0 / max(float(everybody[0].sum()), 1.0)) * everybody
            for at in (0, 5, 12):
                assert (p[mine, at] == plain_p_values(grid[at], cells[mine, at])).all()


def test_the_state_holds_full_grids_and_comes_back() -> None:
    calibration, again = PatternCalibration(), PatternCalibration()
    owner = np.repeat([0, 7], 20).astype(np.int32)
    for day in range(3):
        calibration.observe(groups(40, day), owner)
    state = calibration.state()
    assert state["keys"].tolist() == [[0, 1], [7, 1]]
    assert state["grids"].shape == (2, len(PATTERNS), SPOTS)
    again.restore(RestoredState(state))
    assert (again.observe(groups(40, 5), owner) == calibration.observe(groups(40, 5), owner)).all()
    assert (again.state()["grids"] == calibration.state()["grids"]).all()
    empty = PatternCalibration().state()
    assert empty["grids"].shape == (0, len(PATTERNS), SPOTS)
    again.restore(RestoredState(empty))
    assert again.nbytes() == 0
    for keys in ([[7, 1], [0, 1]], [[0, 1], [0, 1]], [[0, 4], [7, 1]], [[-1, 1], [7, 1]]):
        with pytest.raises(StateInvalid):
            again.restore(RestoredState({**state, "keys": np.array(keys)}))


def test_a_small_tenant_takes_little_memory() -> None:
    calibration = PatternCalibration()
    calibration.observe(groups(3_000, 1), np.repeat(np.arange(1_000), 3).astype(np.int32))
    assert calibration.nbytes() < 1_000 * 3 * len(PATTERNS) * 16 + 1


def test_dominating_groups_are_counted_as_one_grid_at_a_time() -> None:
    """To the last bit: counts have decimals, and an order of addition gives a rank or a tie."""
    dice = np.random.default_rng(3)
    grids = [np.sort(dice.choice(SPOTS, size, replace=False)) for size in (1, 3, 40, SPOTS)]
    owners = np.repeat(np.arange(len(grids)), [len(one) for one in grids])
    counts = dice.exponential(1.0, len(owners))
    found = _count_dominating(collect(owners, np.concatenate(grids), len(grids)), counts)
    for at, cells in enumerate(grids):
        full = np.zeros(SPOTS)
        full[cells] = counts[owners == at]
        cube = full[: LEVELS**3].reshape(LEVELS, LEVELS, LEVELS)[::-1, ::-1, ::-1]
        for axis in range(3):
            cube = np.cumsum(cube, axis)
        assert found[:, at].tobytes() == cube[::-1, ::-1, ::-1].tobytes()
