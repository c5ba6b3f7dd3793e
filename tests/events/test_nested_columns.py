"""Tables of flattened records: `status.errorCode` is a column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seawall.events.formats.nested_columns import find_nested, nest
from seawall.events.readers import Limits
from tests.events.support import read_all, rows

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("folder", ["entra_signin", "entra_audit"])
def test_a_flattened_record_gives_the_event_of_the_record(folder: str) -> None:
    flat, whole = (
        json.loads((GOLDEN / folder / f"{name}.event.json").read_text()) for name in ("flattened", "graph")
    )
    assert {name: value for name, value in flat.items() if name != "unmapped"} == {
        name: value for name, value in whole.items() if name != "unmapped"
    }


@pytest.mark.parametrize("folder", ["entra_signin", "entra_audit"])
def test_large_and_small_tables_give_the_same(folder: str, tmp_path: Path) -> None:
    header, line = (GOLDEN / folder / "flattened.csv").read_text().splitlines()
    path = tmp_path / "t.csv"
    path.write_text("\n".join([header, *[line] * 40]) + "\n")
    found = [rows(read_all(path, limits=limits)[0]) for limits in (Limits(), Limits(fast_bytes=0))]
    assert len(found[0]) == 40
    assert found[0] == found[1]


def test_only_known_objects_of_such_records_are_nested() -> None:
    names = ("createdDateTime", "Status.ErrorCode", "deviceDetail.isManaged", "a.b", "status.", "@odata.type")
    assert find_nested(names) == {
        "Status.ErrorCode": ("status", "errorCode"),
        "deviceDetail.isManaged": ("deviceDetail", "isManaged"),
    }
    assert find_nested(names[1:]) == {}


@pytest.mark.parametrize(("row", "wanted"), [
    ({"status.errorCode": "0", "a": "b"}, {"a": "b", "status": {"errorCode": "0"}}),
    ({"deviceDetail.isManaged": "True"}, {"deviceDetail": {"isManaged": True}}),
    ({"status": "ok", "status.errorCode": "0"}, {"status": "ok", "status.errorCode": "0"}),
    ({"status": "ok", "status.a.b": "0"}, {"status": "ok", "status.a.b": "0"}),
])  # fmt: skip
def test_nothing_of_a_row_is_lost(row: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert nest(row, find_nested(("createdDateTime", *row))) == wanted


def test_two_spellings_of_a_column_are_both_kept() -> None:
    row = {"status.errorCode": "0", "Status.errorCode": "1"}
    found = nest(row, find_nested(("createdDateTime", *row)))
    assert sorted([found["status"]["errorCode"], *(found[name] for name in found if name != "status")]) == [
        "0",
        "1",
    ]
