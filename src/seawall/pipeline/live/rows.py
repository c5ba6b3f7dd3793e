"""How many records came for each day, copies included: what is kept together with every batch, before it is scored."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from seawall.events.array_state import RestoredState, State

ROWS = "rows"
"""The name of the state; it is newer than the same numbers in what a scoring keeps."""

_DAY = 86_400_000_000


def rows_by_day(events: pa.Table) -> dict[int, int]:
    """Return how many events there are of each day."""
    days, counts = np.unique(events["time"].cast(pa.int64()).to_numpy() // _DAY, return_counts=True)
    return dict(zip(days.tolist(), counts.tolist(), strict=True))


def rows_state(rows: Mapping[int, int]) -> State:
    """Return the numbers as plain arrays."""
    return {"rows": np.array(sorted(rows.items()), np.int64).reshape(-1, 2)}


def rows_of(states: Mapping[str, State]) -> dict[int, int]:
    """Return the numbers that were kept. Raises `StateInvalid`."""
    return (
        dict(RestoredState(states[ROWS]).array("rows", np.int64, None, 2).tolist()) if ROWS in states else {}
    )
