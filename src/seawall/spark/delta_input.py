"""Read Delta tables of raw records: the files that the table's latest version names, with the values of its partition."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from seawall.events.batches import EventBatch
from seawall.events.formats.files import name_of
from seawall.events.formats.limits import Limits
from seawall.events.formats.table_files.parquet_file import ParquetTable
from seawall.events.formats.table_files.parquet_layout import BadParquet, LargeParquet
from seawall.events.masked_excerpts import file_problem
from seawall.events.problem import Problem
from seawall.events.read_files import read, read_opened
from seawall_base.regular_files import open_file

LOG: Final = "_delta_log"
_READ: Final = 3
"""Version of the format for readers from which single features count."""


def find_tables(inputs: Iterable[Path]) -> Iterator[Path]:
    """Yield the folders of Delta tables at and under some paths. Links to folders are not followed."""
    for path in inputs:
        for folder, names, _ in os.walk(path):
            names.sort()
            if LOG in names:
                names.clear()
                yield Path(folder)


def list_table_files(table: Path) -> dict[Path, dict[str, str]] | Problem:
    """Return the files of a table's latest version, and the partition's values of each; a problem if it cannot be read."""
    name = name_of(table)
    try:
        found = DeltaTable(str(table))
        features = found.protocol().reader_features or []
        if found.protocol().min_reader_version >= _READ and {"deletionVectors", "columnMapping"} & set(
            features
        ):
            return file_problem(name, "unreadable", "a Delta table with deletion vectors or mapped columns")
        rows = found.get_add_actions(flatten=True)
        columns = {column: rows.column(column).to_pylist() for column in rows.schema.names}
    except (DeltaError, OSError, ValueError, KeyError) as error:
        return file_problem(name, "unreadable", str(error).split("\n", 1)[0][:200])
    files: dict[Path, dict[str, str]] = {}
    marks = {
        column: column.removeprefix("partition.") for column in columns if column.startswith("partition.")
    }
    for row, path in enumerate(columns["path"]):
        place = (table / unquote(path)).resolve()
        if not place.is_relative_to(table.resolve()):
            return file_problem(name, "unreadable", "its log names a file outside its folder")
        values = {mark: columns[column][row] for column, mark in marks.items()}
        files[place] = {mark: str(value) for mark, value in values.items() if value is not None}
    return dict(sorted(files.items()))


def read_table_file(path: Path, values: Mapping[str, str], limits: Limits) -> Iterator[EventBatch]:
    """Yield the records of a Parquet file with the values of its partition as further fields. Never raises for content."""
    if not values:
        yield from read([path], limits)
        return
    with tempfile.TemporaryFile() as lines:
        try:
            with open_file(path) as raw:
                for chunk in _list_chunks(ParquetTable(raw, limits), values):
                    lines.write(chunk)
        except (BadParquet, LargeParquet, OSError, ValueError):
            yield from read([path], limits)  # it says what is wrong
            return
        lines.seek(0)
        yield from read_opened(lines, path, limits, name_of(path))


def _list_chunks(table: ParquetTable, values: Mapping[str, str]) -> Iterator[bytes]:
    """Yield the rows as JSON lines. A line never holds a line feed but at its end."""
    begin = json.dumps(dict(values), ensure_ascii=True).encode().removesuffix(b"}")
    for part in table.parts():
        for chunk in part.chunks:
            lines = (b"\n" + chunk).replace(b"\n{}", b"\n" + begin + b"}")
            yield lines.replace(b'\n{"', b"\n" + begin + b',"')[1:]
