"""Score logs as they arrive, as streams of Spark: each batch is a run over the lake, with the number that Spark gives it.

Exactly once by determinism: Spark gives a batch that was interrupted the same records again, and the same records give the
same rows. A batch whose run is complete is not run again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from seawall.events.read_files import read_opened
from seawall.spark.inputs import InputPiece, cut_into_pieces
from seawall.spark.kafka_source import KafkaSource
from seawall.spark.lake import LAKE, ReadFile, SparkLake, check_folder
from seawall.spark.reading import ReadingTask, make_rows
from seawall.spark.results import write_results
from seawall.spark.rows import COLUMNS, pack_rows
from seawall.spark.run import LakeRun
from seawall.spark.session import count_tasks, use_settings
from seawall.spark.settings import SparkSettings
from seawall.spark.sources import read_pieces
from seawall_base import private_files

Take = Callable[[LakeRun, DataFrame, str], None]
"""Function that adds what a batch brings to a lake, under the batch's name."""

_PARTITIONS, _OFFSETS = 1 << 10, 1 << 20
"""Most partitions and messages whose places differ: only the order of problems depends on these."""

_FILE: Final = "path string, modificationTime timestamp, length bigint, content binary"


def stream_folder(
    session: SparkSession,
    folder: Path,
    out: Path,
    settings: SparkSettings | None = None,
    *,
    files: int = 1_000,
    seconds: float | None = None,
) -> StreamingQuery:
    """Start to score the files of a folder as they arrive, and return the query of Spark.

    `files` is the most of a batch. Every `seconds` there is a batch if there are new files; without them the query ends when
    all present files are scored. Files must be complete when they appear, as a rename makes them.
    """
    reader = session.readStream.format("binaryFile").schema(_FILE).option("recursiveFileLookup", "true")
    frame = reader.option("maxFilesPerTrigger", str(files)).load(str(folder.absolute()))
    # the content is never asked for: the tasks open the files themselves
    listed = frame.select("path", "length", "modificationTime")
    return _start(listed, out, settings or SparkSettings(), _take_files, seconds)


def stream_messages(
    session: SparkSession,
    options: Mapping[str, str],
    out: Path,
    settings: SparkSettings | None = None,
    *,
    seconds: float | None = None,
) -> StreamingQuery:
    """Start to score the messages of Kafka topics, and return the query of Spark; `options` are those of `KafkaSource`."""
    session.dataSource.register(KafkaSource)
    frame = session.readStream.format(KafkaSource.name()).options(**options).load()
    return _start(frame, out, settings or SparkSettings(), _take_messages, seconds)


def _start(
    frame: DataFrame, out: Path, settings: SparkSettings, take: Take, seconds: float | None
) -> StreamingQuery:
    folder, settings = check_folder(out), settings.with_absolute_paths()
    private_files.make_folder(folder / LAKE)

    def run_batch(batch: DataFrame, number: int) -> None:
        started = time.perf_counter()
        spark = batch.sparkSession
        tasks = count_tasks(spark, settings.partitions)
        shelves = settings.choose_shelves(tasks)
        with SparkLake.open(folder / LAKE, shelves).alone() as lake, use_settings(spark, tasks):
            run = LakeRun(spark, lake, settings, folder)
            name = f"batch-{number}"
            if lake.find_run(name) is None:
                take(run, batch, name)
            write_results(run, started)

    writer = frame.writeStream.foreachBatch(run_batch)
    writer = writer.option("checkpointLocation", str(folder / LAKE / "checkpoint"))
    trigger = (
        writer.trigger(availableNow=True)
        if seconds is None
        else writer.trigger(processingTime=f"{seconds} seconds")
    )
    return trigger.start()


def _take_files(run: LakeRun, batch: DataFrame, name: str) -> None:
    """Add the files of a batch, in the order of their names."""
    found = sorted(
        ReadFile(os.fsencode(unquote(urlsplit(row.path).path)).decode("utf-8", "replace"), row.length, 0)
        for row in batch.collect()
    )
    pieces: list[InputPiece] = cut_into_pieces(found, run.settings.piece_bytes)
    task = ReadingTask(run.lake.shelves, is_large=True, mmdb=run.settings.scan.mmdb)
    run.add(read_pieces(run.spark, pieces, task), (), found, name)


def _take_messages(run: LakeRun, batch: DataFrame, name: str) -> None:
    """Add the messages of a batch."""
    task = ReadingTask(run.lake.shelves, is_large=True, mmdb=run.settings.scan.mmdb)

    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for held in batches:
            columns = (held.column(name).to_pylist() for name in ("topic", "partition", "offset", "lines"))
            for topic, partition, offset, lines in zip(*columns, strict=True):
                source = f"kafka:{topic}/{partition}"
                found = read_opened(BytesIO(lines), Path(source), task.limits(), source)
                yield from pack_rows(
                    make_rows(found, (partition % _PARTITIONS) * _OFFSETS + offset % _OFFSETS, task)
                )

    run.add(batch.mapInArrow(read, COLUMNS), (), (), name)
