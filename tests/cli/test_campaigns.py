"""`seawall campaigns`: all of it for the provider, and what one organisation may see."""

from __future__ import annotations

import json
from pathlib import Path

from seawall.storage.files.campaign_documents import write_campaigns
from tests.detection.campaigns.test_campaigns import campaign

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
