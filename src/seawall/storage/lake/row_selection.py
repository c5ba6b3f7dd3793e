"""Select rows of an account or an organisation from parts, one row group at a time, newest or oldest first.

For each row group it first reads the columns of the condition, and all columns only if rows match. Groups are read by time,
so that reading stops as soon as no later group can hold a row of the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.event import ENRICHED_SCHEMA
from seawall.storage.lake import footers
from seawall.storage.lake.footers import Footer, RowGroup
from seawall.storage.lake.parts import DIGEST, PLACE
from seawall.storage.lake.query import EventQuery, RowKey

Times = npt.NDArray[np.int64]
Digests = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class PartPiece:
    """A row group that may hold wanted rows, and its part."""

    footer: Footer
    group: RowGroup


@dataclass(frozen=True, slots=True)
class _Rows:
    """Matching rows, (n,) each: their keys, the index of the row group in a list, and the index of the row in the group."""

    time: Times
    digest: Digests
    piece: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.time)


def list_pieces(parts: Iterable[Footer], wanted: EventQuery) -> list[PartPiece]:
    """Return the row groups that may hold wanted rows, judged by the statistics in footers."""
    named = None if wanted.accounts is None else sorted(wanted.accounts)
    return [
        PartPiece(footer, group)
        for footer in parts
        for group in footer.groups
        if group.first < wanted.end
        and group.last >= wanted.start
        and (wanted.account is None or group.may_hold(wanted.account))
        and (named is None or group.may_hold_one_of(named))
    ]


def select_rows(
    parts: Sequence[Footer], wanted: EventQuery, after: RowKey | None, count: int, newest_first: bool
) -> tuple[list[RowKey], pa.Table | None]:
    """Return up to `count` + 1 distinct keys in order, and the rows of the first `count` (`ENRICHED_SCHEMA`)."""
    ordered = _in_order(list_pieces(parts, wanted), newest_first)
    found = _collect(ordered, wanted, after, count + 1, newest_first)
    first = _firsts(found)
    keys = [RowKey(int(t), int(d)) for t, d in zip(found.time[first], found.digest[first], strict=True)]
    if not keys or not count:
        return keys, None
    starts = np.flatnonzero(first)
    end = int(starts[count]) if len(starts) > count else len(found)
    return keys, _fetch(found, end, ordered)


def _in_order(found: list[PartPiece], newest_first: bool) -> list[PartPiece]:
    if newest_first:
        return sorted(found, key=lambda piece: -piece.group.last)
    return sorted(found, key=lambda piece: piece.group.first)


def _collect(
    ordered: Sequence[PartPiece], wanted: EventQuery, after: RowKey | None, need: int, newest_first: bool
) -> _Rows:
    """Return the rows of the first `need` keys in order, copies included."""
    total = _Rows(np.zeros(0, np.int64), np.zeros(0, np.uint64), np.zeros(0, np.int32), np.zeros(0, np.int32))
    for number, piece in enumerate(ordered):
        if _is_past(piece.group, total, need, newest_first):
            break
        if after is not None and (
            piece.group.first > after.time if newest_first else piece.group.last < after.time
        ):
            continue
        time, digest, row = find_matching_rows(piece, wanted)
        if after is not None:
            beyond = _beyond(time, digest, after, newest_first)
            time, digest, row = time[beyond], digest[beyond], row[beyond]
        if len(time):
            total = _cut(
                total, _Rows(time, digest, np.full(len(time), number, np.int32), row), need, newest_first
            )
    return total


def _is_past(group: RowGroup, total: _Rows, need: int, newest_first: bool) -> bool:
    """Return whether neither a group nor any later one can hold one of the first `need` keys."""
    if len(total) < need or int(_firsts(total).sum()) < need:
        return False
    last = int(total.time[-1])
    return group.last < last if newest_first else group.first > last


def _beyond(time: Times, digest: Digests, after: RowKey, newest_first: bool) -> npt.NDArray[np.bool_]:
    at = np.uint64(after.digest)
    if newest_first:
        return np.asarray((time < after.time) | ((time == after.time) & (digest < at)))
    return np.asarray((time > after.time) | ((time == after.time) & (digest > at)))


def find_matching_rows(piece: PartPiece, wanted: EventQuery) -> tuple[Times, Digests, npt.NDArray[np.int32]]:
    """Return time, digest and index of a row group's matching rows, (n,) each."""
    columns = ["time", DIGEST, *_columns_of_condition(piece.group, wanted)]
    with footers.open_part(piece.footer) as part:
        table = footers.read(part, piece.group, columns)
    return _matching(table, piece.group, wanted)


