"""Say what vendors state about an account: risks and alerts, as evidence of others."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from seawall.detection.ragged import Ragged, collect
from seawall.events.coded_batch import MISSING, CodedBatch, Codes
from seawall.events.grouping import Rows, stable_order
from seawall_base.times import rfc3339

Statements = tuple[tuple[int, str], ...]
"""Statements as (time of the act in microseconds since 1970, sentence)."""

MOST_STATEMENTS = 20
"""Number of statements that an incident tells of one day of an account."""

_STATES = {
    "confirmedcompromised": "confirmed compromised",
    "confirmedsafe": "confirmed safe",
    "falsepositive": "judged a false alarm",
    "informationalexpectedactivity": "judged to be expected",
    "dismissed": "dismissed",
    "remediated": "remediated",
    "resolved": "resolved",
    "closed": "closed",
}
"""States that are told, by their names in lower case; others are open or mean nothing to a reader."""
_LONGEST = 300


def find_statements(batch: CodedBatch, actors: Codes) -> Ragged:
    """Return the rows of statements about the accounts `actors` (k,), in order of time, at most `MOST_STATEMENTS` of each."""
    rows = np.flatnonzero(batch.one_of("kind", ("vendor_alert",)) & (batch.actor != MISSING))
    order = np.argsort(actors, kind="stable")
    low = np.searchsorted(actors[order], batch.actor[rows])
    high = np.searchsorted(actors[order], batch.actor[rows], side="right")
    owners: list[Rows] = [order[low[at] : high[at]] for at in range(len(rows))]
    owner = np.concatenate([*owners, np.zeros(0, np.intp)])
    event = np.repeat(rows, high - low)
    place = stable_order(owner)
    return collect(owner[place], event[place], len(actors)).first(MOST_STATEMENTS)


def describe_statement(parameters: str | None) -> str:
    """Return what the parameters of an alert say, as in "Microsoft says: anonymised address, medium"; "" if nothing."""
    try:
        said: Any = json.loads(parameters or "")
    except (ValueError, RecursionError):
        return ""
    if not isinstance(said, dict):
        return ""
    vendor, says, level, state, address = (
        value if isinstance(value := said.get(name), str) else ""
        for name in ("vendor", "says", "level", "state", "address")
    )
    if not vendor or not says:
        return ""
    parts = [says[:_LONGEST], level, _STATES.get(state.lower(), "")]
    where = f" ({address})" if address else ""
    return f"{vendor} says: {', '.join(part for part in parts if part)}{where}"


def merge_statements(found: Iterable[Statements]) -> list[dict[str, str]]:
    """Return the distinct statements of several groups in order of time, as objects for `incidents.jsonl`."""
    distinct = sorted({one for statements in found for one in statements})
    return [{"time": rfc3339(time), "text": text} for time, text in distinct]
