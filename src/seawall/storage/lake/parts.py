"""Parts: Parquet files with the events of one organisation and day, sorted, and written atomically.

A part is named after a hash of its content, so that events that are appended again give the same file. Pages have
checksums.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from seawall.events.coded_batch import Keys, hash_text, mix
from seawall.events.event import ENRICHED_SCHEMA
from seawall.storage.errors import LakeBroken
from seawall.storage.lake.layout import INCOMING, unreadable
from seawall.storage.lake.outcomes import DamagedPart

VERSION = 1
TENANT_KEY = b"seawall.tenant"
VERSION_KEY = b"seawall.lake"
MERGED_KEY = b"seawall.merged"
DIGEST = "row_digest"
"""Column with a 64-bit hash of a row without `PLACE`: rows with equal time and digest are copies of each other."""

PLACE = ("source_file", "source_line")
ROW_GROUP = 20_000
"""Rows that are read or written at a time."""

GROUP = 5_000
"""Most rows of a row group in a merged part: a query for one event reads a whole group."""

SMALL_GROUP = 2_500
"""Most rows of a row group in an appended part, which holds fewer rows of each account."""

ORDER = ("account", "time", DIGEST, *PLACE)
"""Sort order of rows in a part: an account's rows are adjacent, so that a query for the account reads little else."""


def _plain(field: pa.Field) -> pa.Field:
    return pa.field(field.name, pa.string()) if pa.types.is_dictionary(field.type) else field


SCHEMA = pa.schema([*map(_plain, ENRICHED_SCHEMA), pa.field(DIGEST, pa.uint64())])
NAMES = [f.name for f in ENRICHED_SCHEMA if pa.types.is_dictionary(f.type)]


def digests(events: pa.Table) -> Keys:
    """Return the digest of each row as uint64 (n,). For a row without a record id, the digest covers file and line too."""
    state: Keys = np.zeros(len(events), np.uint64)
    for field in ENRICHED_SCHEMA:
        if field.name not in PLACE:
            state = mix(state, _hash_values(events[field.name]))
    nameless = np.asarray(events["metadata_uid"].is_null())
    if nameless.any():
        placed = mix(mix(state, _hash_values(events["source_file"])), _hash_values(events["source_line"]))
        state = np.where(nameless, placed, state)
    return state


def _hash_values(column: pa.ChunkedArray) -> Keys:
    """Return each value as 64 bits, 0 for null."""
    array = column.combine_chunks()
    if pa.types.is_dictionary(array.type):
        hashes = np.append(hash_text(array.dictionary), np.uint64(0))
        return np.asarray(hashes[array.indices.fill_null(len(hashes) - 1).to_numpy()], np.uint64)
    if pa.types.is_string(array.type):
        return hash_text(array)
    kind = pa.int8() if pa.types.is_boolean(array.type) else pa.int64()
    numbers = array.cast(kind).cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    words = numbers.astype(np.int64).view(np.uint64) * np.uint64(2) + np.uint64(1)
    words[np.asarray(array.is_null())] = 0
    return np.asarray(words, np.uint64)


def arrange_rows(events: pa.Table) -> tuple[pa.Table, int]:
    """Return rows of `SCHEMA` in the order of parts without copies, and the number of copies dropped."""
    table = events.take(pc.sort_indices(events, [(name, "ascending") for name in ORDER]))
    digest, time = table[DIGEST].to_numpy(), table["time"].cast(pa.int64()).to_numpy()
    first = np.ones(len(table), bool)
    first[1:] = (digest[1:] != digest[:-1]) | (time[1:] != time[:-1])
    copies = len(table) - int(first.sum())
    return (table.filter(pa.array(first)) if copies else table).combine_chunks(), copies


def content_name(table: pa.Table) -> str:
    """Return the file name of a part with these rows: a hash of them in their order."""
    sink = _Hashed()
    with pa.ipc.new_stream(sink, table.schema.remove_metadata()) as writer:
        writer.write_table(table.replace_schema_metadata(None))
    return sink.hash.hexdigest()[:32] + ".parquet"


