"""Distinguish an empty export, the header of a known log's table without rows, from other headers."""

from __future__ import annotations

import io

from seawall.events.consoles.tables import is_console_header
from seawall.events.envelopes import AUDIT_DATA
from seawall.events.formats.csv_records import is_preamble, table_header
from seawall.events.formats.json_records import HEAD
from seawall.events.formats.text_lines import Utf8Stream
from seawall.events.vendor_detection import SOURCES


def is_empty_table(body: bytes) -> bool:
    """Return whether a whole text, in any encoding, is the header of a known log's table without rows."""
    names = _lone_header(body)
    return names is not None and _is_known(names)


def is_foreign_header(body: bytes) -> bool:
    """Return whether it is the header of an unknown table without rows. With rows it would be read; alone it proves no log."""
    names = _lone_header(body)
    return names is not None and not _is_known(names)


def _lone_header(body: bytes) -> list[str] | None:
    """Return the columns of a table without rows; None for anything else, or beyond `HEAD` bytes."""
    if len(body) > HEAD:
        return None
    text = Utf8Stream(io.BytesIO(body), body).peek(2 * HEAD)
    if sum(not is_preamble(line) for line in text.split(b"\n")) != 1:
        return None
    header = table_header(text)
    return None if header is None else header[0]


def _is_known(names: list[str]) -> bool:
    """Return whether rows with these columns are recognised, whatever their values.

    The last source accepts everything, so it is skipped.
    """
    if is_console_header(names) or not set(AUDIT_DATA).isdisjoint(names):
        return True
    row: dict[str, object] = dict.fromkeys(names, "")
    return any(source.recognises(row) for source in SOURCES[:-1])
