"""The database: incidents, feedback, users, the audit trail, checkpoints and detector states, in SQLite or PostgreSQL."""

from __future__ import annotations

from seawall.storage.database.audit import AuditCheck, AuditRecord
from seawall.storage.database.codes import IngestToken, Invite
from seawall.storage.database.comments import IncidentComment
from seawall.storage.database.database import Database, WriterLease
from seawall.storage.database.feedback import Answer, Feedback
from seawall.storage.database.first_imports import FirstImport
from seawall.storage.database.handling import STATUSES, HandlingStatus, IncidentHandling
from seawall.storage.database.incident_names import IncidentAnnouncement
from seawall.storage.database.incident_queue import (
    Order,
    Queue,
    QueueCursor,
    QueueEntry,
    QueueQuery,
    SearchTerm,
)
from seawall.storage.database.leases import SlotLease
from seawall.storage.database.merges import IncidentMerge
from seawall.storage.database.outbox import OutboxCounts, OutboxMessage
from seawall.storage.database.second_factors import Identity, TotpSeed, UserPasskey
from seawall.storage.database.sessions import SignIn
from seawall.storage.database.slot_database import SlotDatabase
from seawall.storage.database.sources import StoredSource
from seawall.storage.database.stars import RecordStar
from seawall.storage.database.tasks import IncidentTask, TaskDraft
from seawall.storage.database.traits import SimilarIncident
from seawall.storage.database.users import Role, User
from seawall.storage.database.views import View
from seawall.storage.database.work import Transaction

__all__ = [
    "STATUSES",
    "Answer",
    "AuditCheck",
    "AuditRecord",
    "Database",
    "Feedback",
    "FirstImport",
    "HandlingStatus",
    "Identity",
    "IncidentAnnouncement",
    "IncidentComment",
    "IncidentHandling",
    "IncidentMerge",
    "IncidentTask",
    "IngestToken",
    "Invite",
    "Order",
    "OutboxCounts",
    "OutboxMessage",
    "Queue",
    "QueueCursor",
    "QueueEntry",
    "QueueQuery",
    "RecordStar",
    "Role",
    "SearchTerm",
    "SignIn",
    "SimilarIncident",
    "SlotDatabase",
    "SlotLease",
    "StoredSource",
    "TaskDraft",
    "TotpSeed",
    "Transaction",
    "User",
    "UserPasskey",
    "View",
    "WriterLease",
]  # fmt: skip
