"""Imitate the Office 365 Management Activity API.

Some content is listed two or three times, some appears hours or days late in spans already queried, and some repeats
records of other content.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.collection.management import CLIENT, SECRET, TENANT, Blob, Management, stamp
from tests.collection.serving import Reply, fault

from collect_vendors.vendor import BEGIN, Vendor, page_of
from seawall.collection.vendors.m365 import CONTENT_TYPES
from seawall.collection.windows import DAY, HOUR, MINUTE

PER_BLOB = 100
WORDS = ("MailItemsAccessed", "Send", "UserLoggedIn", "FileAccessed", "Update", "New-InboxRule")
MARK = b'"Id":"00000000-0000-4000-8000-'


def line(number: int, created: int) -> bytes:
    """Return a record of about 1,000 bytes, derived from its number."""
    digits = f"{number:012}"
    filler = hashlib.sha256(digits.encode()).hexdigest()
    return (
        f'{{"CreationTime":"{stamp(created - number % 3600 * 1_000_000)[:19]}","Id":"00000000-0000-4000-8000-{digits}",'
        f'"Operation":"{WORDS[number % 6]}","OrganizationId":"{TENANT}","RecordType":50,"ResultStatus":"Succeeded",'
        f'"UserKey":"{filler[:16]}","UserType":0,"Version":1,"Workload":"Exchange","ClientIP":"192.0.2.{number % 250}",'
        f'"UserId":"user{number % 5000}@acme.example","AppId":"{filler[:8]}-0000-0000-0000-000000000000",'
        f'"ClientInfoString":"Client=OWA;Action=ViaProxy;{filler}","SessionId":"{filler[16:52]}",'
        f'"OperationProperties":[{{"Name":"MailAccessType","Value":"Bind"}},{{"Name":"IsThrottled","Value":"False"}}],'
        f'"Folders":[{{"FolderItems":[{{"InternetMessageId":"<{filler}@acme.example>","SizeInBytes":{number % 90_000}}}],'
        f'"Id":"{filler}{filler}","Path":"\\\\Inbox"}}],"OriginatingServer":"XX0PR00MB{number % 10_000:04} (15.20.4200.000)"}}'
    ).encode()


class Content(Management):
    """Content that is made on request."""

    def __init__(self, now: Callable[[], int], records: int, _: Path) -> None:
        chance = random.Random(7)
        count = records // PER_BLOB
        self.first: dict[str, int] = {}
        blobs = []
        for number in range(count):
            created = BEGIN - 5 * DAY + number * (5 * DAY - MINUTE) // count
            name = f"{number:08}$audit"
            late = 0
            if chance.random() < 0.03:
                created = BEGIN - chance.randrange(3 * DAY)
                late = BEGIN + chance.randrange(created + 3 * DAY - BEGIN)
            blob = Blob(name, created, b"", late, 1, CONTENT_TYPES[number % 4])
            blob.times = chance.choice((2, 3)) if chance.random() < 0.05 else 1
            self.first[name] = number * PER_BLOB
            blobs.append(blob)
        self.created = {self.first[blob.id] // PER_BLOB: blob.created for blob in blobs}
        # records that were in other content before
        for number in range(0, count, 50):
            again = blobs[number]
            name = f"{number:08}$again"
            self.first[name] = number * PER_BLOB
            blobs.append(Blob(name, again.created, b"", again.listed, 1, again.type))
        super().__init__(now, blobs, set(CONTENT_TYPES), page_of(records, 200))
        self.known = {blob.id: blob for blob in blobs}

    def line(self, number: int) -> bytes:
        return line(number, self.created[number // PER_BLOB])

    def body(self, name: str) -> bytes:
        first, created = self.first[name], self.known[name].created
        return b"[" + b",".join(line(first + n, created) for n in range(PER_BLOB)) + b"]"

    def _content(self, name: str) -> Reply:
        return Reply(200, self.body(name)) if name in self.known else fault(404, "AF20050")


def settings(folder: Path) -> Mapping[str, Any]:
    """Return the collector's settings, and write its secret."""
    secret = folder / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    return {"tenant": TENANT, "client_id": CLIENT, "secret_file": secret}


VENDOR = Vendor(
    "m365",
    TENANT,
    Content,
    settings,
    lambda text: int(text[text.index(MARK) + len(MARK) :][:12]),
    {"429": lambda _: fault(429, "AF429", Retry_After="2"), "AF429": lambda _: fault(403, "AF429")},
    lambda request: request.path.startswith(f"/{TENANT}/"),
    lambda request: "nextPage" in request.query,
    (0, 2 * MINUTE, HOUR + MINUTE, 7 * HOUR, 26 * HOUR, 50 * HOUR, 84 * HOUR),
    threads=8,
)
