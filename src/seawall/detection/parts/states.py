"""Join the states of the parts of an organisation, and keep what they have in common once.

A part's state holds its own accounts, and numbers of all accounts of the organisation, which are the same in every part.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from seawall.detection.behaviour.fields import FIELD_NAMES
from seawall.events.array_state import Array, State, StateInvalid

_TABLES = (
    *(f"behaviour.counts.{name}.account" for name in FIELD_NAMES),
    *(f"lineage.{name}" for name in ("sessions", "networks", "used", "holders")),
    "orphans.remembered",
    "consents.given",
    "open.network",
    "open.app_network",
)
"""Tables with a row for each key of an account, in the order of `keys`."""

_ATTEMPTS = "behaviour.attempts"
"""Table without keys, in the order of its columns."""

_BY_ACCOUNT = re.compile(
    r"behaviour\.(counts\.\w+\.(total|total_day|distinct)|volume\.(count|mean|spread)|hours\.counts|usual\.last|active|first_day)"
    r"|orphans\.(orphans|sessions|counted|expected|older|day)"
)
"""Arrays with a place for each account."""


def _find_table(name: str) -> str:
    table = name.rpartition(".")[0]
    return table if table in _TABLES or table == _ATTEMPTS else ""


def is_own(name: str) -> bool:
    """Return whether an array of a state belongs to the accounts of a part, and not to the organisation."""
    return bool(_find_table(name) or _BY_ACCOUNT.fullmatch(name))


def separate(state: State) -> tuple[State, State]:
    """Return the part's own arrays, and those that all parts of its organisation have: these need to be kept once only."""
    own = {name: array for name, array in state.items() if is_own(name)}
    return own, {name: array for name, array in state.items() if name not in own}


def join_states(states: Sequence[State]) -> State:
    """Return the state of an engine that was given all parts. Raises `StateInvalid` if they are not parts of one organisation."""
    joined: State = {}
    for name, first in states[0].items():
        arrays = [state[name] for state in states]
        if _BY_ACCOUNT.fullmatch(name):
            joined[name] = _overlay(arrays, -1 if name.endswith(".first_day") else 0)
        elif _find_table(name):
            joined[name] = np.concatenate(arrays)
        elif all(one.dtype == first.dtype and one.tobytes() == first.tobytes() for one in arrays):
            joined[name] = first
        else:
            raise StateInvalid(
                f"the states are not parts of one organisation: {name} differs",
                fix="score the events again from the first day",
            )
    for table in (*_TABLES, _ATTEMPTS):
        names = [name for name in joined if _find_table(name) == table]
        order = _order(table, {name.rpartition(".")[2]: joined[name] for name in names})
        joined |= {name: joined[name][order] for name in names}
    return joined


def _order(table: str, columns: State) -> Array:
    if table != _ATTEMPTS:
        return np.argsort(columns["keys"], kind="stable")
    return np.lexsort([columns[name] for name in sorted(columns, key=lambda one: (one == "time", one))])


def _overlay(arrays: Sequence[Array], default: int) -> Array:
    """Return one array with the entries of all: each account has one in one part only, and the default in the others."""
    size = max(len(one) for one in arrays)
    whole = np.full((size, *arrays[0].shape[1:]), default, arrays[0].dtype)
    for one in arrays:
        is_set = one != default
        whole[: len(one)][is_set] = one[is_set]
    return whole
