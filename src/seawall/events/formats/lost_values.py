"""Notice exports in which PowerShell wrote the name of a type in place of lists: `Export-Csv` and shallow `ConvertTo-Json`.

Hawk's tables are of that kind: its own notes say that folders and properties are lost.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from seawall.events.masked_excerpts import file_problem
from seawall.events.problem import Problem

_MARK = b"System.Object[]"
_VALUE = re.compile(
    rb'"System\.Object\[\]"|(?<=[,;\t])System\.Object\[\](?=[,;\t\r\n])|\nSystem\.Object\[\](?=[,;\t])'
)
_NAMED = re.compile(r'"(\w{1,60})"\s*:\s*"System\.Object\[\]"')
_ROWS_LOOKED_AT, _MOST_NAMED = 200, 12
_ADVICE = "export the records again with AuditData as text, or as JSON with depth 100"


def has_lost_values(head: bytes) -> bool:
    """Return whether a text that begins like this has such a value."""
    return _MARK in head and _VALUE.search(head) is not None


def find_lost_values(name: str, head: bytes, header: tuple[Sequence[str], str] | None) -> Problem:
    """Return the problem of a file whose lists are lost, from how it begins."""
    text = head.decode("utf-8", "replace")
    found = _NAMED.findall(text) if header is None else _find_columns(text, *header)
    fields = list(dict.fromkeys(found))[:_MOST_NAMED]
    where = f" of {', '.join(fields)}" if fields else ""
    return file_problem(
        name, "lost-values", f"PowerShell wrote System.Object[] for the values{where}: {_ADVICE}"
    )


def _find_columns(text: str, names: Sequence[str], delimiter: str) -> list[str]:
    """Return the columns of the first rows in which the mark is."""
    found: set[int] = set()
    try:
        for number, row in enumerate(csv.reader(text.splitlines(keepends=True), delimiter=delimiter)):
            found.update(place for place, value in enumerate(row) if value == "System.Object[]")
            if number >= _ROWS_LOOKED_AT:
                break
    except csv.Error:
        pass
    return [name for place, name in enumerate(names) if place in found]