def _columns_of_condition(group: RowGroup, wanted: EventQuery) -> list[str]:
    names = []
    is_one = wanted.account is not None and not group.holds_only(wanted.account)
    if is_one or wanted.accounts is not None:
        names.append("account")
    if wanted.mailbox is not None:
        names.append("mailbox")
    if wanted.record is not None or wanted.records is not None:
        names.append("metadata_uid")
    if wanted.only is not None:
        names += wanted.only.columns
    return list(dict.fromkeys(names))


def _matching(
    table: pa.Table, group: RowGroup, wanted: EventQuery
) -> tuple[Times, Digests, npt.NDArray[np.int32]]:
    time = table["time"].cast(pa.int64()).to_numpy()
    chosen = (time >= wanted.start) & (time < wanted.end)
    asked = _columns_of_condition(group, wanted)
    if "account" in asked and wanted.account is not None:
        chosen &= is_text(table["account"], wanted.account)
    if wanted.accounts is not None:
        chosen &= is_one_of(table["account"], wanted.accounts)
    if "mailbox" in asked:
        chosen &= is_text(table["mailbox"], wanted.mailbox)
    if wanted.record is not None:
        chosen &= is_text(table["metadata_uid"], wanted.record)
    if wanted.records is not None:
        chosen &= is_one_of(table["metadata_uid"], wanted.records)
    if wanted.only is not None:
        chosen &= wanted.only.matches(table)
    row = np.flatnonzero(chosen).astype(np.int32)
    return time[row], table[DIGEST].to_numpy()[row], row


def is_text(column: pa.ChunkedArray, text: str | None) -> npt.NDArray[np.bool_]:
    """Return whether each value equals a text, bool (n,); the column may be a dictionary."""
    found = [_is_text(chunk, text) for chunk in column.chunks]
    return np.concatenate(found) if found else np.zeros(0, np.bool_)


def _is_text(array: pa.Array, text: str | None) -> npt.NDArray[np.bool_]:
    if pa.types.is_dictionary(array.type):
        code = pc.index(array.dictionary, text).as_py()
        indices = array.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return np.asarray(indices == code) if code >= 0 else np.zeros(len(array), np.bool_)
    return np.asarray(pc.equal(array, pa.scalar(text, pa.string())).fill_null(False))


def is_one_of(column: pa.ChunkedArray, texts: frozenset[str]) -> npt.NDArray[np.bool_]:
    """Return whether each value is one of some texts, bool (n,)."""
    return np.asarray(pc.is_in(column, value_set=pa.array(sorted(texts), pa.string())))


def _cut(one: _Rows, two: _Rows, need: int, newest_first: bool) -> _Rows:
    """Return both sets of rows merged in order, copies included, up to the `need`-th key."""
    time, digest = np.concatenate([one.time, two.time]), np.concatenate([one.digest, two.digest])
    order = np.lexsort((digest, time))
    order = order[::-1] if newest_first else order
    piece, row = np.concatenate([one.piece, two.piece]), np.concatenate([one.row, two.row])
    both = _Rows(time[order], digest[order], piece[order], row[order])
    starts = np.flatnonzero(_firsts(both))
    if len(starts) <= need:
        return both
    end = int(starts[need])
    return _Rows(both.time[:end], both.digest[:end], both.piece[:end], both.row[:end])


