"""What other programs get of an incident: judged by their own readers, and by the rules that are made of it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from py_ocsf_models.events.findings.detection_finding import DetectionFinding

import seawall
from seawall.cli.main import main
from seawall.detection.incident import Incident
from seawall.lab.worlds import WorldSettings, make_world
from seawall.pipeline.scan import ScanSettings
from seawall.response.export import ocsf, sigma, writing
from seawall.response.export.artefacts import NEEDED, ArtefactCollector, Artefacts, collect_artefacts
from seawall.storage.files.incident_documents import look_up
from tests.report.test_documents import INCIDENT, TEXT
from tests.thoroughness import examples

VALUES = st.dictionaries(
    st.sampled_from(["src_ip", "src_prefix", "app_uid", "activity_name", "session_uid"]),
    st.lists(TEXT, max_size=3).map(tuple),
    max_size=4,
)
RECORD = st.dictionaries(st.sampled_from(NEEDED), TEXT | st.none() | st.integers(0, 9), max_size=4)
ARTEFACTS = st.builds(
    Artefacts,
    records=st.lists(RECORD, max_size=2).map(tuple),
    values=st.dictionaries(st.sampled_from(sorted(sigma.LOGS)), VALUES, max_size=3),
    own=st.dictionaries(st.sampled_from(["src_prefix", "app_uid"]), st.frozensets(TEXT, max_size=2), max_size=2),
)  # fmt: skip


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    families = ("token_replay", "aitm_phishing", "mfa_fatigue")
    made = WorldSettings(11, accounts=14, days=16, attacks=3, families=families, density=0.4)
    make_world(made, folder / "world")
    seawall.scan(folder / "world/logs", folder / "out")
    return folder


def exported(folder: Path, rank: int) -> tuple[Incident, Artefacts]:
    incident = look_up(folder / "out/incidents.jsonl", str(rank)).incident
    table = pq.read_table(folder / "out/events.parquet", columns=list(NEEDED))
    gathering = ArtefactCollector(
        incident.tenant, incident.account, frozenset(incident.events), incident.first_event
    )
    pieces = [table.slice(start, 1000) for start in range(0, len(table), 1000)]
    return incident, collect_artefacts(pieces, gathering)


def test_pieces_of_any_size_give_the_same(scanned: Path) -> None:
    incident, artefacts = exported(scanned, 1)
    table = pq.read_table(scanned / "out/events.parquet")
    whole = collect_artefacts(
        [table],
        ArtefactCollector(
            incident.tenant, incident.account, frozenset(incident.events), incident.first_event
        ),
    )
    assert whole == artefacts
    assert {record["metadata_uid"] for record in artefacts.records} == set(incident.events)
    assert [record["time"] for record in artefacts.records] == sorted(
        record["time"] for record in artefacts.records
    )


def test_a_finding_is_one_to_another_reader(scanned: Path) -> None:
    incident, artefacts = exported(scanned, 1)
    found = ocsf.make_finding(incident, artefacts, "1.0")
    read = DetectionFinding.model_validate_json(json.dumps(found))
    assert read.finding_info.uid == incident.id
    assert read.class_uid * 100 + read.activity_id == read.type_uid == 200401
    assert len(read.evidences or []) == len(artefacts.records)
    assert read.time == (incident.detected_at or incident.last_event) // 1000


def test_a_bundle_is_valid_to_another_reader(scanned: Path) -> None:
    incident, artefacts = exported(scanned, 1)
    made = writing.render_files(incident, artefacts, "1.0")["bundle.json"]
    assert made == writing.render_files(incident, artefacts, "1.0")["bundle.json"]
    assert_valid(made)
    patterns = [one["pattern"] for one in json.loads(made)["objects"] if one["type"] == "indicator"]
    assert any("ipv" in pattern for pattern in patterns)


def assert_valid(bundle: str) -> None:
    from stix2validator import (
        ValidationOptions,
        validate_string,
    )  # takes a second: not for every process that collects

    options = ValidationOptions(version="2.1", disabled="custom-prefix,network-traffic-ports", strict=False)
    assert [str(error) for error in validate_string(bundle, options).errors] == []


@given(INCIDENT, ARTEFACTS)
def test_every_incident_can_be_exported_whatever_its_texts(incident: Incident, artefacts: Artefacts) -> None:
    made = writing.render_files(incident, artefacts, "1.0")
    DetectionFinding.model_validate_json(made["finding.json"])
    for name in ("records.csv", "reasons.csv"):
        for row in csv.reader(io.StringIO(made[name])):
            for cell in row:
                assert not cell.startswith(("=", "+", "@", "\t", "\r")), cell
    for rule in yaml.safe_load_all(made.get("rules.yml", "")):
        assert rule["detection"]["condition"]
    assert all(content.encode() for content in made.values())


@settings(max_examples=examples(15))  # that reader takes its time
@given(INCIDENT, ARTEFACTS)
def test_every_bundle_is_valid(incident: Incident, artefacts: Artefacts) -> None:
    assert_valid(writing.render_files(incident, artefacts, "1.0")["bundle.json"])


@given(INCIDENT, ARTEFACTS)
def test_a_rule_asks_for_nothing_that_the_holder_had_shown(incident: Incident, artefacts: Artefacts) -> None:
    for rule in sigma.make_rules(incident, artefacts):
        blocks = [
            value for asked in (rule["detection"].get("from_network") or {}).values() for value in asked
        ]
        apps = [
            value
            for asked in rule["detection"].get("by_application", [])
            for value in next(iter(asked.values()))
        ]
        assert blocks or apps
        assert not set(blocks) & artefacts.own.get("src_prefix", frozenset())
        assert not set(apps) & artefacts.own.get("app_uid", frozenset())


def test_the_rules_hit_the_intruder_and_not_the_holder_before(scanned: Path, tmp_path: Path) -> None:
    incident, artefacts = exported(scanned, 1)
    written = writing.render_files(incident, artefacts, "1.0")
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "found.yml").write_text(written["rules.yml"])
    seawall.scan(scanned / "world/logs", tmp_path / "out", settings=ScanSettings(rules=(rules,), pack=False))
    book = json.loads((tmp_path / "out/rules.json").read_text())["rules"]
    assert {rule["status"] for rule in book} == {"ran"}
    hits = {record for rule in book for record in rule["records"]}
    assert hits & set(incident.events)
    events = pq.read_table(
        scanned / "out/events.parquet", columns=["metadata_uid", "account", "time", "status"]
    ).to_pylist()
    before = {
        row["metadata_uid"]
        for row in events
        if row["account"] == incident.account
        and row["status"] == "success"
        and int(row["time"].timestamp() * 1e6) < incident.first_event
    }
    assert before
    assert not hits & before


def test_without_a_past_of_the_holder_there_is_no_rule(scanned: Path) -> None:
    incident, artefacts = exported(scanned, 1)
    nothing = Artefacts(artefacts.records, artefacts.values, {})
    assert sigma.make_rules(incident, nothing) == []
    assert "rules.yml" not in writing.render_files(incident, nothing, "1.0")


def test_the_weights_of_a_table_sum_to_the_score(scanned: Path) -> None:
    incident, _ = exported(scanned, 1)
    rows = list(csv.DictReader(io.StringIO(writing.write_reasons(incident))))
    assert sum(float(row["weight"]) for row in rows) == pytest.approx(incident.score, abs=1e-4)


def test_the_verb_writes_all_forms_and_their_sums(
    scanned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["respond", "export", "1", "--out", str(scanned / "out")]
    assert main([*words, "--to", str(tmp_path / "case")]) == 0
    assert capsys.readouterr().out == ""
    lines = (tmp_path / "case/SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    assert set(sums) == {path.name for path in (tmp_path / "case").iterdir()} - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((tmp_path / "case" / name).read_bytes()).hexdigest() == digest
    assert main([*words, "--form", "ocsf"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "case/finding.json").read_text())


def test_a_hostile_record_stays_text() -> None:
    table = pa.table(
        {
            "metadata_uid": ["=1+1", "b"],
            "account": ["a@x.example", "a@x.example"],
            "org_uid": ["o", "o"],
            "status": ["success", "success"],
            "source": ["m365_audit", "m365_audit"],
            "time": pa.array([5, 3], pa.timestamp("us", tz="UTC")),
            "user_agent": ["=HYPERLINK(1)", "</script>\u202e"],
        }
    )
    found = collect_artefacts([table], ArtefactCollector("o", "a@x.example", frozenset({"=1+1", "b"}), 4))
    assert [record["metadata_uid"] for record in found.records] == ["b", "=1+1"]
    written = writing.write_records(found)
    assert '"\'=1+1"' in written
    assert "\u202e" not in written
