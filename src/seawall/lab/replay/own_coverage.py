"""Apply the coverage of a user's own logs, as `seawall scan` writes it into coverage.json, to the logs of a replay."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zlib import crc32

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seawall.detection.incidents.coverage import NEEDED, SHORT_DAYS
from seawall.events.coded_batch import Bools, Times
from seawall.lab.replay.organisation import CALENDAR, QUIET_DAYS
from seawall.lab.replay.reading import KeepsEvent
from seawall_base.errors import InputUnreadable
from seawall_base.plurals import plural
from seawall_base.regular_files import open_file
from seawall_base.times import parse_rfc3339

MOST_BYTES = 32 << 20
"""Largest file that is read: the notes of some hundred thousand gaps."""

DAY = 86_400_000_000
HOUR = 3_600_000_000
_FIRST = int(datetime(CALENDAR.year, CALENDAR.month, CALENDAR.day, tzinfo=UTC).timestamp()) * 1_000_000
_UNLINKED = re.compile(r"([\d,]{1,20}) of ([\d,]{1,20}) mail access records carry no session identifier\.")
_SHARES = 1 << 16
_SESSION = ("session_uid", "token_uid")
_ALL = "all"


class _Note(msgspec.Struct):
    source: str
    code: str
    start: str
    end: str
    text: str = ""


class _Document(msgspec.Struct):
    coverage: list[_Note]


@dataclass(frozen=True, slots=True)
class OwnCoverage:
    """What a user's logs could not have shown. Times are in microseconds.

    `missing` are kinds of records that there are none of. `linked` is the share of mail access records that name a session.
    `gaps` are (kind, start, end) from the first day of the logs, which last `period`. `history` is how much of them is known
    before an incident. `other` counts notes that a replay cannot apply.
    """

    missing: frozenset[str] = frozenset()
    linked: float = 1.0
    gaps: tuple[tuple[str, int, int], ...] = ()
    period: int = 0
    history: int | None = None
    other: int = 0
    sentences: tuple[str, ...] = field(default=(), compare=False)


def read_coverage(path: Path) -> OwnCoverage:
    """Return the coverage in a coverage.json of `seawall scan`. Raises `InputUnreadable`, whatever the file holds."""
    try:
        with open_file(path) as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _refuse(path, error.strerror or str(error)) from None
    if len(content) > MOST_BYTES:
        raise _refuse(path, f"larger than {MOST_BYTES >> 20} MB")
    try:
        notes = msgspec.json.decode(content, type=_Document).coverage
        spans = [_read_span(note) for note in notes]
    except (ValueError, OverflowError, RecursionError) as error:
        raise _refuse(path, f"not the coverage.json of a scan: {error}") from None
    return _summarise(notes, spans)


def _refuse(path: Path, reason: str) -> InputUnreadable:
    return InputUnreadable(
        f"{path}: {reason}", fix="give the coverage.json that seawall scan wrote for your logs"
    )


def _read_span(note: _Note) -> tuple[int, int]:
    start, end = parse_rfc3339(note.start), parse_rfc3339(note.end)
    if end < start:
        raise ValueError(f"a note ends before it begins: {note.start[:40]} to {note.end[:40]}")
    return start, end


def _summarise(notes: Sequence[_Note], spans: Sequence[tuple[int, int]]) -> OwnCoverage:
    """Return what several notes say together. Where they are of several organisations, what one lacks all lack."""
    first = min((start for start, _ in spans), default=0)
    missing, gaps, linked, history, other = set[str](), list[tuple[str, int, int]](), 1.0, None, 0
    for note, (start, end) in zip(notes, spans, strict=True):
        if note.code == "no-source" and note.source in NEEDED:
            missing.add(note.source)
        elif note.code == "gap" and note.source in (*NEEDED, _ALL):
            gaps.append((note.source, start - first, end - first))
        elif note.code == "no-identifiers":
            linked = min(linked, _read_share(note.text))
        elif note.code == "short-history":
            history = min(end - start, SHORT_DAYS * DAY, history if history is not None else end - start)
        else:
            other += 1
    found = OwnCoverage(
        frozenset(missing),
        linked,
        tuple(sorted(gap for gap in gaps if gap[0] not in missing)),
        max((end - first for _, end in spans), default=0),
        history,
        other,
    )
    return replace(found, sentences=tuple(_describe(found)))


def _read_share(text: str) -> float:
    """Return the share of mail access records that name a session; 0 if the note's text does not say it."""
    found = _UNLINKED.fullmatch(text)
    unlinked, total = (int(one.replace(",", "") or "0") for one in found.groups()) if found else (1, 1)
    return min(1.0, max(0.0, 1.0 - unlinked / total)) if total else 0.0


def _describe(found: OwnCoverage) -> list[str]:
    says = [f"no {NEEDED[kind]}" for kind in NEEDED if kind in found.missing]
    if found.linked < 1:
        says.append(f"{1 - found.linked:.0%} of mail access records without a session")
    for kind, words in ((_ALL, "records"), *NEEDED.items()):
        silent = [end - start for name, start, end in found.gaps if name == kind]
        if silent:
            hours = plural(round(sum(silent) / HOUR), "hour")
            says.append(
                f"{plural(len(silent), 'gap')} in {words}, {hours} of {plural(round(found.period / DAY), 'day')}"
            )
    if found.history is not None:
        says.append(f"{found.history / DAY:.0f} days of history before the incident")
    if found.other:
        says.append(
            f"{plural(found.other, 'note')} that a replay cannot apply, about single accounts or files"
        )
    return says or ["nothing is missing"]


def keep_covered(coverage: OwnCoverage) -> KeepsEvent:
    """Return a function that keeps the events which logs of this coverage would have."""
    return partial(_keep, coverage)


def _keep(coverage: OwnCoverage, table: pa.Table) -> pa.Table:
    kinds, codes = np.unique(
        np.array(table["kind"].cast(pa.string()).fill_null("").to_pylist(), str), return_inverse=True
    )
    kind = codes.reshape(-1)
    since: Times = table["time"].cast(pa.int64()).to_numpy() - _FIRST
    kept: Bools = ~np.isin(kind, np.flatnonzero(np.isin(kinds, sorted(coverage.missing))))
    phase = since % coverage.period if coverage.period else since
    for name, start, end in coverage.gaps:
        is_silent = (phase >= start) & (phase < end)
        kept &= ~(is_silent & (np.isin(kind, np.flatnonzero(kinds == name)) | (name == _ALL)))
    if coverage.history is not None:
        kept &= since >= QUIET_DAYS * DAY - coverage.history
    is_mail = np.isin(kind, np.flatnonzero(kinds == "mail_access"))
    return _unlink(table, is_mail, coverage.linked).filter(pa.array(kept))


def _unlink(table: pa.Table, is_mail: Bools, linked: float) -> pa.Table:
    """Return the table without the sessions of all but a share of its mail access records, chosen by their ids."""
    if linked >= 1 or not is_mail.any():
        return table
    ids = table["metadata_uid"].fill_null("").to_pylist()
    share = np.array([crc32(uid.encode()) % _SHARES for uid in ids]) / _SHARES
    is_lost = pa.array(is_mail & (share >= linked))
    for name in _SESSION:
        place, column = table.schema.get_field_index(name), table.schema.field(name)
        empty = pa.scalar(None, column.type)
        table = table.set_column(place, column, pc.if_else(is_lost, empty, table[name]))
    return table
