"""Compute conformal p-values of patterns by joint dominance, against the groups of the same day and the days before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seawall.detection.ragged import Ragged, gather
from seawall.detection.ranking.features import FeatureTable
from seawall.detection.ranking.patterns import LEVELS, PATTERNS, find_cells
from seawall.detection.tallies import Tally, count_rows
from seawall.events.array_state import RestoredState, State
from seawall.events.coded_batch import Codes, Floats, Times
from seawall.events.grouping import distinct

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

COUNTED_GROUPS = 8
"""Groups of an account that count in full on a day. No account of two worlds of 1,000 accounts had more than nine."""

CELLS = LEVELS**3
SPOTS = CELLS + 1
"""Cells of a grid, and one more for groups to which its pattern does not apply."""

WEIGHED = np.flatnonzero([not pattern.stands_apart for pattern in PATTERNS])
"""Patterns whose e-values count in the mean."""

GRIDS_AT_ONCE = 512
"""Number of grids that are laid out in full together."""


SHARES = 1 << 30
"""Parts of one group in which weights are exchanged: they are powers of two (see `weigh_groups`)."""


@dataclass(frozen=True, slots=True)
class GroupSpots:
    """Hold where g groups lie: the (tenant, stratum) `owner` (g,), and cell and spot in each pattern's grid, (g, patterns)."""

    owner: Times
    cells: Codes
    spots: Times


