"""Sign-ins and directory audits of a made-up tenant in Microsoft Graph, as Microsoft documents it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tests.collection.management import TENANT, sign_in_host, stamp
from tests.collection.serving import Reply, Request, fault


@dataclass
class Entry:
    """A record that can be had from `listed` on."""

    time: int
    record: dict[str, Any]
    kind: str = "interactiveUser"
    listed: int = 0


def sign_in(number: int, time: int, code: int = 0, **more: Any) -> Entry:
    record = {
        "id": f"sign-in-{number}",
        "createdDateTime": stamp(time)[:-1] + "4567Z",
        "userPrincipalName": f"user{number % 5}@acme.example",
        "appId": "de8bc8b5-d9f9-48b1-a8ad-b748da725064",
        "appDisplayName": "Office 365 Exchange Online",
        "resourceDisplayName": "Office 365 Exchange Online",
        "clientAppUsed": "Browser",
        "correlationId": f"correlation-{number}",
        "isInteractive": True,
        "ipAddress": "192.0.2.7",
        "status": {"errorCode": code},
    }
    return Entry(time, record, **more)


def audit(number: int, time: int) -> Entry:
    record = {"id": f"audit-{number}", "activityDateTime": stamp(time), "activityDisplayName": "Add user"}
    return Entry(time, record, "directoryAudits")


@dataclass
class Graph:
    """The API. `page` is how many records an answer has, and `overlap` how many of them the next one has again."""

    now: Callable[[], int]
    entries: list[Entry] = field(default_factory=list)
    page: int = 3
    token: str = "token-1"
    base: str = ""
    keeps: int = 30 * 86_400_000_000
    overlap: int = 0

    def answer(self, request: Request) -> Reply:
        if request.path.startswith(f"/{TENANT}/"):
            return sign_in_host(request, self.token)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return fault(401, "InvalidAuthenticationToken")
        condition = request.query["$filter"]
        if request.path == "/v1.0/auditLogs/directoryAudits":
            kind, name = "directoryAudits", "activityDateTime"
        elif request.path == "/beta/auditLogs/signIns":
            kind, name = (
                re.findall(r"signInEventTypes/any\(t: t eq '(\w+)'\)", condition)[0],
                "createdDateTime",
            )
        else:
            return fault(404, "ResourceNotFound")
        start, end = re.findall(rf"{name} ge (\S+) and {name} le (\S+)", condition)[0]
        first, last = (int(datetime.fromisoformat(text).timestamp() * 1_000_000) for text in (start, end))
        found = self.found(kind, first, last)
        at = int(request.query.get("$skiptoken", 0))
        until = at + self.page
        body = b'{"@odata.context": "x", "value": [' + b",\n".join(self.texts(found[at:until])) + b"]"
        if until < len(found):
            link = f"{self.base}{request.path}?$filter={quote(condition)}&$skiptoken={until - self.overlap}"
            body += f', "@odata.nextLink": "{link}"'.encode()
        return Reply(200, body + b"}")

    def found(self, kind: str, first: int, last: int) -> Sequence[Any]:
        """What there is of a kind between two times, both included, the newest first."""
        now = self.now()
        return [
            one
            for one in sorted(self.entries, key=lambda one: -one.time)
            if one.kind == kind
            and first <= one.time <= last
            and one.listed <= now
            and one.time > now - self.keeps
        ]

    def texts(self, found: Sequence[Any]) -> list[bytes]:
        """Records as they are sent."""
        return [json.dumps(one.record, indent=1).encode() for one in found]
