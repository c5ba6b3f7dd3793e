"""Drops redelivered records and merges the two records of one sign-in."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.sources.distinct import Column

_RANKED_SOURCES = ("entra_signin", "m365_audit", "office_activity", "entra_audit", "other")
"""The richer record of a pair is the one whose source comes first."""
_OWN_COLUMNS = frozenset(
    {"metadata_uid", "source", "source_file", "source_line", "kind", "activity_name", "unmapped"}
)
"""Columns that describe the record itself: they stay those of the record that is kept."""


def merge_twins(events: pa.Table) -> tuple[pa.Table, int]:
    """The table with one row for each (org_uid, metadata_uid), and how many rows were removed.

    Rows that carry the same id in the same organisation are one event: a redelivered record, the same
    record from the unified log and from `OfficeActivity`, or a sign-in that appears as Entra sign-in and as
    `UserLoggedIn` or `UserLoginFailed`. The richest is kept and its nulls are filled from the others; a
    value is never replaced by null. A null `org_uid` is a value of its own. Which values win does not
    depend on the order of the rows. A merged event stands where its kept record stood, so a table in order
    of time stays so.
    """
    if events.num_rows < 2:
        return events, 0
    # Most ids occur once: everything that costs is done for the others alone.
    codes = _codes(events.column("metadata_uid"))
    candidates = np.flatnonzero(np.bincount(codes)[codes] > 1)
    if len(candidates) == 0:
        return events, 0
    organisations = Column.of(events.column("org_uid").take(pa.array(candidates)))
    key = codes[candidates].astype(np.int64) * (len(organisations.dictionary) + 1) + organisations.codes + 1
    order = np.argsort(key, kind="stable")
    is_first = np.r_[True, key[order][1:] != key[order][:-1]]
    removed = int(len(order) - is_first.sum())
    if removed == 0:
        return events, 0
    is_shared = ~is_first
    is_shared[:-1] |= ~is_first[1:]
    inside = np.sort(order[is_shared])
    shared, key = candidates[inside], key[inside]
    group_key, kept, rows = _ranked(events.take(pa.array(shared)), key)
    is_kept = np.ones(events.num_rows, np.bool_)
    is_kept[shared] = False
    is_kept[shared[kept]] = True
    thinned = events.filter(pa.array(is_kept))
    # Where the kept records stand in the thinned table.
    places = np.cumsum(is_kept)[shared[kept]] - 1
    return _filled(thinned, rows, group_key, places), removed


def _codes(ids: Any) -> npt.NDArray[np.int64]:
    """A number for each id; equal ids have equal numbers."""
    encoded = ids.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0)
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)  # type: ignore[no-any-return]


def _ranked(
    rows: pa.Table, key: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], pa.Table]:
    """Rows of equal key side by side, the richest first.

    Returns where each key starts, the original position of its kept row, and the rows in that order.
    """
    order = np.lexsort((*_tie_breakers(rows), _rank(rows), key))
    sorted_key = key[order]
    starts = np.flatnonzero(np.r_[True, sorted_key[1:] != sorted_key[:-1]])
    return starts, order[starts], rows.take(pa.array(order))


def _filled(
    thinned: pa.Table, rows: pa.Table, starts: npt.NDArray[np.int64], places: npt.NDArray[np.int64]
) -> pa.Table:
    """The thinned table with the nulls of kept records filled from the others in order of richness."""
    columns = []
    for name in thinned.column_names:
        column = thinned.column(name)
        if name not in _OWN_COLUMNS and rows.column(name).null_count:
            found = rows.column(name).combine_chunks()
            first = _first_valid(found, starts)
            gained = np.flatnonzero(first != starts)
            if len(gained):
                column = _replaced(column, places[gained], found.take(pa.array(first[gained])))
        columns.append(column)
    return pa.table(columns, schema=thinned.schema)


def _replaced(column: Any, places: npt.NDArray[np.int64], values: Any) -> Any:
    count = len(column)
    picks = np.arange(count)
    picks[places] = count + np.arange(len(values))
    both = pa.chunked_array([*column.chunks, values]).unify_dictionaries().combine_chunks()
    both = both.chunk(0) if isinstance(both, pa.ChunkedArray) else both
    return both.take(pa.array(picks))


def _first_valid(column: Any, starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """For each group the first row that holds a value, or its first row."""
    count = len(column)
    positions = np.where(column.is_valid().to_numpy(zero_copy_only=False), np.arange(count), count)
    first = np.minimum.reduceat(positions, starts)
    return np.where(first == count, starts, first)


def _rank(rows: pa.Table) -> npt.NDArray[np.int64]:
    sources = Column.of(rows.column("source"))
    table = np.array(
        [_RANKED_SOURCES.index(value) if value in _RANKED_SOURCES else 9 for value in sources.values] + [9],
        np.int64,
    )
    return table[sources.codes]


def _tie_breakers(rows: pa.Table) -> tuple[npt.NDArray[np.int64], ...]:
    """Make the choice among records of equal rank the same whatever order they came in, least important
    first."""
    nulls = np.zeros(rows.num_rows, np.int64)
    for name in rows.column_names:
        nulls += rows.column(name).is_null().to_numpy().astype(np.int64)
    lines = rows.column("source_line").fill_null(0).to_numpy()
    files = pc.rank(
        rows.column("source_file").cast(pa.string()), sort_keys="ascending", tiebreaker="dense"
    ).to_numpy()
    times = rows.column("time").cast(pa.int64()).fill_null(0).to_numpy()
    return lines, files.astype(np.int64), times, nulls
