"""The page of rules by technique is that of the rules' own tags, and every other count has a source and a date."""

from __future__ import annotations

import re
from collections import Counter
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools import rule_coverage, rule_tables

PACK = Path(str(resources.files("seawall.detection.rules") / "pack"))
SHARED = Path(__file__).parents[3] / ".." / "shared" / "data" / "sigma-rules"
PAGE = rule_coverage.PAGE.read_text("utf-8")
PEERS = rule_coverage.read_peers()


def documents(folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    """The last document of each file: the rule that is reported, after the parts that it counts."""
    return [
        (path, list(yaml.safe_load_all(path.read_text("utf-8")))[-1])
        for path in sorted(folder.rglob("*.yml"))
    ]


def techniques(document: dict[str, Any]) -> set[str]:
    tags = (tag.removeprefix("attack.").upper() for tag in document.get("tags") or ())
    return {tag for tag in tags if re.fullmatch(r"T\d{4}(?:\.\d{3})?", tag)}


def rows(name: str) -> dict[str, list[str]]:
    """The rows of a table of the page by their technique."""
    table = PAGE.partition(f"<!-- {name}: begin -->")[2].partition(f"<!-- {name}: end -->")[0]
    found = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table.splitlines()
        if line.startswith("| T")
    ]
    return {row[0].split()[0]: row[1:] for row in found}


def test_the_page_is_that_of_the_rules() -> None:
    assert rule_coverage.rewritten(PAGE, rule_tables.told(), rule_tables.TECHNIQUES) == PAGE, (
        "run: python -m tools.rule_tables"
    )


def test_counts_are_those_of_the_tags_counted_in_another_way() -> None:
    families: Counter[tuple[str, str]] = Counter()
    alone: Counter[str] = Counter()
    for path, document in documents(PACK):
        families.update(
            (name, path.parent.name) for name in {one.partition(".")[0] for one in techniques(document)}
        )
        alone.update(techniques(document))
    shown = rows("techniques")
    assert {name for name, _ in families} <= set(shown)
    for technique, (total, *vendors, _sigma, _elastic, _splunk) in shown.items():
        mine = [families[technique, vendor] for vendor in ("microsoft", "okta", "google")]
        assert [int(one) for one in vendors] == mine
        assert int(total) == sum(mine)
    for technique, row in rows("cloud").items():
        assert int(row[0]) == alone[technique]


def test_every_technique_has_a_name_and_each_other_count_a_source() -> None:
    table = PAGE.partition("<!-- techniques: begin -->")[2].partition("<!-- cloud: end -->")[0]
    assert re.findall(r"^\| T[\d.]+ \|", table, re.MULTILINE) == []
    for key in ("sigmahq", "stated", "car"):
        assert PEERS[key]["date"]
        assert PEERS[key]["where"].startswith("https://")
        assert PEERS[key]["what"] in PAGE
    assert PEERS["stated"]["elastic"] == {"T1098": 56, "T1136": 3}
    assert PEERS["stated"]["splunk"] == {"T1098": 55, "T1136": 19}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared rules are not here")
def test_sigmahq_is_counted_from_its_rules() -> None:
    found: Counter[str] = Counter()
    for _, document in documents(SHARED):
        found.update({one.partition(".")[0] for one in techniques(document)})
    assert found == PEERS["sigmahq"]["counts"]
    assert f"{len(documents(SHARED))} rules" in PEERS["sigmahq"]["what"]
