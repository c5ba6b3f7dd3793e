"""What Seawall keeps beside the events: incidents, answers, users, the audit trail, and how far it has come."""

from __future__ import annotations

from seawall.store.database.audit import Entry, Head, Verdict
from seawall.store.database.codes import IngestToken, Invite
from seawall.store.database.database import Database, Writer
from seawall.store.database.feedback import Answer, Feedback
from seawall.store.database.first_imports import FirstImport
from seawall.store.database.incident_queue import Choice, Listed, Order, Place, Queue, Term
from seawall.store.database.naming import Announcement
from seawall.store.database.outbox import Message, Waiting
from seawall.store.database.second_factors import Identity, Passkey, Totp
from seawall.store.database.sessions import SignIn
from seawall.store.database.sources import Source
from seawall.store.database.users import Role, User
from seawall.store.database.views import View
from seawall.store.database.work import Work

__all__ = [
    "Announcement", "Answer", "Choice", "Database", "Entry", "Feedback", "FirstImport", "Head", "Identity",
    "IngestToken", "Invite", "Listed", "Message", "Order", "Passkey", "Place", "Queue", "Role", "SignIn",
    "Source", "Term", "Totp", "User", "Verdict", "View", "Waiting", "Work", "Writer",
]  # fmt: skip
