"""Scan logs on Spark: read in tasks, decide homes, score shelf by shelf from kept state, decide, write the results."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from pyspark.sql import SparkSession

from seawall.events.formats.limits import Limits
from seawall.pipeline.scan import ScanResult
from seawall.spark.inputs import choose_piece_bytes, cut_into_pieces, find_files
from seawall.spark.lake import LAKE, SparkLake, check_folder
from seawall.spark.reading import ReadingTask
from seawall.spark.results import write_results
from seawall.spark.run import LakeRun
from seawall.spark.session import count_tasks, open_session, use_settings
from seawall.spark.settings import SparkSettings
from seawall.spark.sources import read_pieces
from seawall_base import private_files
from seawall_base.progress import Progress


def scan(
    paths: Sequence[Path | str] | Path | str,
    out: Path | str,
    *,
    session: SparkSession | None = None,
    settings: SparkSettings | None = None,
    progress: Progress | None = None,
) -> ScanResult:
    """Scan files and folders of logs on Spark, and write the files of a scan and the tables into a folder.

    A folder that an earlier scan on Spark wrote is continued: files that it read are not read again, and days are scored
    from the state before them. A scan in which nothing was read is forgotten, and the next one reads the files again.
    `session` is a running session, None for one of this machine. Raises `InputUnreadable` if a path does not exist,
    `OutputUnwritable`, `UsageError`. Unreadable records become problems in the result.
    """
    started = time.perf_counter()
    settings = (settings or SparkSettings()).with_absolute_paths()
    folder = check_folder(Path(out))
    private_files.make_folder(folder)
    inputs = sorted(Path(one).absolute() for one in ([paths] if isinstance(paths, str | Path) else paths))
    spark = session or open_session("local[*]")
    tasks = count_tasks(spark, settings.partitions)
    shelves = settings.choose_shelves(tasks)
    with SparkLake.open(folder / LAKE, shelves).alone() as lake, use_settings(spark, tasks):
        found = find_files(inputs, folder, [file for run in lake.runs for file in run.files])
        run = LakeRun(spark, lake, settings, folder)
        if found.files or found.problems or not lake.runs:
            size = choose_piece_bytes(found.size, tasks, settings.piece_bytes)
            pieces = cut_into_pieces(found.files, size, found.values)
            is_large = found.size >= Limits().fast_bytes
            reading = ReadingTask(lake.shelves, is_large, settings.scan.mmdb)
            if progress:
                progress("read", 0, found.size, 0)
            run.add(read_pieces(spark, pieces, reading), found.problems, found.files)
        if progress:
            progress("score", 1, 1, 0)
        result = write_results(run, started)
        if result.nothing_read:
            lake.take_back()  # executors that could not reach the files may reach them the next time
        return result
