"""Excel workbooks as they are asked for, however senseless."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from tests.events.archives import member, zip_of

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"

STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="[$-409]m/d/yy\\ h:mm\\ AM/PM;@"/>'
    '</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="22"/><xf numFmtId="164"/><xf numFmtId="10"/></cellXfs></styleSheet>'
)
"""Style 1 is a built-in date, style 2 a date of its own, styles 0 and 3 are none."""


def text(value: str) -> str:
    """A cell with a text of its own."""
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def row(*cells: str) -> str:
    return f"<row>{''.join(cells)}</row>"


def strings(*texts: str) -> str:
    """The part with shared texts."""
    return f'<sst xmlns="{_MAIN}">{"".join(texts)}</sst>'


def workbook_of(
    *sheets: Sequence[str] | str,
    shared: str | None = None,
    styles: str = STYLES,
    properties: str = "",
    method: str = "deflate",
    workbook: str | None = None,
) -> bytes:
    """A workbook with these sheets: rows, or the whole text of a part."""
    types = "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>"
    numbers = range(1, len(sheets) + 1)
    listed = "".join(f'<sheet name="Sheet {n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    relations += f'<Relationship Id="s" Type="{_OFFICE}/sharedStrings" Target="/xl/sharedStrings.xml"/>'
    relations += f'<Relationship Id="f" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    whole = f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><workbookPr {properties}/><sheets>{listed}</sheets></workbook>'
    parts = {
        "[Content_Types].xml": types,
        "xl/workbook.xml": whole if workbook is None else workbook,
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{relations}</Relationships>',
        "xl/styles.xml": styles,
    }
    if shared is not None:
        parts["xl/sharedStrings.xml"] = shared
    for number, sheet in zip(numbers, sheets, strict=True):
        body = sheet if isinstance(sheet, str) else _sheet_of(sheet)
        parts[f"xl/worksheets/sheet{number}.xml"] = body
    return zip_of(*(member(name.encode(), data.encode(), method) for name, data in parts.items()))


def _sheet_of(rows: Sequence[str]) -> str:
    return f'<worksheet xmlns="{_MAIN}"><dimension ref="A1:XFD1048576"/><sheetData>{"".join(rows)}</sheetData></worksheet>'
