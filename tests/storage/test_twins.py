"""From vendor records to days: redelivered records, sign-in twins and organisations."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from seawall.events.coded_batch import CodedBatch
from seawall.events.networks import Networks, enrich
from tests.events.support import ORGANISATION, SHARED, mail_read, read_all, signed_in, write_lines
from tests.sample_events import spool


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


def days(folder: Path, *paths: Path) -> tuple[list[CodedBatch], int]:
    """Every day of the files, each file a table, and how many records were duplicates."""
    networks = Networks.load()
    spooled = spool(folder, *(enrich(read_all(path)[0], networks) for path in paths))
    loaded = [spooled.load(day) for day in spooled.days()]
    return [batch for batch, _ in loaded], sum(duplicates for _, duplicates in loaded)


def rows(batch: CodedBatch) -> list[dict[str, Any]]:
    return [
        {name: batch.value(name, row) for name in batch.codes if name != "source_file"}
        | {name: texts[row].as_py() for name, texts in batch.texts.items()}
        | {name: int(column[row]) for name, column in batch.numbers.items() if name != "source_line"}
        for row in range(len(batch))
    ]


def test_twins_are_merged_whatever_the_order(tmp_path: Path) -> None:
    records = [mail_read(1), signed_in(1), mail_read(2), graph_sign_in(), mail_read(1), mail_read(1)]
    records.append(signed_in(3))
    results = []
    for seed in range(6):
        random.Random(seed).shuffle(records)
        folder = tmp_path / str(seed)
        folder.mkdir()
        (batch,), removed = days(folder, write_lines(folder / "a.json", records))
        assert removed == 3
        assert batch.time.tolist() == sorted(batch.time.tolist())
        results.append(rows(batch))
    assert all(result == results[0] for result in results)
    (twin,) = [row for row in results[0] if row["metadata_uid"] == signed_in(1)["Id"]]
    assert twin["source"] == "entra_signin"
    assert twin["token_uid"] == "u-1"
    assert twin["session_uid"] == "0f3a8f2e-0000-4000-8000-000000000001"  # from the other record
    assert twin["org_uid"] == ORGANISATION


def test_records_without_id_are_equal_when_their_content_is(tmp_path: Path) -> None:
    one = mail_read(1, Id=None)
    reordered = dict(reversed(one.items()))
    (batch,), removed = days(
        tmp_path, write_lines(tmp_path / "a.json", [one, reordered, mail_read(2, Id="")])
    )
    assert (len(batch), removed) == (2, 1)


def test_late_files_teach_earlier_ones(tmp_path: Path) -> None:
    other = graph_sign_in(id="2", userPrincipalName="x@other.example")
    early = write_lines(tmp_path / "a.json", [graph_sign_in(), other])
    late = write_lines(tmp_path / "b.json", [mail_read()])
    (batch,), _ = days(tmp_path, early, late)
    found = {row["account"]: row["org_uid"] for row in rows(batch)}
    assert found == {"mara.lind@example.org": ORGANISATION, "x@other.example": "other.example"}


def test_the_tenant_of_2021(tmp_path: Path) -> None:
    path = SHARED / "m365-tenant-2021"
    if not path.is_dir():
        pytest.skip("m365-tenant-2021 is not here: the shared data is not part of the project")
    batches, removed = days(tmp_path, path)
    assert sum(map(len, batches)) + removed == read_all(path)[0].num_rows
    assert removed > 1500
