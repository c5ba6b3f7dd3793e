"""The events of a store of version 0.1 become a Delta table as they lie: nothing is converted, and no event is missing."""

from __future__ import annotations

from deltalake import DeltaTable

from seawall.storage.location import open_store
from tests.upgrade.conftest import Unpack, VerbInJson


def test_a_store_of_then_is_published(unpack: Unpack, answer: VerbInJson) -> None:
    folder = unpack("stores", "store")
    before = sorted((folder / "store/events/tenants").rglob("*.parquet"))
    done = answer("store", "publish", "--store", "store")
    assert (done["version"], done["parts"], done["added"]) == (0, len(before), 8)
    assert sorted((folder / "store/events/tenants").rglob("*.parquet")) == before
    with open_store(folder / "store", None) as store:
        rows = sum(day.rows for day in store.lake.size().days)
    assert DeltaTable(str(folder / "store/events")).to_pyarrow_table().num_rows == rows > 0
    assert answer("store", "check", "--store", "store")["ok"]
