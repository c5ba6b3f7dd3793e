"""Erase a person's names from the parts of a lake: parts that hold one are written again, and the old files deleted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from seawall.storage.lake import layout, locks, maintenance, parts
from seawall.storage.lake.delta_log import LOG
from seawall.storage.lake.lake import Lake
from seawall.storage.lake.outcomes import DamagedPart
from seawall_base.name_erasure import NameErasure


@dataclass(frozen=True, slots=True)
class LakeErasureResult:
    """What was written again, or would be: parts and rows with a name. `damaged` parts could not be read."""

    parts: int
    rows: int
    damaged: tuple[DamagedPart, ...]


def erase_from_lake(
    lake: Lake, erasure: NameErasure, *, at: int, is_rehearsal: bool = False
) -> LakeErasureResult:
    """Replace a person's names in every part; with `is_rehearsal`, only count. A stop loses nothing: run it again.

    `at` is the current time in microseconds since 1970, for the Delta log of a published lake. Merged parts that Delta
    readers may still read are deleted too.
    """
    count = rows = 0
    damaged: list[DamagedPart] = []
    root = lake.root
    with locks.hold_lock(root, "keeping", exclusive=True), locks.hold_lock(root, "writing"):
        for folder in layout.folders(root):
            for _, day in layout.days(folder):
                good, bad = parts.sound(layout.parts(day))
                damaged += bad
                for path in good:
                    changed = _erase_part(root, path, erasure, is_rehearsal=is_rehearsal)
                    count, rows = count + bool(changed), rows + changed
                if not is_rehearsal:
                    _discard_retired(root, day)
    if not is_rehearsal and count and (root / LOG).is_dir():
        lake.publish(at)
    return LakeErasureResult(count, rows, tuple(damaged))


def erase_from_table(table: pa.Table, erasure: NameErasure) -> tuple[pa.Table, int]:
    """Return a table without a person's names in its columns of texts, and the number of rows that held one."""
    touched = np.zeros(len(table), bool)
    for number, field in enumerate(table.schema):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            continue
        encoded = table.column(number).cast(kind).combine_chunks().dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        cleaned = [text if text is None else erasure.replace_values(text) for text in texts]
        is_changed = np.array([one != two for one, two in zip(texts, cleaned, strict=True)], bool)
        if not is_changed.any():
            continue
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        touched |= (codes >= 0) & is_changed[codes]
        column = pa.array(cleaned, kind).take(encoded.indices)
        table = table.set_column(number, field, column.cast(field.type) if kind != field.type else column)
    return table, int(touched.sum())


def _erase_part(root: Path, path: Path, erasure: NameErasure, *, is_rehearsal: bool) -> int:
    with path.open("rb") as file:
        rows, changed = erase_from_table(pq.read_table(file), erasure)
    if not changed or is_rehearsal:
        return changed
    tenant, _ = parts.footer(path)
    is_merged = parts.MERGED_KEY in (pq.read_metadata(path).metadata or {})
    table, _ = parts.arrange_rows(parts.as_rows(parts.as_events(rows)))
    file_ = parts.waiting(root)
    try:
        with parts.writer(file_, tenant, is_merged=is_merged) as writer:
            writer.write_table(table, row_group_size=parts.GROUP if is_merged else parts.SMALL_GROUP)
        with locks.hold_lock(root, "reading", exclusive=True):
            parts.put(file_, path.parent, parts.content_name(table))
            path.unlink()
            parts.settle(path.parent)
    except OSError as error:
        raise layout.unreadable(path, error) from error
    finally:
        file_.unlink(missing_ok=True)
    return changed


def _discard_retired(root: Path, day: Path) -> None:
    with locks.hold_lock(root, "reading", exclusive=True):
        for part in layout.contents(day)[1]:
            maintenance.discard(part)
