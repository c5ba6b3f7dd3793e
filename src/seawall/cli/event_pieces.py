"""The events that a scan wrote, piece by piece, for verbs that look at some of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any


def pieces(path: Path, wanted: Sequence[str]) -> Iterator[Any]:
    """Yield the tables of an events file with those of the wanted columns that it has. Raises `InputUnreadable`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from seawall.errors import InputUnreadable

    try:
        with pq.ParquetFile(path) as file:
            columns = [name for name in wanted if name in file.schema_arrow.names]
            for batch in file.iter_batches(columns=columns):
                yield pa.Table.from_batches([batch])
    except (OSError, pa.ArrowException) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "no events file"
        raise InputUnreadable(f"{path}: {why}", fix="give --out DIR, a folder that a scan wrote") from None
