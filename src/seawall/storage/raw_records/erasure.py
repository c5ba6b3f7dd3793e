"""Erase the records of a person from what was kept as it came."""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from seawall.storage.lake import layout, locks
from seawall.storage.raw_records.raw_file import RAW_RECORDS, write_table
from seawall.storage.raw_records.raw_folder import RawFolder
from seawall_base.errors import UsageError


def erase_raw_records(place: Path, names: Collection[str]) -> int:
    """Delete every record as it came that is of a name or shows one; return how many there were.

    `place` is the results folder of a scan, or the root of a lake. A record shows a name, such as a user principal name or an
    object id, if its account or its text holds it, in capitals or not, also within a longer name. A damaged file is deleted
    whole, because nobody can tell what it holds. A stop half-way is made good by doing the same again. Raises UsageError for
    an empty name, OSError.
    """
    wanted = sorted({name.strip().casefold() for name in names})
    if not wanted or not all(wanted):
        raise UsageError("a name to erase is empty", fix="give the account's name or its object id")
    with ExitStack() as held:
        if (place / layout.MARKER).is_file():
            held.enter_context(locks.hold_lock(place, "keeping", exclusive=True))
            held.enter_context(locks.hold_lock(place, "reading", exclusive=True))
            files = RawFolder(place).list_files()
        else:
            files = [path for path in (place / RAW_RECORDS,) if path.is_file()]
        return sum(_erase_from_file(path, wanted) for path in files)


def _erase_from_file(path: Path, wanted: list[str]) -> int:
    try:
        rows = pq.read_table(path)
        is_shown = np.zeros(len(rows), np.bool_)
        for name in wanted:
            for column in ("account", "text"):
                is_shown |= _holds(rows[column], name)
    except (pa.ArrowException, ValueError, KeyError):
        path.unlink()
        return 0
    if not is_shown.any():
        return 0
    if is_shown.all():
        path.unlink()
        return len(rows)
    rest = path.with_name(f".{uuid4().hex}.part")
    try:
        write_table(rest, rows.filter(pa.array(~is_shown)))
        rest.replace(path)
    finally:
        rest.unlink(missing_ok=True)
    return int(np.count_nonzero(is_shown))


def _holds(column: pa.ChunkedArray, name: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return whether each text holds a name, also as JSON spells it with escapes; bool (n,)."""
    found = np.zeros(len(column), np.bool_)
    for spelt in {name, json.dumps(name)[1:-1], json.dumps(json.dumps(name)[1:-1])[1:-1]}:
        matches = pc.match_substring(column, spelt, ignore_case=True)
        found |= np.asarray(pc.fill_null(matches, False).combine_chunks(), np.bool_)
    return found
