"""Say what vendors state about an account: risks and alerts, as evidence of others."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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
_MOST_SIGN_INS = 200
_RISK = '"risk_says":"'
"""Mark of the parameters of a sign-in in which the vendor saw a risk."""


def find_statements(batch: CodedBatch, actors: Codes, events: Ragged) -> Ragged:
    """Return the rows of statements about the accounts `actors` (k,), in order of time, at most `MOST_STATEMENTS` of each.

    They are vendor alerts, and sign-ins among the `events` of each (k lists) in which the vendor saw a risk.
    """
    about, sign_ins = _find_alerts(batch, actors), _find_risky_sign_ins(batch, events)
    owner, event = (
        np.concatenate(pair) for pair in ((about.owners, sign_ins.owners), (about.values, sign_ins.values))
    )
    place = np.lexsort((event, owner))
    return collect(owner[place], event[place], len(actors)).first(MOST_STATEMENTS)


def _find_risky_sign_ins(batch: CodedBatch, events: Ragged) -> Ragged:
    found = events.select(batch.one_of("kind", ("sign_in",))[events.values]).first(_MOST_SIGN_INS)
    texts = batch.texts["parameters"].take(pa.array(found.values.astype(np.int64)))
    is_risky = pc.fill_null(pc.match_substring(texts, _RISK), False)
    return found.select(np.asarray(is_risky.to_numpy(zero_copy_only=False), np.bool_))


def _find_alerts(batch: CodedBatch, actors: Codes) -> Ragged:
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
    """Return what the parameters of an alert say, as in "Microsoft says: anonymised address, medium"; "" if nothing.

    Of a sign-in it is what Microsoft saw in it.
    """
    try:
        said: Any = json.loads(parameters or "")
    except (ValueError, RecursionError):
        return ""
    if not isinstance(said, dict):
        return ""
    told = {name: value for name, value in said.items() if isinstance(value, str)}
    if "vendor" in told and "says" in told:
        speaker, says, level = f"{told['vendor']} says", told["says"], told.get("level", "")
    elif "risk_says" in told:
        speaker, says, level = "Microsoft says of a sign-in", told["risk_says"], told.get("risk", "")
    else:
        return ""
    parts = [says[:_LONGEST], level, _STATES.get(told.get("state", "").lower(), "")]
    where = f" ({told['address']})" if told.get("address") else ""
    return f"{speaker}: {', '.join(part for part in parts if part)}{where}"


def merge_statements(found: Iterable[Statements]) -> list[dict[str, str]]:
    """Return the distinct statements of several groups in order of time, as objects for `incidents.jsonl`."""
    distinct = sorted({one for statements in found for one in statements})
    return [{"time": rfc3339(time), "text": text} for time, text in distinct]
