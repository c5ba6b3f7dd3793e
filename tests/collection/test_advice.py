"""What a person is told of a fault: what to do, and nothing of a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seawall.cli.main import main
from seawall.vendor_api.client import VendorClient, VendorUnavailable
from seawall.vendor_api.error_advice import ADVICE, ELSE, advice
from seawall.vendor_api.responses import vendor_code
from seawall_base.http_client import HttpClient
from tests.collection.management import TENANT
from tests.collection.serving import Reply, Still, fault, serving
from tests.collection.test_command import m365, management, secret_file

OFF = {
    "error": {
        "code": f"StartSubscription [TenantId={TENANT},ContentType=Audit.Exchange] failed. Exception",
        "message": f"Microsoft.Office.Compliance.Audit.DataServiceException: Tenant {TENANT} does not exist.",
    }
}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("invalid_client.AADSTS7000215", "its value, not its id"),
        ("invalid_client.AADSTS7000222", "has ended"),
        ("403 AF10001", "ActivityFeed.Read"),
        ("403 Authorization_RequestDenied", "AuditLog.Read.All"),
        ("403 Authentication_RequestFromNonPremiumTenantOrB2CTenant", "P1 or P2"),
        ("400 audit-logging-off", "Purview"),
        ("unauthorized_client", "Domain-wide delegation"),
        ("403 accessNotConfigured", "Admin SDK"),
        ("403 E0000006", "Read-only Administrator"),
        ("invalid_scope", "okta.logs.read"),
        ("proxy-407", "--proxy-secret-file"),
        ("proxy-503", "check --proxy"),
        ("status-503", "goes on by itself"),
        ("403 never-heard-of", "step by step"),
        ("never-heard-of", ELSE),
    ],
)
def test_what_to_do(code: str, words: str) -> None:
    assert words in advice(code)


def test_no_advice_hides_another() -> None:
    assert [part for part, words in ADVICE if advice(part) != words] == []


def test_audit_logging_is_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Microsoft names no code for it, and says that the tenant does not exist."""
    assert vendor_code(json.dumps(OFF).encode()) == "audit-logging-off"
    api = management()
    api.enabled = set()
    with serving(api) as server:
        api.base = server.url
        server.faults = lambda one: (
            Reply(400, json.dumps(OFF).encode()) if one.path.endswith("/start") else None
        )
        assert m365(tmp_path, server, "--secret-file", str(secret_file(tmp_path))) == 1
    said = capsys.readouterr().err
    assert "audit logging is off in this tenant" in said


def test_a_permission_that_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api = management()
    with serving(api) as server:
        api.base = server.url
        server.faults = lambda one: fault(403, "AF10001") if "subscriptions" in one.path else None
        assert m365(tmp_path, server, "--secret-file", str(secret_file(tmp_path))) == 1
    assert "ActivityFeed.Read" in capsys.readouterr().err


def test_a_secret_that_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(management()) as server:
        assert m365(tmp_path, server, "--secret-file", str(secret_file(tmp_path, "wrong-secret-text"))) == 1
    said = capsys.readouterr().err
    assert "take its value, not its id" in said
    assert "wrong-secret-text" not in said


def test_a_name_that_nobody_knows() -> None:
    """It is said while it is waited for, once, and not at the first fault."""
    clock = Still()
    client = VendorClient(HttpClient("https://nobody.invalid"), None, clock)
    told: list[str] = []
    client.report_wait = told.append
    with pytest.raises(VendorUnavailable, match="name-not-found"):
        client.get("https://nobody.invalid/x", lambda answer: answer.body)
    (words,) = told
    assert words.startswith("waiting for nobody.invalid (name-not-found): ")
    assert "DNS" in words


def test_the_disk_is_full(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost by it: when there is room, all of it comes."""

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    api = management()
    access = ["--secret-file", str(secret_file(tmp_path))]
    with serving(api) as server:
        api.base = server.url
        with monkeypatch.context() as patch:
            patch.setattr("seawall.collection.segments.os.write", full)
            assert m365(tmp_path, server, *access) == 1
        said = capsys.readouterr().err
        assert "No space left on device" in said
        assert "free disk space" in said
        assert m365(tmp_path, server, *access) == 0
        assert main(["collect", "status", "--out", str(tmp_path / "logs")]) == 0
