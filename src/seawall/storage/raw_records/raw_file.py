"""A Parquet file of records as they came. Secrets are masked before anything is written."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from seawall.events.secret_masking import mask_secrets
from seawall_base import private_files
from seawall_base.errors import InputUnreadable

RAW_RECORDS: Final = "raw-records.parquet"
"""Name of the file among the results of a scan."""

LONGEST_TEXT: Final = 256 << 10
"""Characters of a record that are kept; the rest of a longer one is left out, and `is_cut` says so."""

MOST_RECORDS: Final = 100_000
MOST_CHARACTERS: Final = 256 << 20
"""What one file holds at most, before compression; further records are left out."""

_GROUP = 256
"""Rows of a row group: a query for one record decompresses a group's texts."""

_SCHEMA = pa.schema(
    [
        ("record", pa.string()),
        ("tenant", pa.string()),
        ("account", pa.string()),
        ("time", pa.timestamp("us", tz="UTC")),
        ("source_file", pa.string()),
        ("source_line", pa.int64()),
        ("is_cut", pa.bool_()),
        ("text", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class RecordOrigin:
    """The record that an event was made of: id, organisation, account, time (microseconds), file and number in it."""

    record: str
    tenant: str
    account: str | None
    time: int
    source_file: str
    source_line: int


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record as it came: `text` is JSON or a line, without secrets; `is_cut` if only its beginning was kept."""

    origin: RecordOrigin
    text: str
    is_cut: bool


def keep_record(origin: RecordOrigin, text: str) -> KeptRecord:
    """Return what is kept of a record: at most `LONGEST_TEXT` characters, with secrets masked."""
    is_cut = len(text) > LONGEST_TEXT
    return KeptRecord(origin, mask_secrets(text[:LONGEST_TEXT], is_cut=is_cut), is_cut)


def write_kept_records(path: Path, records: Iterable[KeptRecord]) -> int:
    """Write a file readable by this user alone, ordered by record id; return the number of records. Raises OutputUnwritable."""
    ordered = sorted(records, key=lambda one: (one.origin.record, one.origin.tenant, one.origin.source_file))
    write_table(path, make_table(ordered))
    return len(ordered)


def write_table(path: Path, rows: pa.Table) -> None:
    """Write the rows of a file, readable by this user alone. Raises OutputUnwritable."""
    os.close(private_files.open_for_writing(path))
    pq.write_table(
        rows,
        path,
        compression="zstd",
        compression_level=9,
        use_dictionary=["tenant", "account", "source_file"],
        write_statistics=["record", "time"],
        row_group_size=_GROUP,
    )


def make_table(records: Sequence[KeptRecord]) -> pa.Table:
    """Return the rows of a file."""
    rows = [
        {
            "record": one.origin.record,
            "tenant": one.origin.tenant,
            "account": one.origin.account,
            "time": one.origin.time,
            "source_file": one.origin.source_file,
            "source_line": one.origin.source_line,
            "is_cut": one.is_cut,
            "text": _clean(one.text),
        }
        for one in records
    ]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def read_kept_records(path: Path, wanted: Collection[str], *, most: int = 1_000) -> Iterator[KeptRecord]:
    """Yield up to `most` records of a file by id; none if there is no file. Raises InputUnreadable if it is damaged."""
    ids, left = pa.array(sorted(wanted), pa.string()), most
    if not path.is_file() or not len(ids):
        return
    try:
        with pq.ParquetFile(path) as file:
            for number in range(file.num_row_groups):
                if left > 0 and _may_hold(file.metadata.row_group(number), ids):
                    rows = _read_group(file, number, ids).slice(0, left)
                    left -= len(rows)
                    yield from _records_of(rows)
    except (OSError, pa.ArrowException, ValueError, KeyError) as error:
        raise _make_damage_error(path) from error


def _read_group(file: pq.ParquetFile, number: int, ids: pa.Array) -> pa.Table:
    """Return the rows of a row group with one of the ids; texts are decompressed only where there are any."""
    listed = pc.is_in(file.read_row_group(number, columns=["record"])["record"], value_set=ids)
    return file.read_row_group(number).filter(listed) if pc.any(listed).as_py() else _SCHEMA.empty_table()


def list_kept_ids(path: Path) -> pa.Array:
    """Return the ids of a file's records; none if there is no file. Raises InputUnreadable if it is damaged."""
    if not path.is_file():
        return pa.array([], pa.string())
    try:
        return pq.read_table(path, columns=["record"])["record"].combine_chunks()
    except (OSError, pa.ArrowException, ValueError, KeyError) as error:
        raise _make_damage_error(path) from error


def _make_damage_error(path: Path) -> InputUnreadable:
    return InputUnreadable(f"{path}: damaged", fix="scan the logs again")


def _may_hold(group: Any, ids: pa.Array) -> bool:
    """Return whether a row group may hold one of the ids, by its statistics."""
    found = group.column(0).statistics
    if found is None or not found.has_min_max:
        return True
    least, most = pa.scalar(found.min, pa.string()), pa.scalar(found.max, pa.string())
    return bool(pc.any(pc.and_(pc.greater_equal(ids, least), pc.less_equal(ids, most))).as_py())


def _records_of(rows: pa.Table) -> Iterator[KeptRecord]:
    plain = rows.set_column(
        rows.schema.get_field_index("time"), "time", rows["time"].cast(pa.int64())
    ).to_pylist()
    for row in plain:
        origin = RecordOrigin(
            row["record"],
            row["tenant"],
            row["account"],
            row["time"],
            row["source_file"],
            row["source_line"],
        )
        yield KeptRecord(origin, row["text"], bool(row["is_cut"]))


def _clean(text: str) -> str:
    """Return a text that UTF-8 can encode."""
    with suppress(UnicodeEncodeError):
        text.encode()
        return text
    return text.encode("utf-8", "replace").decode()
