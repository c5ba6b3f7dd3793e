"""Say in a few words what an application may do with the permissions that it was given."""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final[tuple[tuple[str, str], ...]] = (
    (r"\bfull_access_as_(?:app|user)\b|\bEWS\.AccessAsUser\.All\b|//mail\.google\.com/", "full access to mail"),
    (r"\bMail\.ReadWrite\b|\bgmail\.modify\b", "reads and changes mail"),
    (r"\bMail\.Read(?:Basic)?\b|\bgmail\.(?:readonly|metadata)\b|\b(?:IMAP|POP)\.AccessAsUser\.All\b", "reads mail"),
    (r"\bMail\.Send\b|\bgmail\.(?:send|compose)\b|\bSMTP\.Send\b", "sends mail"),
    (r"\bMailboxSettings\.ReadWrite\b|\bgmail\.settings\.", "changes mailbox settings"),
    (r"\bFiles\.ReadWrite|\bSites\.(?:ReadWrite|FullControl|Manage)|\bauth/drive(?![.\w])", "reads and changes files"),
    (r"\bFiles\.Read(?!Write)|\bSites\.Read(?!Write)|\bauth/drive\.readonly", "reads files"),
    (r"\bContacts\.Read|\bcontacts(?:\.readonly)?\b", "reads contacts"),
    (r"\bCalendars\.Read|\bcalendar(?:\.readonly)?\b", "reads the calendar"),
    (r"\bDirectory\.ReadWrite|\bUser\.ReadWrite\.All|\bRoleManagement\.ReadWrite", "changes the directory"),
    (r"\boffline_access\b", "stays signed in"),
)  # fmt: skip
_COVERED: Final = {
    "reads mail": ("full access to mail", "reads and changes mail"),
    "reads and changes mail": ("full access to mail",),
    "reads files": ("reads and changes files",),
}
"""Words that are left out if one of the wider ones is told."""
_LONGEST: Final = 20_000


def describe_scopes(text: str) -> str:
    """Return `reads mail, sends mail` for the permissions in a text; "" if none of them concerns mail, files or people."""
    found = [words for pattern, words in _WORDS if re.search(pattern, text[:_LONGEST], re.IGNORECASE)]
    told = [words for words in found if not any(wider in found for wider in _COVERED.get(words, ()))]
    return ", ".join(told)
