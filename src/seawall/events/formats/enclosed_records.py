"""Read records in envelopes by column: each is taken out, written as a line, and read with the others of its block."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from seawall.events.batches import Taken
from seawall.events.envelopes import FIELDS, EmbeddedDocumentError
from seawall.events.formats.column_reader import ColumnReader
from seawall.events.formats.json_records import HEAD, cut_first_records, unwrap_records
from seawall.events.formats.json_values import NotJson, TooDeep, encode, parse
from seawall.events.formats.limits import Limits
from seawall.events.formats.line_formats import is_compiled
from seawall.events.formats.table_batches import Found
from seawall.events.formats.text_batches import read_text_batches
from seawall.events.vendor_detection import recognise

_LINES_LOOKED_AT, _RECORDS_LOOKED_AT = 8, 2


def find_enclosed_format(head: bytes, limits: Limits) -> str | None:
    """Return the format of the records in the envelopes that lines or a document begin with; None without, and for a few."""
    if len(head) < min(HEAD, limits.fast_bytes):
        return None
    lines = head.split(b"\n", _LINES_LOOKED_AT)[:_LINES_LOOKED_AT]
    looked = [_find_format(text, limits) for text in (*lines, *cut_first_records(head, _RECORDS_LOOKED_AT))]
    known = Counter(name for name in looked if name and is_compiled(name))
    return known.most_common(1)[0][0] if known else None


def _find_format(text: bytes, limits: Limits) -> str | None:
    try:
        value = parse(text, limits.depth)
        records = unwrap_records(value) if isinstance(value, dict) else value
        first = records[0] if isinstance(records, list) and records else value
        if not isinstance(first, dict) or FIELDS.isdisjoint(first):
            return None
        source, inner = recognise(first, limits.depth)
    except (NotJson, TooDeep, EmbeddedDocumentError):
        return None
    return None if inner is first else source.NAME


def read_enclosed_batches(
    found: Iterator[Found], name: str, limits: Limits, columns: ColumnReader
) -> Iterator[Taken]:
    """Yield batches of records (numbered from 1 without a gap) and problems in their places."""

    def write(record: dict[str, Any]) -> bytes | None:
        if FIELDS.isdisjoint(record):
            return None
        try:
            source, inner = recognise(record, limits.depth)
        except (EmbeddedDocumentError, RecursionError):
            return None
        if inner is record or columns.name != source.NAME:
            return None
        line = encode(inner).encode("utf-8", "surrogatepass")
        return line if len(line) < limits.record_bytes else None

    def restore(line: bytes) -> dict[str, Any]:
        record: dict[str, Any] = parse(line, limits.depth)
        return record

    return read_text_batches(found, name, limits, columns, write, restore)
