"""The Reports API of a made-up Google customer, as Google documents it, with the token host before it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import jwt

from tests.collection.management import stamp
from tests.collection.serving import Reply, Request, as_json, fault

CUSTOMER = "C01234567"
SCOPE = "https://www.googleapis.com/auth/admin.reports.audit.readonly"


def activity(number: int, time: int, application: str = "login", **more: Any) -> dict[str, Any]:
    return {
        "kind": "admin#reports#activity",
        "id": {
            "time": stamp(time),
            "uniqueQualifier": str(-(10**18) + number),
            "applicationName": application,
            "customerId": CUSTOMER,
        },
        "etag": f'"{number}"',
        "actor": {"email": f"user{number % 5}@acme.example"},
        "events": [{"type": "login", "name": "login_success"}],
        **more,
    }


@dataclass
class Reports:
    """The API; both ends of a span are left out, which its documentation neither says nor excludes.

    `page` is how many records an answer has, and `overlap` how many of them the next one has again.
    """

    now: Callable[[], int]
    items: list[tuple[int, int, dict[str, Any]]] = field(default_factory=list)
    page: int = 4
    token: str = "token-1"
    key: Any = None
    asked: int = 0
    overlap: int = 0

    def answer(self, request: Request) -> Reply:
        if request.path == "/token":
            return self._token(request)
        self.asked += 1
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return fault(401, "authError")
        if request.query["customerId"] != CUSTOMER or request.query["maxResults"] != "1000":
            return fault(400, "invalid")
        application = request.path.rsplit("/", 1)[1]
        first, last = (
            int(datetime.fromisoformat(request.query[name]).timestamp() * 1_000_000)
            for name in ("startTime", "endTime")
        )
        if first >= last or first >= self.now():
            return fault(400, "invalid")
        found = self.found(application, first, last)
        at = int(request.query.get("pageToken", "p0")[1:])
        until = at + self.page
        body = b'{"kind": "admin#reports#activities"'
        if len(found):
            body += b', "items": [' + b",".join(self.texts(found[at:until])) + b"]"
        if until < len(found):
            body += f', "nextPageToken": "p{until - self.overlap}"'.encode()
        return Reply(200, body + b"}")

    def found(self, application: str, first: int, last: int) -> Sequence[Any]:
        """What there is of an application between two times, neither included."""
        now = self.now()
        return [
            record
            for time, listed, record in self.items
            if record["id"]["applicationName"] == application and first < time < last and listed <= now
        ]

    def texts(self, found: Sequence[Any]) -> list[bytes]:
        """Records as they are sent. An etag belongs to an answer and not to an activity: it may be another each time."""
        return [json.dumps({**record, "etag": f'"{self.asked}"'}).encode() for record in found]

    def _token(self, request: Request) -> Reply:
        assertion = dict(pair.split("=") for pair in request.body.decode().split("&"))["assertion"]
        claims = jwt.decode(
            assertion, self.key, algorithms=["RS256"], audience="https://oauth2.googleapis.com/token"
        )
        if (claims["sub"], claims["scope"]) != ("audit@acme.example", SCOPE):
            return as_json({"error": "unauthorized_client", "error_description": "no"}, 401)
        return as_json({"access_token": self.token, "expires_in": 3599, "token_type": "Bearer"})
