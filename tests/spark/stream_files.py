"""A driver that tests kill: `python -m tests.spark.stream_files FOLDER OUT FILES` scores a folder as a stream, and ends."""

from __future__ import annotations

import sys
from pathlib import Path

from seawall.spark.settings import SparkSettings
from tests.spark.sparking import start_spark


def main(folder: str, out: str, files: str) -> None:
    """Score all present files, so many in each batch."""
    from seawall.spark.streaming import stream_folder

    with start_spark("local[2]") as session:
        settings = SparkSettings(partitions=2, shelves=8)
        query = stream_folder(session, Path(folder), Path(out), settings, files=int(files))
        query.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])
