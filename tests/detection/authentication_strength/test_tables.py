"""The tables of sign-ins and of mail sessions: one row each, with what the records show."""

from __future__ import annotations

import json
from pathlib import Path

from seawall.report.assurance_tables import sessions_table, sign_ins_table

from .test_findings import mail
from .test_takeover import MOBILE, PASSWORD, STRONG, assessed, signed


def test_every_granted_sign_in_and_session_has_its_strength(tmp_path: Path) -> None:
    claimed = json.dumps({"requirement": "multiFactorAuthentication", "token_type": "refreshToken"})
    rows = [
        signed("1", parameters=STRONG, session_uid="s1"), signed("2", minute=1, parameters=claimed),
        signed("3", minute=2, parameters=PASSWORD, session_uid="s2"), signed("4", minute=3, parameters=MOBILE, status="failure"),
        signed("5", minute=4, parameters="", source="m365_audit", auth_method="password"),
        mail("m1", "s1"), mail("m2", "s2"), mail("m3", None),
    ]  # fmt: skip
    result = assessed(tmp_path, rows)
    told = {row["record"]: row for row in sign_ins_table(result).to_pylist()}
    assert sorted(told) == ["1", "2", "3", "5"]
    assert (told["1"]["level"], told["1"]["phishing_resistant"], told["1"]["assurance_level"], told["1"]["method"]) == (
        "phishing-resistant", True, 3, "security_key",
    )  # fmt: skip
    assert (told["2"]["level"], told["2"]["marks"], told["2"]["session"]) == (
        "two factors",
        "claimed by the token",
        None,
    )
    # The audit log names the password, and does not say that nothing else was shown.
    assert (told["5"]["level"], told["5"]["assurance_level"], told["5"]["method"]) == (
        "not told",
        None,
        "password",
    )
    sessions = {row["record"]: row for row in sessions_table(result).to_pylist()}
    assert {uid: row["root"] for uid, row in sessions.items()} == {
        "m1": "strong", "m2": "weak", "m3": "no session in the record",
    }  # fmt: skip
    assert sessions["m1"]["session"] == told["1"]["session"]
