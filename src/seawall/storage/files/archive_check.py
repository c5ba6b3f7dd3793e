"""Judge an uploaded ZIP by its directory before anything in it is read: bombs, paths out of it, links, locks.

Readers never unpack onto the disk and have limits of their own. An archive that tries such things is hostile or broken, so
none of it is read.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import BinaryIO, Final

from seawall.events.formats.bounded import DAMAGE
from seawall.events.formats.limits import Limits
from seawall.events.formats.zip_archive import ZipEntry, entries, find_directory
from seawall_base.regular_files import open_file

MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06")
MOST_MEMBERS: Final = 100_000
_ENCRYPTED: Final = 0x1
_OUT_OF_IT: Final = re.compile(r"(?:^|[\\/])\.\.(?:[\\/]|$)|^[\\/]|^[A-Za-z]:")


def find_archive_fault(path: Path, limits: Limits = Limits()) -> str | None:  # noqa: B008
    """Return why a ZIP file is refused, None for a harmless one and for any other file. Raises OSError."""
    with open_file(path) as raw:
        if raw.read(4) not in MAGIC:
            return None
        try:
            return _judge(raw, limits)
        except DAMAGE as error:
            return f"the ZIP file is damaged: {error}"


def _judge(raw: BinaryIO, limits: Limits) -> str | None:
    directory = find_directory(raw)
    stored = raw.seek(0, 2)
    allowed = min(limits.expanded_bytes, max(limits.ratio_grace_bytes, stored * limits.archive_ratio))
    expanded = packed = 0
    for number, entry in enumerate(entries(raw, directory), 1):
        if number > MOST_MEMBERS:
            return f"the ZIP file has more than {MOST_MEMBERS:,} files"
        if (fault := _judge_entry(entry)) is not None:
            return fault
        expanded, packed = expanded + entry.size, packed + entry.packed
        if expanded > allowed:
            return f"the ZIP file would expand beyond {allowed:,} bytes, as a ZIP bomb does"
        if packed > stored:
            return "files in the ZIP file overlap, as in a ZIP bomb"
    return None


def _judge_entry(entry: ZipEntry) -> str | None:
    if _OUT_OF_IT.search(entry.name) or "\0" in entry.name:
        return "a file in the ZIP file has a path that leads out of it"
    if stat.S_IFMT(entry.mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "the ZIP file holds a link or a device"
    if entry.flags & _ENCRYPTED:
        return "the ZIP file needs a password: unpack it, and drop the files"
    return None
