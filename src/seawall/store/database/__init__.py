"""What Seawall keeps beside the events: incidents, answers, users, the audit trail, and how far it has come."""

from __future__ import annotations

from seawall.store.database.audit import Entry, Head, Verdict
from seawall.store.database.database import Database, Work, Writer
from seawall.store.database.feedback import Answer, Feedback
from seawall.store.database.incidents import Choice, Place
from seawall.store.database.sessions import SignIn
from seawall.store.database.users import Role, User

__all__ = [
    "Answer", "Choice", "Database", "Entry", "Feedback", "Head", "Place", "Role", "SignIn", "User", "Verdict", "Work",
    "Writer",
]  # fmt: skip
