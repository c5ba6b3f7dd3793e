"""An incident is staged as if it were alone, with equal records for equal seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from seawall.lab.replay.incident_file import list_names, load_incident
from seawall.lab.replay.organisation import (
    OrganisationChoice,
    StagedIncident,
    count_days,
    find_kind,
    make_honest,
    stage_all,
)

CHOICE = OrganisationChoice(accounts=50, density=0.1)
FULL = [
    name for name in list_names() if find_kind(load_incident(name)) == find_kind(load_incident("consentfix"))
]


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, StagedIncident]:
    folder = tmp_path_factory.mktemp("staged")
    incidents = [load_incident(name) for name in FULL]
    kind = find_kind(incidents[0])
    diary = make_honest(kind, CHOICE, folder, max(count_days(one) for one in incidents))
    return {one.incident.name: one for one in stage_all(incidents, diary, CHOICE, folder)}


@pytest.mark.parametrize("name", FULL)
def test_every_incident_leaves_records(staged: dict[str, StagedIncident], name: str) -> None:
    one = staged[name]
    assert one.ids
    assert one.count_messages() > 0
    assert any(path.is_file() for path in one.logs.rglob("*"))


def test_no_two_incidents_share_a_record(staged: dict[str, StagedIncident]) -> None:
    ids = [uid for one in staged.values() for uid in one.ids]
    assert len(ids) == len(set(ids))


def test_messages_are_counted_until_a_time(staged: dict[str, StagedIncident]) -> None:
    one = staged["consentfix"]
    begin, middle = one.scene.find_time(0), one.scene.find_time(1)
    assert one.count_messages(begin) == 0
    assert 0 <= one.count_messages(middle) <= one.count_messages()


def test_a_vendors_alert_is_written_where_a_stage_has_one(staged: dict[str, StagedIncident]) -> None:
    assert list(staged["tycoon-2fa"].logs.rglob("risk-detections.json"))
    assert not list(staged["consentfix"].logs.rglob("risk-detections.json"))


def test_an_incident_alone_is_the_same_as_among_others(
    staged: dict[str, StagedIncident], tmp_path: Path
) -> None:
    incident = load_incident("consentfix")
    diary = make_honest(find_kind(incident), CHOICE, tmp_path, count_days(incident))
    (alone,) = stage_all([incident], diary, CHOICE, tmp_path)
    assert alone.ids == staged["consentfix"].ids
    assert [(act.time, act.client_address, act.count) for act in alone.acts] == [
        (act.time, act.client_address, act.count) for act in staged["consentfix"].acts
    ]
