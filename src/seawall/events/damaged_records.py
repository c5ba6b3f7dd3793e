"""Recover names and time from a damaged record, so that its account and time are known.

A truncated record is read up to the cut, as far as JSON is unambiguous. A record that is damaged in the middle is read on
after the damage. It is believed only if it ends properly and repeats no field; otherwise two records may have merged. Text
inside a string is never a field. Misses: damage that removes the end of one record and the beginning of the next, in fields
that contain no name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from seawall.events.envelopes import AUDIT_DATA, EmbeddedDocumentError
from seawall.events.event_table import to_events
from seawall.events.formats.json_values import encode, without_surrogates
from seawall.events.problem import DamagedRecordHint
from seawall.events.vendor_detection import SOURCES, recognise

LONGEST = 1 << 16
"""Longest record that is examined, in characters."""

_EMPTY = len('{"id":')
"""Length of a text that is too short for any field with a value."""

_SHORT = 1_000
_DEPTH = 40
_RESUMED = 3
_NAMES = frozenset({
    "CreationTime", "Operation", "RecordType", "Workload", "OrganizationId", "UserType", "UserKey", "UserId",
    "MailboxOwnerUPN", "CreationDate", "Operations", "UserIds", "TimeGenerated", "OfficeWorkload", "Type", "TenantId",
    "createdDateTime", "userPrincipalName", "appId", "activityDateTime", "activityDisplayName", "category", "time",
    "operationName", "tenantId", "signInEventTypes", "clientAppUsed",
    "conditionalAccessStatus", "published", "eventType", "actor", "kind", "id", "events",
})  # fmt: skip
"""Fields by which a record is recognised, and those with time, account and operation."""

_EMBEDDED = frozenset({*AUDIT_DATA, "_raw", "message", "log", "event", "original"})
"""Fields that hold a record as text, or else nothing by which one is known."""

_ENCLOSING = frozenset(
    {"_source", "result", "event", "data", "office365", "ms-graph", "gcp", "log", "o365", "audit"}
)
"""Fields of envelopes that hold a record as an object, or an object with it."""

_COMMON = frozenset({"kind", "id", "category", "time"})
"""Fields that envelopes have too: with them alone, an object is no record."""

_OWNERS = {
    "m365_audit": "MailboxOwnerUPN",
    "office_activity": "MailboxOwnerUPN",
    "google_workspace": "events",
}
_ACTORS = {
    "m365_audit": "UserId", "office_activity": "UserId", "google_workspace": "actor", "okta": "actor",
    "entra_signin": "userPrincipalName", "entra_audit": "", "graph_activity": "UserId", "mail_flow": "AccountUpn",
}  # fmt: skip
"""Fields of each source that name the mailbox (`_OWNERS`) and the acting account (`_ACTORS`).

Without the field, none is named.
"""

_NEXT = re.compile(r',\s*"(?=[A-Za-z_][\w.]{0,60}"\s*:)')
_NOT_BLANK = re.compile(r"[^\s,]")
_FOLLOWS = re.compile(r'[{,\s]"')
_COLON = re.compile(r"\s*:\s*")
_decode = json.JSONDecoder(strict=False).raw_decode


@dataclass(slots=True)
class _Read:
    """Hold the part of a damaged record that was read so far: fields, truncation, and the number of damaged places.

    `is_torn` means that text follows its end, `is_repeated` that a field occurs twice.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    is_cut: bool = False
    damages: int = 0
    is_torn: bool = False
    is_repeated: bool = False
    is_inner: bool = False
    """Whether the fields are those of a record in an envelope; fields of the envelope are not taken then."""

    last: str = ""
    """Field that was read last. If damage follows directly, it may be the damaged one."""

    def take(self, name: str, value: Any) -> None:
        if name in _NAMES and not self.is_inner:
            self.is_repeated |= name in self.fields
            self.fields[name] = value
        self.last = name


def extract_remains(text: str | bytes) -> str:
    """Return the recovered fields of a damaged record as JSON, "" if there are none. Never raises for content."""
    if len(text) <= _EMPTY:
        return ""
    loose = text[: LONGEST + 1].decode("utf-8", "replace") if isinstance(text, bytes) else text
    if len(loose) > LONGEST:
        return ""
    loose = loose.strip("\ufeff \t\r\n")
    if not loose.startswith("{"):
        return ""
    read = _Read()
    try:
        _object(loose, read)
        if read.is_torn or read.is_repeated or (read.damages and (read.is_cut or not loose.endswith("}"))):
            return ""
        fields = without_surrogates(read.fields)
        kept = {name: value for name, value in fields.items() if len(encode(value)) <= _SHORT}
        return encode(kept) if kept else ""
    except (RecursionError, ValueError):
        return ""


def _object(text: str, read: _Read) -> None:
    """Read the members of an object up to its end, the truncation, or irrecoverable damage."""
    end = _members(text, 1, read)
    if end is not None and text[end:].strip():
        read.is_torn = True


def _members(text: str, begin: int, read: _Read) -> int | None:
    """Read the members of an object that start at `begin`; return its end, or None if it was not reached."""
    at: int | None = begin
    while at is not None:
        found = _NOT_BLANK.search(text, at)
        if found is None:
            read.is_cut = True
            return None
        at = found.start()
        if text[at] == "}":
            return at + 1
        at = _member(text, at, read)
    return None


