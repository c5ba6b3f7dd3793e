"""Read the limits of the logs that a scan wrote (`coverage.json`)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from seawall.detection.coverage_note import CoverageNote
from seawall_base.errors import InputUnreadable
from seawall_base.regular_files import open_file
from seawall_base.times import parse_rfc3339

COVERAGE_FILE: Final = "coverage.json"
_LARGEST: Final = 64 << 20


def read_coverage(path: Path) -> list[CoverageNote]:
    """Return the notes of a coverage file. Raises `InputUnreadable`."""
    try:
        with open_file(path) as file:
            notes = msgspec.json.decode(file.read(_LARGEST))["coverage"]
        return [
            msgspec.convert(
                {**note, "start": parse_rfc3339(note["start"]), "end": parse_rfc3339(note["end"])},
                CoverageNote,
            )
            for note in notes
        ]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputUnreadable(
            f"{path}: not what a scan writes ({type(error).__name__})",
            fix="give a folder that a scan wrote, or scan the logs again",
        ) from None
