"""Sign-ins and directory audits of a made-up tenant in Microsoft Graph, as Microsoft documents it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tests.collect.management import stamp
from tests.collect.serving import Reply, Request, fault


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
    now: Callable[[], int]
    entries: list[Entry] = field(default_factory=list)
    page: int = 3
    token: str = "token-1"
    base: str = ""
    keeps: int = 30 * 86_400_000_000

    def answer(self, request: Request) -> Reply:
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
        now = self.now()
        found = [
            one.record
            for one in sorted(self.entries, key=lambda one: -one.time)
            if one.kind == kind
            and first <= one.time <= last
            and one.listed <= now
            and one.time > now - self.keeps
        ]
        at = int(request.query.get("$skiptoken", 0))
        answer: dict[str, Any] = {"@odata.context": "x", "value": found[at : at + self.page]}
        if at + self.page < len(found):
            answer["@odata.nextLink"] = (
                f"{self.base}{request.path}?$filter={quote(condition)}&$skiptoken={at + self.page}"
            )
        return Reply(200, json.dumps(answer, indent=1).encode())
