"""An Office 365 Management Activity API of a made-up tenant, as Microsoft documents it, with the sign-in host before it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.collection.serving import Reply, Request, as_json, fault

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "99999999-8888-7777-6666-555555555555"
SECRET = "not-a-real-secret-value"


def sign_in_options(folder: Path, url: str) -> list[str]:
    """Options of a verb that signs in to the served Microsoft with the secret, which lies in a file of the folder."""
    secret = folder / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    return ["--tenant", TENANT, "--client-id", CLIENT, "--secret-file", str(secret), "--base-url", url]


FEED = f"/api/v1.0/{TENANT}/activity/feed"


def micros(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def stamp(time: int) -> str:
    return f"{datetime.fromtimestamp(time / 1e6, UTC):%Y-%m-%dT%H:%M:%S}.{time // 1000 % 1000:03}Z"


def record(number: int, time: int) -> dict[str, object]:
    return {
        "CreationTime": stamp(time)[:19],
        "Id": f"00000000-0000-4000-8000-{number:012}",
        "Operation": "MailItemsAccessed",
        "OrganizationId": TENANT,
        "RecordType": 50,
        "UserKey": "k",
        "UserType": 0,
        "Workload": "Exchange",
        "UserId": f"user{number % 7}@acme.example",
        "ClientIPAddress": "192.0.2.7",
    }


@dataclass
class Blob:
    """Content that is listed from `listed` on, as often as `times` says."""

    id: str
    created: int
    body: bytes
    listed: int = 0
    times: int = 1
    type: str = "Audit.Exchange"


def blob(name: str, created: int, *numbers: int, delay: int = 60_000_000, **more: object) -> Blob:
    body = json.dumps([record(number, created - delay) for number in numbers]).encode()
    return Blob(name, created, body, **more)  # type: ignore[arg-type]


def sign_in_host(request: Request, token: str, elsewhere: str = "") -> Reply:
    """What the host before the APIs answers: its discovery document, and a token for the secret or any certificate."""
    authority = f"https://login.microsoftonline.com/{TENANT}"
    if request.path.endswith("/openid-configuration"):
        return as_json(
            {
                "issuer": f"{authority}/v2.0",
                "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
                "token_endpoint": f"{elsewhere or authority}/oauth2/v2.0/token",
            }
        )
    body = request.body.decode()
    if f"client_secret={SECRET}" not in body and "client_assertion=" not in body:
        wrong = {"error": "invalid_client", "error_codes": [7000215], "error_description": "no"}
        return as_json(wrong, 401)
    return as_json({"token_type": "Bearer", "expires_in": 3599, "access_token": token})


@dataclass
class Management:
    """The API. `now` is the vendor's clock; `page` how many entries a list has; `token` what is taken as access token."""

    now: Callable[[], int]
    blobs: list[Blob] = field(default_factory=list)
    enabled: set[str] = field(default_factory=lambda: {"Audit.Exchange"})
    page: int = 3
    token: str = "token-1"
    base: str = ""
    elsewhere: str = ""
    tokens: int = 0
    states: bool = True
    """Whether a list of subscriptions states that one is enabled: in the documented sample one does not."""

    def answer(self, request: Request) -> Reply:
        if request.path.startswith(f"/{TENANT}/"):
            self.tokens += request.method == "POST"
            return sign_in_host(request, self.token, self.elsewhere)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return fault(401, "AF10000")
        if request.query.get("PublisherIdentifier") != TENANT:
            return fault(400, "AF20001")
        operation = request.path.removeprefix(FEED)
        if operation == "/subscriptions/list":
            return as_json(
                [
                    {"contentType": one, **({"status": "enabled"} if self.states else {}), "webhook": None}
                    for one in self.enabled
                ]
            )
        if operation == "/subscriptions/start":
            return self._start(request.query["contentType"])
        if operation == "/subscriptions/content":
            return self._list(request)
        return self._content(operation.removeprefix("/audit/"))

    def _start(self, name: str) -> Reply:
        if name in self.enabled:
            return fault(400, "AF20024")
        self.enabled.add(name)
        return as_json({"contentType": name, "status": "enabled", "webhook": None})

    def _list(self, request: Request) -> Reply:
        start, end = micros(request.query["startTime"]), micros(request.query["endTime"])
        now = self.now()
        if end - start > 86_400_000_000 or start < now - 7 * 86_400_000_000:
            return fault(400, "AF20030")
        found = [
            one
            for one in self.blobs
            for _ in range(one.times)
            if one.type == request.query["contentType"] and start <= one.created < end and one.listed <= now
        ]
        at = int(request.query.get("nextPage", 0))
        headers = {}
        if at + self.page < len(found):
            query = f"contentType={request.query['contentType']}&startTime={request.query['startTime']}"
            query += f"&endTime={request.query['endTime']}&nextPage={at + self.page}"  # as documented, without who asks
            headers["NextPageUri"] = f"{self.base}{FEED}/subscriptions/content?{query}"
        entries = [
            {
                "contentType": one.type,
                "contentId": one.id,
                "contentUri": f"{self.base}{FEED}/audit/{one.id}",
                "contentCreated": stamp(one.created),
                "contentExpiration": stamp(one.created + 7 * 86_400_000_000),
            }
            for one in found[at : at + self.page]
        ]
        return Reply(200, json.dumps(entries).encode(), headers)

    def _content(self, name: str) -> Reply:
        for one in self.blobs:
            if one.id == name:
                return Reply(200, one.body)
        return fault(404, "AF20050")
