"""Tells an export of nothing, the header of a known log's table without a row, from a header of anything else."""

from __future__ import annotations

import io

from seawall.events.formats.csv_records import is_preamble, table_header
from seawall.events.formats.json_records import HEAD
from seawall.events.formats.text_lines import Utf8Stream
from seawall.events.vendor_detection import AUDIT_DATA, SOURCES


def is_empty_table(body: bytes) -> bool:
    """Whether a whole text, in any encoding, is the header of a known log's table, and no row: an empty log."""
    names = _lone_header(body)
    return names is not None and _is_known(names)


def is_foreign_header(body: bytes) -> bool:
    """Whether it is that of another table. With rows it would be read, but by itself it proves no log."""
    names = _lone_header(body)
    return names is not None and not _is_known(names)


def _lone_header(body: bytes) -> list[str] | None:
    """The columns of a table without rows; None of anything else, or beyond `HEAD`."""
    if len(body) > HEAD:
        return None
    text = Utf8Stream(io.BytesIO(body), body).peek(2 * HEAD)
    if sum(not is_preamble(line) for line in text.split(b"\n")) != 1:
        return None
    header = table_header(text)
    return None if header is None else header[0]


def _is_known(names: list[str]) -> bool:
    """Whether a row of such columns is recognised whatever its values; the last source takes everything, and so says
    nothing."""
    if not set(AUDIT_DATA).isdisjoint(names):
        return True
    row: dict[str, object] = dict.fromkeys(names, "")
    return any(source.recognises(row) for source in SOURCES[:-1])
