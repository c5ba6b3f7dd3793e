"""Redelivered records, sign-in twins and organisations."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa

from seawall.sources import Organisations, merge_twins
from tests.sources.support import ORGANISATION, mail_read, read_all, rows, signed_in, write_lines


def graph_sign_in(**changes: Any) -> dict[str, Any]:
    return {
        "id": signed_in(1)["Id"],
        "createdDateTime": "2026-03-02T09:54:00Z",
        "appId": "9199bf20-a13f-4107-85dc-02114787ef48",
        "userPrincipalName": "mara.lind@example.org",
        "ipAddress": "198.51.100.7",
        "status": {"errorCode": 0},
        "conditionalAccessStatus": "success",
        "uniqueTokenIdentifier": "u-1",
        "sessionId": None,
        **changes,
    }


def unified(table: Any) -> Any:
    organisations = Organisations()
    organisations.learn(table)
    return organisations.unify(table)


def test_twins_are_merged_whatever_the_order(tmp_path: Path) -> None:
    records = [
        mail_read(1),
        signed_in(1),
        mail_read(2),
        graph_sign_in(),
        mail_read(1),
        mail_read(1),
        signed_in(3),
    ]
    results = []
    for seed in range(6):
        random.Random(seed).shuffle(records)
        table = unified(read_all(write_lines(tmp_path / "a.json", records))[0])
        table = table.sort_by("time")
        merged, removed = merge_twins(table)
        assert removed == 3
        times = merged.column("time").to_pylist()
        assert times == sorted(times)
        merged = merged.sort_by("metadata_uid")
        merged.validate(full=True)
        assert merged.schema.equals(table.schema)
        results.append([{k: v for k, v in row.items() if k != "source_line"} for row in rows(merged)])
    assert all(result == results[0] for result in results)
    (twin,) = [row for row in results[0] if row["metadata_uid"] == signed_in(1)["Id"]]
    assert twin["source"] == "entra_signin"
    assert twin["token_uid"] == "u-1"
    assert twin["session_uid"] == "0f3a8f2e-0000-4000-8000-000000000001"  # from the other record
    assert twin["org_uid"] == ORGANISATION


def test_nothing_to_merge_returns_the_table(tmp_path: Path) -> None:
    table = read_all(write_lines(tmp_path / "a.json", [mail_read(n) for n in range(5)]))[0]
    merged, removed = merge_twins(table)
    assert merged is table
    assert removed == 0


def test_records_without_id_are_equal_when_their_content_is(tmp_path: Path) -> None:
    one = mail_read(1, Id=None)
    reordered = dict(reversed(one.items()))
    table = read_all(write_lines(tmp_path / "a.json", [one, reordered, mail_read(2, Id="")]))[0]
    ids = table.column("metadata_uid").to_pylist()
    assert ids[0] == ids[1] != ids[2]
    assert merge_twins(table.sort_by("time"))[1] == 1


def test_late_batches_teach_earlier_ones(tmp_path: Path) -> None:
    early = read_all(
        write_lines(
            tmp_path / "a.json", [graph_sign_in(), graph_sign_in(id="2", userPrincipalName="x@other.example")]
        )
    )[0]
    late = read_all(write_lines(tmp_path / "b.json", [mail_read()]))[0]
    organisations = Organisations()
    for table in (early, late, early.slice(0, 0)):
        organisations.learn(table)
    assert organisations.unify(early).column("org_uid").to_pylist() == [ORGANISATION, "other.example"]
    assert organisations.unify(late) is late
    assert organisations.unify(early).schema.equals(early.schema)
    assert isinstance(organisations.unify(early), pa.Table)
