"""The rules that ship: each says what it is and misses, hits its own records and spares those beside them."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib import resources
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tools import rule_tables

from seawall.detection.rules.sigma import conditions, fields
from seawall.detection.rules.sigma.documents import RuleDocument, read_documents
from seawall.detection.rules.sigma.load import load_rules
from seawall.events.microsoft.m365_fields import DROPPED_FIELDS, KNOWN_FIELDS

PACK = Path(str(resources.files("seawall.detection.rules") / "pack"))
FOUND = list(read_documents(PACK))
FILES = sorted(PACK.glob("*/*.yml"))
TOLD = {path: [one.content for one in FOUND if isinstance(one, RuleDocument) and one.file == name] for path, name in
        ((path, path.relative_to(PACK).as_posix()) for path in FILES)}  # fmt: skip
RECORDS = sorted(PACK.glob("*/*.jsonl"))
FOR_DOCUMENTS = tuple(map(ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")))
ADDRESS = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
VERSIONS = re.compile(
    r"(?:Chrome|Edg|Safari|AppleWebKit|MSIE|python-requests|axios|Edge|ExchangeServicesClient)[/ ][\d.]+|\(15\.[\d.]+\)"
)
DOMAIN = re.compile(r"@([a-z0-9.-]+\.[a-z]{2,})", re.IGNORECASE)


def name(path: Path) -> str:
    return path.relative_to(PACK).with_suffix("").as_posix()


def whole(path: Path) -> dict[str, Any]:
    """The document of a file that is told of: the last, after the parts of a correlation."""
    return TOLD[path][-1]


def test_every_rule_runs() -> None:
    rules = load_rules(())
    assert [(one.file, one.reason) for one in rules.skipped] == []
    assert len(rule_tables.told()) == len(FILES) >= 60


def test_vendors_have_rules() -> None:
    vendors = Counter(path.parent.name for path in FILES)
    assert set(vendors) == {"microsoft", "okta", "google"}
    assert min(vendors.values()) >= 20


def test_every_way_of_correlating_is_used() -> None:
    kinds = {whole(path)["correlation"]["type"] for path in FILES if "correlation" in whole(path)}
    assert kinds == {"event_count", "value_count", "temporal", "temporal_ordered"}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_rule_says_what_it_is(path: Path) -> None:
    rule = whole(path)
    assert rule["author"] == "Seawall"
    assert rule["status"] in {"stable", "test"}
    assert rule["level"] in {"informational", "low", "medium", "high", "critical"}
    assert len(rule["title"]) <= 110
    assert len(rule["description"]) > 40
    assert rule["falsepositives"]
    assert all(len(one) > 3 for one in rule["falsepositives"])
    assert len(rule["misses"]) > 20
    techniques = [tag.removeprefix("attack.").upper() for tag in rule["tags"]]
    assert techniques
    assert set(techniques) <= set(rule_tables.TECHNIQUES)
    for document in TOLD[path]:
        UUID(document["id"])


def test_ids_names_and_titles_are_unique() -> None:
    every = [document for path in FILES for document in TOLD[path]]
    for field in ("id", "title"):
        assert [one for one, count in Counter(d[field] for d in every).items() if count > 1] == []
    names = Counter(d["name"] for d in every if "name" in d)
    assert [one for one, count in names.items() if count > 1] == []


@pytest.mark.parametrize("path", FILES, ids=name)
def test_records_lie_beside_a_rule(path: Path) -> None:
    for kind in ("positive", "negative"):
        lines = path.with_suffix(f".{kind}.jsonl").read_text("utf-8").splitlines()
        assert lines
        assert all(isinstance(json.loads(line), dict) for line in lines)


def test_no_records_lie_alone() -> None:
    rules = {path.with_suffix("") for path in FILES}
    assert [path for path in RECORDS if path.with_suffix("").with_suffix("") not in rules] == []


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_records_are_made_up(path: Path) -> None:
    text = path.read_text("utf-8")
    for found in ADDRESS.findall(VERSIONS.sub("", text)):
        assert any(ip_address(found) in network for network in FOR_DOCUMENTS), found
    for domain in DOMAIN.findall(text):
        known = re.search(r"(?:^|\.)example\.(?:com|net|org)$", domain, re.IGNORECASE)
        assert known or domain in {"live.com", "public.calendar.google.com"}, domain


def test_the_page_is_that_of_the_rules() -> None:
    page = rule_tables.PAGE.read_text("utf-8")
    assert rule_tables.rewritten(page) == page, "run: python -m tools.rule_tables"
    assert rule_tables.main(["--check"]) == 0


def test_what_rules_ask_of_the_audit_log_is_kept_of_every_record() -> None:
    """Of a large file the fields that are not known are those that samples show: a rare one may be missed there."""
    known = {field.lower() for field in KNOWN_FIELDS - DROPPED_FIELDS}
    for rule in (one for one in load_rules(()).rules if one.product == "m365"):
        for field in conditions.list_fields(rule.condition):
            for answer in fields.find_answers("m365", field):
                if isinstance(answer, fields.PathAnswer) and answer.column == "unmapped" and not answer.where:
                    assert answer.path.split(".")[0] in known, (rule.about.file, field)
