"""Settings are judged by the product's own check of a configuration: met ones stop, others do not, and each names its vendor."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.lab.replay.incident_file import list_names, load_incident
from seawall.lab.replay.policies import judge_settings, name_vendor, read_given
from seawall_base.errors import InputUnreadable
from seawall_base.rfc3339 import parse_time

SAMPLES = Path(__file__).parents[2] / "posture" / "samples"
NOW = parse_time("2026-03-01")


def test_the_reference_meets_every_setting_that_rules_over_a_stage() -> None:
    reference = read_given((), NOW)
    for name in list_names():
        incident = load_incident(name)
        for systems in incident.systems:
            for stage, found in judge_settings(incident, reference, systems):
                assert found.state == "met", (name, stage, found)


def test_settings_that_are_not_met_are_told_as_such() -> None:
    given = read_given([SAMPLES / "bad"], NOW)
    found = judge_settings(load_incident("storm-2372"), given, "microsoft")
    assert [(stage, one.policy, one.state) for stage, one in found] == [
        ("device-code", "MS.AAD.3.9v1", "not met")
    ]


def test_only_enabled_access_policies_count() -> None:
    assert all(one.state == "enabled" for one in read_given((), NOW).access)
    assert len(read_given((), NOW).access) > len(read_given([SAMPLES / "bad"], NOW).access)


def test_a_setting_of_another_vendor_rules_over_nothing() -> None:
    reference = read_given((), NOW)
    salesloft = load_incident("salesloft-drift")
    in_google = {one.policy for _, one in judge_settings(salesloft, reference, "google")}
    in_microsoft = {one.policy for _, one in judge_settings(salesloft, reference, "microsoft")}
    assert in_google == {"GWS.COMMONCONTROLS.10.4v1"}
    assert in_microsoft == {"MS.AAD.5.2v1"}
    assert name_vendor("SEAWALL.OKTA.3v1") == "okta"


def test_a_folder_without_settings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputUnreadable, match="no configuration export"):
        read_given([tmp_path], NOW)
    with pytest.raises(InputUnreadable, match="no such file"):
        read_given([tmp_path / "no"], NOW)
