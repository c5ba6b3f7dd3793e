"""A person in results of Spark: the lake and the tables are packed, so they stay with a plain word, or are deleted."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from seawall.pipeline.erasure.erasing import ErasureRequest, erase_person

ANNA = "anna@contoso.example"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Results with a lake and a table, both of which hold the name."""
    out = tmp_path / "out"
    (out / "lake" / "records").mkdir(parents=True)
    (out / "lake" / "lake.json").write_text('{"version":1,"shelves":64}', "utf-8")
    pq.write_table(pa.table({"content": [ANNA.encode()]}), out / "lake" / "records" / "part.parquet")
    write_deltalake(str(out / "tables" / "events"), pa.table({"account": [ANNA, "bo@contoso.example"]}))
    (out / "incidents.jsonl").write_text(f'{{"account":"{ANNA}"}}\n', "utf-8")
    return out


def read_all(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_packed_stays_as_it_is_and_is_named(out: Path) -> None:
    lake = read_all(out / "lake")
    receipt = erase_person(ErasureRequest(account=ANNA, folders=[out]))
    assert receipt.state == "incomplete"
    left = [one for one in receipt.left if "packed" in one.why]
    assert len(left) == 2
    assert all("--delete-unreadable" in one.why for one in left)
    assert read_all(out / "lake") == lake
    assert DeltaTable(str(out / "tables" / "events")).to_pyarrow_table().num_rows == 2
    assert ANNA not in (out / "incidents.jsonl").read_text("utf-8")


def test_it_is_deleted_on_request(out: Path) -> None:
    request = ErasureRequest(account=ANNA, folders=[out], should_delete=True, is_rehearsal=True)
    before = read_all(out)
    assert sum(one.changed for one in erase_person(request).erased) > 3
    assert read_all(out) == before
    receipt = erase_person(ErasureRequest(account=ANNA, folders=[out], should_delete=True))
    assert receipt.state == "done"
    assert not (out / "lake").exists()
    assert not (out / "tables").exists()


def test_other_folders_with_these_names_are_rewritten(out: Path) -> None:
    (out / "lake" / "lake.json").unlink()
    receipt = erase_person(ErasureRequest(account=ANNA, folders=[out]))
    assert not [one for one in receipt.left if "packed" in one.why]
    file = next((out / "tables" / "events").glob("*.parquet"))
    assert ANNA not in pq.ParquetFile(file).read()["account"].to_pylist()
    assert "bo@contoso.example" in pq.ParquetFile(file).read()["account"].to_pylist()
