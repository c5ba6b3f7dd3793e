"""Organisations with Okta before their mail: one organisation and one account for each person, whatever logs say it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pyarrow.parquet as pq

from seawall.lab.worlds import WorldSettings, make_world
from seawall.pipeline.scan import scan


def test_a_person_is_one_account_in_all_systems_of_an_organisation(tmp_path: Path) -> None:
    settings = WorldSettings(
        seed=7, accounts=12, days=8, attacks=0, tenants=2, systems="mixed", density=0.4, confusers=()
    )
    world = make_world(settings, tmp_path / "world")
    suites = {tenant["systems"][1] for tenant in world.truth["tenants"]}
    assert suites == {"google", "microsoft"}
    result = scan([world.folder / "logs"], tmp_path / "out")
    assert result.summary["tenants"] == 2
    table = pq.read_table(
        tmp_path / "out" / "events.parquet", columns=["org_uid", "source", "account", "account_type"]
    )
    sources: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in table.to_pylist():
        if row["account_type"] == "user":
            sources[row["org_uid"], row["account"]].add(row["source"])
    assert len({account for _, account in sources}) == len(sources)
    both = [account for (_, account), found in sources.items() if "okta" in found and len(found) > 1]
    assert len(both) > 0.8 * sum("okta" in found for found in sources.values())
