"""Imitate the Reports API of Google Workspace. Etags differ each time; pages repeat some activities of the page before."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.collection.management import stamp
from tests.collection.reports import CUSTOMER, Reports
from tests.collection.serving import Reply, fault

from collect_vendors.timeline import Timeline
from collect_vendors.vendor import Vendor, page_of
from seawall.collection.vendors.google import APPLICATIONS
from seawall.collection.windows import DAY, HOUR, MINUTE

MARK = b'"uniqueQualifier":"7'
_ETAG = re.compile(rb'"etag":"[^"]*"')


class Activities(Reports):
    """Activities that are made on request."""

    def __init__(self, now: Callable[[], int], records: int, folder: Path) -> None:
        pem = json.loads((folder / "key.json").read_text())["private_key"].encode()
        key = serialization.load_pem_private_key(pem, None).public_key()
        super().__init__(now, page=page_of(records), overlap=page_of(records) // 50 + 1, key=key)
        self.base = ""
        self.timeline = Timeline(records, APPLICATIONS)

    def found(self, application: str, first: int, last: int) -> Any:
        return self.timeline.found(application, first + 1, last - 1, self.now())

    def texts(self, found: Sequence[Any]) -> list[bytes]:
        return [self.line(int(number)) for number in found]

    def line(self, number: int) -> bytes:
        application = APPLICATIONS[number % len(APPLICATIONS)]
        filler = hashlib.sha256(str(number).encode()).hexdigest()
        return (
            f'{{"kind":"admin#reports#activity","id":{{"time":"{stamp(int(self.timeline.time[number]))}",'
            f'"uniqueQualifier":"7{number:012}","applicationName":"{application}","customerId":"{CUSTOMER}"}},'
            f'"etag":"{self.asked}","actor":{{"email":"user{number % 5000}@acme.example","profileId":"{number % 5000:021}"}},'
            f'"ipAddress":"192.0.2.{number % 250}","events":[{{"type":"auth","name":"activity","parameters":['
            f'{{"name":"client_id","value":"{filler}.apps.googleusercontent.com"}},{{"name":"app_name","value":"{filler}"}},'
            f'{{"name":"method_name","value":"gmail.users.messages.get"}},{{"name":"num_response_bytes",'
            f'"intValue":"{number % 90_000}"}},{{"name":"scope","multiValue":["https://www.googleapis.com/auth/{filler}"]}},'
            f'{{"name":"product_bucket","value":"GMAIL"}}]}}]}}'
        ).encode()


def settings(folder: Path) -> Mapping[str, Any]:
    """Return the collector's settings, and write a key made for this run."""
    path = folder / "key.json"
    if not path.exists():
        private = rsa.generate_private_key(65537, 2048)
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        stated = {
            "type": "service_account",
            "client_email": "seawall@project.iam.gserviceaccount.com",
            "private_key_id": "abc",
            "private_key": pem.decode(),
            "token_uri": "https://oauth2.googleapis.com/token",
        }
        path.write_text(json.dumps(stated))
        path.chmod(0o600)
    return {"customer": CUSTOMER, "administrator": "audit@acme.example", "key_file": path, "days": 5}


def _throttle(reason: str) -> Callable[[int], Reply]:
    body = json.dumps({"error": {"code": 403, "errors": [{"domain": "usageLimits", "reason": reason}]}})
    return lambda _: Reply(403, body.encode())


VENDOR = Vendor(
    "google",
    CUSTOMER,
    Activities,
    settings,
    lambda text: int(text[text.index(MARK) + len(MARK) :][:12]),
    {
        "rateLimitExceeded": _throttle("rateLimitExceeded"),
        "userRateLimitExceeded": _throttle("userRateLimitExceeded"),
        "429": lambda _: fault(429, "rateLimitExceeded"),
    },
    lambda request: request.path == "/token",
    lambda request: "pageToken" in request.query,
    (0, 2 * MINUTE, HOUR + MINUTE, 7 * HOUR, 26 * HOUR, 50 * HOUR, 84 * HOUR, 8 * DAY),
    plain=lambda text: _ETAG.sub(b'"etag":""', text),
)
