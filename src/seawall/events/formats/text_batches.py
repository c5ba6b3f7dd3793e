"""Read records that are texts in others: the texts of a block are read together, column by column.

A record without such a text is read by the general way, in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from seawall.events.batches import Taken
from seawall.events.formats.column_reader import ColumnReader
from seawall.events.formats.limits import Limits
from seawall.events.formats.record_numbers import RecordNumbers
from seawall.events.formats.table_batches import BLOCK, Found, TextBlocks

_OTHER = b"0"
"""Stands for a record without a text: no text of an object is like it."""

WriteLine = Callable[[dict[str, Any]], bytes | None]
"""Function that returns the line of a record; None for a record that is read by itself."""
RestoreRecord = Callable[[bytes], dict[str, Any]]
"""Function that returns what the general reader reads of a line."""


def read_text_batches(
    found: Iterator[Found],
    name: str,
    limits: Limits,
    columns: ColumnReader,
    write: WriteLine,
    restore: RestoreRecord,
) -> Iterator[Taken]:
    """Yield batches of records (numbered from 1 without a gap) and problems in their places."""
    blocks = TextBlocks(name, limits, columns)
    while True:
        texts, others = _fill(found, limits, write)
        if not texts:
            return
        find = partial(_find, texts, others, blocks.numbers, restore)
        yield from blocks.read(b"\n".join(texts), find)


def _find(
    texts: list[bytes],
    others: dict[int, Found],
    numbers: RecordNumbers,
    restore: RestoreRecord,
    place: int,
) -> Iterator[Found]:
    number = next(numbers)
    yield others[place] if place in others else (number, restore(texts[place]))


def _fill(found: Iterator[Found], limits: Limits, write: WriteLine) -> tuple[list[bytes], dict[int, Found]]:
    """Take a line for each record of a block, and by line what has to be read by itself."""
    texts: list[bytes] = []
    others: dict[int, Found] = {}
    size = 0
    for item in found:
        text = write(item[1]) if isinstance(item, tuple) else None
        if text is None:
            others[len(texts)] = item
        texts.append(text or _OTHER)
        size += len(texts[-1])
        if size >= BLOCK or len(texts) >= limits.fast_records or len(others) >= limits.batch_records:
            break
    return texts, others
