"""Rows of BigQuery's interface, values beside a schema, and addresses that BigQuery writes as bytes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.common_schemas.bigquery_row import make_named_row
from seawall.events.google.formats import activity
from tests.events.support import read_all, rows

GOLDEN = Path(__file__).parent / "golden" / "google_workspace"


def event(path: Path) -> dict[str, Any]:
    events, problems, _ = read_all(path)
    assert not problems
    (found,) = rows(events)
    return {name: value for name, value in found.items() if name != "source_file"}


@pytest.mark.parametrize("name", ["in_bigquery_row", "in_elastic_bigquery_row"])
def test_values_beside_a_schema_are_the_row(name: str) -> None:
    assert event(GOLDEN / f"{name}.json") == event(GOLDEN / "bigquery_login_bytes.json")


@pytest.mark.parametrize("damage", ["fewer values", "no name", "a name twice", "no fields"])
def test_a_row_that_does_not_fit_its_schema_is_left(damage: str) -> None:
    record = json.loads((GOLDEN / "in_bigquery_row.json").read_text())
    fields = record["schema"]["fields"]
    if damage == "fewer values":
        record["row"]["f"].pop()
    elif damage == "no name":
        del fields[0]["name"]
    elif damage == "a name twice":
        fields[0]["name"] = fields[1]["name"]
    else:
        record["schema"] = {}
    assert make_named_row(record) is None


@pytest.mark.parametrize("text", ["198.51.100.7", "2001:db8::7"])
def test_bytes_of_an_address_are_the_address(text: str) -> None:
    row = json.loads((GOLDEN / "bigquery_login.json").read_text())
    for spelt in (text, base64.b64encode(text.encode()).decode()):
        assert activity({**row, "ip_address": spelt}).address == text


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda held: base64.b64encode(held).decode()))
def test_any_other_text_stays(text: str) -> None:
    row = {
        "time_usec": "1772438400123000",
        "event_name": "login_success",
        "record_type": "login",
        "ip_address": text,
    }
    found = activity(row).address
    assert found in (
        text or None,
        base64.b64decode(text, validate=True).decode() if found != (text or None) else None,
    )


JSON = st.recursive(
    st.none() | st.text(max_size=3) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["f", "v", "name", "fields", "row", "schema"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON, JSON)
def test_any_row_and_schema_are_tried_without_harm(row: Any, schema: Any) -> None:
    found = make_named_row({"row": row, "schema": schema})
    assert found is None or len(found) == len(row["f"])
