"""Rows of Sentinel's `Okta_CL`, as JSON and as a table: the events of the records that they were made of."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.okta import system_log as okta
from seawall.events.okta.sentinel_table import record_of
from tests.events.support import read_all, rows

GOLDEN = Path(__file__).parent / "golden" / "okta"
PAIRS = ("session_start", "factors_reset", "sso")


def sample(name: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return record


def event(path: Path) -> dict[str, Any]:
    events, problems, _ = read_all(path)
    assert not problems
    (found,) = rows(events)
    return {name: value for name, value in found.items() if name not in ("unmapped", "source_file")}


@pytest.mark.parametrize("name", PAIRS)
def test_a_row_is_the_event_of_its_record(name: str) -> None:
    assert event(GOLDEN / f"sentinel_{name}.json") == event(GOLDEN / f"{name}.json")


@pytest.mark.parametrize("name", PAIRS)
def test_a_table_in_a_file_too(name: str, tmp_path: Path) -> None:
    row = sample(f"sentinel_{name}")
    with (tmp_path / "query_data.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row)
    assert event(tmp_path / "query_data.csv") == event(GOLDEN / f"{name}.json")


def test_without_its_own_time_a_row_has_that_of_its_arrival(tmp_path: Path) -> None:
    row = {name: value for name, value in sample("sentinel_sso").items() if name != "published_t"}
    (tmp_path / "row.json").write_text(json.dumps(row))
    assert event(tmp_path / "row.json")["time"].isoformat() == "2026-03-02T10:05:11.001000+00:00"


COLUMNS = st.sampled_from(
    ["actor_s", "actor_id_s", "actor__s", "client_userAgent_s", "client_userAgent_os_s", "client_userAgent_a_b_s", "client_s",
     "debugContext_debugData_s", "debugContext_debugData_x_y_s", "target_s", "request_ipChain_s", "uuid_g", "published_t", "_s"]
) | st.text(max_size=12)  # fmt: skip
VALUES = (
    st.none()
    | st.text(max_size=9)
    | st.integers()
    | st.booleans()
    | st.lists(st.text(max_size=3), max_size=2)
)


@given(st.dictionaries(COLUMNS, VALUES, max_size=9))
def test_any_row_is_read_and_nothing_of_it_lost(row: dict[str, Any]) -> None:
    row = {
        **row,
        "eventType_s": "user.session.start",
        "actor_alternateId_s": "a@x.example",
        "outcome_result_s": "SUCCESS",
    }
    held = json.dumps(record_of(row))
    assert all(json.dumps(value) in held for value in row.values() if value not in (None, ""))
    if okta.recognises(row):
        okta.row(row)
