"""A month of one organisation's Microsoft Graph activity alone, with a mailbox read by a script from a Tor exit."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from seawall.pipeline.scan import ScanResult, scan
from tests.events.support import ORGANISATION

START = datetime(2026, 2, 2, tzinfo=UTC)  # a Monday
PEOPLE, DAYS = 10, 28
ROBBED = 4
OFFICE = "80.150.10.4"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36"
USES = (
    ("27922004-5251-4030-b22d-91ecd9a37ea4", "Outlook-iOS/2.0", (
        "GET /me/messages?$top=25", "GET /me/messages/{item}", "GET /me/mailFolders", "PATCH /me/messages/{item}",
        "GET /me/mailFolders/inbox/messages/delta?$deltatoken={item}", "GET /me/calendarView",
    )),
    ("1fec8e78-bce4-4aaf-ab1b-5451cc387264", f"{CHROME} Teams/24", (
        "GET /me", "GET /me/joinedTeams", "GET /me/presence", "GET /users/{person}/photo/$value",
    )),
    ("9199bf20-a13f-4107-85dc-02114787ef48", CHROME, (
        "GET /me/messages/{item}", 'GET /me/messages?$search="report"', "POST /me/sendMail",
        "GET /me/mailFolders/inbox/messages?$top=50", "GET /me/messages/{item}/attachments",
    )),
)  # fmt: skip
"""Applications of everybody: id, user agent, requests."""
SCRIPT = ("04b07795-8ddb-461a-bbee-02f9e1bf7b46", "python-requests/2.32.3")


def guid(number: int) -> str:
    return f"{number:08x}-6f00-4000-8000-{number:012x}"


def record(
    time: datetime, person: int, application: tuple[str, str], address: str, **more: Any
) -> dict[str, Any]:
    """A row of MicrosoftGraphActivityLogs."""
    return {
        "TimeGenerated": f"{time:%Y-%m-%dT%H:%M:%S.%f}0Z", "RequestMethod": "GET", "ResponseStatusCode": 200,
        "AadTenantId": ORGANISATION,
        "IPAddress": address, "AppId": application[0], "UserAgent": application[1], "UserId": guid(person),
        "TokenIssuedAt": f"{time:%Y-%m-%d}T06:00:00Z", "Scopes": "Mail.ReadWrite User.Read",
        "Type": "MicrosoftGraphActivityLogs", **more,
    }  # fmt: skip


def ordinary_use() -> Iterator[dict[str, Any]]:
    """Everybody uses a few applications from home and the office."""
    dice = random.Random(7)
    for day in (START + timedelta(days=number) for number in range(DAYS)):
        for person in range(PEOPLE):
            for place, (app, agent, requests) in enumerate(USES):
                if (day.weekday() >= 5 and (place or dice.random() < 0.7)) or dice.random() < 0.15:
                    continue
                address = OFFICE if place == 1 or dice.random() < 0.6 else f"91.{20 + person}.7.9"
                session = guid(1_000 + 10 * person + place + 1_000 * (day.day // 7))
                for _ in range(dice.randrange(4, 20)):
                    method, path = dice.choice(requests).split(" ", 1)
                    path = path.replace("{item}", f"AAMk{dice.randrange(10**12)}=")
                    path = path.replace("{person}", guid(dice.randrange(PEOPLE)))
                    time = day + timedelta(hours=7, minutes=dice.random() * 600)
                    uri = f"https://graph.microsoft.com/v1.0{path}"
                    yield record(
                        time, person, (app, agent), address, RequestMethod=method, RequestUri=uri, SessionId=session,
                        SignInActivityId=f"token{person}{place}{day:%d}",
                    )  # fmt: skip


def theft(path: str, count: int, application: tuple[str, str] = SCRIPT) -> Iterator[dict[str, Any]]:
    """A script reads a mailbox at night from a Tor exit."""
    start = START + timedelta(days=DAYS - 2, hours=3)
    for number in range(count):
        uri = f"https://graph.microsoft.com/v1.0{path.format(number)}"
        yield record(
            start + timedelta(seconds=7 * number), ROBBED, application, "185.220.101.4", RequestUri=uri, SessionId=guid(999),
            SignInActivityId="stolen",
        )  # fmt: skip


def sign_ins(requests: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The sign-ins that issued the tokens of requests, as Graph gives them out, with the users' names."""
    for request in {one["SignInActivityId"]: one for one in requests}.values():
        yield {
            "id": f"sign-in-{request['SignInActivityId']}", "createdDateTime": request["TokenIssuedAt"],
            "status": {"errorCode": 0},
            "userPrincipalName": f"user{request['UserId'][:8]}@contoso.example", "userId": request["UserId"],
            "appId": request["AppId"], "ipAddress": request["IPAddress"], "userAgent": request["UserAgent"],
            "sessionId": request["SessionId"], "uniqueTokenIdentifier": request["SignInActivityId"],
            "resourceTenantId": ORGANISATION, "isInteractive": False, "clientAppUsed": "Mobile Apps and Desktop clients",
        }  # fmt: skip


