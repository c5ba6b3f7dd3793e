"""A month of a small organisation on Google Workspace: the taken-over account is the first incident, for what was done."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import seawall

START = datetime(2026, 3, 2, tzinfo=UTC)
PEOPLE = [f"person{number:02d}@made.example" for number in range(14)]
OFFICE, ELSEWHERE = "194.25.3.17", "45.153.160.131"
MAIL_APP, THEIR_APP = "222-crm.apps.googleusercontent.com", "999-em.apps.googleusercontent.com"


class Log:
    """Pages of the Reports API in the making."""

    def __init__(self) -> None:
        self.dice = random.Random(5)
        self.activities: list[dict[str, Any]] = []
        self.staged: list[str] = []

    def add(
        self, log: str, time: datetime, who: str, address: str, of: tuple[str, str], **parameters: Any
    ) -> str:
        """Write one activity of one event; its qualifier."""
        qualifier = str(self.dice.getrandbits(62) + 2**61)
        named = [
            {"name": name, ("multiValue" if isinstance(value, list) else "value"): value}
            for name, value in parameters.items()
        ]
        self.activities.append({
            "kind": "admin#reports#activity",
            "id": {"time": f"{time:%Y-%m-%dT%H:%M:%S}.000Z", "uniqueQualifier": qualifier, "applicationName": log,
                   "customerId": "C0made001"},
            "actor": {"callerType": "USER", "email": who},
            "ipAddress": address,
            "events": [{"type": of[0], "name": of[1], "parameters": named}],
        })  # fmt: skip
        return qualifier

    def api(
        self, time: datetime, who: str, address: str, app: str, name: str = "activity", **more: Any
    ) -> str:
        """An application that uses its token, or gets it."""
        if name == "activity":
            more = {"api_name": "gmail", "method_name": "gmail.users.messages.get"}
        return self.add("token", time, who, address, ("auth", name), client_id=app, app_name=app[4:6], **more)


def ordinary(log: Log) -> None:
    """Everybody signs in, looks at files, and has an application read mail."""
    for who in PEOPLE:
        log.api(
            START,
            who,
            OFFICE,
            MAIL_APP,
            "authorize",
            scope=["https://www.googleapis.com/auth/gmail.readonly"],
        )
    for day in range(26):
        for number, who in enumerate(PEOPLE):
            at = START + timedelta(days=day, hours=8, minutes=number)
            log.add("login", at, who, OFFICE, ("login", "login_success"), login_type="google_password",
                    login_challenge_method=["password", "google_prompt"])  # fmt: skip
            log.add("drive", at, who, OFFICE, ("access", "view"), doc_id=f"doc{log.dice.randrange(40)}")
            log.api(at + timedelta(minutes=5), who, "52.28.10.9", MAIL_APP)


def takeover(log: Log, victim: str) -> list[str]:
    """Prompts until one is approved, then forwarding, an application of their own, and mail."""
    at = START + timedelta(days=23, hours=13)
    prompts = [
        log.add("login", at + timedelta(minutes=minute), victim, ELSEWHERE, ("login", "login_challenge"),
                login_challenge_method=["google_prompt"], login_challenge_status="Challenge Failed.")
        for minute in range(4)
    ]  # fmt: skip
    at += timedelta(minutes=6)
    staged = [
        *prompts,
        log.add("login", at, victim, ELSEWHERE, ("login", "login_success"), login_type="google_password",
                login_challenge_method=["password", "google_prompt"]),
        log.add("user_accounts", at, victim, ELSEWHERE, ("email_forwarding_change", "email_forwarding_out_of_domain"),
                email_forwarding_destination_address="eve@evil.example"),
        log.api(at, victim, ELSEWHERE, THEIR_APP, "authorize", scope=["https://mail.google.com/"]),
    ]  # fmt: skip
    return staged + [log.api(at + timedelta(seconds=n), victim, ELSEWHERE, THEIR_APP) for n in range(30)]


@pytest.fixture(scope="module")
def scanned(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[seawall.ScanResult, dict[str, Any], list[str], int]:
    folder = tmp_path_factory.mktemp("google")
    log = Log()
    ordinary(log)
    staged = takeover(log, PEOPLE[6])
    log.dice.shuffle(log.activities)
    (folder / "logs").mkdir()
    for number in range(0, len(log.activities), 500):
        page = {"kind": "admin#reports#activities", "items": log.activities[number : number + 500]}
        (folder / "logs" / f"page{number}.json").write_text(json.dumps(page))
    result = seawall.scan(folder / "logs", folder / "out")
    first = json.loads((folder / "out" / "incidents.jsonl").read_text().splitlines()[0])
    return result, first, staged, len(log.activities)


Scanned = tuple[seawall.ScanResult, dict[str, Any], list[str], int]


def test_the_taken_over_account_comes_first_with_the_records_of_the_takeover(scanned: Scanned) -> None:
    _, first, staged, _ = scanned
    assert (first["account"], first["tenant"], first["raised"]) == (PEOPLE[6], "c0made001", True)
    assert first["severity"] in ("high", "critical")
    assert sorted(uid.partition(":")[0] for uid in first["events"]) == sorted(staged)


def test_what_was_done_is_named(scanned: Scanned) -> None:
    _, first, _, _ = scanned
    assert {"forwarding", "consent-mail", "prompt-bombing"} <= set(first["details"]["rules"])
    assert first["messages"] == {"proved": 30, "possible": 0}
    assert first["mailboxes"] == [PEOPLE[6]]
    assert any("forwarding" in action for action in first["actions"])


def test_no_other_account_comes_near_and_every_record_is_an_event(scanned: Scanned) -> None:
    result, first, _, written = scanned
    assert result.summary["records"] == result.summary["events"] == written
    assert all(incident.score < first["score"] - 2 for incident in result.incidents[1:])
