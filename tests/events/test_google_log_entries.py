"""Log entries of Cloud Logging: those of Workspace are read whatever stands in them, others are none."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from seawall.events.google import activities as google_workspace
from seawall.events.google.cloud_logging import is_log_entry
from tests.events.support import read_all, rows

GOLDEN = Path(__file__).parent / "golden" / "google_workspace"
SAMPLES = [
    json.loads(path.read_text())
    for path in sorted(GOLDEN.glob("cloud_logging_*.json"))
    if ".event" not in path.name
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [place for name, member in inner for place in places(member, (*path, name))]


@given(st.data())
def test_any_value_in_any_place(data: st.DataObject) -> None:
    entry = copy.deepcopy(data.draw(st.sampled_from(SAMPLES)))
    *path, last = data.draw(st.sampled_from(places(entry)))
    owner = entry
    for step in path:
        owner = owner[step]
    owner[last] = data.draw(VALUES)
    if google_workspace.recognises(entry):
        assert len(google_workspace.row(entry)) == len(google_workspace.RAW_COLUMNS) + 1


def test_what_the_entry_says_besides_is_kept(tmp_path: Path) -> None:
    entry = copy.deepcopy(SAMPLES[0])
    entry["protoPayload"]["requestMetadata"]["callerSuppliedUserAgent"] = "curl/8"
    (tmp_path / "entry.json").write_text(json.dumps(entry))
    (event,) = rows(read_all(tmp_path / "entry.json")[0])
    kept = json.loads(event["unmapped"])
    assert kept["protoPayload"]["requestMetadata"] == {"callerSuppliedUserAgent": "curl/8"}
    assert kept["insertId"] == entry["insertId"]


def test_entries_of_other_services_are_none() -> None:
    other = copy.deepcopy(SAMPLES[0])
    other["protoPayload"]["serviceName"] = "storage.googleapis.com"
    assert not is_log_entry(other)
    assert is_log_entry(SAMPLES[0])
