"""Record every call of an assistant: in the store's audit trail, in a file, or on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from seawall_base.append_only_file import AppendOnlyFile
from seawall_base.errors import OutputUnwritable
from seawall_base.json_text import encode_json
from seawall_base.safe_text import visible
from seawall_base.times import rfc3339

if TYPE_CHECKING:
    from seawall.storage.database import Database

ACTION: Final = "assistant-call"
LONGEST: Final = 200
"""Characters of an argument that are recorded."""

MOST_ARGUMENTS: Final = 20
_WAIT_SECONDS: Final = 3.0
Outcome = Literal["answered", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call: when (microseconds), by whom, which tool with which arguments, and what came of it.

    `size` counts the bytes of the answer; `why` is the code of a refusal.
    """

    at: int
    actor: str
    tool: str
    arguments: Mapping[str, Any]
    outcome: Outcome
    why: str = ""
    size: int = 0

    def describe(self) -> dict[str, Any]:
        """Return what happened as values that JSON can hold, with bounded texts."""
        shown = {
            visible(str(name), LONGEST): _shorten(value)
            for name, value in list(self.arguments.items())[:MOST_ARGUMENTS]
        }
        plain = {"arguments": shown, "outcome": self.outcome, "why": self.why, "bytes": self.size}
        return {name: value for name, value in plain.items() if value not in ("", {}, 0)}


class CallAudit(Protocol):
    """Where calls are recorded."""

    def record(self, call: CallRecord, /) -> None:
        """Record a call. Raises what keeps it from being recorded; then the call is not answered."""


class DatabaseAudit:
    """Record calls in a store's audit trail, beside what users of the console do."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, call: CallRecord, /) -> None:
        """Append an entry to the hash chain."""
        with self._database.writing() as work:
            work.audit.append(
                at=call.at, actor=call.actor, action=ACTION, subject=call.tool, details=call.describe()
            )


class FileAudit:
    """Append calls to a file as JSON lines. Each line takes the file's lock, so that several servers may share the file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self) -> None:
        """Raise OutputUnwritable if the file cannot be written, so that no server starts in vain."""
        self._open().close()

    def record(self, call: CallRecord, /) -> None:
        """Append a line, which is on the disk afterwards. Raises OutputUnwritable."""
        with closing(self._open()) as file:
            try:
                file.append(write_line(call))
            except OSError as error:
                raise self._refuse(error) from error

    def _open(self) -> AppendOnlyFile:
        end = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                return AppendOnlyFile.hold(self._path)
            except BlockingIOError as error:
                if time.monotonic() > end:
                    raise self._refuse(error) from error
                time.sleep(0.02)
            except OSError as error:
                raise self._refuse(error) from error

    def _refuse(self, error: OSError) -> OutputUnwritable:
        why = error.strerror or str(error)
        return OutputUnwritable(
            f"cannot record calls in {self._path}: {why}",
            fix="name another file with --audit FILE, or write the calls to standard error with --audit -",
        )


class ErrorStreamAudit:
    """Write calls to standard error as JSON lines: standard output belongs to the protocol."""

    def record(self, call: CallRecord, /) -> None:
        """Write a line."""
        sys.stderr.write(write_line(call).decode("utf-8"))
        sys.stderr.flush()


def write_line(call: CallRecord) -> bytes:
    """Return a call as one line of JSON."""
    head = {"at": rfc3339(call.at), "actor": call.actor, "action": ACTION, "tool": call.tool}
    return encode_json({**head, **call.describe()}) + b"\n"


def _shorten(value: Any) -> Any:
    """Return an argument's value as it is recorded: texts are cut, and other than plain values are only named."""
    if isinstance(value, str):
        return visible(value, LONGEST)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 1 << 53 else "a large number"
    return type(value).__name__
