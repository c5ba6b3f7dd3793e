"""The net around reading: what fails unexpectedly becomes a problem of its record or file, and the others are read.

Input is hostile, and one record that hits a fault of the program must not end a scan or a watch. A failure is a fault all
the same: it has a code of its own (`reader-failed`), and the log names the exception and the places in the program. Neither
holds text of the exception, which may quote a record.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from seawall.events.problem import Problem
from seawall_base.errors import SeawallError

LOGGER = logging.getLogger("seawall.reading")
Item = TypeVar("Item")

_PACKAGE = f"{Path(__file__).parents[1]}{os.sep}"
_OUR_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EROFS})
"""What the machine lacks, not what the input holds: the same file can be read later."""

_FRAMES = 6
_MOST_PLACES = 1_000
_said: set[str] = set()


def must_pass(error: Exception) -> bool:
    """Whether an exception is none of the input's: too little memory or disk, or what an operator has to mend."""
    if isinstance(error, MemoryError | SeawallError):
        return True
    return isinstance(error, OSError) and error.errno in _OUR_DISK


def record_failure(file: str, line: int, error: Exception) -> Problem:
    """Return the problem of a record on which reading failed, and log the failure. It counts as a record.

    Nothing is made of the record's text: making that may be what failed. Raises the exception where it must pass.
    """
    return Problem(file, line, "reader-failed", _note(error))


def file_failure(file: str, error: Exception) -> Problem:
    """Return the problem of a file on which reading failed, and log the failure. It counts as no record.

    Raises the exception where it must pass.
    """
    return Problem(file, 0, "reader-failed", _note(error), counts_as_record=False)


def guard_records(found: Iterator[Item], name: str, numbers: Iterator[int]) -> Iterator[Item | Problem]:
    """Yield what is found; where that fails, the problem of a record with the next number, and nothing more."""
    try:
        yield from found
    except Exception as error:  # noqa: BLE001 - the net
        yield record_failure(name, next(numbers), error)


def note_failure(error: Exception) -> None:
    """Log a failure after which another way of reading is tried. Raises the exception where it must pass."""
    _note(error)


def forget_places() -> None:
    """Log each place anew."""
    _said.clear()


def _note(error: Exception) -> str:
    """Return the kind of an exception and where it was raised, in words; each place is logged once."""
    if must_pass(error):
        raise error
    places = _places(error.__traceback__)
    kind = type(error).__name__
    place = f"{kind} at {places[-1].split()[0]}" if places else kind
    if place not in _said:
        if len(_said) < _MOST_PLACES:
            _said.add(place)
        LOGGER.error(
            "reading failed, which is a fault of Seawall: %s in %s", kind, " < ".join(reversed(places))
        )
    return f"reading failed: {place}"


def _places(trace: TracebackType | None) -> list[str]:
    """Return where in this package an exception passed, the outermost first. Plain work: a million records may fail."""
    found: list[str] = []
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(_PACKAGE):
            found.append(f"{file[len(_PACKAGE) :]}:{trace.tb_lineno} {trace.tb_frame.f_code.co_name}")
        trace = trace.tb_next
    return found[-_FRAMES:]
