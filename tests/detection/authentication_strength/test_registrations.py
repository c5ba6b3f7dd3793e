"""Registered methods out of the exports of three providers, and what hostile ones do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seawall.events.access_policy import Registration
from seawall.events.problem import Problem
from seawall.events.registrations import read_registrations


def read(folder: Path, content: Any, name: str = "export.json") -> tuple[list[Registration], list[Problem]]:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return read_registrations([path])


def test_entra(tmp_path: Path) -> None:
    page = {
        "@odata.context": "x",
        "value": [
            {
                "id": "A1", "userPrincipalName": "Ann@X.example", "isAdmin": True, "isMfaCapable": True, "userType": "member",
                "methodsRegistered": ["mobilePhone", "microsoftAuthenticatorPush", "passKeyDeviceBound", "quantumKey"],
            },
            {"id": "B2", "userPrincipalName": "ben@x.example", "isAdmin": False, "isMfaCapable": False, "methodsRegistered": []},
        ],
    }  # fmt: skip
    (ann, ben), problems = read(tmp_path, page)
    assert problems == []
    assert (ann.account, ann.uid, ann.is_admin, ann.is_guest) == ("ann@x.example", "a1", True, False)
    assert ann.methods == ("sms", "push", "passkey_device")
    assert ann.unknown_methods == ("quantumKey",)
    assert (ben.methods, ben.can_mfa) == ((), False)
    assert ann.where.endswith("export.json:1")


def test_entra_as_a_table(tmp_path: Path) -> None:
    table = "\ufeffUserPrincipalName;IsMfaCapable;MethodsRegistered\nann@x.example;True;mobilePhone, fido2\n"
    ((ann,), problems) = read(tmp_path, table, "export.csv")
    assert problems == []
    assert ann.methods == ("sms", "security_key")
    assert ann.can_mfa is True


def test_google_users_and_their_table(tmp_path: Path) -> None:
    user = {
        "primaryEmail": "Ann@X.example",
        "isEnrolledIn2Sv": True,
        "isEnforcedIn2Sv": False,
        "isAdmin": True,
        "suspended": False,
    }
    ((ann,), _) = read(tmp_path, {"kind": "admin#directory#users", "users": [user]})
    assert (ann.system, ann.methods, ann.can_mfa, ann.is_enforced) == (
        "google",
        ("password", "second_factor"),
        True,
        False,
    )
    table = (
        "First Name [Required],Email Address [Required],Status [READ ONLY],2sv Enrolled [READ ONLY],2sv Enforced [READ ONLY],"
        "Security keys\nAnn,ann@x.example,Suspended,FALSE,TRUE,2\n"
    )
    ((ann,), problems) = read(tmp_path, table, "users.csv")
    assert problems == []
    assert (ann.can_mfa, ann.is_enforced, ann.is_disabled) == (False, True, True)
    assert "security_key" in ann.methods


def test_okta_factors_in_three_shapes(tmp_path: Path) -> None:
    sms = {
        "factorType": "sms",
        "provider": "OKTA",
        "status": "ACTIVE",
        "profile": {"phoneNumber": "+1 555 0100 189"},
    }
    pending = {"factorType": "webauthn", "status": "PENDING_ACTIVATION"}
    ((ann,), _) = read(tmp_path, [{"login": "ann@x.example", "factors": [sms, pending]}])
    assert ann.methods == ("password", "sms")
    assert ann.can_mfa is True
    ((_, shown),) = ann.keys
    assert shown == "phone …89"
    embedded = {**sms, "id": "f1", "_embedded": {"user": {"profile": {"login": "Ben@x.example"}}}}
    ((ben,), _) = read(tmp_path, [embedded])
    assert ben.account == "ben@x.example"
    ((cas,), _) = read(tmp_path, "login,factorType\ncas@x.example,webauthn\n", "factors.csv")
    assert cas.methods == ("password", "passkey")


def test_exports_of_one_account_are_joined(tmp_path: Path) -> None:
    lines = [{"login": "ann@x.example", "factorType": kind} for kind in ("sms", "push")]
    ((ann,), _) = read(tmp_path, "\n".join(json.dumps(line) for line in lines), "factors.jsonl")
    assert ann.methods == ("password", "sms", "push")


@pytest.mark.parametrize(
    "content",
    [
        "", "nonsense", "a,b\n1\n", "[1]", '{"value": [null, 3, "x"]}', '{"isMfaCapable": true}', "[" * 60,
        '{"userPrincipalName": {"a": 1}, "methodsRegistered": 5}', '{"login": 7, "factors": [[]]}', "\x00\x00\x00",
    ],
)  # fmt: skip
def test_what_is_no_export_is_a_counted_problem(tmp_path: Path, content: str) -> None:
    found, problems = read(tmp_path, content)
    assert found == []
    assert problems


def test_odd_values_are_read_defensively(tmp_path: Path) -> None:
    odd = {
        "userPrincipalName": "x" * 5_000,
        "methodsRegistered": [None, 3, {"a": 1}, ["fido2"], "fido2"],
        "isAdmin": "perhaps",
    }
    ((one,), _) = read(tmp_path, odd)
    assert len(one.account) <= 320
    assert one.is_admin is None
    assert one.methods == ("security_key",)
