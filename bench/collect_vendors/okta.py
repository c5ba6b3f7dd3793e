"""Imitate Okta's System Log with tokens bound to the collector's key.

Events appear days after their publication. The page after a full one repeats some of its events.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.collection.management import stamp
from tests.collection.serving import Reply, as_json
from tests.collection.system_log import Organisation, SystemLog

from collect_vendors.timeline import LATE, LATEST, happened
from collect_vendors.vendor import Vendor, page_of
from seawall.collection.windows import HOUR, MINUTE

MARK = b'"uuid":"00000000-0000-11ef-8000-'
DOMAIN = "acme.okta.com"


class Events(SystemLog):
    """Events that are made on request."""

    def __init__(self, now: Callable[[], int], records: int) -> None:
        super().__init__(now, page=page_of(records), overlap=page_of(records) // 50 + 1)
        chance = np.random.default_rng(7)
        self.kept = happened(records)
        self.published = self.kept - (chance.random(records) < LATE) * chance.integers(HOUR, LATEST, records)

    def count(self) -> int:
        return int(np.searchsorted(self.kept, self.now(), side="right"))

    def first(self, since: int) -> int:
        return int(np.searchsorted(self.kept, since))

    def texts(self, first: int, last: int) -> list[bytes]:
        return [self.line(number) for number in range(first, last)]

    def line(self, number: int) -> bytes:
        """Return an event of about 1,000 bytes."""
        filler = hashlib.sha256(str(number).encode()).hexdigest()
        return (
            f'{{"actor":{{"id":"00u{filler[:17]}","type":"User","alternateId":"user{number % 5000}@acme.example",'
            f'"displayName":"User {number % 5000}","detailEntry":null}},"client":{{"userAgent":{{"rawUserAgent":'
            f'"Mozilla/5.0 (Windows NT 10.0; Win64; x64)","os":"Windows 10","browser":"CHROME"}},"zone":"null",'
            f'"device":"Computer","id":null,"ipAddress":"192.0.2.{number % 250}","geographicalContext":{{"city":"Bern",'
            f'"country":"Switzerland"}}}},"authenticationContext":{{"externalSessionId":"{filler}","authenticationStep":0}},'
            f'"displayMessage":"User login to Okta","eventType":"user.session.start","outcome":{{"result":"SUCCESS",'
            f'"reason":null}},"published":"{stamp(int(self.published[number]))}","severity":"INFO","debugContext":'
            f'{{"debugData":{{"requestId":"{filler[:27]}","dtHash":"{filler}","requestUri":"/idp/idx/identify"}}}},'
            f'"legacyEventType":"core.user_auth.login_success","transaction":{{"type":"WEB","id":"{filler[:27]}",'
            f'"detail":{{}}}},"uuid":"00000000-0000-11ef-8000-{number:012}","version":"0","target":null}}'
        ).encode()


class Bound(Organisation):
    """An organisation that accepts no token without a DPoP proof."""

    def __init__(self, now: Callable[[], int], records: int, folder: Path) -> None:
        key: Any = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
        self.events = Events(now, records)
        super().__init__(self.events, key.public_key(), "RS256", dpop=True, now=now)

    @property
    def base(self) -> str:
        """URL of the organisation."""
        return self.log.base

    @base.setter
    def base(self, url: str) -> None:
        self.log.base = url

    def line(self, number: int) -> bytes:
        return self.events.line(number)


def settings(folder: Path) -> Mapping[str, Any]:
    """Return the collector's settings, and write a key made for this run."""
    path = folder / "key.pem"
    if not path.exists():
        private = rsa.generate_private_key(65537, 2048)
        path.write_bytes(
            private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        path.chmod(0o600)
    return {"domain": DOMAIN, "client_id": "0oaclient", "key_file": path, "key_id": "kid-1", "days": 5}


def _throttle(now: int) -> Reply:
    reset = str(now // 1_000_000 + 20)
    return as_json({"errorCode": "E0000047"}, 429, X_Rate_Limit_Remaining="0", X_Rate_Limit_Reset=reset)


VENDOR = Vendor(
    "okta",
    DOMAIN,
    Bound,
    settings,
    lambda text: int(text[text.index(MARK) + len(MARK) :][:12]),
    {"window": _throttle},
    lambda request: request.path == "/oauth2/v1/token",
    lambda request: "after" in request.query,
    (0, 2 * MINUTE, HOUR + MINUTE, 7 * HOUR, 26 * HOUR, 50 * HOUR, 84 * HOUR),
    forgets=1 / 1500,
    standing=1,
)
