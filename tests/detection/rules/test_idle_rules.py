"""Rules that can hit nothing as its vendor writes it say so; the fields of files are asked by the addresses that hold them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seawall.detection.rules.sigma.rule_summary import summarise_rules
from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from tests.detection.rules.test_sigma import BASE, correlation, rule, rules
from tests.detection.rules.vendor_records import m365

AZURE = {"product": "azure", "service": "auditlogs"}


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        ({"Initiatedby": "UPN"}, "called UPN"),
        ({"Initiatedby": ["UPN", "ann@x.example"]}, ""),
        ({"riskEventType": "tooManyGlobalAdminsAssignedToTenantAlertIncident"}, "Privileged Identity Management"),
        ({"riskEventType": "unfamiliarFeatures"}, ""),
        ({"properties.message|contains|all": ["Add user", "Add member to role"]}, "two operations"),
        ({"properties.message|contains|all": ["Add", "member to role"]}, ""),
        ({"properties.message|contains": ["Add user", "Add member to role"]}, ""),
        ({"OperationName": '"displayName":"UserType"'}, "changed properties"),
    ],
)  # fmt: skip
def test_what_no_vendor_says_is_doubted(selection: dict[str, Any], said: str) -> None:
    (about,) = rules(rule({"s": selection, "condition": "s"}, logsource=AZURE)).abouts
    assert said in about.cannot_hit
    assert bool(said) == bool(about.cannot_hit)


@pytest.mark.parametrize("condition", ["s or t", "1 of them", "not s and t", "t and not s"])
def test_what_need_not_hold_is_not_doubted(condition: str) -> None:
    detection = {"s": {"Initiatedby": "UPN"}, "t": {"OperationName": "Add user"}, "condition": condition}
    (about,) = rules(rule(detection, logsource=AZURE)).abouts
    assert not about.cannot_hit


def test_a_field_that_is_kept_of_no_known_record_is_doubted_and_counted() -> None:
    found = rules(
        rule({"s": {"MailboxGuid": "x"}, "condition": "s"}),
        rule({"s": {"MailboxGuid": "x"}, "t": {"Operation": "x"}, "condition": "s or t"},
             id="5a6c1f3e-6c53-4c8e-9a0e-3d1c6f3f0b11"),
    )  # fmt: skip
    assert [bool(about.cannot_hit) for about in found.abouts] == [True, False]
    assert summarise_rules(found) == ("rules: 2 Sigma rules loaded (1 cannot hit), 0 skipped",)


def test_what_counts_hits_of_a_rule_that_cannot_hit_cannot_either() -> None:
    found = rules(
        rule({"s": {"MailboxGuid": "x"}, "condition": "s"}, **BASE),
        correlation("event_count", ["base"], {"gte": 3}),
    )
    assert "MailboxGuid" in found.abouts[1].cannot_hit


@pytest.mark.parametrize(
    ("selection", "hits"),
    [
        ({"SiteUrl": "https://x.sharepoint.com/sites/board/"}, True),
        ({"SiteUrl": "https://x.sharepoint.com/sites/board"}, True),
        ({"SiteUrl|contains": "/sites/boards"}, False),
        ({"SourceFileExtension": ["kdbx", "docx"]}, True),
        ({"SourceFileExtension": "com"}, False),
    ],
)
def test_a_file_is_asked_by_its_site_and_extension(
    tmp_path: Path, selection: dict[str, Any], hits: bool
) -> None:
    record = m365(
        "FileDownloaded", "SharePoint", 6, ObjectId="https://x.sharepoint.com/sites/board/Documents/plan.DOCX",
        SiteUrl="https://x.sharepoint.com/sites/board/", SourceFileExtension="DOCX", SourceFileName="plan.DOCX",
    )  # fmt: skip
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n")
    (batch,) = [one for one in read([tmp_path / "a.jsonl"]) if one.events.num_rows]
    found = rules(rule({"s": selection, "condition": "s"}))
    assert not found.abouts[0].cannot_hit
    mark = found.mark(enrich(batch.events, Networks.load()))[0].to_pylist()[0]
    assert (mark is not None) == hits
