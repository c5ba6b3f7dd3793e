"""Imitate sign-ins and directory audits of Microsoft Graph. Each page repeats some records of the page before."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.collection.graph import Graph
from tests.collection.management import TENANT, stamp
from tests.collection.serving import fault

from collect_vendors.m365 import settings as secret_settings
from collect_vendors.timeline import Timeline
from collect_vendors.vendor import Vendor, page_of
from seawall.collection.vendors.entra import FEEDS
from seawall.collection.windows import DAY, HOUR, MINUTE

MARK = b'"id":"00000000-0000-4000-8000-'


class Logs(Graph):
    """Records that are made on request."""

    def __init__(self, now: Callable[[], int], records: int, _: Path) -> None:
        super().__init__(now, page=page_of(records), overlap=page_of(records) // 50 + 1)
        self.kinds = tuple(feed.rpartition("/")[2] for feed in FEEDS)
        self.timeline = Timeline(records, self.kinds)

    def found(self, kind: str, first: int, last: int) -> Any:
        return self.timeline.found(kind, first, last, self.now())

    def texts(self, found: Sequence[Any]) -> list[bytes]:
        return [self.line(int(number)) for number in found]

    def line(self, number: int) -> bytes:
        kind = self.kinds[number % len(self.kinds)]
        digits, time = f"{number:012}", f"{stamp(int(self.timeline.time[number]))[:-1]}4567Z"
        filler = hashlib.sha256(digits.encode()).hexdigest()
        if kind == "directoryAudits":
            return (
                f'{{"id":"00000000-0000-4000-8000-{digits}","category":"UserManagement","correlationId":"{filler[:36]}",'
                f'"result":"success","activityDisplayName":"Update user","activityDateTime":"{time}",'
                f'"loggedByService":"Core Directory","operationType":"Update","initiatedBy":{{"user":{{"id":"{filler[:36]}",'
                f'"userPrincipalName":"user{number % 5000}@acme.example","ipAddress":"192.0.2.{number % 250}"}}}},'
                f'"targetResources":[{{"id":"{filler[36:]}","type":"User","modifiedProperties":[{{"displayName":"x",'
                f'"oldValue":"{filler}","newValue":"{filler}"}}]}}],"additionalDetails":[]}}'
            ).encode()
        return (
            f'{{"id":"00000000-0000-4000-8000-{digits}","createdDateTime":"{time}","userPrincipalName":'
            f'"user{number % 5000}@acme.example","userId":"{filler[:36]}","appId":"{filler[:8]}-0000-0000-0000-000000000000",'
            f'"appDisplayName":"Office 365 Exchange Online","resourceDisplayName":"Office 365 Exchange Online",'
            f'"ipAddress":"192.0.2.{number % 250}","clientAppUsed":"Browser","correlationId":"{filler[16:52]}",'
            f'"isInteractive":{"true" if kind == "interactiveUser" else "false"},"signInEventTypes":["{kind}"],'
            f'"sessionId":"{filler[28:]}","uniqueTokenIdentifier":"{filler}","conditionalAccessStatus":"success",'
            f'"status":{{"errorCode":0,"failureReason":"Other.","additionalDetails":null}},"deviceDetail":{{"deviceId":"",'
            f'"operatingSystem":"Windows10","browser":"Edge 131.0.0"}},"location":{{"city":"Bern","state":"Bern",'
            f'"countryOrRegion":"CH"}},"authenticationDetails":[]}}'
        ).encode()


VENDOR = Vendor(
    "entra",
    TENANT,
    Logs,
    lambda folder: {**secret_settings(folder), "days": 5},
    lambda text: int(text[text.index(MARK) + len(MARK) :][:12]),
    {"429": lambda _: fault(429, "TooManyRequests", Retry_After="2")},
    lambda request: request.path.startswith(f"/{TENANT}/"),
    lambda request: "$skiptoken" in request.query,
    (0, 2 * MINUTE, HOUR + MINUTE, 7 * HOUR, 26 * HOUR, 50 * HOUR, 84 * HOUR, 7 * DAY),
)
