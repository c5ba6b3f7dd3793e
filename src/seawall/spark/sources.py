"""Turn inputs into Spark's tables of rows: each task reads its pieces with the unchanged readers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from seawall.spark.inputs import InputPiece
from seawall.spark.reading import ReadingTask, read_piece
from seawall.spark.rows import COLUMNS, pack_rows

MOST_TASKS = 10_000


def read_pieces(spark: SparkSession, pieces: Sequence[InputPiece], task: ReadingTask) -> DataFrame:
    """Return the rows of files that every executor can open under the same name."""
    table = pa.table(
        {
            "number": pa.array(range(len(pieces)), pa.int64()),
            "paths": pa.array([piece.paths for piece in pieces], pa.list_(pa.binary())),
            "values": pa.array([piece.values for piece in pieces], pa.list_(pa.string())),
        }
    )

    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            columns = (batch.column(name).to_pylist() for name in ("number", "paths", "values"))
            for number, paths, values in zip(*columns, strict=True):
                yield from pack_rows(read_piece(paths, values, number, task))

    frame = spark.createDataFrame(table).repartitionByRange(max(1, min(len(pieces), MOST_TASKS)), "number")
    return frame.mapInArrow(read, COLUMNS)