def _member(text: str, at: int, read: _Read) -> int | None:
    """Read one member; return where the next begins, or None if reading cannot continue."""
    if text[at] != '"' or not _FOLLOWS.match(text, at - 1):
        read.fields.pop(read.last, None)
        return _resume(text, at, read)
    try:
        name, at = _decode(text, at)
    except ValueError as error:
        return _read_broken(text, at, error, read)
    colon = _COLON.match(text, at)
    if colon is None:
        return _resume(text, at, read)
    begin = colon.end()
    if name in _ENCLOSING and text.startswith("{", begin):
        inner = _Read()
        after = _members(text, begin + 1, inner)
        _merge(inner, read, is_envelope=True)
        return after
    try:
        value, end = _decode(text, begin)
    except ValueError as error:
        if name in _EMBEDDED and text[begin : begin + 1] == '"' and "Unterminated" in str(error):
            _embed(text[begin + 1 :], read, is_envelope=name not in AUDIT_DATA)
            return None
        return _read_broken(text, begin, error, read)
    if end >= len(text):  # a truncated number would be wrong
        read.is_cut = True
        return None
    if name in _EMBEDDED and isinstance(value, str):
        _inside(value, read, is_envelope=name not in AUDIT_DATA)
    else:
        read.take(name, value)
    return end


def _embed(rest: str, read: _Read, *, is_envelope: bool) -> None:
    """Read a record inside a truncated string."""
    read.is_cut = True
    for less in range(7):  # an escape sequence of up to six characters may be truncated
        try:
            inner, _ = _decode('"' + rest[: len(rest) - less] + '"')
        except ValueError:
            continue
        _inside(inner, read, is_envelope=is_envelope)
        return


def _inside(text: str, read: _Read, *, is_envelope: bool) -> None:
    """Read the record inside a string field."""
    if text.startswith("{"):
        inner = _Read()
        _object(text, inner)
        _merge(inner, read, is_envelope=is_envelope)


def _merge(inner: _Read, read: _Read, *, is_envelope: bool) -> None:
    """Add a record that was read inside another; its fields take precedence, and those of an envelope are dropped."""
    if not read.is_inner:
        if not is_envelope:
            read.fields |= inner.fields
        elif inner.is_inner or not inner.fields.keys() <= _COMMON:
            read.fields, read.is_inner = inner.fields, True
    read.is_cut |= inner.is_cut
    read.is_torn |= inner.is_torn
    read.is_repeated |= inner.is_repeated
    read.damages += inner.damages


def _read_broken(text: str, at: int, error: ValueError, read: _Read) -> int | None:
    place = error.pos if isinstance(error, json.JSONDecodeError) else at
    if "Unterminated" in str(error) or place >= len(text):
        read.is_cut = True
        return None
    return _resume(text, max(at, place), read)


def _resume(text: str, at: int, read: _Read) -> int | None:
    """Return where the next field begins after damage, or None."""
    read.damages += 1
    found = _NEXT.search(text, at)
    if found is None or read.damages > _RESUMED:
        read.is_torn = True
        return None
    return found.end() - 1


def read_hints(texts: Sequence[str]) -> list[DamagedRecordHint]:
    """Return for each text of `extract_remains` its organisation, time, account and mailbox, as its source interprets it."""
    found = [DamagedRecordHint()] * len(texts)
    rows: dict[str, list[tuple[int, tuple[str | None, ...], dict[str, Any]]]] = {}
    for place, text in enumerate(texts):
        try:
            source, record = recognise(json.loads(text), _DEPTH)
            rows.setdefault(source.NAME, []).append((place, source.row(record), record))
        except (ValueError, EmbeddedDocumentError, RecursionError, LookupError, TypeError):
            continue
    for source in SOURCES:
        mine = rows.get(source.NAME, [])
        if mine and source.NAME != "other":
            for (place, _, record), event in zip(
                mine, _events(source, [row for _, row, _ in mine]), strict=True
            ):
                found[place] = _is_believed(source.NAME, record, event)
    return found


def _events(source: Any, rows: Sequence[tuple[str | None, ...]]) -> Iterator[dict[str, Any]]:
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    raw = pa.table(columns, names=[*source.RAW_COLUMNS, "unmapped"])
    table = to_events(source.normalise(raw), source.NAME, "", np.arange(len(rows)))
    plain = table.select(["time", "org_uid", "kind", "account", "mailbox"])
    times = plain["time"].cast(pa.int64()).to_pylist()
    for time, event in zip(times, plain.drop_columns("time").to_pylist(), strict=True):
        yield {**event, "time": time}


def _is_believed(source: str, record: dict[str, Any], event: dict[str, Any]) -> DamagedRecordHint:
    """Return the values of an event that come from fields in the record: sources fill in defaults for missing ones."""
    has_owner = bool(record.get(_OWNERS.get(source, "")))
    has_actor = bool(record.get(_ACTORS.get(source, "")))
    return DamagedRecordHint(
        time=event["time"],
        tenant=event["org_uid"],
        kind=event["kind"],
        account=event["account"] if has_actor else None,
        mailbox=event["mailbox"] if has_owner else None,
    )
