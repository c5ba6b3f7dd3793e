"""A problem: an input record that could not become an event. Problems are data, never exceptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ProblemCode = Literal[
    "not-json",  # the text is no JSON object
    "bad-json",  # an embedded JSON document (AuditData) is broken
    "no-time",  # no time, or none that can be read
    "bad-time",  # a time outside 1990 to 2100
    "too-large",  # one record larger than the limit
    "too-deep",  # nested deeper than the limit
    "not-a-log",  # the file holds nothing that Seawall reads
    "unreadable",  # the file could not be opened or is damaged; what came before the damage was read
    "bomb",  # an archive that expands beyond the limit
    "wrong-columns",  # a table row that does not fit its header
    "reader-failed",  # Seawall itself failed on it, which is a fault of the program
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One record (or file) that was not read, and why.

    `line` is the 1-based record number in `source_file`, 0 for the file as a whole. A file-level problem
    counts as a record only when `counts_as_record` is true, so that records = events + duplicates + problems.
    `excerpt` is at most 200 characters, with secrets and tokens masked. `remains` is what can still be believed of a damaged
    record, as JSON: its time and names, never its content.
    """

    source_file: str
    line: int
    code: ProblemCode
    reason: str
    field: str = ""
    excerpt: str = ""
    counts_as_record: bool = True
    remains: str = ""


@dataclass(frozen=True, slots=True)
class DamagedRecordHint:
    """What the remains of a damaged record say: when (microseconds), of which organisation, what kind, who, whose mailbox.

    None: they do not say it.
    """

    time: int | None = None
    tenant: str | None = None
    kind: str | None = None
    account: str | None = None
    mailbox: str | None = None
