"""Golden pairs: one record and the event it becomes. SEAWALL_WRITE_GOLDEN=1 writes the events anew, to be
reviewed."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.events.support import read_all, rows

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = sorted(
    path
    for path in GOLDEN.rglob("*.*")
    if path.suffix in (".json", ".csv") and not path.name.endswith(".event.json")
)


def event_of(path: Path) -> dict[str, Any]:
    events, problems, records = read_all(path)
    assert not problems
    assert records == 1
    (event,) = rows(events)
    event.pop("source_file")
    return {
        key: value.isoformat()
        if isinstance(value, datetime)
        else json.loads(value)
        if key in ("unmapped", "parameters")
        else value
        for key, value in event.items()
    }


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_sample_becomes_its_event(path: Path) -> None:
    event = event_of(path)
    expected = path.with_suffix(".event.json")
    if os.environ.get("SEAWALL_WRITE_GOLDEN"):
        expected.write_text(json.dumps(event, indent=1, ensure_ascii=False) + "\n")
    assert event == json.loads(expected.read_text())
    if path.parent.name != "m365_audit" or "twice" not in path.name:
        assert event["source"] == path.parent.name
