"""CSV that a spreadsheet opens as text: nothing that a log holds becomes a formula. Pure.

Every field is quoted, and text that a spreadsheet might calculate gets an apostrophe before it. That changes such text,
so whoever needs it to the letter takes the JSON. Our own numbers stay numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from seawall_base.safe_text import visible

LONGEST: Final = 32_000
"""Characters of one cell: spreadsheets cut at 32,767."""

Cell = str | int | float | bool | None

_FORMULA: Final = re.compile("^[\\s'\"`\u2018\u2019\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20]")
_LATER: Final = re.compile("(;|\uff1b)(\\s*[\"']?\\s*)(?=[=+\\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a spreadsheet that splits at semicolons, as some languages have it, would see a new cell."""


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Lines with their ends (RFC 4180), the header first."""
    yield _line(header)
    for row in rows:
        yield _line(row)


def safe(text: str) -> str:
    """Text that is no formula in a spreadsheet; control and steering characters are made visible."""
    shown = _LATER.sub(r"\1\2'", visible(text, LONGEST))
    return f"'{shown}" if _FORMULA.match(shown) else shown


def _line(row: Sequence[Cell]) -> str:
    return ",".join(_cell(value) for value in row) + "\r\n"


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    doubled = safe(value).replace('"', '""')
    return f'"{doubled}"'
