"""The events file of a scan: normalised events with their scores, as Parquet."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from seawall.events.coded_batch import MISSING, CodedBatch, Codes, Floats, Vocabulary
from seawall.events.event import ENRICHED_SCHEMA
from seawall_base import private_files

ROW_GROUP = 100_000
PAGE_BYTES = 4 << 20
"""Bytes of a data page: large, because readers read a column of a row group as a whole."""

SMALL_VOCABULARY = 1_000
"""A vocabulary with at most this many values is written whole: finding the values in use would cost more."""


class EventsFile:
    """Write days of coded events with a `score` column: float32 log-odds of the event's group, null if not scored."""

    def __init__(self, path: Path) -> None:
        plain = [
            pa.field(
                f.name, pa.dictionary(pa.int32(), pa.string()) if pa.types.is_dictionary(f.type) else f.type
            )
            for f in ENRICHED_SCHEMA
        ]
        self._schema = pa.schema([*plain, pa.field("score", pa.float32())])
        # pyarrow keeps the permissions of an existing file, so create it private first
        os.close(private_files.open_for_writing(path))
        self._writer = pq.ParquetWriter(
            path,
            self._schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=[f.name for f in plain if pa.types.is_dictionary(f.type)],
            data_page_size=PAGE_BYTES,
            write_statistics=["time"],
        )
        self._waiting: list[tuple[CodedBatch, Floats]] = []
        self._rows = 0

    def write(self, batch: CodedBatch, scores: Floats) -> None:
        """Add a day's events; `scores` is float64 (n,), NaN where an event was not scored."""
        for start in range(0, len(batch), ROW_GROUP):
            end = min(start + ROW_GROUP, len(batch))
            self._waiting.append((batch.part(start, end), scores[start:end]))
            self._rows += end - start
            if self._rows >= ROW_GROUP:
                self._flush()
        if len(batch) > ROW_GROUP:
            # otherwise Arrow's pool keeps the memory of a large day
            pa.default_memory_pool().release_unused()

    def write_table(self, table: pa.Table) -> None:
        """Add events that another file of this kind held."""
        self._flush()
        self._writer.write_table(table.cast(self._schema), row_group_size=2 * ROW_GROUP)

    def _flush(self) -> None:
        if not self._waiting:
            return
        batches = [batch for batch, _ in self._waiting]
        arrays = [_column(field, batches) for field in self._schema if field.name != "score"]
        scores = np.concatenate([scores for _, scores in self._waiting])
        arrays.append(pa.array(scores, pa.float32(), from_pandas=True))
        self._writer.write_table(
            pa.Table.from_arrays(arrays, schema=self._schema), row_group_size=2 * ROW_GROUP
        )
        self._waiting, self._rows = [], 0

    def close(self) -> None:
        """Write the rows that still wait in memory and close the file."""
        self._flush()
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _column(field: pa.Field, batches: list[CodedBatch]) -> pa.Array | pa.ChunkedArray:
    name, kind = field.name, field.type
    if name == "time":
        return pa.array(np.concatenate([batch.time for batch in batches])).cast(kind)
    if pa.types.is_dictionary(kind):
        codes = np.concatenate([batch.codes[name] for batch in batches]).astype(np.int32)
        return _name(codes, batches[0].vocabularies[name])
    if pa.types.is_string(kind):
        return pa.chunked_array([batch.texts[name] for batch in batches])
    values = np.concatenate([batch.numbers[name] for batch in batches]).astype(np.int64)
    missing = values == 0 if pa.types.is_timestamp(kind) else values < 0
    return pa.array(values, pa.int64(), mask=missing).cast(kind)


def _name(codes: Codes, vocabulary: Vocabulary) -> pa.DictionaryArray:
    """Return codes as a dictionary array; for a large vocabulary, with only the values in use."""
    if codes.max(initial=MISSING) == MISSING:
        nothing = pa.nulls(len(codes), pa.int32())
        return pa.DictionaryArray.from_arrays(nothing, pa.array([], pa.string()))
    if len(vocabulary) <= SMALL_VOCABULARY:
        return pa.DictionaryArray.from_arrays(_nullable(codes), vocabulary.array)
    used = np.zeros(len(vocabulary) + 1, bool)
    used[codes] = True
    used[MISSING] = False
    compact = np.cumsum(used, dtype=np.int32) - np.int32(1)
    compact[MISSING] = MISSING
    values = vocabulary.array.take(pa.array(np.flatnonzero(used)))
    return pa.DictionaryArray.from_arrays(_nullable(compact[codes]), values)


def _nullable(codes: Codes) -> pa.Array:
    """Return codes as an Arrow array, null where they are negative, without a copy."""
    held = codes >= 0
    validity = None if held.all() else pa.py_buffer(np.packbits(held, bitorder="little"))
    return pa.Array.from_buffers(pa.int32(), len(codes), [validity, pa.py_buffer(codes)])


def decode_columns(batch: CodedBatch, names: Iterable[str]) -> pa.Table:
    """Return columns of a batch as they are in the events file."""
    columns = {name: _column(ENRICHED_SCHEMA.field(name), [batch]) for name in names}
    return pa.table(columns)
