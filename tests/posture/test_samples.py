"""Every policy is met by the good tenant, not met by the bad one, and cannot be judged without its exports."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from seawall.posture.assess import Finding, assess_configuration
from seawall.posture.exports import BY_NAME
from seawall.posture.incidents import INCIDENTS
from seawall.posture.policies import POLICIES
from seawall.posture.policy import Configuration
from seawall.posture.read_configuration import read_configuration
from seawall_base.rfc3339 import parse_time

SAMPLES = Path(__file__).parent / "samples"
NOW = parse_time("2026-03-01")
IDS = [policy.id for policy in POLICIES]


@cache
def tenant(name: str) -> Configuration:
    configuration, problems = read_configuration([SAMPLES / name], NOW)
    assert problems == []
    return configuration


@cache
def findings(name: str) -> dict[str, Finding]:
    return {one.policy.id: one for one in assess_configuration(tenant(name))}


@pytest.mark.parametrize("policy", IDS)
def test_the_good_tenant_meets_it(policy: str) -> None:
    found = findings("good")[policy].verdict
    assert found.state == "met", found


@pytest.mark.parametrize("policy", IDS)
def test_the_bad_tenant_does_not_and_the_object_is_named(policy: str) -> None:
    found = findings("bad")[policy].verdict
    assert found.state == "not met", found
    nothing_to_name = {
        "MS.AAD.5.3v1", "MS.AAD.9.1v1", "MS.EXO.7.1v1", "MS.SECURITYSUITE.5.1v1", "MS.SECURITYSUITE.5.2v1",
        "SEAWALL.SIGNIN.2v1", "MS.SHAREPOINT.3.3v2",
    }  # fmt: skip
    assert found.names or policy in nothing_to_name, found


@pytest.mark.parametrize("policy", POLICIES, ids=IDS)
def test_without_its_exports_nothing_can_be_said(policy: object) -> None:
    assert policy in POLICIES
    (found,) = assess_configuration(Configuration({}, NOW), [policy])
    assert found.verdict.state == "cannot say"
    assert found.missing
    assert {name for names in found.missing for name in names} <= BY_NAME.keys()


@pytest.mark.parametrize("policy", POLICIES, ids=IDS)
def test_empty_exports_prove_nothing_false(policy: object) -> None:
    """An export that is given and empty never fails, and whoever has no such object meets or breaks the policy knowingly."""
    empty = Configuration({name: [] for name in BY_NAME}, NOW)
    (found,) = assess_configuration(empty, [policy])  # type: ignore[list-item]
    assert "failed" not in found.verdict.reason


def test_the_table_is_sound() -> None:
    assert len(IDS) == len(set(IDS))
    scuba = [policy for policy in POLICIES if policy.id.startswith(("MS.", "GWS."))]
    assert len(scuba) >= 90
    for policy in POLICIES:
        assert set(policy.incidents) <= INCIDENTS.keys(), policy.id
        assert policy.incidents or "No catalogued incident" in policy.stops or policy.strength != "lesson", (
            policy.id
        )
        assert policy.strength == "lesson" or not policy.id.startswith("SEAWALL."), policy.id
        for text in (policy.title, policy.requires, policy.stops, policy.fix):
            assert text, policy.id
            assert all(len(sentence.split()) <= 25 for sentence in text.split(". ")), (policy.id, text)


def test_every_export_of_the_samples_is_recognised_by_its_content() -> None:
    """The name of a file says nothing: the same files under other names give the same objects."""
    good = tenant("good")
    assert {"google_policies", "okta_tokens", "mailboxes", "dns_text", "role_policies"} <= set(good.objects)
    assert len(good.objects) >= 50