def _firsts(rows: _Rows) -> npt.NDArray[np.bool_]:
    """Return whether each row is the first of its key, bool (n,); rows are in order."""
    first = np.ones(len(rows), np.bool_)
    first[1:] = (rows.time[1:] != rows.time[:-1]) | (rows.digest[1:] != rows.digest[:-1])
    return first


def _fetch(found: _Rows, end: int, ordered: Sequence[PartPiece]) -> pa.Table:
    """Return the first `end` rows in order with all columns, of copies the one with the least file and line."""
    tables: list[pa.Table] = []
    places: list[npt.NDArray[np.intp]] = []
    for number in np.unique(found.piece[:end]):
        here = np.flatnonzero(found.piece[:end] == number)
        piece = ordered[int(number)]
        with footers.open_part(piece.footer) as part:
            whole = footers.read(part, piece.group, ENRICHED_SCHEMA.names)
        tables.append(whole.take(pa.array(found.row[here])))
        places.append(here)
    rows = pa.concat_tables(tables).unify_dictionaries().combine_chunks().cast(ENRICHED_SCHEMA)
    rows = rows.take(pa.array(np.argsort(np.concatenate(places), kind="stable")))
    first = _firsts(found)[:end]
    return rows if first.all() else rows.take(pa.array(_without_copies(rows, first)))


def _without_copies(rows: pa.Table, first: npt.NDArray[np.bool_]) -> list[int]:
    """Return the index of the row with the least file and line for each key."""
    files, lines = (rows[name].cast(_plain_type(name)).to_pylist() for name in PLACE)
    best: list[int] = []
    for place, begins in enumerate(first.tolist()):
        if begins:
            best.append(place)
        elif _rank(files[place], lines[place]) < _rank(files[best[-1]], lines[best[-1]]):
            best[-1] = place
    return best


def _plain_type(name: str) -> pa.DataType:
    return pa.string() if pa.types.is_dictionary(ENRICHED_SCHEMA.field(name).type) else pa.int64()


def _rank(file: str | None, line: int | None) -> tuple[Any, ...]:
    """Return a key that sorts nulls last, as in parts."""
    return (file is None, file or "", line is None, line or 0)


def read_tables(parts: Sequence[Footer], wanted: EventQuery, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Yield `columns` and `time` of the matching rows of one day, without copies, one row group at a time."""
    seen = SeenKeys(footers.overlap(parts))
    for piece in list_pieces(parts, wanted):
        if wanted.only is not None and not len(find_matching_rows(piece, wanted)[0]):
            continue  # most groups hold none: read the other columns of the rest alone
        asked = dict.fromkeys(["time", DIGEST, *_columns_of_condition(piece.group, wanted), *columns])
        with footers.open_part(piece.footer) as part:
            table = footers.read(part, piece.group, asked)
        time, digest, row = _matching(table, piece.group, wanted)
        if not len(row):
            continue
        fresh = seen.fresh(time, digest)
        kept = row if fresh is None else row[fresh]
        if len(kept):
            wanted_columns = table.select(list(dict.fromkeys(["time", *columns])))
            yield wanted_columns if len(kept) == len(table) else wanted_columns.take(pa.array(kept))


class SeenKeys:
    """Remember the keys of rows already seen. With `is_needed` false, there are no copies and nothing is remembered."""

    def __init__(self, is_needed: bool) -> None:
        self._is_needed = is_needed
        self._keys = np.zeros(0, np.uint64)

    def fresh(self, time: Times, digest: Digests) -> npt.NDArray[np.bool_] | None:
        """Return whether each key is new, bool (n,), None if all are."""
        if not self._is_needed:
            return None
        # The mix has 64 bits: two events of one account that collide by chance are not to be expected.
        key = digest ^ (time.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
        is_first = np.zeros(len(key), np.bool_)
        is_first[np.unique(key, return_index=True)[1]] = True
        is_first &= ~np.isin(key, self._keys)
        self._keys = np.concatenate([self._keys, key[is_first]])
        return is_first
