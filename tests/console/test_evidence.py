"""The exported evidence: whole, checkable, the same twice, and safe to open."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from zoneinfo import ZoneInfo

import pytest
import yaml

from seawall.console.data.evidence import EvidenceExport, write_evidence
from seawall.console.data.presentation import incident_value
from seawall.console.data.record_values import Record
from seawall.detection.incident import Incident
from seawall.response.export import writing
from seawall.response.export.artefacts import Artefacts
from tests.console.samples import HOSTILE, INCIDENT, T0, record, with_text

ARTEFACTS = Artefacts(
    (
        {
            "metadata_uid": "r1",
            "time": "2026-03-01T00:00:00Z",
            "source": "m365_audit",
            "src_ip": "198.51.100.7",
        },
    ),
    {"m365_audit": {"src_prefix": ("198.51.100.0/24",), "activity_name": ("MailItemsAccessed",)}},
    {"src_prefix": frozenset({"203.0.113.0/24"})},
)
NAMES = [
    "incident.json", "events.csv", "events.jsonl", "report.html", "finding.json", "bundle.json", "rules.yml", "README.txt",
    "manifest.json",
]  # fmt: skip


def made(incident: Incident, records: list[Record], zone: str = "Europe/Berlin", left_out: int = 0) -> bytes:
    target = io.BytesIO()
    export = EvidenceExport(T0, "ann", "0.1.0", ZoneInfo(zone))
    forms = writing.render_files(incident, ARTEFACTS, "0.1.0")
    write_evidence(
        target, incident, incident_value(incident), iter(records), export, left_out=left_out, forms=forms
    )
    return target.getvalue()


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == NAMES
        return {name: archive.read(name) for name in NAMES}


def test_the_forms_for_other_programs_are_inside() -> None:
    files = members(made(INCIDENT, [record("x")]))
    assert json.loads(files["finding.json"])["class_uid"] == 2004
    assert json.loads(files["bundle.json"])["type"] == "bundle"
    (rule,) = yaml.safe_load_all(files["rules.yml"])
    assert rule["detection"]["from_network"] == {"ClientIP|cidr": ["198.51.100.0/24"]}
    readme = files["README.txt"].decode()
    for name in NAMES[:-1]:
        assert name in readme


def test_without_records_the_forms_that_need_some_are_left_out() -> None:
    target = io.BytesIO()
    write_evidence(
        target, INCIDENT, incident_value(INCIDENT), [], EvidenceExport(T0, "ann", "0.1.0", ZoneInfo("UTC"))
    )
    with zipfile.ZipFile(target) as archive:
        assert archive.namelist() == [*NAMES[:4], *NAMES[-2:]]
        assert "rules.yml" not in archive.read("README.txt").decode()


def test_the_manifest_has_the_digest_of_every_other_file() -> None:
    files = members(made(INCIDENT, [record("x"), record("y", id_="r2")]))
    manifest = json.loads(files["manifest.json"])
    assert [entry["name"] for entry in manifest["files"]] == NAMES[:-1]
    for entry in manifest["files"]:
        content = files[entry["name"]]
        assert (entry["size"], entry["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


def test_what_is_inside() -> None:
    files = members(made(INCIDENT, [record("x"), record("y", id_="r2")], left_out=3))
    document = json.loads(files["incident.json"])
    assert document["incident"]["id"] == INCIDENT.id
    assert document["exported_by"] == "ann"
    lines = [json.loads(line) for line in files["events.jsonl"].splitlines()]
    assert [line["id"] for line in lines] == ["r1", "r2"]
    rows = list(csv.reader(io.StringIO(files["events.csv"].decode("utf-8-sig"), newline="")))
    assert rows[0][:3] == ["time_utc", "time Europe/Berlin", "id"]
    assert rows[1][:3] == ["2026-03-01T00:00:00Z", "2026-03-01T01:00:00+01:00", "r1"]
    assert b"<html" in files["report.html"]
    readme = files["README.txt"].decode()
    assert "Europe/Berlin" in readme
    assert "3 further records" in readme


def test_the_same_twice() -> None:
    assert made(INCIDENT, [record("x")]) == made(INCIDENT, [record("x")])


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(text: str) -> None:
    files = members(made(with_text(text), [record(text)], "UTC"))
    page = files["report.html"].decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert json.loads(files["events.jsonl"])["raw"]["Text"] == text.encode("utf-8", "replace").decode()
    for row in csv.reader(io.StringIO(files["events.csv"].decode("utf-8-sig"), newline="")):
        assert len(row) == 26
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in row)
    assert "\x1b" not in files["README.txt"].decode()
