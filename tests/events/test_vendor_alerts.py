"""Risks and alerts of vendors: pages, damaged fields, several people, and the audit log's alerts read in both ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.microsoft.risk_types import RISKS, name_risk
from seawall.events.vendor_alerts import spell_out
from tests.events.support import read_all, rows, write_lines
from tests.events.test_both_ways import JSON_VALUES, assert_same
from tests.events.test_golden import GOLDEN
from tests.thoroughness import examples

FORMATS = ("entra_risk", "microsoft_alerts", "google_alerts")
SAMPLES = [
    path
    for name in FORMATS
    for path in sorted((GOLDEN / name).glob("*.json"))
    if not path.name.endswith(".event.json")
]
RECORDS: list[dict[str, Any]] = [json.loads(path.read_text()) for path in SAMPLES]
FIELDS = sorted({name for record in RECORDS for name in (*record, *record.get("properties", {}))})


def without_place(path: Path) -> list[dict[str, Any]]:
    events, problems, _ = read_all(path)
    assert not problems
    return [
        {key: value for key, value in event.items() if key not in ("source_file", "source_line")}
        for event in rows(events)
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_pages_arrays_and_lines_give_the_same(tmp_path: Path, name: str) -> None:
    records = [record for path, record in zip(SAMPLES, RECORDS, strict=True) if path.parent.name == name]
    lines = without_place(write_lines(tmp_path / "lines", records))
    assert len(lines) == len(records)
    shapes = {
        "array": json.dumps(records, indent=1),
        "page": json.dumps({"@odata.context": "x", "value": records}),
        "records": json.dumps({"records": records}),
        "page of Google": json.dumps({"alerts": records, "nextPageToken": "x"}),
        "hits": "\n".join(json.dumps({"_source": record}) for record in records),
    }
    for shape, text in shapes.items():
        path = tmp_path / shape.replace(" ", "-")
        path.write_text(text)
        assert without_place(path) == lines, shape


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_value_in_any_field_is_read(tmp_path_factory: Any, data: st.DataObject) -> None:
    record = dict(data.draw(st.sampled_from(RECORDS)))
    changes = data.draw(st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES, min_size=1, max_size=4))
    if isinstance(record.get("properties"), dict) and data.draw(st.booleans()):
        record["properties"] = record["properties"] | changes
    else:
        record |= changes
    path = write_lines(tmp_path_factory.mktemp("alerts") / "a.jsonl", [RECORDS[0], record, RECORDS[1]])
    events, problems, count = read_all(path)  # checks that every record is an event or a problem
    assert count == 3
    assert {problem.code for problem in problems} <= {"no-time"}
    assert events.num_rows == 3 - len(problems)
    assert_same(path)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    entities=st.lists(
        st.dictionaries(st.sampled_from(["Type", "Name", "UPNSuffix", "AadUserId", "Address"]), JSON_VALUES)
    )
)
def test_any_entities_are_read(tmp_path_factory: Any, entities: list[dict[str, Any]]) -> None:
    (sample,) = [
        record for record in RECORDS if record.get("AlertName") == "Suspicious inbox manipulation rule"
    ]
    record = sample | {"Entities": json.dumps(entities), "CompromisedEntity": ""}
    events, problems, _ = read_all(write_lines(tmp_path_factory.mktemp("alerts") / "a.jsonl", [record]))
    assert not problems
    assert rows(events)[0]["kind"] == "vendor_alert"


def alerted(people: list[dict[str, Any]], compromised: str = "") -> dict[str, Any]:
    (sample,) = [
        record for record in RECORDS if record.get("AlertName") == "Suspicious inbox manipulation rule"
    ]
    entities = [{"Type": "account", **person} for person in people]
    return {**sample, "Entities": json.dumps(entities), "CompromisedEntity": compromised}


@pytest.mark.parametrize(
    ("record", "account"),
    [
        (alerted([{"Name": "Mara", "UPNSuffix": "contoso.example"}]), "mara@contoso.example"),
        (alerted([{"AadUserId": "5B1D0000-0000-4000-8000-000000000202"}]), "5b1d0000-0000-4000-8000-000000000202"),
        (alerted([{"Name": "mara"}]), None),
        (alerted([{"Name": "mara", "UPNSuffix": "contoso.example"}, {"Name": "otto", "UPNSuffix": "contoso.example"}]), None),
        (
            alerted(
                [{"Name": "mara", "UPNSuffix": "contoso.example"}, {"Name": "otto", "UPNSuffix": "contoso.example"}],
                "Otto@contoso.example",
            ),
            "otto@contoso.example",
        ),
        (alerted([], "otto@contoso.example"), "otto@contoso.example"),
        (alerted([], "HOST-17"), None),
    ],
)  # fmt: skip
def test_the_person_named_is_the_account(tmp_path: Path, record: dict[str, Any], account: str | None) -> None:
    (event,) = rows(read_all(write_lines(tmp_path / "a.jsonl", [record]))[0])
    assert event.get("account") == account


def test_a_later_decision_is_an_event_of_its_own(tmp_path: Path) -> None:
    (first,) = [
        record for record in RECORDS if record.get("riskState") == "atRisk" and record.get("riskType")
    ]
    records = [first, first | {"riskState": "dismissed"}, first | {"riskState": "remediated"}]
    found = rows(read_all(write_lines(tmp_path / "a.jsonl", records))[0])
    assert [event["metadata_uid"] for event in found] == [
        first["id"], f"{first['id']}:dismissed", f"{first['id']}:remediated",
    ]  # fmt: skip
    assert [event.get("status_code") for event in found] == [None, "dismissed", "remediated"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("suspiciousAPITraffic", "suspicious API traffic"),
        ("passwordSpray", "password spray"),
        ("newKindOfRisk", "new kind of risk"),
        ("", ""),
    ],
)
def test_types_of_risk_are_spelt_out(name: str, words: str) -> None:
    assert spell_out(name) == words


def test_listed_types_have_words_of_their_own() -> None:
    assert name_risk("anonymizedIPAddress") == "anonymised address"
    assert all(name == name.lower() and words for name, words in RISKS.items())


def test_alerts_of_the_audit_log_are_read_both_ways(tmp_path: Path) -> None:
    sample = json.loads((GOLDEN / "m365_audit" / "alert_names_user.json").read_text())
    changes: list[dict[str, Any]] = [
        {}, {"Operation": "AlertTriggered"}, {"Severity": 3}, {"Name": None}, {"Data": "{"}, {"Operation": "AlertUpdated"},
        {"Operation": "AirInvestigation"}, {"Source": ["x"]},
    ]  # fmt: skip
    records = [
        sample | {"Id": f"{sample['Id']}{number}"} | change for number, change in enumerate(changes * 5)
    ]
    found = assert_same(write_lines(tmp_path / "a.jsonl", records))
    assert [event["kind"] for event in found[:8]] == [*["vendor_alert"] * 6, "other", "vendor_alert"]
    assert json.loads(found[0]["parameters"])["says"] == "Suspicious email forwarding activity"


def test_risks_of_okta_are_read_both_ways(tmp_path: Path) -> None:
    samples = [
        json.loads((GOLDEN / "okta" / f"{name}.json").read_text()) for name in ("user_risk_detected", "sso")
    ]
    records = [
        sample | {"uuid": f"{number:08}-08b4-11ef-9cec-000000000126"}
        for number in range(20)
        for sample in samples
    ]
    records[0]["debugContext"] = {"debugData": {"risk": "level=MEDIUM", "Target": "odd"}}
    found = assert_same(write_lines(tmp_path / "a.jsonl", records))
    said = [json.loads(event["parameters"]) for event in found if event["kind"] == "vendor_alert"]
    assert len(said) == 20
    assert said[0]["level"] == "medium"
    assert said[1] | {"Target": ""} == {
        "vendor": "Okta",
        "product": "Identity Threat Protection",
        "says": "Session Influenced User Risk",
        "type": "user.risk.detect",
        "level": "high",
        "address": "198.51.100.7",
        "Target": "",
    }
