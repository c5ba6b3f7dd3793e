"""Rows of Sentinel's `Okta_CL` and `OktaV2_CL`, as JSON and as a table: the events of the records that they were made of."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.okta import sentinel_normalised
from seawall.events.okta import system_log as okta
from seawall.events.okta.sentinel_table import record_of
from tests.events.support import read_single

GOLDEN = Path(__file__).parent / "golden" / "okta"
PAIRS = ("session_start", "factors_reset", "sso")
TABLES = ("sentinel", "sentinel_v2")


def sample(name: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return record


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("table", TABLES)
def test_a_row_is_the_event_of_its_record(table: str, name: str) -> None:
    assert read_single(GOLDEN / f"{table}_{name}.json") == read_single(GOLDEN / f"{name}.json")


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("table", TABLES)
def test_a_table_in_a_file_too(table: str, name: str, tmp_path: Path) -> None:
    row = {
        column: json.dumps(value) if isinstance(value, dict | list) else value
        for column, value in sample(f"{table}_{name}").items()
    }
    with (tmp_path / "query_data.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row)
    assert read_single(tmp_path / "query_data.csv") == read_single(GOLDEN / f"{name}.json")


def test_without_its_own_time_a_row_has_that_of_its_arrival(tmp_path: Path) -> None:
    row = {name: value for name, value in sample("sentinel_sso").items() if name != "published_t"}
    (tmp_path / "row.json").write_text(json.dumps(row))
    assert read_single(tmp_path / "row.json")["time"].isoformat() == "2026-03-02T10:05:11.001000+00:00"


def test_a_query_without_the_original_columns_still_names_the_account(tmp_path: Path) -> None:
    row = sample("sentinel_v2_sso")
    del row["OriginalUserId"], row["OriginalActorAlternateId"]
    (tmp_path / "row.json").write_text(json.dumps(row))
    assert read_single(tmp_path / "row.json") == read_single(GOLDEN / "sso.json")


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


NORMALISED = st.sampled_from(sorted(sentinel_normalised.COLUMNS)) | st.text(max_size=12)


@given(st.dictionaries(NORMALISED, VALUES, max_size=9))
def test_any_normalised_row_is_read_and_nothing_of_it_lost(row: dict[str, Any]) -> None:
    row = {**row, "EventOriginalType": "user.session.start", "OriginalUserId": "00u1", "ActorUserId": "00u2"}
    held = json.dumps(record_of(row))
    assert all(json.dumps(value) in held for value in row.values() if value not in (None, ""))
    if okta.recognises(row):
        okta.row(row)
