"""Recognise files of other programs that are not read, and say what to do with them."""

from __future__ import annotations

_AS_OTHER = "save or export it as .xlsx, CSV or JSON lines"
_REASONS: tuple[tuple[bytes, str], ...] = (
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        f"an Excel workbook with a password, or of the old form (.xls): {_AS_OTHER}, without a password",
    ),
    (b"ARROW1\0\0", "an Arrow or Feather file: write it as Parquet or JSON lines"),
    (b"SQLite format 3\0", "an SQLite database: export its table as CSV or JSON lines"),
    (b"ElfFile\0", "a Windows event log (.evtx): export it as JSON lines or CSV"),
    (b"%PDF-", "a PDF document: export the log as CSV or JSON"),
    (b"Rar!\x1a\x07", "a RAR archive: unpack it first"),
    (b"MSCF\0\0\0\0", "a Windows cabinet: unpack it first"),
    (b"LZIP\x01", "a file that lzip compressed: decompress it first"),
    (b"\x04\x22\x4d\x18", "a file that LZ4 compressed: decompress it first"),
    (b"PARE", "an encrypted Parquet file: write it without encryption"),
)
"""First bytes of a file, and what it is."""
_SHEETS = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"

BINARY_WORKBOOK = f"an Excel workbook of the binary form (.xlsb): {_AS_OTHER}"
OPEN_DOCUMENT = f"an OpenDocument spreadsheet (.ods): {_AS_OTHER}"


def explain_foreign_format(head: bytes) -> str | None:
    """Return what a file with this beginning is and what to do, None if it may be a log."""
    return next((reason for start, reason in _REASONS if head.startswith(start)), None)


def is_open_document(head: bytes) -> bool:
    """Return whether a ZIP file with this beginning is an OpenDocument spreadsheet: its first member says so."""
    return head[30:].startswith(_SHEETS)
