"""Numbers of records by day, copies included, which are stored with every batch before it is scored."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from seawall.events.array_state import RestoredState, State
from seawall.storage.database import Transaction
from seawall.storage.files.state_file import unpack

ROWS = "rows"
"""Name of the state. It is more recent than the same numbers in the state of a scoring."""

_DAY = 86_400_000_000


def rows_by_day(events: pa.Table) -> dict[int, int]:
    """Return the number of events by day."""
    days, counts = np.unique(events["time"].cast(pa.int64()).to_numpy() // _DAY, return_counts=True)
    return dict(zip(days.tolist(), counts.tolist(), strict=True))


def rows_state(rows: Mapping[int, int]) -> State:
    """Return the numbers as a state of arrays."""
    return {"rows": np.array(sorted(rows.items()), np.int64).reshape(-1, 2)}


def rows_of(states: Mapping[str, State]) -> dict[int, int]:
    """Return the numbers of a stored state. Raises `StateInvalid`."""
    return (
        dict(RestoredState(states[ROWS]).array("rows", np.int64, None, 2).tolist()) if ROWS in states else {}
    )


def load_states(work: Transaction, prefix: str) -> dict[str, State]:
    """Return the stored states whose names begin with a prefix, by the rest of the name. Raises `StateInvalid`."""
    names = [name for name in work.states.names() if name.startswith(prefix)]
    return {
        name.removeprefix(prefix): unpack(content)
        for name in names
        if (content := work.states.get(name)) is not None
    }
