"""`seawall assurance --configuration` as it is typed: text, JSON, page, comparison, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seawall.cli.main import main

from .graph import access_policy, page

HOSTILE = "<script>window.__pwned=1</script>\u202e{{7*7}}"


def write(folder: Path, rules: list[dict[str, Any]], name: str = "policies.json") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(page("identity/conditionalAccess/policies", rules)))
    return folder


def test_text_names_the_policy_its_incident_and_the_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "settings", [access_policy(HOSTILE, "disabled", controls=["mfa"])])
    assert main(["assurance", "--configuration", str(folder)]) == 0
    told = capsys.readouterr()
    assert "MS.AAD.3.9v1  Device code flow is blocked" in told.out
    assert "would have mattered in: Storm-2372" in told.out
    assert "change: Create a Conditional Access policy" in told.out
    assert "GET https://graph.microsoft.com/v1.0/policies/authenticationMethodsPolicy" in told.out
    assert "\u202e" not in told.out
    assert "granted sign-in" not in told.out


def test_an_export_without_its_last_page_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = {"@odata.nextLink": "https://graph.microsoft.com/v1.0/x?$skiptoken=1"}
    (tmp_path / "x.json").write_text(
        json.dumps(page("identity/conditionalAccess/policies", [access_policy()], **more))
    )
    assert main(["assurance", "--configuration", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "read: 1 object of 1 export" in told
    assert "not complete: Conditional Access policies" in told
    assert "not complete: a next page is missing" in (tmp_path / "out" / "assurance.html").read_text("utf-8")


def test_the_page_holds_names_as_text(tmp_path: Path) -> None:
    rules = [access_policy(f"{HOSTILE}{number}", "disabled", controls=["mfa"]) for number in range(9)]
    out = tmp_path / "out"
    assert (
        main(
            ["assurance", "--configuration", str(write(tmp_path / "in", rules)), "--out", str(out), "--quiet"]
        )
        == 0
    )
    text = (out / "assurance.html").read_text("utf-8")
    assert "<script>window" not in text
    assert "\u202e" not in text
    assert "Configuration against baselines" in text
    assert "9 objects" in text
    assert not (out / "sign_ins.parquet").exists()


def test_logs_and_configuration_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path / "settings", [])
    logs = tmp_path / "logs.json"
    logs.write_text(json.dumps([{
        "id": "one", "createdDateTime": "2026-03-02T09:00:00Z", "userPrincipalName": "ann@contoso.example",
        "userId": "00000001-0000-4000-8000-000000000000", "appId": "11111111-0000-4000-8000-000000000000",
        "resourceId": "00000002-0000-0ff1-ce00-000000000000", "clientAppUsed": "Browser", "isInteractive": True,
        "conditionalAccessStatus": "notApplied", "ipAddress": "192.0.2.7", "status": {"errorCode": 0},
        "authenticationRequirement": "singleFactorAuthentication",
    }]))  # fmt: skip
    assert main(["assurance", str(logs), "--configuration", str(folder), "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "granted sign-in" in told
    assert "Configuration against" in told
    text = (tmp_path / "out" / "assurance.html").read_text("utf-8")
    assert "How strongly people sign in" in text
    assert "Configuration against baselines" in text


def test_what_changed_since_last_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, now = tmp_path / "before", tmp_path / "now"
    flow = {"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}
    write(
        before, [access_policy("Codes", conditions=flow), access_policy("MFA", "disabled", controls=["mfa"])]
    )
    write(now, [access_policy("Codes", "disabled", conditions=flow), access_policy("MFA", controls=["mfa"])])
    assert (
        main(
            [
                "assurance",
                "--configuration",
                str(before),
                "--out",
                str(tmp_path / "out"),
                "--as-of",
                "2026-03-01",
            ]
        )
        == 0
    )
    capsys.readouterr()
    for earlier in (tmp_path / "out", tmp_path / "out" / "assurance.json"):
        assert main(["assurance", "--configuration", str(now), "--since", str(earlier), "--json"]) == 0
        since = json.loads(capsys.readouterr().out)["posture"]["since"]
        assert since["assessed"] == "2026-03-01T00:00:00Z"
        assert [(one["id"], one["before"], one["now"]) for one in since["changes"]] == [
            ("MS.AAD.3.9v1", "met", "not met"),
            ("MS.AAD.3.2v2", "not met", "met"),
        ]
    assert main(["assurance", "--configuration", str(now), "--since", str(tmp_path / "out")]) == 0
    assert "Since 2026-03-01: 2 policies changed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 2),
        (["--since", "x"], 2),
        (["--configuration", "{here}/none"], 3),
        (["--configuration", "{here}/other"], 3),
        (["--configuration", "{here}/good", "--since", "{here}/other"], 3),
        (["--configuration", "{here}/good", "--what-if", "{here}/good"], 2),
    ],
)
def test_what_it_refuses(arguments: list[str], code: int, tmp_path: Path) -> None:
    write(tmp_path / "good", [])
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "assurance.json").write_text('{"id": "x", "something": 1}')
    assert main(["assurance", *(one.format(here=tmp_path) for one in arguments)]) == code
