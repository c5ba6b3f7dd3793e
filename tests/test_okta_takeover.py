"""A month of one organisation's Okta System Log, with an administrator taken over and a session stolen."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from seawall.pipeline.scan import ScanResult, scan
from tests.events.support import mail_read

START = datetime(2026, 2, 2, tzinfo=UTC)  # a Monday
BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
)
APPS = ("Wiki", "Mail", "Payroll", "Tickets", "Travel")
ADMIN, TARGET, ROBBED = "user01@acme.example", "user05@acme.example", "user09@acme.example"
FAR = {"ip": "185.220.101.45", "agent": "python-requests/2.31", "device": "strange"}


class Log:
    """Records as they are written."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []

    def add(
        self,
        time: datetime,
        account: str,
        event_type: str,
        place: dict[str, str],
        session: str | None = None,
        **more: Any,
    ) -> None:
        """Write one record."""
        number = len(self.records) + 1
        self.records.append({
            "actor": {"id": f"00u{account[:6]}", "type": "User", "alternateId": account, "displayName": account[:6]},
            "client": {"ipAddress": place["ip"], "userAgent": {"rawUserAgent": place["agent"], "browser": "UNKNOWN"}},
            "authenticationContext": {"externalSessionId": session or "unknown"},
            "debugContext": {"debugData": {"dtHash": place["device"], **more.get("debug", {})}},
            "eventType": event_type, "outcome": {"result": more.get("result", "SUCCESS"), "reason": more.get("reason")},
            "published": time.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "target": more.get("target"), "version": "0",
            "uuid": f"44aeb388-08b4-11ef-9cec-{number:012d}",
        })  # fmt: skip


def app(name: str) -> list[dict[str, str]]:
    """The target of a single sign-on."""
    return [{"id": f"0oa{name}", "type": "AppInstance", "alternateId": name, "displayName": name}]


def person(account: str) -> list[dict[str, str]]:
    """The target of a change of an account."""
    return [{"id": f"00u{account[:6]}", "type": "User", "alternateId": account, "displayName": account[:6]}]


def workdays(log: Log, users: int = 24, days: int = 28) -> None:
    """Everybody signs in from home or the office and uses a few applications."""
    dice = random.Random(5)
    for number in range(users):
        account, agent = f"user{number:02d}@acme.example", BROWSERS[number % 2]
        home = {"ip": f"91.{20 + number}.7.9", "agent": agent, "device": f"d{number}"}
        own = dice.sample(APPS, 3)
        for day in (START + timedelta(days=n) for n in range(days)):
            if day.weekday() >= 5:
                continue
            place = {**home, "ip": "80.150.10.4"} if dice.random() < 0.6 else home
            time, session = day + timedelta(hours=7, minutes=dice.randrange(120)), f"idx-{number}-{day:%m%d}"
            if dice.random() < 0.08:
                log.add(
                    time, account, "user.session.start", place, result="FAILURE", reason="INVALID_CREDENTIALS"
                )
            log.add(time + timedelta(seconds=20), account, "user.authentication.auth_via_mfa", place, session)
            log.add(time + timedelta(seconds=22), account, "user.session.start", place, session)
            for _ in range(dice.randrange(2, 5)):
                later = time + timedelta(minutes=1 + dice.randrange(400))
                log.add(
                    later, account, "user.authentication.sso", place, session, target=app(dice.choice(own))
                )


def takeover(log: Log) -> None:
    """Prompts are denied until one is approved; then factors are reset, a token made and a role given."""
    start = START + timedelta(days=24, hours=22)
    for minute in range(3):
        log.add(
            start + timedelta(minutes=minute), ADMIN, "user.mfa.okta_verify.deny_push", FAR, result="FAILURE"
        )
    steps: tuple[tuple[str, Any], ...] = (
        ("user.session.start", None), ("user.session.access_admin_app", app("Okta Admin Console")),
        ("user.mfa.factor.reset_all", person(TARGET)), ("system.api_token.create", None),
        ("user.account.privilege.grant", person(TARGET)),
    )  # fmt: skip
    for minute, (event_type, target) in enumerate(steps):
        log.add(start + timedelta(minutes=8 + minute), ADMIN, event_type, FAR, "idx-strange", target=target)


def theft(log: Log) -> None:
    """The session that its owner began in the morning goes on elsewhere."""
    start = START + timedelta(days=25, hours=14)
    place = {"ip": "45.129.56.7", "agent": BROWSERS[0], "device": "stranger"}
    for minute, name in enumerate(APPS):
        log.add(
            start + timedelta(minutes=minute),
            ROBBED,
            "user.authentication.sso",
            place,
            "idx-9-0227",
            target=app(name),
        )


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ScanResult:
    """What a scan of the month finds."""
    log, path = Log(), tmp_path_factory.mktemp("okta") / "system-log.json"
    workdays(log)
    takeover(log)
    theft(log)
    path.write_text(json.dumps(log.records))
    return scan(path)


def test_every_record_is_an_event_of_one_organisation(result: ScanResult) -> None:
    summary = result.summary
    assert summary["records"] == summary["events"] > 2_000
    assert summary["tenants"] == 1
    assert summary["accounts"] == 24


def test_both_intruders_are_raised_first_and_named(result: ScanResult) -> None:
    first, second = result.incidents[:2]
    assert (first.account, first.raised) == (ADMIN, True)
    assert {"prompt-bombing", "api-token", "role-grant", "method-change"} <= set(first.details["rules"])
    assert "Revoke the API tokens made in this session." in first.actions
    assert (second.account, second.raised, second.kind) == (ROBBED, True, "session-theft")
    assert second.score - result.incidents[2].score > 2


def test_a_person_is_one_account_in_okta_and_elsewhere(tmp_path: Path) -> None:
    log = Log()
    place = {"ip": "198.51.100.7", "agent": BROWSERS[0], "device": "d"}
    log.add(
        datetime(2026, 3, 2, 9, tzinfo=UTC), "Mara.Lind@example.org", "user.session.start", place, "idx-mara"
    )
    (tmp_path / "okta.json").write_text(json.dumps(log.records))
    (tmp_path / "mail.json").write_text(json.dumps([mail_read(1), mail_read(2)]))
    summary = scan(tmp_path).summary
    assert (summary["events"], summary["accounts"], summary["tenants"]) == (3, 1, 1)
