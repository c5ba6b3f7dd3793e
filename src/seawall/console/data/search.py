"""Read a search over incidents and records: what it asks of each, and what was not understood.

`ip:203.0.113.7 severity:high after:2026-03-01` asks for the records of an address since a day, and for the incidents of
high severity that list such records.
"""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import msgspec

from seawall.console.api_error import ApiError, invalid
from seawall.console.data.look_up_query import MOST_SUBJECTS, NOT
from seawall.console.data.queue_filter import Search
from seawall.console.data.search_syntax import (
    FIELDS,
    LONGEST,
    MOST_TERMS,
    SearchPart,
    parse_part,
    parse_search_time,
    split_search,
)
from seawall.console.endpoint import ApiCall, Endpoint
from seawall.response.look_up import KINDS, LookUpSubject
from seawall.response.look_up.subject import LookUpKind, make_subject
from seawall_base.errors import UsageError

SHARED: Final[tuple[LookUpKind, ...]] = ("account", "mailbox", "network", "country", "app", "client")
"""Kinds of values that both an incident and a record have."""

READABLE: Final = tuple(sorted({*FIELDS, *KINDS}))
"""Every field of a search."""

_FIELDS: Final = f"one of {', '.join(READABLE)}; put it in quotes to search for the text"
_GUID: Final = 36
_SHOWN: Final = 200
"""Characters of a part that was not understood."""


class SearchQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A search as it was typed."""

    q: Search = ""


class UnknownPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a search that was not understood and is left out: why, and what to do."""

    text: str
    why: str
    fix: str | None


class SearchReading(msgspec.Struct, frozen=True, kw_only=True):
    """What a search asks for.

    `incidents` is the search for incidents, as `/api/incidents` takes it. `subjects` are the values that records must
    show, as `/api/look` takes them, in `tenant` and from `start` to before `end`; empty if no records are asked for.
    `is_by_records`: incidents must list such records, so `/api/look` finds them, with `incidents` as its `q`.
    """

    incidents: str
    subjects: list[str]
    tenant: str | None
    start: str | None = msgspec.field(name="from")
    end: str | None = msgspec.field(name="to")
    is_by_records: bool
    unknown: list[UnknownPart]


def read_search(call: ApiCall) -> SearchReading:
    """Return what a search asks of incidents and of records."""
    asked: SearchQuery = call.query
    return interpret_search(asked.q)


@dataclass(slots=True)
class _Reader:
    """Sorts the parts of a search: those about incidents alone, about records alone, and about both."""

    about_incidents: list[str] = field(default_factory=list)
    about_both: list[str] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    tenant: str | None = None
    start: tuple[int, str] | None = None
    end: tuple[int, str] | None = None
    unknown: list[UnknownPart] = field(default_factory=list)

    def add(self, part: SearchPart) -> None:
        """Add a part. Raises `ApiError` or UsageError if it says nothing."""
        kind = _kind_of(part)
        if kind is None:
            name = (part.field or "").lower()
            if name and name not in READABLE:
                raise invalid(f"there is no field {name[:40]!r}", fix=_FIELDS)
            parse_part(part)
            (self.about_both if name in ("tenant", "after", "before") else self.about_incidents).append(
                part.text
            )
            self._narrow(name, part)
            return
        if kind not in SHARED:
            self.subjects.append(_subject_text(part, make_subject(kind, _value_of(part))))
            return
        parse_part(part)
        self.about_both.append(part.text)
        with suppress(UsageError):  # too short for records, though not for incidents
            subject = make_subject(kind, _value_of(part))
            if kind not in ("account", "mailbox") or _is_whole(subject):
                self.shared.append(_subject_text(part, subject))

    def _narrow(self, name: str, part: SearchPart) -> None:
        if name == "tenant" and not part.negated:
            self.tenant = part.value
        elif name == "after":
            self.start = max(self.start or (0, ""), (parse_search_time(part.value, "q"), part.value))
        elif name == "before":
            time = (parse_search_time(part.value, "q"), part.value)
            self.end = time if self.end is None else min(self.end, time)

    def leave_out(self, text: str, why: str, fix: str | None) -> None:
        """Note a part that was not understood."""
        self.unknown.append(UnknownPart(text=text[:_SHOWN], why=why, fix=fix))


def interpret_search(text: str) -> SearchReading:
    """Sort the parts of a search, leaving out what cannot be understood."""
    reader, text, at = _Reader(), text[:LONGEST], 0
    parts = split_search(text)
    for _ in range(MOST_TERMS):
        part = None
        try:
            part = next(parts, None)
            if part is None:
                break
            at = part.end
            reader.add(part)
        except ApiError as error:
            reader.leave_out(
                text[at:].strip() if part is None else part.text, error.fault.message, error.fault.fix
            )
        except UsageError as error:
            reader.leave_out("" if part is None else part.text, error.message, error.fix)
    for left in parts:
        reader.leave_out(left.text, f"a search has at most {MOST_TERMS} parts", "leave some out")
        break
    return _conclude(reader)


def _conclude(reader: _Reader) -> SearchReading:
    subjects = list(dict.fromkeys([*reader.subjects, *reader.shared]))
    if all(one.startswith(NOT) for one in subjects):
        for one in reader.subjects:
            reader.leave_out(one, "records are found by what they show", "add a value without - before it")
        subjects = []
    by_records = bool(subjects and reader.subjects)
    for one in subjects[MOST_SUBJECTS:]:
        reader.leave_out(one, f"records are found by at most {MOST_SUBJECTS} values", "leave some out")
    asked = reader.about_incidents if by_records else [*reader.about_incidents, *reader.about_both]
    return SearchReading(
        incidents=" ".join(asked),
        subjects=subjects[:MOST_SUBJECTS],
        tenant=reader.tenant,
        start=None if reader.start is None else reader.start[1],
        end=None if reader.end is None else reader.end[1],
        is_by_records=by_records,
        unknown=reader.unknown,
    )


def _kind_of(part: SearchPart) -> LookUpKind | None:
    """Return the kind of value that a part names: by its field, or because a lone word is an address. Raises `ApiError`."""
    if part.field is None:
        return "ip" if not part.is_quoted and not part.negated and _is_address(part.value) else None
    kind = next((one for one in KINDS if one == part.field.lower()), None)
    if kind is not None and not (part.relation or "").startswith(":"):
        raise invalid(f"{kind} takes a colon", fix=f"write it as {kind}:value")
    return kind


def _subject_text(part: SearchPart, subject: LookUpSubject) -> str:
    return f"{NOT if part.negated else ''}{subject}"


def _value_of(part: SearchPart) -> str:
    """Return the value of a part: a sign after the colon belongs to it, as in `message:<id@example.org>`."""
    return f"{(part.relation or ':')[1:]}{part.value}"


def _is_address(word: str) -> bool:
    try:
        ipaddress.ip_address(word)
    except ValueError:
        return False
    return True


def _is_whole(subject: LookUpSubject) -> bool:
    """Return whether a name is that of one account: records are not found by a part of it."""
    return "@" in subject.value or len(subject.value) == _GUID


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/api/search",
        handle=read_search,
        role="viewer",
        tenants="none",
        summary="What a search asks of incidents and of records, and which parts were not understood",
        group="look-ups",
        query=SearchQuery,
        answer=SearchReading,
    ),
)
