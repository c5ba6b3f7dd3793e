"""Find the format of lines and documents from how they begin, and the compiled code that reads it by column."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from importlib import import_module
from itertools import islice
from operator import itemgetter
from typing import Any

from seawall.events.formats.column_reader import ColumnReader
from seawall.events.formats.csv_records import drop_header, row_record, separate_rows
from seawall.events.formats.json_records import HEAD, cut_first_records, unwrap_records
from seawall.events.formats.json_values import NotJson, TooDeep, encode, parse
from seawall.events.formats.limits import Limits
from seawall.events.formats.nested_columns import find_nested
from seawall.events.formats.text_lines import Utf8Stream
from seawall.events.google import activities
from seawall.events.microsoft import entra_signin, graph_activity, m365_columns
from seawall.events.okta import system_log
from seawall.events.problem import Problem

_FORMATS = (m365_columns, entra_signin, graph_activity, system_log, activities)
_FORMATS_COMPILED = {
    m365_columns.NAME: "seawall.events.microsoft.m365_json_lines",
    entra_signin.NAME: "seawall.events.microsoft.entra_json_lines",
    graph_activity.NAME: "seawall.events.microsoft.graph_json_lines",
    system_log.NAME: "seawall.events.okta.okta_json_lines",
    activities.NAME: "seawall.events.google.google_json_lines",
}
"""Modules that read a format by column; they need numba."""
_LINES_LOOKED_AT, _RECORDS_LOOKED_AT = 8, 2
_SHARE = 8
"""One in so many lines has to be of another format."""


def find_line_format(head: bytes, depth: int) -> str | None:
    """Return the format that most of the first lines of a text have; None unless compiled code reads half of them."""
    lines = filter(None, head.rpartition(b"\n")[0].split(b"\n"))
    return _find_format(islice(lines, _LINES_LOOKED_AT), depth)


def find_document_format(head: bytes, depth: int) -> str | None:
    """Do the same for the first records of an array or page, or of objects one after the other."""
    return _find_format(cut_first_records(head, _RECORDS_LOOKED_AT), depth)


def find_table_format(head: bytes, header: tuple[list[str], str] | None, limits: Limits) -> str | None:
    """Do the same for the first rows of a table, if it is large and its records are the rows."""
    if header is None or "AuditData" in header[0] or len(head) < min(HEAD, limits.fast_bytes):
        return None
    if find_nested(tuple(header[0])):
        return None
    rows = drop_header(separate_rows(Utf8Stream(io.BytesIO(head), b""), limits))
    found = (row_record(row, "", limits, header, 1) for row in islice(rows, _LINES_LOOKED_AT))
    texts = [encode(record[1]).encode() for record in found if not isinstance(record, Problem)]
    return _find_format(texts, limits.depth) if texts else None


def find_other_format(texts: Sequence[bytes], depth: int, others: Collection[str]) -> str | None:
    """Return the format that most of some lines have, apart from others; None where hardly any line has one."""
    looked = Counter(
        name for name in (_recognise(text, depth) for text in texts) if name and name not in others
    )
    name, count = max(looked.items(), key=itemgetter(1), default=("", 0))
    return name if _SHARE * count >= len(texts) else None


def _find_format(texts: Iterable[bytes], depth: int) -> str | None:
    looked = [_recognise(text, depth) for text in texts]
    known = Counter(filter(None, looked))
    return known.most_common(1)[0][0] if known and 2 * known.total() >= len(looked) else None


def _recognise(text: bytes, depth: int) -> str:
    """Return the name of the format of a record, or of the first in an array or page; "" for another."""
    try:
        record = parse(text, depth)
    except (NotJson, TooDeep):
        return ""
    if isinstance(record, dict):
        record = unwrap_records(record) or record
    if isinstance(record, list) and record:
        record = record[0]
    is_record = isinstance(record, dict)
    return next((one.NAME for one in _FORMATS if is_record and one.recognises(record)), "")


def is_compiled(name: str) -> bool:
    """Return whether compiled code reads a format."""
    return name in _FORMATS_COMPILED


@lru_cache(8)
def _import_compiled(name: str) -> Any:
    try:
        module = import_module(_FORMATS_COMPILED[name])
    except ImportError:
        return None
    module.prepare()
    return module


def make_column_reader(limits: Limits, name: str | None) -> ColumnReader | None:
    """Return a reader of a format by column; None where there is none, or numba is not installed."""
    compiled = None if name is None else _import_compiled(name)
    return None if compiled is None else ColumnReader(compiled, limits)
