"""The incidents of a scan become a list of accounts at risk, and a broken file is never taken for an empty one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from seawall.gate.risk import PATIENCE, RiskFileInvalid, RiskList, read_incidents
from seawall.gate.settings import RiskSettings
from seawall.storage.files.incident_documents import incident_document
from tests.cli.samples import INCIDENT

TENANT = "0f0e0d0c-0b0a-4908-8706-050403020100"


def line(account: str = "ann@example.org", **more: object) -> str:
    entry = {
        "account": account,
        "severity": "high",
        "raised": True,
        "last_event": "2026-11-01T10:00:00Z",
        "id": "i1",
    }
    return json.dumps({**entry, **more}) + "\n"


def written(path: Path, text: str, when: float) -> None:
    path.write_text(text, "utf-8")
    os.utime(path, (when, when))


def test_a_real_incident_is_read(tmp_path: Path) -> None:
    document = incident_document(INCIDENT)
    path = tmp_path / "incidents.jsonl"
    path.write_text(json.dumps(document | {"raised": True, "severity": "high"}) + "\n", "utf-8")
    found = read_incidents(path, "high")
    assert set(found) == {document["account"].casefold()}
    assert found[document["account"].casefold()].id == document["id"]


def test_only_what_was_raised_at_or_above_the_severity_counts(tmp_path: Path) -> None:
    path = tmp_path / "incidents.jsonl"
    lines = [
        line("Ann@Example.org"),
        line("ben@example.org", severity="medium"),
        line("cat@example.org", raised=False),
        line("dan@example.org", severity="critical"),
        line("ann@example.org", last_event="2026-11-02T10:00:00Z", id="i2"),
        "\n",
    ]
    path.write_text("".join(lines), "utf-8")
    found = read_incidents(path, "high")
    assert {account: incident.id for account, incident in found.items()} == {
        "ann@example.org": "i2",
        "dan@example.org": "i1",
    }


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "null", '{"account": 1}', line()[:-10], line(severity="grave"), line(last_event="yesterday"), "\x00",
     line(raised="yes"), "[" * 5000],
)  # fmt: skip
def test_a_broken_line_breaks_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "incidents.jsonl"
    path.write_text(line() + text, "utf-8")
    with pytest.raises(RiskFileInvalid, match="line 2 is no incident") as broken:
        read_incidents(path, "high")
    assert "ann" not in str(broken.value)


def test_the_account_is_found_by_its_claims(tmp_path: Path) -> None:
    path = tmp_path / "incidents.jsonl"
    written(path, line() + line("app-1") + line("eve@example.org", tenant=TENANT), 1000)
    risk = RiskList(RiskSettings(incidents=path), clock=lambda: 5000)
    assert len(risk) == 3
    assert risk.incident_of({"preferred_username": "Ann@Example.ORG"}) is not None
    assert risk.incident_of({"azp": "app-1"}) is not None
    assert risk.incident_of({"sub": "ben@example.org", "upn": 7}) is None
    assert risk.incident_of({"upn": "eve@example.org", "tid": TENANT.upper()}) is not None
    assert risk.incident_of({"upn": "eve@example.org", "tid": TENANT[::-1]}) is None


def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "incidents.jsonl"
    now = [5000.0]
    written(path, line(), 1000)
    risk = RiskList(RiskSettings(incidents=path), clock=lambda: now[0])
    written(path, line() + line("ben@example.org"), 4999.8)
    risk.refresh()
    assert len(risk) == 1, "it may still be being written"
    now[0] += 2
    risk.refresh()
    assert len(risk) == 2
    assert risk.state == "read"


def test_a_broken_file_counts_for_a_while_as_it_was_and_then_refuses(tmp_path: Path) -> None:
    path = tmp_path / "incidents.jsonl"
    now = [5000.0]
    written(path, line(), 1000)
    risk = RiskList(RiskSettings(incidents=path), clock=lambda: now[0])
    written(path, "{", 2000)
    risk.refresh()
    assert (risk.state, risk.refuses_all, len(risk)) == ("read", False, 1)
    now[0] += PATIENCE + 1
    risk.refresh()
    assert (risk.state, risk.refuses_all) == ("broken", True)
    written(path, line() + line("ben@example.org"), 3000)
    risk.refresh()
    assert (risk.state, risk.refuses_all, len(risk)) == ("read", False, 2)
    path.unlink()
    risk.refresh()
    now[0] += PATIENCE + 1
    risk.refresh()
    assert risk.refuses_all


def test_a_missing_file_refuses_from_the_start_unless_told_otherwise(tmp_path: Path) -> None:
    assert RiskList(RiskSettings(incidents=tmp_path / "none")).refuses_all
    assert not RiskList(RiskSettings(incidents=tmp_path / "none", broken="ignore")).refuses_all
    assert RiskList(RiskSettings()).state == "off"
