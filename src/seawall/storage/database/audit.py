"""The audit trail: what was done by whom, each entry bound to the one before by its hash.

The database refuses to change or delete entries. Whoever may change the database itself can go around that; the chain
shows it, unless they compute it anew to its end: against that, keep a `Head` elsewhere and give it to `verify`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from seawall.storage.database.models import AuditRow

START = "0" * 64
"""What the first entry is bound to."""

_APPENDING = 0x5EA_0003
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `details` is plain data."""

    sequence: int
    at: int
    actor: str
    action: str
    subject: str
    details: Mapping[str, Any]
    previous: str
    digest: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the trail at some time: keep it where the database's owner cannot change it."""

    sequence: int
    digest: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found: `entries` that hold, and in `fault` the first that does not, empty where all hold."""

    entries: int
    head: Head
    fault: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is changed, missing or out of its order."""
        return not self.fault


class AuditTrail:
    """The audit trail in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(
        self, *, at: int, actor: str, action: str, subject: str = "", details: Mapping[str, Any] | None = None
    ) -> Entry:
        """Add an entry at the end; one program at a time, until its transaction ends. Never give it a secret."""
        connection = self._session.connection()
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _APPENDING})
        head = self.head()
        plain = json.loads(json.dumps(dict(details or {}), allow_nan=False))  # as it will be read back
        sequence = head.sequence + 1
        digest = _digest(sequence, at, actor, action, subject, plain, head.digest)
        row = AuditRow(
            sequence=sequence, at=at, actor=actor, action=action, subject=subject, details=plain,
            previous=head.digest, digest=digest,
        )  # fmt: skip
        self._session.add(row)
        self._session.flush()
        return _entry(row)

    def head(self) -> Head:
        """Return the end of the trail."""
        query = select(AuditRow.sequence, AuditRow.digest).order_by(AuditRow.sequence.desc()).limit(1)
        found = self._session.execute(query).first()
        return Head(0, START) if found is None else Head(*found)

    def page(self, after: int = 0, limit: int = 100) -> list[Entry]:
        """Return entries in their order, from the one behind `after`."""
        query = select(AuditRow).where(AuditRow.sequence > after).order_by(AuditRow.sequence).limit(limit)
        return [
            _entry(row)
            for row in self._session.execute(query.execution_options(populate_existing=True)).scalars()
        ]

    def verify(self, known: Head | None = None) -> Verdict:
        """Compute the whole chain anew, a page at a time, and compare it with a head noted earlier."""
        head = Head(0, START)
        while page := self.page(head.sequence, _PAGE):
            for entry in page:
                fault = _fault(entry, head)
                if fault:
                    return Verdict(head.sequence, head, fault)
                if known is not None and entry.sequence == known.sequence and entry.digest != known.digest:
                    return Verdict(
                        head.sequence, head, f"entry {entry.sequence} is not the one that was noted"
                    )
                head = Head(entry.sequence, entry.digest)
            self._session.expunge_all()
        if known is not None and head.sequence < known.sequence:
            fault = f"the trail ends at entry {head.sequence}; entry {known.sequence} was noted"
            return Verdict(head.sequence, head, fault)
        return Verdict(head.sequence, head)


def _fault(entry: Entry, head: Head) -> str:
    if entry.sequence != head.sequence + 1:
        return f"entry {head.sequence + 1} is missing"
    if entry.previous != head.digest:
        return f"entry {entry.sequence} is not bound to the one before"
    expected = _digest(
        entry.sequence, entry.at, entry.actor, entry.action, entry.subject, entry.details, entry.previous
    )
    return "" if entry.digest == expected else f"entry {entry.sequence} was changed"


def _digest(*values: Any) -> str:
    """SHA-256 of the values as one JSON array in ASCII without blanks, keys in order."""
    return hashlib.sha256(
        json.dumps(values, separators=(",", ":"), sort_keys=True).encode("ascii")
    ).hexdigest()


def _entry(row: AuditRow) -> Entry:
    return Entry(
        row.sequence, row.at, row.actor, row.action, row.subject, row.details, row.previous, row.digest
    )
