"""`/api/audit`: who did what, for admins, and whether the audit trail is intact."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from seawall.console.endpoint import ApiCall, Endpoint
from seawall_base.times import rfc3339

PURPOSE: Final = "audit"


class AuditQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which page of the audit trail, newest first."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    cursor: str | None = None


class AuditEntry(msgspec.Struct, frozen=True):
    """One entry of the audit trail."""

    sequence: int
    at: str
    actor: str
    action: str
    subject: str
    details: dict[str, Any]
    digest: str


class AuditPage(msgspec.Struct, frozen=True):
    """A page of audit entries, newest first."""

    items: list[AuditEntry]
    next_cursor: str | None
    total: int | None


class AuditHead(msgspec.Struct, frozen=True):
    """The end of the audit trail. Noted elsewhere, it can show later that no entry was removed."""

    sequence: int
    digest: str


class AuditVerdict(msgspec.Struct, frozen=True):
    """Whether the audit trail is intact; `fault` describes the first fault."""

    whole: bool
    entries: int
    fault: str | None
    head: AuditHead


def list_audit_entries(call: ApiCall) -> AuditPage:
    """Return a page of entries. The trail has no gaps, so a position in it is a number."""
    asked: AuditQuery = call.query
    with call.context.database.reading() as work:
        head = work.audit.head().sequence
        last = head if asked.cursor is None else call.context.cursors.read(PURPOSE, asked.cursor, int)
        first = max(0, min(last, head) - asked.limit)
        entries = work.audit.page(after=first, limit=min(last, head) - first) if last > first else []
    items = [
        AuditEntry(
            one.sequence, rfc3339(one.at), one.actor, one.action, one.subject, dict(one.details), one.digest
        )
        for one in reversed(entries)
    ]
    following = call.context.cursors.write(PURPOSE, first) if first > 0 else None
    return AuditPage(items, following, head)


def verify_audit_trail(call: ApiCall) -> AuditVerdict:
    """Verify the whole hash chain."""
    with call.context.database.reading() as work:
        verdict = work.audit.verify()
    head = AuditHead(verdict.head.sequence, verdict.head.digest)
    return AuditVerdict(verdict.is_whole, verdict.entries, verdict.fault or None, head)


ENDPOINTS: Final = (
    Endpoint(
        method="GET", path="/api/audit", handle=list_audit_entries, role="admin", group="audit",
        tenants="all", summary="What was done by whom, newest first", query=AuditQuery, answer=AuditPage,
        codes=((400, "bad-request"),),
    ),
    Endpoint(
        method="GET", path="/api/audit/verify", handle=verify_audit_trail, role="admin", group="audit", seconds=120.0,
        tenants="all", summary="Whether the audit trail is whole", answer=AuditVerdict, is_heavy=True,
    ),
)  # fmt: skip
