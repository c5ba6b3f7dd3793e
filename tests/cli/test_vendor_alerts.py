"""A takeover of which Microsoft knows too: the alert is told, weighed, and the account of nobody else changes."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from seawall.pipeline.scan import scan
from tests.cli.conftest import Run
from tests.events.support import ORGANISATION, write_lines

START = datetime(2026, 2, 2, 8, tzinfo=UTC)  # a Monday
PEOPLE = [f"p{number:02}@contoso.example" for number in range(14)]
VICTIM, OTHER = PEOPLE[3], PEOPLE[7]
FAR = "185.220.101.45"
THEFT = START + timedelta(days=22, hours=2)


def sign_in(number: int, who: str, at: datetime, ip: str, **changes: Any) -> dict[str, Any]:
    """A sign-in as Graph's beta hands it out."""
    return {
        "id": f"5b1d0000-0000-4000-8000-{number:012}",
        "createdDateTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "userPrincipalName": who,
        "userId": f"5b1d0000-0000-4000-9000-{PEOPLE.index(who):012}",
        "appId": "9199bf20-a13f-4107-85dc-02114787ef48",
        "appDisplayName": "One Outlook Web",
        "ipAddress": ip,
        "clientAppUsed": "Browser",
        "conditionalAccessStatus": "success",
        "isInteractive": True,
        "resourceDisplayName": "Office 365 Exchange Online",
        "resourceTenantId": ORGANISATION,
        "status": {"errorCode": 0},
        "deviceDetail": {
            "deviceId": "",
            "operatingSystem": "Windows10",
            "isManaged": True,
            "isCompliant": True,
        },
        "userAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/129.0 Safari/537.36",
        "authenticationRequirement": "multiFactorAuthentication",
        "authenticationDetails": [{"authenticationMethod": "Mobile app notification", "succeeded": True}],
        "incomingTokenType": "none",
        "uniqueTokenIdentifier": f"t{number}",
        "sessionId": f"s{number}",
        **changes,
    }


def detection(uid: str, who: str, at: datetime, **changes: Any) -> dict[str, Any]:
    """A risk detection as Graph hands it out."""
    return {
        "id": uid,
        "requestId": None,
        "riskEventType": "anonymizedIPAddress",
        "riskState": "atRisk",
        "riskLevel": "medium",
        "riskDetail": "none",
        "activityDateTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "detectedDateTime": f"{at + timedelta(minutes=9):%Y-%m-%dT%H:%M:%SZ}",
        "ipAddress": FAR,
        "userId": f"5b1d0000-0000-4000-9000-{PEOPLE.index(who):012}",
        "userPrincipalName": who,
        **changes,
    }


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three weeks of sign-ins, and one from far away with a token that is not bound to a device."""
    chance, records = random.Random(7), list[dict[str, Any]]()
    for day in range(23):
        for place, who in enumerate(PEOPLE):
            at = START + timedelta(days=day, minutes=chance.randrange(90))
            records.append(sign_in(len(records), who, at, f"91.{20 + place}.7.9"))
    theirs = {
        "isInteractive": False,
        "incomingTokenType": "refreshToken",
        "tokenProtectionStatusDetails": {"signInSessionStatus": "unbound", "signInSessionStatusCode": 1002},
        "originalRequestId": records[-11]["id"],
        "deviceDetail": {"operatingSystem": "Linux", "isManaged": False},
        "userAgent": "python-requests/2.31",
    }
    records.append(sign_in(999_999, VICTIM, THEFT, FAR, **theirs))
    folder = tmp_path_factory.mktemp("logs")
    write_lines(folder / "signins.jsonl", records)
    return folder


def test_the_alert_is_weighed_for_the_account_that_it_names(logs: Path, tmp_path: Path) -> None:
    alone = {one.account: one for one in scan(logs).incidents}
    alerts = write_lines(
        tmp_path / "risks.jsonl",
        [
            detection("d1", VICTIM, THEFT, riskEventType="attackerinTheMiddle", riskLevel="high"),
            detection("d2", OTHER, THEFT, riskState="dismissed"),
            detection("d3", VICTIM, THEFT + timedelta(days=40)),
        ],
    )
    result = scan([logs, alerts])
    assert result.summary["unrecognised"] == 0
    found = {one.account: one for one in result.incidents}
    assert found.keys() == alone.keys()
    assert found[VICTIM].score > alone[VICTIM].score
    assert found[VICTIM].details["statements"] == [
        {
            "time": f"{THEFT:%Y-%m-%dT%H:%M:%SZ}",
            "text": f"Microsoft says: attacker in the middle, high ({FAR})",
        }
    ]
    assert found[VICTIM].events == alone[VICTIM].events
    assert all(found[who].score == pytest.approx(alone[who].score) for who in found.keys() - {VICTIM})


def test_an_alert_that_names_an_object_id_is_about_the_account_with_it(logs: Path, tmp_path: Path) -> None:
    alerts = write_lines(tmp_path / "risks.jsonl", [detection("d1", VICTIM, THEFT, userPrincipalName=None)])
    found = {one.account: one for one in scan([logs, alerts]).incidents}
    assert [one["text"] for one in found[VICTIM].details["statements"]] == [
        f"Microsoft says: anonymised address, medium ({FAR})"
    ]


def test_explain_tells_the_alert_and_how_the_sign_in_was_authenticated(
    run: Run, logs: Path, tmp_path: Path
) -> None:
    later = detection(
        "d4", VICTIM, THEFT + timedelta(days=2), riskState="confirmedCompromised", riskLevel="high"
    )
    write_lines(tmp_path / "risks.jsonl", [detection("d1", VICTIM, THEFT), later])
    assert run("scan", str(logs), "risks.jsonl", "--out", "found").code == 0
    rank = [
        json.loads(line)["account"] for line in Path("found/incidents.jsonl").read_text().splitlines()
    ].index(VICTIM)
    shown = " ".join(run("explain", str(rank + 1), "--out", "found").out.split())
    assert f"24 Feb 2026 10:00 UTC: Microsoft says: anonymised address, medium ({FAR})" in shown
    assert (
        f"26 Feb 2026 10:00 UTC: Microsoft says: anonymised address, high, confirmed compromised ({FAR})"
        in shown
    )
    assert "presented refreshToken" in shown
    assert "token not bound to a device (code 1002)" in shown
    assert "unmanaged device" in shown
    document = json.loads(run("explain", str(rank + 1), "--out", "found", "--json").out)
    assert document["sign_ins"][0]["records"] == 1
    assert document["first_requests"] == [{"id": "5b1d0000-0000-4000-8000-000000000311", "records": 1}]
    assert [one["time"] for one in document["statements"]] == ["2026-02-24T10:00:00Z", "2026-02-26T10:00:00Z"]
