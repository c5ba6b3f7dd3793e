"""`seawall campaigns`: all of it for the provider, and what one organisation may see."""

from __future__ import annotations

import json
from pathlib import Path

from seawall.storage.files.campaign_documents import write_campaigns
from seawall.storage.files.incident_documents import write_incidents
from seawall.storage.location import open_store
from tests.detection.campaigns.test_campaigns import campaign
from tests.pipeline.test_campaigns import ALL

from .conftest import Run


def test_the_verb_prints_campaigns_and_what_one_organisation_may_see(run: Run, tmp_path: Path) -> None:
    write_campaigns(tmp_path / "campaigns.jsonl", [campaign()])
    whole = run("campaigns", str(tmp_path))
    assert whole.code == 0
    assert "ann@cedar.example" in whole.out
    own = run("campaigns", str(tmp_path), "--tenant", "berry")
    assert "ann@berry.example" in own.out
    assert "2 other organisations" in own.out
    document = run("campaigns", str(tmp_path), "--tenant", "berry", "--json").out
    assert json.loads(document)["campaigns"][0]["other_organisations"] == 2
    for text in (own.out, document):
        assert "apple" not in text
        assert "cedar" not in text
    assert run("campaigns", str(tmp_path), "--tenant", "x").out == "No campaign was found.\n"
    assert run("campaigns", str(tmp_path / "none")).code == 3


def test_a_store_and_results_without_the_file_have_those_of_their_incidents(run: Run, tmp_path: Path) -> None:
    out, folder = tmp_path / "out", tmp_path / "store"
    out.mkdir()
    write_incidents(out / "incidents.jsonl", ALL)
    with open_store(folder, make=True) as opened, opened.database.writing() as work:
        work.incidents.put(ALL)
    results = json.loads(run("campaigns", str(out), "--json").out)["campaigns"]
    stored = json.loads(run("campaigns", "--store", str(folder), "--json").out)["campaigns"]
    assert results == stored
    assert [one["tenants"] for one in stored] == [["a", "b", "c"]]
    own = run("campaigns", "--store", str(folder), "--tenant", "a").out
    assert "2 other organisations" in own
    assert "user0@b" not in own
    assert run("campaigns", str(out), "--store", str(folder)).code == 2
    assert run("campaigns", "--store", str(tmp_path / "none")).code == 1
