"""Name the operations that a story counts instead of telling each: mail sent and deleted, files taken, seen and shared."""

from __future__ import annotations

from typing import Final

SENDS: Final = ("Send", "SendAs", "SendOnBehalf", "gmail.users.messages.send", "gmail.users.drafts.send")
DELETES: Final = (
    "HardDelete", "SoftDelete", "MoveToDeletedItems", "gmail.users.messages.delete", "gmail.users.messages.trash",
    "gmail.users.messages.batchDelete", "gmail.users.threads.trash", "gmail.users.threads.delete",
)  # fmt: skip
DOWNLOADS: Final = ("FileDownloaded", "FileSyncDownloadedFull", "download")
VIEWS: Final = ("FileAccessed", "FilePreviewed", "view", "preview")
SHARES: Final = ("AnonymousLinkCreated", "CompanyLinkCreated", "SecureLinkCreated")
