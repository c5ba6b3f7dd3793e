"""Accounts on Google Workspace that roam within one session: no record can show what was issued, so nothing is called forged."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import seawall
from tests.test_google_workspace import MAIL_APP, OFFICE, PEOPLE, START, THEIR_APP, Log

AWAY = ("80.187.100.7", "109.43.1.5", "176.0.0.9", "88.65.3.4", "91.64.7.8", "37.201.5.6", "95.90.200.3")
"""Addresses of networks of their own."""


def roaming() -> Log:
    """Everybody signs in at the office on Mondays; phones read mail all week, now and then from a network new to them."""
    log = Log()
    for day in range(40):
        for number, who in enumerate(PEOPLE):
            at = START + timedelta(days=day, hours=8, minutes=number)
            if day % 7 == 0:
                log.add("login", at, who, OFFICE, ("login", "login_success"), login_type="google_password",
                        login_challenge_method=["password", "google_prompt"])  # fmt: skip
            # Who let the program in did so before the log begins, but for some.
            if day == 0 and number % 2:
                log.api(at, who, OFFICE, MAIL_APP, "authorize", scope=["https://mail.google.com/"])
            place = OFFICE if log.dice.random() < 0.8 else log.dice.choice(AWAY)
            for minute in range(3):
                log.api(at + timedelta(minutes=5 + minute), who, place, MAIL_APP)
    log.api(START + timedelta(days=39, hours=15), PEOPLE[3], AWAY[0], THEIR_APP)
    return log


def test_nothing_is_called_forged_where_no_record_could_show_it(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "token.jsonl").write_text("".join(json.dumps(one) + "\n" for one in roaming().activities))
    found = seawall.scan(logs, tmp_path / "out").incidents
    assert found
    kinds = {incident.kind for incident in found}
    assert "forged-or-stolen-token" not in kinds
    for incident in found:
        text = " ".join([incident.summary, *(reason.text for reason in incident.reasons)])
        assert "for which no sign-in was found" not in text
        assert "no sign-in that could have issued" not in text
        assert any("cannot be proved or excluded" in note for note in incident.coverage)
