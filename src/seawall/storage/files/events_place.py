"""Find the events in a folder of results: one file, or a table of many files where they are too many for one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from seawall.storage.files.delta_tables import is_delta_table, list_delta_files
from seawall.storage.files.merged_events import EVENTS

EVENTS_TABLE: Final = Path("tables") / "events"
"""Where a scan on Apache Spark writes the table of events, in its folder of results."""

CLUSTER_FOLDERS: Final = (Path("lake"), Path("tables"))
"""What a scan on Apache Spark keeps beside the files of a scan: packed events and states, and the tables."""

_CLUSTER_MARKER: Final = Path("lake") / "lake.json"


def list_cluster_folders(folder: Path) -> list[Path]:
    """Return what a scan on Apache Spark keeps in a folder of results; nothing if another scan wrote it."""
    if not (folder / _CLUSTER_MARKER).is_file():
        return []
    return [folder / one for one in CLUSTER_FOLDERS if (folder / one).is_dir()]


def find_events(folder: Path) -> Path:
    """Return the events file of a folder of results, or its table of events; the place of the file if there is neither."""
    file, table = folder / EVENTS, folder / EVENTS_TABLE
    return table if not file.is_file() and is_delta_table(table) else file


def has_events(folder: Path) -> bool:
    """Return whether a folder holds an events file or a table of events."""
    place = find_events(folder)
    return place.is_file() or is_delta_table(place)


def list_events_files(place: Path) -> list[Path]:
    """Return the Parquet files of an events file or a table of events, the earliest month first.

    Raises `InputUnreadable`, and `MissingExtra` for a table without the package `deltalake`.
    """
    return list_delta_files(place) if is_delta_table(place) else [place]
