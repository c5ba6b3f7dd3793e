"""Every rule that ships hits the records that lie beside it and spares those that come close, by the way that a scan takes."""

from __future__ import annotations

import json
from collections import defaultdict
from importlib import resources
from pathlib import Path
from uuid import UUID

import pyarrow.parquet as pq
import pytest
from tools import rule_tables

import seawall

PACK = Path(str(resources.files("seawall.detection.rules") / "pack"))
ORGANISATION = "6f1f3c0e-2f0b-4a57-9d0e-0b7c1a52e9d4"
CUSTOMER = "C00example"


@pytest.fixture(scope="module")
def hits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """For each rule's file the files of records that it hit, of one scan of all.

    Each file is made an organisation of its own, so that rules which count do not count other files' records.
    """
    logs, out = tmp_path_factory.mktemp("logs"), tmp_path_factory.mktemp("out")
    for number, path in enumerate(sorted(PACK.glob("*/*.jsonl"))):
        text = path.read_text("utf-8").replace(ORGANISATION, str(UUID(int=(number + 1) << 64)))
        text = text.replace(CUSTOMER, f"C{number:07}").replace("example.com", f"t{number}.example.com")
        (logs / path.name).write_text(text.replace("EXAMPLE.COM", f"T{number}.EXAMPLE.COM"), "utf-8")
    seawall.scan(logs, out=out)
    events = pq.read_table(out / "events.parquet", columns=["metadata_uid", "source_file"]).to_pylist()
    home = {event["metadata_uid"]: Path(event["source_file"]).name for event in events}
    found: dict[str, set[str]] = defaultdict(set)
    told = {about.id: Path(about.file).stem for about in rule_tables.told()}
    for rule in json.loads((out / "rules.json").read_text("utf-8"))["rules"]:
        if rule["id"] in told:
            assert rule["hits"] <= 100, "more records than are named"
            found[told[rule["id"]]] = {home[record] for record in rule["records"]}
    return found


@pytest.mark.parametrize("name", [path.stem for path in sorted(PACK.glob("*/*.yml"))])
def test_a_rule_hits_its_own_records_alone(hits: dict[str, set[str]], name: str) -> None:
    assert f"{name}.positive.jsonl" in hits[name]
    assert f"{name}.negative.jsonl" not in hits[name]
