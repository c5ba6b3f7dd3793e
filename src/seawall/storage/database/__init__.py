"""What Seawall keeps beside the events: incidents, answers, users, the audit trail, and how far it has come."""

from __future__ import annotations

from seawall.storage.database.audit import Entry, Verdict
from seawall.storage.database.codes import IngestToken, Invite
from seawall.storage.database.database import Database, Writer
from seawall.storage.database.feedback import Answer, Feedback
from seawall.storage.database.first_imports import FirstImport
from seawall.storage.database.incident_queue import Choice, Listed, Order, Place, Queue, Term
from seawall.storage.database.naming import Announcement
from seawall.storage.database.outbox import Message, Waiting
from seawall.storage.database.second_factors import Identity, Passkey, Totp
from seawall.storage.database.sessions import SignIn
from seawall.storage.database.sources import Source
from seawall.storage.database.users import Role, User
from seawall.storage.database.views import View
from seawall.storage.database.work import Work

__all__ = [
    "Announcement", "Answer", "Choice", "Database", "Entry", "Feedback", "FirstImport", "Identity",
    "IngestToken", "Invite", "Listed", "Message", "Order", "Passkey", "Place", "Queue", "Role", "SignIn",
    "Source", "Term", "Totp", "User", "Verdict", "View", "Waiting", "Work", "Writer",
]  # fmt: skip
