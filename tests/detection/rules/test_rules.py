"""Each rule fires on its technique and stays silent beside it; a noisy rule silences itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seawall.detection.rules.detector import RULES, RuleDetector
from seawall.events.microsoft.entra_results import PROMPT_DENIED
from tests.sample_events import batches, event, sign_in


def names(tmp_path: Path, rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return (record id, rule name) of all hits of one day."""
    (_, batch), *_ = batches(tmp_path, rows)
    hits = RuleDetector().observe(batch)
    uids = batch.texts["metadata_uid"].to_pylist()
    return sorted((uids[row], RULES[rule].name) for row, rule in zip(hits.row, hits.rule, strict=True))


def record(uid: str, kind: str, activity: str, **parameters: Any) -> dict[str, Any]:
    return event(uid, kind=kind, activity_name=activity, parameters=json.dumps(parameters))


CASES = [
    (
        "forwarding",
        record("x", "mail_rule", "New-InboxRule", ForwardTo="eve@evil.example"),
        record("x", "mail_rule", "New-InboxRule", MoveToFolder="Work"),
    ),
    (
        "forwarding",
        record("x", "mail_rule", "Set-Mailbox", ForwardingSmtpAddress="smtp:eve@evil.example"),
        record("x", "admin", "Set-Mailbox", ForwardingSmtpAddress=""),
    ),
    (
        "hiding-rule",
        record("x", "mail_rule", "New-InboxRule", DeleteMessage="True"),
        record("x", "mail_rule", "New-InboxRule", DeleteMessage="False"),
    ),
    (
        "hiding-rule",
        record("x", "mail_rule", "Set-InboxRule", MoveToFolder="RSS Feeds"),
        record("x", "mail_rule", "Set-InboxRule", MoveToFolder="Projects"),
    ),
    (
        "mailbox-grant",
        record("x", "admin", "Add-MailboxPermission", AccessRights="FullAccess"),
        record("x", "admin", "Add-MailboxPermission", AccessRights="ReadPermission"),
    ),
    (
        "transport-rule",
        record("x", "admin", "New-TransportRule", BlindCopyTo="eve@evil.example"),
        record("x", "admin", "Get-TransportRule"),
    ),
    (
        "audit-off",
        record("x", "admin", "Set-AdminAuditLogConfig", UnifiedAuditLogIngestionEnabled="False"),
        record("x", "admin", "Set-AdminAuditLogConfig", UnifiedAuditLogIngestionEnabled="True"),
    ),
    (
        "mailbox-search",
        record("x", "admin", "New-ComplianceSearch", Name="all"),
        record("x", "admin", "Get-ComplianceSearch"),
    ),
    (
        "consent-mail",
        record("x", "directory", "Consent to application.", Scope="openid Mail.Read"),
        record("x", "directory", "Consent to application.", Scope="openid profile"),
    ),
    (
        "consent",
        record("x", "directory", "Add OAuth2PermissionGrant."),
        record("x", "directory", "Add group."),
    ),
    (
        "app-credential",
        record("x", "directory", "Add service principal credentials."),
        record("x", "directory", "Add service principal."),
    ),
    (
        "role-grant",
        record("x", "directory", "Add member to role."),
        record("x", "directory", "Add member to group."),
    ),
    (
        "method-change",
        record("x", "directory", "Update user.", StrongAuthenticationMethod="[7]"),
        record("x", "directory", "Update user.", Department="Sales"),
    ),
    (
        "policy-change",
        record("x", "directory", "Delete conditional access policy"),
        record("x", "directory", "Get conditional access policy"),
    ),
    (
        "api-token",
        record("x", "admin", "system.api_token.create"),
        record("x", "admin", "system.api_token.revoke"),
    ),
    (
        "role-grant",
        record("x", "directory", "user.account.privilege.grant"),
        record("x", "directory", "user.account.privilege.revoke"),
    ),
    (
        "method-change",
        record("x", "directory", "user.mfa.factor.reset_all"),
        record("x", "directory", "user.account.update_profile"),
    ),
    (
        "policy-change",
        record("x", "admin", "zone.delete"),
        record("x", "directory", "group.lifecycle.delete"),
    ),
    (
        "consent",
        record("x", "directory", "app.oauth2.as.consent.grant"),
        record("x", "directory", "application.lifecycle.create"),
    ),
    (
        "forwarding",
        record("x", "mail_rule", "email_forwarding_out_of_domain"),
        record("x", "mail_rule", "create_filter"),
    ),
    (
        "forwarding",
        record("x", "mail_rule", "gmail.users.settings.updateAutoForwarding"),
        record("x", "other", "gmail.users.settings.getAutoForwarding"),
    ),
    (
        "mailbox-grant",
        record("x", "admin", "gmail.users.settings.delegates.create"),
        record("x", "other", "gmail.users.settings.delegates.list"),
    ),
    (
        "transport-rule",
        record("x", "admin", "CREATE_GMAIL_SETTING", SETTING_NAME="EMAIL_ROUTE"),
        record(
            "x", "admin", "CREATE_GMAIL_SETTING", SETTING_NAME="NUMBER_OF_EMAIL_IMAGE_URL_WHITELIST_PATTERNS"
        ),
    ),
    (
        "mailbox-search",
        record("x", "admin", "EMAIL_LOG_SEARCH"),
        record("x", "admin", "CHANGE_CALENDAR_SETTING"),
    ),
    (
        "consent-mail",
        record("x", "directory", "authorize", scope=["https://mail.google.com/"]),
        record("x", "directory", "authorize", scope=["https://www.googleapis.com/auth/userinfo.email"]),
    ),
    (
        "consent-mail",
        record(
            "x",
            "directory",
            "AUTHORIZE_API_CLIENT_ACCESS",
            API_SCOPES=["https://www.googleapis.com/auth/gmail.modify"],
        ),
        record("x", "directory", "REMOVE_API_CLIENT_ACCESS", API_SCOPES=["https://mail.google.com/"]),
    ),
    (
        "role-grant",
        record("x", "directory", "ASSIGN_ROLE", ROLE_NAME="_SEED_ADMIN_ROLE"),
        record("x", "directory", "UNASSIGN_ROLE", ROLE_NAME="_SEED_ADMIN_ROLE"),
    ),
    (
        "method-change",
        record("x", "directory", "2sv_disable"),
        record("x", "directory", "CHANGE_FIRST_NAME"),
    ),
    (
        "policy-change",
        record("x", "directory", "ENFORCE_STRONG_AUTHENTICATION", NEW_VALUE="false"),
        record("x", "directory", "CHANGE_ORG_UNIT"),
    ),
    (
        "provider-warning",
        record("x", "directory", "user_signed_out_due_to_suspicious_session_cookie"),
        record("x", "directory", "password_edit"),
    ),
    (
        "provider-warning",
        sign_in("x", activity_name="login_success", status_code="suspicious"),
        sign_in("x", activity_name="suspicious_login", status="failure", status_code="suspicious_login"),
    ),
    ("legacy-sign-in", sign_in("x", auth_protocol="legacy"), sign_in("x", auth_protocol="oauth")),
    (
        "device-code",
        sign_in("x", auth_protocol="device_code"),
        sign_in("x", auth_protocol="device_code", status="failure"),
    ),
]


