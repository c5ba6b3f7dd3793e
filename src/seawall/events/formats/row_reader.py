"""Read rows directly from the text of a record, with the same result as the general way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seawall.events.okta import system_log as okta
from seawall.events.okta.bulk_lines import quick_row


@dataclass(slots=True)
class QuickRow:
    """Hold the raw columns of a record (with `unmapped`), its number in its file, and its source."""

    line: int
    source: str
    row: tuple[str | None, ...]


def quick(text: bytes, numbers: Iterator[int], depth: int) -> QuickRow | None:
    """Return the row of a record's text, or None if it needs the general way."""
    row = quick_row(text, depth)
    return None if row is None else QuickRow(next(numbers), okta.NAME, row)
