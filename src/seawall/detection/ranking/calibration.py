"""Compute conformal p-values of patterns by joint dominance, against the groups of the same day and the days before."""

from __future__ import annotations

import numpy as np

from seawall.detection.ranking.features import FeatureTable
from seawall.detection.ranking.patterns import LEVELS, PATTERNS, find_cells
from seawall.events.array_state import RestoredState, State
from seawall.events.coded_batch import Codes, Floats

FORGETTING = 0.95
"""Factor by which the weight of a day's groups shrinks per day: an effective reference of about twenty days."""

STRATA = 4
"""Number of strata: people and services, each with a short and a long history."""

SERVICES = 2
"""Strata from this number on contain services."""

BORROWED = 3000.0
"""Number of the tenant's other groups that are added to the reference of its few services."""

SHORT_HISTORY = np.log1p(10.0)

KAPPA = 0.3
"""Exponent parameter: p becomes the e-value κ·p^(κ−1)."""


class PatternCalibration:
    """Count by tenant and stratum how many groups lie in each cell of each pattern's grid. The counts can be added."""

    def __init__(self) -> None:
        self._grids: dict[tuple[int, int], Floats] = {}

    def observe(self, table: FeatureTable, tenant: Codes) -> Floats:
        """Return p-values, float64 (g, patterns), of a day's groups, then learn the day. A pattern that does not apply gets 1."""
        cells = np.stack([find_cells(pattern, table) for pattern in PATTERNS], axis=1)
        cells[table.column("housekeeping") > 0] = -1
        values = np.ones(cells.shape)
        stratum = strata(table)
        keys = tenant.astype(np.int64) * STRATA + stratum
        for key in np.unique(keys):
            mine = np.flatnonzero(keys == key)
            grid = self._grids.get((int(key) // STRATA, int(key) % STRATA))
            today = _count(cells[mine])
            self._grids[(int(key) // STRATA, int(key) % STRATA)] = (
                today if grid is None else grid * FORGETTING + today
            )
        for key in np.unique(keys):
            mine = np.flatnonzero(keys == key)
            values[mine] = _dominance(self._reference(int(key) // STRATA, int(key) % STRATA), cells[mine])
        return values

    def state(self) -> State:
        """Return the state as arrays: each grid's (tenant, stratum), and the grids."""
        keys = sorted(self._grids)
        empty = np.zeros((0, len(PATTERNS), LEVELS**3 + 1))
        return {
            "keys": np.array(keys, np.int64).reshape(-1, 2),
            "grids": np.stack([self._grids[key] for key in keys]) if keys else empty,
        }

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        keys = saved.array("keys", np.int64, None, 2)
        grids = saved.array("grids", np.float64, len(keys), len(PATTERNS), LEVELS**3 + 1)
        self._grids = {(int(key[0]), int(key[1])): grid for key, grid in zip(keys, grids, strict=True)}

    def _reference(self, tenant: int, stratum: int) -> Floats:
        """Return a stratum's own counts. A stratum of services also gets a share of the tenant's other groups.

        With a handful of applications alone, no p-value could be smaller than one in a handful.
        """
        own = self._grids[(tenant, stratum)]
        if stratum < SERVICES:
            return own
        everybody = sum(self._grids.get((tenant, other), np.zeros_like(own)) for other in range(STRATA)) - own
        share = min(1.0, BORROWED / max(float(np.sum(everybody[0])), 1.0))
        return np.asarray(own + share * everybody)


def strata(table: FeatureTable) -> Codes:
    """Return each group's stratum, int32 (g,)."""
    service = table.column("service") > 0
    known = table.column("active_days") >= SHORT_HISTORY
    return np.asarray(2 * service + known, np.int32)


def _count(cells: Codes) -> Floats:
    size = LEVELS**3
    grid = np.zeros((cells.shape[1], size + 1))
    for pattern in range(cells.shape[1]):
        grid[pattern] = np.bincount(cells[:, pattern] % (size + 1), minlength=size + 1)
    return grid


def _dominance(grid: Floats, cells: Codes) -> Floats:
    """Return conformal p-values, float64 (g, patterns); the fewer groups dominate a cell, the smaller is p.

    A group dominates a cell if it is at least as extreme in every dimension. The share of dominating groups itself is no
    p-value, because three dimensions make it small too often. Its rank among all groups is: p = (1 + other groups with no
    more dominating groups) / (n + 1).
    """
    size = LEVELS**3
    counts = grid[:, :size]
    cube = counts.reshape(-1, LEVELS, LEVELS, LEVELS)
    for axis in (1, 2, 3):
        cube = np.flip(np.cumsum(np.flip(cube, axis), axis), axis)
    above = cube.reshape(-1, size)
    n = np.maximum(grid.sum(axis=1) - 1.0, 0.0)
    p = np.ones(cells.shape)
    for pattern in range(cells.shape[1]):
        order = np.argsort(above[pattern], kind="stable")
        dominated = above[pattern][order]
        reached = np.cumsum(counts[pattern][order])
        last = np.searchsorted(dominated, above[pattern][np.maximum(cells[:, pattern], 0)], side="right") - 1
        p[:, pattern] = (1.0 + np.maximum(reached[last] - 1.0, 0.0)) / (n[pattern] + 1.0)
    return np.asarray(np.where(cells < 0, 1.0, np.minimum(p, 1.0)))


def evidence(p: Floats, table: FeatureTable) -> Floats:
    """Return ln of the mean e-value over patterns and lineage, float64 (g,): the unsupervised score.

    It is reduced on a day on which many accounts show new values (feature `commotion`; see `restlessness`).
    """
    values = [KAPPA * p ** (KAPPA - 1.0)]
    lineage = table.column("lineage.orphan") + table.column("lineage.reused")
    values.append(np.exp(np.minimum(0.5 * lineage, 8.0))[:, None] * 0.5)
    return np.asarray(np.log(np.concatenate(values, axis=1).mean(axis=1)) - table.column("commotion"))
