"""Keep only the kinds of records that a user's own logs hold: what he does not collect, nobody can see."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.readers import read
from seawall.lab.replay.reading import KeepsEvent
from seawall_base.errors import InputUnreadable

_COLUMNS = ("source", "kind")
_LINKS = ("session_uid", "token_uid", "device_uid")
"""Columns that link mail to sign-ins; one that is empty in all of the user's records is emptied."""


def keep_like(path: Path) -> KeepsEvent:
    """Return a function that keeps events of the (source, kind) pairs that the logs at `path` hold, with their links.

    Raises `InputUnreadable` if there is no such path, or no event in it.
    """
    if not path.exists():
        raise InputUnreadable(f"no such file or folder: {path}", fix="check the path")
    kinds, links = set[str](), set[str]()
    for batch in read([path]):
        if batch.events.num_rows:
            kinds.update(pc.unique(_join(batch.events)).to_pylist())
            links.update(name for name in _LINKS if batch.events[name].null_count < batch.events.num_rows)
    if not kinds:
        raise InputUnreadable(f"{path}: no event was read", fix="give logs, as for seawall scan")
    wanted, empty = pa.array(sorted(kinds), pa.string()), [name for name in _LINKS if name not in links]

    def keep(table: pa.Table) -> pa.Table:
        kept = table.filter(pc.is_in(_join(table), value_set=wanted))
        for name in empty:
            place, field = kept.schema.get_field_index(name), kept.schema.field(name)
            kept = kept.set_column(place, field, pa.nulls(kept.num_rows, field.type))
        return kept

    return keep


def _join(table: pa.Table) -> pa.ChunkedArray:
    source, kind = (pc.fill_null(table[name].cast(pa.string()), "") for name in _COLUMNS)
    return pc.binary_join_element_wise(source, kind, "\n")
