"""Define the problem: an input record that could not become an event. Problems are values, never exceptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ProblemCode = Literal[
    "not-json",  # the text is no JSON object
    "bad-json",  # an embedded JSON document (AuditData) is broken
    "no-time",  # no time, or an unreadable one
    "bad-time",  # a time outside 1990 to 2100
    "too-large",  # one record larger than the limit
    "too-deep",  # nested deeper than the limit
    "not-a-log",  # the file contains no log that Seawall reads
    "unreadable",  # the file could not be opened, or is damaged: records before the damage were read
    "bomb",  # an archive that expands beyond the limit
    "lost-values",  # an export that holds the name of a type in place of lists: its records were read without them
    "wrong-columns",  # a table row that does not fit its header
    "day-first",  # dates in which the day comes first, which are ambiguous up to the 12th
    "reader-failed",  # Seawall itself failed, which is a bug
]


@dataclass(frozen=True, slots=True)
class Problem:
    """Describe one record (or file) that was not read, and the reason.

    `line` is the record number in `source_file`, counted from 1, or 0 for the whole file. A problem of a file counts as a
    record only with `counts_as_record`, so that records = events + duplicates + problems. `excerpt` has at most 200
    characters, with secrets and tokens masked. `remains` are the credible fields of a damaged record as JSON: its time and
    names, never its content.
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
    """Hold what the remains of a damaged record show; None for each unknown value. `time` is in microseconds since 1970."""

    time: int | None = None
    tenant: str | None = None
    kind: str | None = None
    account: str | None = None
    mailbox: str | None = None
