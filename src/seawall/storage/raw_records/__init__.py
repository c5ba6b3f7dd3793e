"""Keep the records of incidents as they came, with secrets masked, compressed: beside a scan's results, and in the lake."""

from __future__ import annotations

from seawall.storage.raw_records.erasure import erase_raw_records
from seawall.storage.raw_records.raw_file import (
    LONGEST_TEXT,
    MOST_CHARACTERS,
    MOST_RECORDS,
    RAW_RECORDS,
    KeptRecord,
    RecordOrigin,
    keep_record,
    list_kept_ids,
    read_kept_records,
    write_kept_records,
)
from seawall.storage.raw_records.raw_folder import RawFolder

__all__ = [
    "LONGEST_TEXT",
    "MOST_CHARACTERS",
    "MOST_RECORDS",
    "RAW_RECORDS",
    "KeptRecord",
    "RawFolder",
    "RecordOrigin",
    "erase_raw_records",
    "keep_record",
    "list_kept_ids",
    "read_kept_records",
    "write_kept_records",
]
