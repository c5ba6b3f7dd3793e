"""Logs that hold nothing but refused sign-ins are judged like others: no account was let in before, and none is now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seawall.pipeline.scan import scan


def refuse(number: int, account: str, reason: str) -> dict[str, Any]:
    """A refused sign-in at Okta from one address."""
    return {
        "uuid": f"{account}-{number}", "published": f"2026-03-01T10:{number:02d}:00.000Z", "version": "0", "severity": "INFO",
        "eventType": "user.session.start", "displayMessage": "User login to Okta",
        "actor": {"id": f"00u{account}", "type": "User", "alternateId": f"{account}@a.example", "displayName": account},
        "client": {"userAgent": {"rawUserAgent": "python-requests/2"}, "ipAddress": "198.51.100.9"},
        "outcome": {"result": "FAILURE", "reason": reason}, "target": [], "transaction": {"type": "WEB", "id": f"t{number}"},
    }  # fmt: skip


@pytest.mark.parametrize("reason", ["INVALID_CREDENTIALS", "LOCKED_OUT"])
def test_a_spray_without_any_success_is_judged(tmp_path: Path, reason: str) -> None:
    records = [refuse(number, f"user{account}", reason) for account in range(30) for number in range(12)]
    (tmp_path / "okta.jsonl").write_text("\n".join(map(json.dumps, records)))
    result = scan([tmp_path / "okta.jsonl"])
    assert result.summary["events"] == len(records)
    assert [incident.kind for incident in result.incidents] != []