class PatternCalibration:
    """Count by tenant and stratum how many groups lie in each cell of each pattern's grid. The counts can be added.

    Only spots with groups are held: `_spots` are sorted keys `((tenant * STRATA + stratum) * len(PATTERNS) + pattern) *
    SPOTS + cell`, `_counts` their counts.
    """

    def __init__(self) -> None:
        self._spots: Times = np.empty(0, np.int64)
        self._counts: Floats = np.empty(0)

    def observe(self, table: FeatureTable, tenant: Codes, weight: Floats | None = None) -> Floats:
        """Return p-values, float64 (g, patterns), of a day's groups, then learn the day. A pattern that does not apply gets 1.

        `weight` (g,) is how much each group counts, by default 1; see `weigh_groups`.
        """
        spots = self.place(table, tenant)
        weight = np.ones(len(tenant)) if weight is None else weight
        self._learn(distinct(spots.owner), spots.spots.reshape(-1), np.repeat(weight, len(PATTERNS)))
        return self.rank(spots)

    @staticmethod
    def place(table: FeatureTable, tenant: Codes) -> GroupSpots:
        """Return where a day's groups lie in the grids."""
        cells = np.stack([find_cells(pattern, table) for pattern in PATTERNS], axis=1)
        cells[table.column("housekeeping") > 0] = -1
        owner = tenant.astype(np.int64) * STRATA + strata(table)
        grid = owner[:, None] * len(PATTERNS) + np.arange(len(PATTERNS))
        return GroupSpots(owner, cells, grid * SPOTS + cells % SPOTS)

    @staticmethod
    def count(spots: GroupSpots, weight: Floats) -> Tally:
        """Return the weights of the groups by spot, in `SHARES`. Those of parts can be added."""
        whole = np.rint(weight * SHARES).astype(np.int64)
        return count_rows(spots.spots.reshape(-1), counts=np.repeat(whole, len(PATTERNS)))

    def learn(self, counted: Tally) -> None:
        """Learn a day, as `count` returns it for all parts."""
        spots = counted.column(0)
        self._learn(distinct(spots // (len(PATTERNS) * SPOTS)), spots, counted.counts / SHARES)

    def rank(self, placed: GroupSpots) -> Floats:
        """Return p-values, float64 (g, patterns), of groups of a day that is learnt."""
        owner, cells, spots = placed.owner, placed.cells, placed.spots
        values = np.ones(cells.shape)
        is_service = owner % STRATA >= SERVICES
        for services in (False, True):
            asked = (cells >= 0) & (is_service == services)[:, None]
            wanted = spots[asked]
            if len(wanted):
                known = self._lend(distinct(wanted // SPOTS)) if services else (self._spots, self._counts)
                values[asked] = find_p_values(*known, wanted)
        return values

    def nbytes(self) -> int:
        """Return the size of the arrays in bytes."""
        return int(self._spots.nbytes + self._counts.nbytes)

    def state(self) -> State:
        """Return the state as arrays: each grid's (tenant, stratum), and the grids in full."""
        owners, place = np.unique(self._spots // (len(PATTERNS) * SPOTS), return_inverse=True)
        grids = np.zeros((len(owners), len(PATTERNS) * SPOTS))
        grids[place.reshape(-1), self._spots % (len(PATTERNS) * SPOTS)] = self._counts
        return {
            "keys": np.stack(np.divmod(owners, STRATA), axis=1).astype(np.int64),
            "grids": grids.reshape(len(owners), len(PATTERNS), SPOTS),
        }

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""
        keys = saved.array("keys", np.int64, None, 2)
        grids = saved.array("grids", np.float64, len(keys), len(PATTERNS), SPOTS)
        grids = grids.reshape(len(keys), len(PATTERNS) * SPOTS)
        owners = keys[:, 0] * STRATA + keys[:, 1]
        if (keys < 0).any() or (keys[:, 1] >= STRATA).any() or (np.diff(owners) <= 0).any():
            raise saved.invalid("keys", "are not ordered strata of tenants")
        at, spot = np.nonzero(grids)
        self._spots = owners[at] * (len(PATTERNS) * SPOTS) + spot
        self._counts = grids[at, spot]

    def _learn(self, owners: Times, spots: Times, weight: Floats) -> None:
        """Let the counts of the day's owners shrink, then add a day's groups at their spots, (n,) with their weights."""
        width = len(PATTERNS) * SPOTS
        self._counts[_find_all(self._spots, owners * width, width).values] *= FORGETTING
        today, place = np.unique(spots, return_inverse=True)
        counts = np.bincount(place.reshape(-1), weight, len(today))
        places = np.searchsorted(self._spots, today)
        is_known = np.append(self._spots, -1)[places] == today
        self._counts[places[is_known]] += counts[is_known]
        fresh = ~is_known
        self._spots = np.insert(self._spots, places[fresh], today[fresh])
        self._counts = np.insert(self._counts, places[fresh], counts[fresh])

    def _lend(self, grids: Times) -> tuple[Times, Floats]:
        """Return the spots and counts of grids of services, with a share of the tenant's other groups added.

        With a handful of applications alone, no p-value could be smaller than one in a handful.
        """
        owners = distinct(grids // len(PATTERNS))
        grids = distinct(np.concatenate([grids, owners * len(PATTERNS)]))
        owner, pattern = np.divmod(grids, len(PATTERNS))
        sources = []
        for stratum in range(STRATA):
            source = (owner // STRATA * STRATA + stratum) * len(PATTERNS) + pattern
            found = _find_all(self._spots, source * SPOTS, SPOTS)
            spots = grids[found.owners] * SPOTS + self._spots[found.values] % SPOTS
            sources.append((spots, self._counts[found.values], (owner % STRATA == stratum)[found.owners]))
        spots = distinct(np.concatenate([one for one, _, _ in sources]))
        own, everybody = np.zeros(len(spots)), np.zeros(len(spots))
        for some, counts, is_own in sources:
            at = np.searchsorted(spots, some)
            everybody[at] += counts
            own[at[is_own]] = counts[is_own]
        everybody -= own
        total = _sum_grids(spots, everybody, owners * len(PATTERNS))
        share = np.minimum(1.0, BORROWED / np.maximum(total, 1.0))
        whose = np.searchsorted(owners, spots // (len(PATTERNS) * SPOTS))
        return spots, own + share[whose] * everybody


def weigh_groups(actor: Codes) -> Floats:
    """Return how much each group of a day counts for others, float64 (g,); `actor` (g,) is its account.

    All groups of an account together count at most as `COUNTED_GROUPS`: whoever floods an organisation with strange groups
    makes nobody else look usual. Weights are powers of two, so that their sums do not depend on the order of groups.
    """
    _, place, counts = np.unique(actor, return_inverse=True, return_counts=True)
    return np.asarray(np.exp2(-np.ceil(np.log2(np.maximum(counts / COUNTED_GROUPS, 1.0))))[place.reshape(-1)])


def strata(table: FeatureTable) -> Codes:
    """Return each group's stratum, int32 (g,)."""
    service = table.column("service") > 0
    known = table.column("active_days") >= SHORT_HISTORY
    return np.asarray(2 * service + known, np.int32)


def find_p_values(spots: Times, counts: Floats, wanted: Times) -> Floats:
    """Return the conformal p-values of wanted spots, (n,); the fewer groups dominate a cell, the smaller is p.

    `spots` are sorted, with their `counts`, and contain all wanted ones. A group dominates a cell if it is at least as
    extreme in every dimension. The share of dominating groups itself is no p-value, because three dimensions make it small
    too often. Its rank among all groups is: p = (1 + other groups with no more dominating groups) / (n + 1).
    """
    found = np.ones(len(spots))
    places = np.searchsorted(spots, wanted)
    grids = distinct(spots[places] // SPOTS)
    held = _find_all(spots, grids * SPOTS, SPOTS)
    order = np.argsort(held.sizes, kind="stable")
    for begin in range(0, len(order), GRIDS_AT_ONCE):
        some = order[begin : begin + GRIDS_AT_ONCE]
        of_grid = gather(held.bounds[some], held.bounds[some + 1])
        at = held.values[of_grid.values]
        found[at] = _rank_cells(Ragged(of_grid.bounds, spots[at] % SPOTS), counts[at])
    return np.asarray(found[places])


def _rank_cells(cells: Ragged, counts: Floats) -> Floats:
    """Return the p-value of each cell, float64 (n,), of grids given as lists of cells with their counts, (n,)."""
    grid, cell = cells.owners, cells.values
    full = _lay_out(cells, counts)
    n = np.maximum(full.sum(axis=1) - 1.0, 0.0)
    above = _count_dominating(cells, counts)
    # A row for each grid, and a column for each of its cells: those that do not count come last.
    column = np.arange(len(cell)) - cells.bounds[grid]
    applies = cell < CELLS
    rows, columns = grid[applies], column[applies]
    width = int(cells.sizes.max(initial=0))
    dominating, weight = np.full((len(cells), width), np.inf), np.zeros((len(cells), width))
    dominating[rows, columns] = above[cell[applies], rows]
    weight[rows, columns] = counts[applies]
    order = np.argsort(dominating, axis=1, kind="stable")
    ranked = np.take_along_axis(dominating, order, axis=1)
    reached = np.cumsum(np.take_along_axis(weight, order, axis=1), axis=1)
    last = np.broadcast_to(np.arange(width), ranked.shape).copy()
    last[:, :-1][ranked[:, 1:] == ranked[:, :-1]] = width
    last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    p = np.empty(ranked.shape)
    others = np.maximum(np.take_along_axis(reached, last, axis=1) - 1.0, 0.0)
    np.put_along_axis(p, order, (1.0 + others) / (n + 1.0)[:, None], axis=1)
    return np.asarray(np.minimum(p[grid, column], 1.0))


def _count_dominating(cells: Ragged, counts: Floats) -> Floats:
    """Return how many groups of each grid dominate each cell, float64 (CELLS, k), of grids given as lists of cells.

    The grids lie along the last axis, so that each addition is one of long vectors.
    """
    full = np.zeros((SPOTS, len(cells)))
    full[cells.values, cells.owners] = counts
    cube = full[:CELLS].reshape(LEVELS, LEVELS, LEVELS, -1)
    for axis in range(3):
        layers = np.moveaxis(cube, axis, 0)
        for level in range(LEVELS - 2, -1, -1):
            layers[level] += layers[level + 1]
    return full[:CELLS]


def _find_all(spots: Times, begins: Times, width: int) -> Ragged:
    """Return for each begin the places of the spots from it on, before `begin + width`."""
    return gather(np.searchsorted(spots, begins), np.searchsorted(spots, begins + width))


def _lay_out(cells: Ragged, counts: Floats) -> Floats:
    """Return grids in full, float64 (k, SPOTS)."""
    full = np.zeros((len(cells), SPOTS))
    full[cells.owners, cells.values] = counts
    return full


def _sum_grids(spots: Times, counts: Floats, grids: Times) -> Floats:
    """Return the sum of the counts of each grid, float64 (k,). The order of summation is that of the grid in full."""
    total = np.zeros(len(grids))
    for begin in range(0, len(grids), GRIDS_AT_ONCE):
        held = _find_all(spots, grids[begin : begin + GRIDS_AT_ONCE] * SPOTS, SPOTS)
        cells = Ragged(held.bounds, spots[held.values] % SPOTS)
        total[begin : begin + len(held)] = _lay_out(cells, counts[held.values]).sum(axis=1)
    return total


def evidence(p: Floats, table: FeatureTable) -> Floats:
    """Return ln of the mean e-value over patterns and lineage, float64 (g,): the unsupervised score.

    Orphans that add up are other evidence than the looks of one day, so their e-value ½·p^(−½) multiplies the mean, where it
    is above 1. The score is reduced on a day on which many accounts show new values (`commotion`; see `restlessness`).
    """
    values = [KAPPA * p.take(WEIGHED, axis=1) ** (KAPPA - 1.0)]  # rows stay rows in memory: sums depend on it
    lineage = table.column("lineage.orphan") + table.column("lineage.reused")
    values.append(np.exp(np.minimum(0.5 * lineage, 8.0))[:, None] * 0.5)
    mean = np.concatenate(values, axis=1).mean(axis=1)
    return np.asarray(np.log(mean) + weigh_orphans(table) - table.column("commotion"))


def weigh_orphans(table: FeatureTable) -> Floats:
    """Return what orphans that add up contribute to the evidence, float64 (g,)."""
    return np.asarray(np.maximum(0.5 * table.column("lineage.orphans_together") - np.log(2.0), 0.0))
