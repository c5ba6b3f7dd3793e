"""Build the texts of JSON objects from columns of their members' texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.formats.json_values import encode

_EMPTY = ("null", '""', "[]", "{}")


def objects(columns: Iterable[tuple[str, Any]], count_of_rows: int) -> Any:
    """Join columns of values' texts, with their names, into the text of one object per row; null if the row has no value."""
    parts = []
    for name, column in columns:
        is_empty = pc.is_in(column, value_set=pa.array(_EMPTY))
        text = pc.if_else(is_empty, None, column)
        if text.null_count < len(text):
            key = encode(name) + ":"
            parts.append(pc.binary_join_element_wise(pa.scalar(key), text, ""))
    if not parts:
        return pa.nulls(count_of_rows, pa.string())
    # The empty first part keeps rows in which every other part is null.
    joined = pc.binary_join_element_wise("", *parts, ",", null_handling="skip")
    whole = pc.binary_join_element_wise("{", pc.utf8_slice_codeunits(joined, 1), "}", "")
    return pc.if_else(pc.equal(pc.binary_length(joined), 0), None, whole)
