"""What a watch wrote is a Delta table, which deltalake and DuckDB open while it runs and when it has ended."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from deltalake import DeltaTable

from seawall.pipeline.live import lake_maintenance
from seawall.storage.lake.parts import PLACE
from seawall.storage.location import open_store
from tests.pipeline.live.running import bodies, quick, running, settled, until


def test_readers_open_what_a_watch_wrote(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_maintenance, "_LOOK_SECONDS", 0.05)
    first, *others = bodies(logs)
    events = tmp_path / "store/events"
    with running(quick(tmp_path / "store")) as service:
        service.ingest(first, source="a")
        until(lambda: DeltaTable.is_deltatable(str(events)) and DeltaTable(str(events)).file_uris())
        monkeypatch.setattr(lake_maintenance, "_LOOK_SECONDS", 3600.0)
        sent = sum(service.ingest(body, source="a").records for body in others)
        settled(service, sent)
    with open_store(tmp_path / "store") as store:
        days = store.lake.size().days
        once = sum(len(rows) for size in days for rows in store.lake.day(size.tenant, size.day))
    assert once > 4000
    table = DeltaTable(str(events))
    rows = table.to_pyarrow_table()
    recorded = [name for name in rows.column_names if name not in PLACE]
    assert len(rows) >= len(rows.group_by(recorded).aggregate([])) == once
    query = (
        "SELECT org_uid, count(DISTINCT (time, row_digest)), count(*) FROM read_parquet(?) GROUP BY org_uid"
    )
    found = duckdb.execute(query, [table.file_uris()]).fetchall()
    assert [organisation for organisation, _, _ in found] == [size.tenant for size in days[:1]]
    assert sum(distinct for _, distinct, _ in found) == once
    assert sum(count for _, _, count in found) == len(rows)
