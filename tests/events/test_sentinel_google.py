"""Rows of Sentinel's tables of Google Workspace: the events of the activities that they were made of."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.common_schemas import sentinel_google
from seawall.events.google import activities
from tests.events.support import read_single
from tests.events.test_both_ways import assert_same

GOLDEN = Path(__file__).parent / "golden" / "google_workspace"
PAIRS = ("login_success", "login_failure_prompt", "token_authorize", "token_mail_read")
TABLES = ("flat", "named")


def sample(table: str, name: str) -> dict[str, Any]:
    row: dict[str, Any] = json.loads((GOLDEN / f"in_sentinel_{table}_{name}.json").read_text())
    return row


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("table", TABLES)
def test_a_row_is_the_event_of_its_activity(table: str, name: str) -> None:
    assert read_single(GOLDEN / f"in_sentinel_{table}_{name}.json") == read_single(GOLDEN / f"{name}.json")


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("table", TABLES)
def test_a_table_in_a_file_too(table: str, name: str, tmp_path: Path) -> None:
    row = {
        column: json.dumps(value) if isinstance(value, dict | list) else value
        for column, value in sample(table, name).items()
    }
    with (tmp_path / "query_data.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [f"{name} [UTC]" if name == "TimeGenerated" else name for name in row])
        writer.writeheader()
        writer.writerow({f"{name} [UTC]" if name == "TimeGenerated" else name: row[name] for name in row})
    found, expected = read_single(tmp_path / "query_data.csv"), read_single(GOLDEN / f"{name}.json")
    assert found | {"metadata_uid": "", "source_line": 0} == expected | {"metadata_uid": "", "source_line": 0}


def test_many_lines_are_read_as_each_alone(tmp_path: Path) -> None:
    lines = [json.dumps(sample(table, name)) for table in TABLES for name in PAIRS] * 30
    (tmp_path / "rows.jsonl").write_text("\n".join(lines) + "\n")
    found = assert_same(tmp_path / "rows.jsonl")
    assert {one["source"] for one in found} == {"google_workspace"}


def test_what_the_parsers_function_returns(tmp_path: Path) -> None:
    """It names the event, its id and the customer otherwise, and has columns for some parameters: the digest differs."""
    row = sample("named", "login_success")
    for new, old in (
        ("EventMessage", "EventName"),
        ("EventId", "IdUniqueQualifier"),
        ("UserAadid", "IdCustomerId"),
    ):
        row[new] = row.pop(old)
    parameters = {one["name"]: one for one in row.pop("EventParameters")}
    row |= {"LoginType": parameters["login_type"]["value"], "IsSuspicious": False}
    row |= {"LoginChallengeMethod": json.dumps(parameters["login_challenge_method"]["multiValue"])}
    del row["IdTime"]
    (tmp_path / "row.json").write_text(json.dumps(row))
    found, expected = read_single(tmp_path / "row.json"), read_single(GOLDEN / "login_success.json")
    assert found | {"metadata_uid": ""} == expected | {"metadata_uid": ""}


COLUMNS = (
    st.sampled_from([*(f"{name}_s" for name in sentinel_google._FLAT), "IPAddress", "a_parameter_s", "x_b", "id", "events"])
    | st.sampled_from([*sentinel_google._NAMED, *sentinel_google._PARAMETERS, "EventParameters", "actor"])
    | st.text(max_size=9)
)  # fmt: skip
VALUES = (
    st.none()
    | st.text(max_size=9)
    | st.integers()
    | st.sampled_from(['["a"]', '[{"parameter":[{"name":"b","value":"c"}]}]', "[", '{"a":1}'])
    | st.lists(st.text(max_size=3), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)


@pytest.mark.parametrize(
    ("make", "least"),
    [
        (sentinel_google.make_flat_activity, {"id_applicationName_s": "login", "event_name_s": "logout"}),
        (sentinel_google.make_named_activity, {"IdApplicationName": "login", "EventName": "logout"}),
    ],
    ids=TABLES,
)
@given(row=st.dictionaries(COLUMNS, VALUES, max_size=9))
def test_any_row_becomes_an_activity_that_can_be_read(
    make: Any, least: dict[str, Any], row: dict[str, Any]
) -> None:
    row = {**row, **least}
    found = make(row)
    assert found["id"]["applicationName"] == "login"
    assert activities.recognises(found)
    assert len(activities.row(found)) == len(activities.RAW_COLUMNS) + 1
    held = json.dumps(found)
    plain = [
        value
        for value in row.values()
        if isinstance(value, str | int) and str(value)[:1] not in ("", "[", "{", '"')
    ]
    assert all(json.dumps(value) in held for value in plain)
