"""Write CSV that no spreadsheet evaluates as formulas, whatever the logs contain.

Every text field is quoted, and a text that a spreadsheet might evaluate begins with an apostrophe. This changes the text;
the JSON output has it unchanged. Numbers of Seawall's own are not quoted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from seawall_base.safe_text import visible

LONGEST: Final = 32_000
"""Characters of one cell. Spreadsheets cut a cell at 32,767."""

Cell = str | int | float | bool | None

_FORMULA: Final = re.compile("^[\\s'\"`\u2018\u2019\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20]")
_LATER: Final = re.compile("(;|\uff1b)(\\s*[\"']?\\s*)(?=[=+\\-@\uff1d\uff0b\uff0d\uff20])")
"""Match where a spreadsheet that separates cells by semicolons, as some locales do, would begin a new cell with a formula."""


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Yield the header and the rows as CSV lines that end with CR LF (RFC 4180)."""
    yield _line(header)
    for row in rows:
        yield _line(row)


def safe(text: str) -> str:
    """Return the text with an apostrophe before anything that looks like a formula, and with control characters made visible."""
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
