"""Catch unexpected failures of reading: they become a problem of one record or file, and reading continues.

Input is hostile, and a record that triggers a bug must not end a scan or a watch. The bug is still reported: with its own
code (`reader-failed`), and in the log with the exception's type and the places in the program. Neither contains the
exception's text, which may quote a record.
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
"""Errors of this machine and not of the input: the same file can be read later."""

_FRAMES = 6
_MOST_PLACES = 1_000
_said: set[str] = set()


def must_pass(error: Exception) -> bool:
    """Return whether an exception must be raised, because memory or disk is exhausted or an operator must act."""
    if isinstance(error, MemoryError | SeawallError):
        return True
    return isinstance(error, OSError) and error.errno in _OUR_DISK


def record_failure(file: str, line: int, error: Exception) -> Problem:
    """Return the problem for a record on which reading failed, and log the failure. It counts as a record.

    The record's text is not quoted, because processing it may be what failed. Raises the exception if it must pass.
    """
    return Problem(file, line, "reader-failed", _note(error))


def file_failure(file: str, error: Exception) -> Problem:
    """Return the problem for a file on which reading failed, and log the failure. It does not count as a record.

    Raises the exception if it must pass.
    """
    return Problem(file, 0, "reader-failed", _note(error), counts_as_record=False)


def guard_records(found: Iterator[Item], name: str, numbers: Iterator[int]) -> Iterator[Item | Problem]:
    """Yield records; after a failure, yield one problem with the next record number, and stop."""
    try:
        yield from found
    except Exception as error:  # noqa: BLE001 - the net
        yield record_failure(name, next(numbers), error)


def note_failure(error: Exception) -> None:
    """Log a failure after which another way of reading is tried. Raises the exception if it must pass."""
    _note(error)


def forget_places() -> None:
    """Reset the log, so that each place is logged again."""
    _said.clear()


def _note(error: Exception) -> str:
    """Return the exception's type and place as text. Each place is logged once."""
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
    """Return the places in this package that an exception passed, the outermost first.

    It is fast, because a million records may fail.
    """
    found: list[str] = []
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(_PACKAGE):
            found.append(f"{file[len(_PACKAGE) :]}:{trace.tb_lineno} {trace.tb_frame.f_code.co_name}")
        trace = trace.tb_next
    return found[-_FRAMES:]
