"""Policies of Microsoft Graph become values; what is not evaluated becomes a doubt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall.events.access_policy import AccessPolicy

from .policies import ANN, GROUP, policy, read, users


def one(tmp_path: Path, **changes: Any) -> AccessPolicy:
    (found,), _, problems = read(tmp_path, policy(**changes))
    assert problems == []
    return found


@pytest.mark.parametrize(
    ("controls", "demand"),
    [
        ({"operator": "OR", "builtInControls": ["mfa"]}, "mfa"),
        ({"operator": "OR", "builtInControls": ["block"]}, "block"),
        ({"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]}, "mfa"),
        ({"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]}, "device"),
        ({"operator": "OR", "builtInControls": ["mfa", "approvedApplication"]}, "nothing"),
        ({"operator": "AND", "builtInControls": ["mfa"], "termsOfUse": ["x"]}, "mfa"),
        ({"operator": "OR", "builtInControls": ["mfa"], "termsOfUse": ["x"]}, "nothing"),
        ({"authenticationStrength": {"allowedCombinations": ["fido2", "windowsHelloForBusiness"]}}, "resistant"),
        ({"operator": "OR", "authenticationStrength": {"allowedCombinations": ["fido2", "password,sms"]}}, "mfa"),
        ({"operator": "OR", "authenticationStrength": {"allowedCombinations": ["password"]}}, "nothing"),
        ({"operator": "OR", "authenticationStrength": {"id": "00000000-0000-0000-0000-000000000004"}}, "resistant"),
        (None, "nothing"),
    ],
)  # fmt: skip
def test_controls_become_a_demand(tmp_path: Path, controls: Any, demand: str) -> None:
    assert one(tmp_path, grantControls=controls).demand == demand


def test_conditions_that_are_not_evaluated_are_doubts(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        conditions={
            "devices": {"deviceFilter": {"mode": "include", "rule": "x"}},
            "insiderRiskLevels": "minor",
        },
    )
    assert found.doubts == ("the condition insiderrisklevels", "the filter of devices")
    assert one(tmp_path, conditions={"devices": None, "insiderRiskLevels": None}).doubts == ()


def test_paths_and_states(tmp_path: Path) -> None:
    assert one(tmp_path, conditions={"clientAppTypes": ["exchangeActiveSync", "other"]}).paths == {
        "activesync",
        "legacy",
    }
    flow = {"authenticationFlows": {"transferMethods": "deviceCodeFlow,authenticationTransfer"}}
    assert one(tmp_path, conditions=flow).paths == {"device_code"}
    assert one(tmp_path, state="enabledForReportingButNotEnforced").state == "report-only"


def test_registration_is_no_ordinary_sign_in(tmp_path: Path) -> None:
    found = one(
        tmp_path, conditions={"applications": {"includeUserActions": ["urn:user:registersecurityinfo"]}}
    )
    assert found.on_registration
    assert not found.include_apps.everything
    assert not found.include_apps.listed


def test_what_policies_refer_to_is_read(tmp_path: Path) -> None:
    group = {
        "id": GROUP.upper(),
        "displayName": "Staff",
        "members": [{"id": ANN, "userPrincipalName": "Ann@X.example"}, "Odd"],
    }
    place = {
        "id": "p",
        "displayName": "Office",
        "isTrusted": True,
        "ipRanges": [{"cidrAddress": "192.0.2.0/24"}],
    }
    countries = {"id": "c", "displayName": "Countries", "countriesAndRegions": ["de"]}
    user = {"id": ANN, "userPrincipalName": "Ann@X.example"}
    found, directory, problems = read(
        tmp_path, policy(conditions=users(excludeGroups=[GROUP])), group, place, countries, user
    )
    assert problems == []
    assert found[0].exclude.groups == {GROUP}
    assert directory.members == {GROUP: frozenset({ANN, "ann@x.example", "odd"})}
    assert directory.places["p"].networks == ("192.0.2.0/24",)
    assert directory.places["c"].countries == {"DE"}
    assert directory.accounts == {ANN: "ann@x.example"}


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[1, 2]", '{"value": [{"conditions": 3}]}', "[" * 100, '{"a": "\ud800"}', "\x00\x01"],
)
def test_what_is_no_policy_is_a_problem(tmp_path: Path, text: str) -> None:
    from seawall.events.microsoft.access_policies import read_policies

    path = tmp_path / "odd.json"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    found, _, problems = read_policies([path])
    assert found == []
    assert problems