def find_incidents(folder: Path, stolen: Iterator[dict[str, Any]]) -> ScanResult:
    path = folder / "requests.jsonl"
    records = [*ordinary_use(), *stolen]
    lines = (json.dumps({**one, "RequestId": f"6a00-{number}"}) for number, one in enumerate(records))
    path.write_text("\n".join(lines))
    return scan(path)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ScanResult:
    return find_incidents(tmp_path_factory.mktemp("graph"), theft("/me/messages/AAMk{}=", 160))


def test_every_request_is_an_event(result: ScanResult) -> None:
    assert result.summary["records"] == result.summary["events"] > 4_000
    assert (result.summary["accounts"], result.summary["tenants"], result.summary["unrecognised"]) == (
        PEOPLE,
        1,
        0,
    )


def test_the_robbed_mailbox_is_the_first_incident(result: ScanResult) -> None:
    first, *others = result.incidents
    assert (first.account, first.raised) == (guid(ROBBED), True)
    assert first.severity in ("high", "critical")
    assert first.score > max(other.score for other in others) + 3
    assert first.mailboxes == (guid(ROBBED),)
    said = " ".join(reason.text for reason in first.reasons)
    assert "160 messages read" in said
    assert "04b07795-8ddb-461a-bbee-02f9e1bf7b46" in said
    assert "185.220.101.0/24" in said


def test_coverage_says_what_the_log_does_not_show(result: ScanResult) -> None:
    notes = {note.source: note.text for note in result.coverage if note.code == "no-source"}
    assert notes["mail_access"].startswith("Mail access is known from Microsoft Graph activity alone")
    assert "no sign-in records" in notes["sign_in"]


def test_lists_of_messages_are_enough(tmp_path: Path) -> None:
    found = find_incidents(tmp_path, theft("/me/messages?$top=1000&$skip={}000", 160))
    assert (found.incidents[0].account, found.incidents[0].raised) == (guid(ROBBED), True)
    assert found.incidents[0].severity in ("high", "critical")


def test_ordinary_use_raises_nothing_of_weight(tmp_path: Path) -> None:
    found = find_incidents(tmp_path, iter(()))
    assert {one.severity for one in found.incidents if one.raised} <= {"low"}


def test_a_token_that_no_sign_in_issued_is_evidence(tmp_path: Path) -> None:
    requests = list(ordinary_use())
    (tmp_path / "sign-ins.jsonl").write_text("\n".join(map(json.dumps, sign_ins(requests))))
    path = tmp_path / "requests.jsonl"
    records = [*requests, *theft("/me/messages/AAMk{}=", 20, (USES[2][0], CHROME))]
    lines = (json.dumps({**one, "RequestId": f"6a00-{number}"}) for number, one in enumerate(records))
    path.write_text("\n".join(lines))
    found = scan(tmp_path)
    first = found.incidents[0]
    assert (found.summary["accounts"], found.summary["object_ids_joined"]) == (PEOPLE, PEOPLE)
    assert (first.account, first.raised) == ("user00000004@contoso.example", True)
    (birth,) = [reason for reason in first.reasons if reason.aspect == "birth"]
    assert birth.text.startswith("no sign-in that could have issued this session")
    assert birth.weight > 1
    assert not any(reason.aspect == "mailbox" and not reason.silent for reason in first.reasons)