@pytest.mark.parametrize(
    ("name", "positive", "negative"), CASES, ids=[f"{c[0]}-{n}" for n, c in enumerate(CASES)]
)
def test_a_rule_fires_on_its_technique_only(
    tmp_path: Path, name: str, positive: dict[str, Any], negative: dict[str, Any]
) -> None:
    assert ("x", name) in names(tmp_path, [positive])
    (tmp_path / "n").mkdir()
    assert ("x", name) not in names(tmp_path / "n", [negative])


def test_spray_then_success(tmp_path: Path) -> None:
    failures = [
        sign_in(f"f{n}", 0, n, account=f"u{n}@x.example", status="failure", status_code="50126")
        for n in range(6)
    ]
    rows = [
        sign_in("before", 0, 2.5, account="u1@x.example"),
        *failures,
        sign_in("after", 0, 9, account="u2@x.example"),
    ]
    assert names(tmp_path, rows) == [("after", "spray-then-success")]
    (tmp_path / "n").mkdir()
    assert names(tmp_path / "n", [*failures[:4], sign_in("after", 0, 9)]) == []


def test_failures_in_another_organisation_make_no_spray(tmp_path: Path) -> None:
    failures = [
        sign_in(f"f{n}", 0, n, account=f"u{n}@x.example", status="failure", org_uid=f"org-{n % 2}")
        for n in range(8)
    ]
    success = sign_in("after", 0, 9, account="u0@x.example", org_uid="org-0")
    assert names(tmp_path, [*failures, success]) == []
    (tmp_path / "n").mkdir()
    ninth = sign_in("f9", 0, 8, account="u9@x.example", status="failure", org_uid="org-0")
    assert names(tmp_path / "n", [*failures, ninth, success]) == [("after", "spray-then-success")]


@pytest.mark.parametrize("code", ["500121", PROMPT_DENIED])
def test_prompt_bombing(tmp_path: Path, code: str) -> None:
    denied = [sign_in(f"d{n}", 0, n, status="failure", status_code=code) for n in range(3)]
    assert ("ok", "prompt-bombing") in names(tmp_path, [*denied, sign_in("ok", 0, 5)])
    (tmp_path / "n").mkdir()
    assert names(tmp_path / "n", [*denied, sign_in("ok", 0, 90)]) == []


def test_a_noisy_rule_loses_its_weight_in_that_tenant_only(tmp_path: Path) -> None:
    rows = [
        record(f"{d}-{n}", "mail_rule", "New-InboxRule", DeleteMessage="True")
        | {"time": event("t", d, n)["time"], "account": f"u{n}@x.example", "org_uid": org}
        for org, noisy in (("loud", True), ("calm", False))
        for d in range(25)
        for n in range(40)
        if noisy or d == 24
    ]
    rows += [
        event(f"c{d}-{n}", d, n, account=f"u{n}@x.example", org_uid="calm")
        for d in range(25)
        for n in range(40)
    ]
    rows = [{**row, "metadata_uid": f"{row['org_uid']}-{row['metadata_uid']}"} for row in rows]
    detector = RuleDetector()
    for _, batch in batches(tmp_path, rows):
        hits = detector.observe(batch)
    organisation = np.array([batch.value("org_uid", row) for row in hits.row])
    loud, calm = hits.evidence[organisation == "loud"], hits.evidence[organisation == "calm"]
    assert loud.max() < 0.6
    assert calm.min() > 4


def test_broken_parameters_never_raise(tmp_path: Path) -> None:
    rows = [
        event(f"p{n}", kind="mail_rule", activity_name="New-InboxRule", parameters=text)
        for n, text in enumerate(['{"a', "[]", "1", '{"ForwardTo": null}', "[" * 5000])
    ]
    assert names(tmp_path, rows) == []
