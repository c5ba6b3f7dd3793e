"""The audit trail: who did what, as an append-only hash chain.

Triggers refuse to change or delete entries. Somebody with full access to the database can disable them; the chain then
breaks, unless all later entries are recomputed. Against that, note a head outside the database and give it to `verify`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from seawall.storage.database.models import AuditRow
from seawall_base.hash_chain import ChainBroken, ChainHead, ChainLink, digest_values, read_vouchers, verify

_APPENDING = 0x5EA_0003
_PAGE = 1000
ERASED = "person-erased"
"""Action of the entry that vouches for entries from which a person's name was erased."""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One entry of the audit trail; `at` is in microseconds since 1970, `details` holds values that JSON can hold."""

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
    """The result of verification: the number of intact entries, and in `fault` the first fault, empty if there is none."""

    entries: int
    head: ChainHead
    fault: str = ""

    @property
    def is_whole(self) -> bool:
        """Return whether no entry was changed, removed or moved."""
        return not self.fault


class AuditTrail:
    """The audit trail within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(
        self, *, at: int, actor: str, action: str, subject: str = "", details: Mapping[str, Any] | None = None
    ) -> AuditRecord:
        """Append an entry. Other writers of the trail wait until this transaction ends. `details` must contain no secret."""
        connection = self._session.connection()
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _APPENDING})
        head = self.head()
        # normalised as it will be read back, so that the digest fits
        plain = json.loads(json.dumps(dict(details or {}), allow_nan=False))
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
        """Return the sequence number and digest of the last entry. Note it where the database's owner cannot change it."""
        query = select(AuditRow.sequence, AuditRow.digest).order_by(AuditRow.sequence.desc()).limit(1)
        found = self._session.execute(query).first()
        return ChainHead() if found is None else ChainHead(*found)

    def page(self, after: int = 0, limit: int = 100) -> list[AuditRecord]:
        """Return up to `limit` entries with sequence numbers above `after`, ascending."""
        query = select(AuditRow).where(AuditRow.sequence > after).order_by(AuditRow.sequence).limit(limit)
        return [
            _entry(row)
            for row in self._session.execute(query.execution_options(populate_existing=True)).scalars()
        ]

    def verify(self, known: ChainHead | None = None) -> AuditCheck:
        """Recompute the whole chain, a page at a time, and compare it with a head noted earlier."""
        try:
            head = verify(self._links(), known, self._read_vouchers())
        except ChainBroken as broken:
            return AuditCheck(broken.head.sequence, broken.head, str(broken))
        return AuditCheck(head.sequence, head)

    def _read_vouchers(self) -> dict[int, str]:
        """Return the digests of entries that lost a person's name."""
        query = select(AuditRow.sequence, AuditRow.details).where(AuditRow.action == ERASED)
        rows = self._session.execute(query.order_by(AuditRow.sequence))
        return read_vouchers((sequence, details.get("entries")) for sequence, details in rows)

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