class _Hashed:
    """A file object that hashes all written bytes and stores none."""

    def __init__(self) -> None:
        self.hash = sha256()
        self.closed = False

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: there is no buffer."""

    def close(self) -> None:
        self.closed = True


@contextmanager
def writer(path: Path, tenant: str, *, is_merged: bool = False) -> Iterator[pq.ParquetWriter]:
    """Write a part in a `with` block; afterwards the file is on disk, or removed if an error was raised."""
    keys = {TENANT_KEY: json.dumps(tenant).encode(), VERSION_KEY: str(VERSION).encode()}
    schema = SCHEMA.with_metadata(keys | ({MERGED_KEY: b"1"} if is_merged else {}))
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        # Arrow must open the file: errors of a Python file's `write`, raised in several threads, were freed twice.
        with pq.ParquetWriter(
            path,
            schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=NAMES,
            write_statistics=["time", "account"],
            write_page_checksum=True,
            bloom_filter_options={"metadata_uid": {"ndv": GROUP if is_merged else SMALL_GROUP, "fpp": 0.01}},
        ) as inside:
            yield inside
        settle(path)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise unreadable(path, error) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def waiting(root: Path) -> Path:
    """Return a new path under `incoming` for a file that is being written."""
    return root / INCOMING / f"{uuid4().hex}.part"


def put(file: Path, folder: Path, name: str) -> None:
    """Move a complete file to its final path; the new name is on disk on return."""
    try:
        is_new = not folder.is_dir()
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        file.replace(folder / name)
        settle(folder)
        if is_new:
            settle(folder.parent)
            settle(folder.parent.parent)
    except OSError as error:
        raise unreadable(folder, error) from error


def settle(path: Path) -> None:
    """Flush a file, or the entries of a folder, to disk (`fsync`)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def footer(path: Path) -> tuple[str, int]:
    """Return the organisation and the number of rows that a part's footer states.

    Raises `OSError`, `pa.ArrowException` or `ValueError` if the file has no footer of a part.
    """
    with path.open("rb") as file:
        stated = pq.read_metadata(file)
    return check_keys(stated.metadata), stated.num_rows


def check_keys(stated: Mapping[bytes, bytes] | None) -> str:
    """Return the organisation that a footer names. Raises `ValueError` for another version or without an organisation."""
    keys = stated or {}
    if keys.get(VERSION_KEY) != str(VERSION).encode():
        raise ValueError("not written by this version")
    tenant = json.loads(keys.get(TENANT_KEY, b"null"))
    if not isinstance(tenant, str):
        raise ValueError("names no organisation")  # noqa: TRY004 - the file is wrong, not an argument
    return tenant


def damage(path: Path) -> DamagedPart | None:
    """Read a part in full, with checksums, and return the damage, None if it is sound."""
    try:
        footer(path)
        with path.open("rb") as file, pq.ParquetFile(file, page_checksum_verification=True) as part:
            if not part.schema_arrow.remove_metadata().equals(SCHEMA):
                return DamagedPart(path, "its columns are others")
            for batch in part.iter_batches(ROW_GROUP):
                batch.validate(full=True)
    except (OSError, pa.ArrowException, ValueError) as error:
        return DamagedPart(path, str(error).splitlines()[0][:200] if str(error) else type(error).__name__)
    return None


def sound(paths: Iterable[Path]) -> tuple[list[Path], list[DamagedPart]]:
    """Return the parts that can be read in full, and the damaged ones."""
    good, bad = [], []
    for path in paths:
        found = damage(path)
        if found is None:
            good.append(path)
        else:
            bad.append(found)
    return good, bad


def as_rows(events: pa.Table) -> pa.Table:
    """Return events of `ENRICHED_SCHEMA` as rows of `SCHEMA`. Raises `LakeBroken` for other columns or events without a
    time.
    """
    missing = [f.name for f in ENRICHED_SCHEMA if f.name not in events.column_names]
    if missing:
        raise LakeBroken(
            f"events without the columns {', '.join(missing)}", fix="append events that were enriched"
        )
    events = events.select(ENRICHED_SCHEMA.names).cast(ENRICHED_SCHEMA).unify_dictionaries().combine_chunks()
    if events["time"].null_count:
        raise LakeBroken("events without a time", fix="records without a time are problems, not events")
    plain = [events[f.name].cast(f.type) for f in SCHEMA if f.name != DIGEST]
    return pa.Table.from_arrays([*plain, pa.array(digests(events))], schema=SCHEMA)


def as_events(rows: pa.Table) -> pa.Table:
    """Return rows of `SCHEMA` as events of `ENRICHED_SCHEMA`."""
    return pa.Table.from_arrays([rows[f.name].cast(f.type) for f in ENRICHED_SCHEMA], schema=ENRICHED_SCHEMA)
