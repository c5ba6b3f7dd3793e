"""Consents and standing mail rules: what was given and still stands, from records of Microsoft and Google."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sample_events import event, sign_in

from .test_tables import cells, made, results

APP = "11111111-2222-3333-4444-555555555555"
SCOPES = "[] => [[Id: x, ConsentType: {}, Scope:  Mail.Read User.Read openid]]; "


def change(
    uid: str, activity: str, minute: float = 0, parameters: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    plain = {
        "kind": "admin",
        "activity_name": activity,
        "app_uid": None,
        "item_count": None,
        "access_type": None,
    }
    return event(uid, minute=minute, **{**plain, "parameters": json.dumps(parameters or {}), **more})


def consent(uid: str, minute: float = 0, kind: str = "Principal", **more: Any) -> dict[str, Any]:
    given = {
        "ConsentAction.Permissions": SCOPES.format(kind),
        "Target": "Odd tool",
        "TargetId.ServicePrincipalNames": APP,
    }
    return change(
        uid,
        "Consent to application.",
        minute,
        given,
        **{"source": "entra_audit", "kind": "directory", **more},
    )


def inbox_rule(uid: str, verb: str, minute: float, **parameters: str) -> dict[str, Any]:
    return change(uid, f"{verb}-InboxRule", minute, {"Name": "r", **parameters}, kind="mail_rule")


def test_a_consent_is_one_row_with_its_further_record_left_out(tmp_path: Path) -> None:
    grant = change(
        "g",
        "Add delegated permission grant.",
        0.05,
        {"DelegatedPermissionGrant.Scope": "Mail.Read", "Target": "Microsoft Graph"},
    )
    failed = consent("f", 9, status="failure")
    found = made(results(tmp_path, [consent("c"), grant, failed]), "consents")
    assert cells(found, "account", "application", "for", "meaning", "permissions", "id", "record") == [
        ("ann@x.example", "Odd tool", "the account", "reads mail", "Mail.Read User.Read openid", APP, "c")
    ]


def test_consents_for_everybody_are_told_and_the_latest_comes_first(tmp_path: Path) -> None:
    google = change(
        "h", "authorize", 5, {"app_name": "Mailer", "client_id": "1.apps", "scope": ["https://mail.google.com/"]},
        source="google_workspace", kind="directory",
    )  # fmt: skip
    found = made(results(tmp_path, [consent("c", kind="AllPrincipals"), google]), "consents")
    assert cells(found, "application", "for", "meaning") == [
        ("Mailer", "the account", "full access to mail"),
        ("Odd tool", "everybody", "reads mail"),
    ]


def test_a_grant_without_a_consent_stays(tmp_path: Path) -> None:
    grant = change("g", "Add OAuth2PermissionGrant.", 0, {"OAuth2PermissionGrant.Scope": "Mail.Send"})
    found = made(results(tmp_path, [grant, consent("c", 30)]), "consents")
    assert cells(found, "record") == [("c",), ("g",)]


def test_records_beyond_the_limit_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seawall.report.tables.change_list.MOST_RECORDS", 2)
    rows = [consent(str(number), 5 * number) for number in range(5)]
    found = made(results(tmp_path, rows), "consents")
    assert len(found.rows) == 2
    assert found.note == "3 further records of consents are left out."


def test_applications_get_the_name_and_permissions_of_their_consent(tmp_path: Path) -> None:
    found = made(results(tmp_path, [consent("c"), sign_in("s", minute=3, app_uid=APP)]), "applications")
    assert ("Odd tool", "reads mail") in cells(found, "application", "permissions")


def test_a_rule_stands_until_it_is_removed(tmp_path: Path) -> None:
    rows = [
        inbox_rule("1", "New", 0, DeleteMessage="True"),
        inbox_rule("2", "Set", 5, MoveToFolder="Archive"),
        inbox_rule("3", "New", 1, Name="gone", DeleteMessage="True"),
        inbox_rule("4", "Remove", 6, Name="gone"),
        inbox_rule("5", "New", 7, Name="off", DeleteMessage="True"),
        inbox_rule("6", "Disable", 8, Name="off"),
    ]
    found = made(results(tmp_path, rows), "mail-rules")
    assert cells(found, "kind", "mailbox", "name", "record") == [("inbox rule", "ann@x.example", "r", "2")]
    since, changed = cells(found, "since", "changed")[0]
    assert int(changed) - int(since) == 5 * 60_000_000
    assert "deletes" in str(cells(found, "does")[0][0])
    assert "moves" in str(cells(found, "does")[0][0])


def test_forwarding_stands_until_it_is_cleared(tmp_path: Path) -> None:
    on = change("1", "Set-Mailbox", 0, {"ForwardingSmtpAddress": "smtp:a@evil.example"})
    other = change("2", "Set-Mailbox", 1, {"MaxSendSize": "1"})
    off = change("3", "Set-Mailbox", 2, {"ForwardingSmtpAddress": ""})
    stands = made(results(tmp_path / "a", [on, other]), "mail-rules")
    assert cells(stands, "kind", "does") == [("forwarding", "sends mail on to a@evil.example")]
    assert not made(results(tmp_path / "b", [on, other, off]), "mail-rules").rows


def test_access_stands_until_it_is_withdrawn_and_the_providers_upkeep_is_left_out(tmp_path: Path) -> None:
    given = {"User": "eve", "AccessRights": "FullAccess"}
    add = change("1", "Add-MailboxPermission", 0, given)
    upkeep = change(
        "2", "Add-MailboxPermission", 0, {**given, "User": "x"}, account="nt authority", account_type="system"
    )
    remove = change("3", "Remove-MailboxPermission", 3, given)
    stands = made(results(tmp_path / "a", [add, upkeep]), "mail-rules")
    assert cells(stands, "kind", "mailbox", "does") == [("access", "ann@x.example", "eve: full access")]
    assert not made(results(tmp_path / "b", [add, upkeep, remove]), "mail-rules").rows


def test_a_flow_rule_is_of_the_whole_organisation(tmp_path: Path) -> None:
    rule = change("1", "New-TransportRule", 0, {"Name": ".", "BlindCopyTo": "a@evil.example"}, mailbox=None)
    found = made(results(tmp_path, [rule]), "mail-rules")
    assert cells(found, "kind", "mailbox", "name", "does") == [
        ("mail flow", "whole organisation", ".", "sends blind copies of mail to a@evil.example")
    ]
