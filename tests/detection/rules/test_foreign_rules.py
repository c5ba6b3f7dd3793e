"""Rules of other people: each hits an invented record of its vendor's shape, by the way that every record takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from seawall.detection.rules.sigma.load import load_rules
from seawall.detection.rules.sigma.run import RuleSet
from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from tests.detection.rules.foreign_records import CANNOT_HIT, WRITTEN, made
from tests.detection.rules.vendor_records import google, google_cloud, m365, okta

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "sigma-rules"
FILES = sorted(FOLDER.rglob("*.yml"))

pytestmark = pytest.mark.skipif(not FILES, reason="shared/data/sigma-rules is absent")


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_rules((FOLDER,), with_pack=False)


@pytest.fixture(scope="module")
def networks() -> Networks:
    return Networks.load()


def hits(rules: RuleSet, networks: Networks, records: Sequence[dict[str, Any]], path: Path) -> list[set[str]]:
    """The ids of the rules that hit each record, one file for each record."""
    found = []
    for number, record in enumerate(records):
        file = path / f"{number}.jsonl"
        file.write_text(json.dumps(record) + "\n", "utf-8")
        (batch,) = [one for one in read([file]) if one.records]
        assert not batch.problems, batch.problems
        found.append(set((rules.mark(enrich(batch.events, networks))[0].to_pylist()[0] or "").split()))
    return found


@pytest.mark.parametrize("file", FILES, ids=[path.stem for path in FILES])
def test_a_rule_hits_what_it_was_written_for_or_says_that_it_cannot(
    file: Path, rules: RuleSet, networks: Networks, tmp_path: Path
) -> None:
    content = yaml.safe_load(file.read_text("utf-8"))
    (about,) = [one for one in rules.abouts if one.id == content["id"]]
    if file.stem in CANNOT_HIT:
        assert CANNOT_HIT[file.stem] in about.cannot_hit
        return
    assert not about.cannot_hit
    records = WRITTEN.get(file.stem) or made(content)
    assert records
    found = hits(rules, networks, records, tmp_path)
    missed = [record for record, ids in zip(records, found, strict=True) if about.id not in ids]
    assert not missed


def test_a_record_that_says_nothing_of_it_is_not_hit(
    rules: RuleSet, networks: Networks, tmp_path: Path
) -> None:
    quiet = [
        google(
            "admin", "CHANGE_APPLICATION_SETTING", "x", {"SETTING_NAME": "Calendar", "NEW_VALUE": "false"}
        ),
        google("login", "REMOVE_APPLICATION"),
        google_cloud("login.googleapis.com", "REMOVE_APPLICATION"),
        okta("user.session.start"),
        m365("FileAccessed", "SharePoint", 6),
    ]
    assert hits(rules, networks, quiet, tmp_path) == [set()] * len(quiet)
