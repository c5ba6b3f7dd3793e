"""Part files: events of one organisation and day as Parquet, sorted, written so that a crash leaves all of one or nothing.

A part's name is a hash of what is in it, so that the same events appended again are the same file. Pages carry checksums.
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
"""64 bits of all of a row but the place it was read from: rows of one time and digest are copies of each other."""

PLACE = ("source_file", "source_line")
ROW_GROUP = 20_000
"""Rows that are read or written at a time."""

GROUP = 5_000
"""Rows of a group in a merged part, at most: what a question for one event reads."""

SMALL_GROUP = 2_500
"""The same in a part as it was appended: of an account it holds little, and there are many."""

ORDER = ("account", "time", DIGEST, *PLACE)
"""Of rows in a part: an account's lie together, so that a query for it reads little else."""


def _plain(field: pa.Field) -> pa.Field:
    return pa.field(field.name, pa.string()) if pa.types.is_dictionary(field.type) else field


SCHEMA = pa.schema([*map(_plain, ENRICHED_SCHEMA), pa.field(DIGEST, pa.uint64())])
NAMES = [f.name for f in ENRICHED_SCHEMA if pa.types.is_dictionary(f.type)]


def digests(events: pa.Table) -> Keys:
    """Return the digest of each row as uint64 (n,). A row without a record id is told apart by its place too."""
    state: Keys = np.zeros(len(events), np.uint64)
    for field in ENRICHED_SCHEMA:
        if field.name not in PLACE:
            state = mix(state, _words(events[field.name]))
    nameless = np.asarray(events["metadata_uid"].is_null())
    if nameless.any():
        placed = mix(mix(state, _words(events["source_file"])), _words(events["source_line"]))
        state = np.where(nameless, placed, state)
    return state


def _words(column: pa.ChunkedArray) -> Keys:
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
    """Return rows of `SCHEMA` in order, each once, and how many copies were dropped."""
    table = events.take(pc.sort_indices(events, [(name, "ascending") for name in ORDER]))
    digest, time = table[DIGEST].to_numpy(), table["time"].cast(pa.int64()).to_numpy()
    first = np.ones(len(table), bool)
    first[1:] = (digest[1:] != digest[:-1]) | (time[1:] != time[:-1])
    copies = len(table) - int(first.sum())
    return (table.filter(pa.array(first)) if copies else table).combine_chunks(), copies


def content_name(table: pa.Table) -> str:
    """Return the file name of a part that holds these rows: a hash of them in their order."""
    sink = _Hashed()
    with pa.ipc.new_stream(sink, table.schema.remove_metadata()) as writer:
        writer.write_table(table.replace_schema_metadata(None))
    return sink.hash.hexdigest()[:32] + ".parquet"


class _Hashed:
    """A file that remembers only the hash of what is written to it."""

    def __init__(self) -> None:
        self.hash = sha256()
        self.closed = False

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        self.closed = True


@contextmanager
def writer(path: Path, tenant: str, *, is_merged: bool = False) -> Iterator[pq.ParquetWriter]:
    """Write a part; on leaving it is on the disk, or gone if something failed."""
    keys = {TENANT_KEY: json.dumps(tenant).encode(), VERSION_KEY: str(VERSION).encode()}
    schema = SCHEMA.with_metadata(keys | ({MERGED_KEY: b"1"} if is_merged else {}))
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        # Arrow opens it itself: the error of a Python file's write, raised in several threads, was freed twice.
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
    """Return a fresh name for a file that is not complete yet."""
    return root / INCOMING / f"{uuid4().hex}.part"


def put(file: Path, folder: Path, name: str) -> None:
    """Move a complete file to its place, on the disk when this returns."""
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
    """Have a file, or the names in a folder, on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def footer(path: Path) -> tuple[str, int]:
    """Return the organisation and the number of rows that a part's footer states.

    Raises `OSError`, `pa.ArrowException` or `ValueError` when there is no such footer.
    """
    with path.open("rb") as file:
        stated = pq.read_metadata(file)
    return check_keys(stated.metadata), stated.num_rows


def check_keys(stated: Mapping[bytes, bytes] | None) -> str:
    """Return the organisation that a footer names; `ValueError` where it is not of this version or names none."""
    keys = stated or {}
    if keys.get(VERSION_KEY) != str(VERSION).encode():
        raise ValueError("not written by this version")
    tenant = json.loads(keys.get(TENANT_KEY, b"null"))
    if not isinstance(tenant, str):
        raise ValueError("names no organisation")  # noqa: TRY004 - what is wrong is the file
    return tenant


def damage(path: Path) -> DamagedPart | None:
    """Read all of a part, checksums too, and return what is wrong with it."""
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
    """Return the parts that can be read in full, and the others."""
    good, bad = [], []
    for path in paths:
        found = damage(path)
        if found is None:
            good.append(path)
        else:
            bad.append(found)
    return good, bad


def as_rows(events: pa.Table) -> pa.Table:
    """Return events of `ENRICHED_SCHEMA` as rows of `SCHEMA`; raise `LakeBroken` for other columns or events without a time."""
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
