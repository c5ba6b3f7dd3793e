"""Incidents are data: whole, with sources and marks, and with acts and policies that exist."""

from __future__ import annotations

from datetime import date

import pytest

from seawall.lab.replay.acts import STAGE_ACTS
from seawall.lab.replay.incident_file import MARKS, list_names, load_incident, read_incident
from seawall.lab.replay.organisation import LONG, count_days, find_kind
from seawall.lab.replay.tokens import TOKEN_KINDS
from seawall.posture.incidents import INCIDENTS
from seawall.posture.policies import POLICIES
from seawall_base.errors import UsageError

NAMES = list_names()


@pytest.mark.parametrize("name", NAMES)
def test_an_incident_is_whole(name: str) -> None:
    incident = load_incident(name)
    assert name in INCIDENTS
    assert any(stage.act for stage in incident.stages), "no stage makes records"
    assert {source.mark for source in incident.sources} <= MARKS.keys()
    assert count_days(incident) <= LONG
    days = [stage.day for stage in incident.stages]
    assert days == sorted(days)
    for stage in incident.stages:
        assert not stage.act or stage.act in STAGE_ACTS, stage.id
        assert not stage.token or stage.token in TOKEN_KINDS, stage.id
        assert stage.sources or stage.assumption, f"{stage.id} has neither source nor assumption"


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_that_rules_over_a_stage_names_the_incident_itself(name: str) -> None:
    by_id = {policy.id: policy for policy in POLICIES}
    for stage in load_incident(name).stages:
        for policy in stage.governed_by:
            assert name in by_id[policy].incidents, f"{policy} does not say that it would have stopped {name}"


def test_incidents_come_in_order_of_their_days() -> None:
    days = [load_incident(name).began for name in NAMES]
    assert days == sorted(days)


def test_an_unknown_incident_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no such incident"):
        load_incident("../storm-0558")


def test_a_stage_without_its_source_is_refused() -> None:
    document = {
        "title": "x", "summary": "x", "began": date(2024, 1, 1), "length": 1, "systems": ["microsoft"], "victims": 1,
        "sources": [], "stages": [{"id": "a", "day": 0, "title": "x", "sources": ["nowhere"]}],
    }  # fmt: skip
    with pytest.raises(ValueError, match="nowhere"):
        read_incident("x", document)


def test_the_options_of_an_act_are_what_is_no_field() -> None:
    reading = next(stage for stage in load_incident("storm-0558").stages if stage.id == "reading")
    assert reading.options["visits"] == 9
    assert "title" not in reading.options


def test_other_systems_than_the_incidents_are_refused() -> None:
    with pytest.raises(UsageError, match="cannot be staged in logs of okta"):
        find_kind(load_incident("storm-0558"), "okta")
