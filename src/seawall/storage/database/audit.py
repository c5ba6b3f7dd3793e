"""The audit trail: what was done by whom, each entry bound to the one before by its hash.

The database refuses to change or delete entries. Whoever may change the database itself can go around that; the chain
shows it, unless they compute it anew to its end: against that, keep a head elsewhere and give it to `verify`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from seawall.storage.database.models import AuditRow
from seawall_base.hash_chain import ChainBroken, ChainHead, ChainLink, digest_values, verify

_APPENDING = 0x5EA_0003
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class AuditRecord:
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
class AuditCheck:
    """What verification found: `entries` that hold, and in `fault` the first that does not, empty where all hold."""

    entries: int
    head: ChainHead
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
    ) -> AuditRecord:
        """Add an entry at the end; one program at a time, until its transaction ends. Never give it a secret."""
        connection = self._session.connection()
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _APPENDING})
        head = self.head()
        plain = json.loads(json.dumps(dict(details or {}), allow_nan=False))  # as it will be read back
        sequence = head.sequence + 1
        digest = digest_values(sequence, at, actor, action, subject, plain, head.digest)
        row = AuditRow(
            sequence=sequence, at=at, actor=actor, action=action, subject=subject, details=plain,
            previous=head.digest, digest=digest,
        )  # fmt: skip
        self._session.add(row)
        self._session.flush()
        return _entry(row)

    def head(self) -> ChainHead:
        """Return the end of the trail: keep it where the database's owner cannot change it."""
        query = select(AuditRow.sequence, AuditRow.digest).order_by(AuditRow.sequence.desc()).limit(1)
        found = self._session.execute(query).first()
        return ChainHead() if found is None else ChainHead(*found)

    def page(self, after: int = 0, limit: int = 100) -> list[AuditRecord]:
        """Return entries in their order, from the one behind `after`."""
        query = select(AuditRow).where(AuditRow.sequence > after).order_by(AuditRow.sequence).limit(limit)
        return [
            _entry(row)
            for row in self._session.execute(query.execution_options(populate_existing=True)).scalars()
        ]

    def verify(self, known: ChainHead | None = None) -> AuditCheck:
        """Compute the whole chain anew, a page at a time, and compare it with a head noted earlier."""
        try:
            head = verify(self._links(), known)
        except ChainBroken as broken:
            return AuditCheck(broken.head.sequence, broken.head, str(broken))
        return AuditCheck(head.sequence, head)

    def _links(self) -> Iterator[ChainLink]:
        after = 0
        while page := self.page(after, _PAGE):
            for one in page:
                computed = digest_values(
                    one.sequence, one.at, one.actor, one.action, one.subject, one.details, one.previous
                )
                yield ChainLink(one.sequence, one.previous, one.digest, computed)
            after = page[-1].sequence
            self._session.expunge_all()


def _entry(row: AuditRow) -> AuditRecord:
    return AuditRecord(
        row.sequence, row.at, row.actor, row.action, row.subject, row.details, row.previous, row.digest
    )
