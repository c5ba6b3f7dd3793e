"""Read the values of Excel cells as a CSV export of the same table has them: dates as ISO 8601, numbers in full."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from seawall.events.formats.table_files.sheet_xml import (
    Attributes,
    ByteReader,
    ListHandler,
    parse_whole,
)

_BUILT_IN = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
"""Numbers of the formats for dates and times that every workbook has (ECMA-376, 18.8.30)."""
_LITERALS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_DATE_PARTS = re.compile(r"[ymdhs]", re.IGNORECASE)
_MOST_STYLES = 100_000
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30, tzinfo=UTC), datetime(1904, 1, 1, tzinfo=UTC)
"""Days from which workbooks count; cells have no time zone, so none is written."""
_LONGEST_NUMBER = 400


class CellFormats:
    """Distinguish dates from numbers by the style of a cell."""

    def __init__(self) -> None:
        self._dates = set(_BUILT_IN)
        self._styles: list[bool] = []
        self._is_inside = False

    def begin(self, name: str, attributes: Attributes) -> None:
        """Take the start of an element of the part `styles.xml`."""
        if name == "numFmt":
            if is_date_format(attributes.get("formatCode", "")) and len(self._dates) < _MOST_STYLES:
                self._dates.add(_number(attributes.get("numFmtId")))
        elif name in ("cellXfs", "cellStyleXfs"):
            self._is_inside = name == "cellXfs"
        elif name == "xf" and self._is_inside and len(self._styles) < _MOST_STYLES:
            self._styles.append(_number(attributes.get("numFmtId")) in self._dates)

    def is_date(self, style: str | None) -> bool:
        """Return whether cells of a style hold dates or times."""
        number = _number(style)
        return 0 <= number < len(self._styles) and self._styles[number]


def read_formats(stream: ByteReader) -> CellFormats:
    """Return the formats of a part `styles.xml`. Raises BadWorkbook."""
    formats = CellFormats()
    parse_whole(stream, ListHandler(formats.begin))
    return formats


def is_date_format(code: str) -> bool:
    """Return whether a format of numbers shows a date or a time."""
    first = _LITERALS.sub("", code[:1_000]).partition(";")[0]
    return "general" not in first.lower() and _DATE_PARTS.search(first) is not None


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else -1


def read_date(text: str, *, is_1904: bool) -> str:
    """Return a number of days as ISO 8601 without a zone; as it is if it is none, and as a time below one day."""
    try:
        days = float(text)
    except ValueError:
        return text
    if not 0 <= days < 2_958_466:
        return text
    if days < 60 and not is_1904:
        # Excel counts a 29 February 1900.
        days += 1
    moment = (_EPOCH_1904 if is_1904 else _EPOCH) + timedelta(milliseconds=round(days * 86_400_000))
    shown = moment.replace(tzinfo=None).isoformat(
        timespec="milliseconds" if moment.microsecond else "seconds"
    )
    return shown.partition("T")[2] if float(text) < 1 else shown


def read_number(text: str) -> str:
    """Return a number in full, without an exponent: Excel writes `1.5E+17` for 150000000000000000."""
    if "E" not in text and "e" not in text:
        return text.removesuffix(".0")
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    exponent = value.as_tuple().exponent
    if (
        not isinstance(exponent, int)
        or abs(value.adjusted()) > _LONGEST_NUMBER
        or abs(exponent) > _LONGEST_NUMBER
    ):
        return text
    return format(value, "f")
