"""A day that was kept is coded and put in order as if it had just been read, however its events had arrived."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from seawall.events.coded_batch import CodedBatch
from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from seawall.storage import Coder, Spool
from seawall.storage.lake import Lake
from seawall.storage.lake.layout import EPOCH
from tests.sample_events import event, sign_in, table

TENANT = (
    Path(__file__).parents[4] / "shared" / "data" / "m365-tenant-2021" / "auditrecords-2021-03-to-05.csv.gz"
)


def days(folder: Path, tables: list[pa.Table]) -> Iterator[tuple[int, CodedBatch]]:
    folder.mkdir()
    coder, spool = Coder(), Spool(folder)
    for one in tables:
        spool.add(coder.encode(one))
    spool.settle(*coder.settle())
    yield from ((day, spool.load(day)[0]) for day in spool.days())


def assert_same(one: CodedBatch, other: CodedBatch) -> None:
    assert np.array_equal(one.time, other.time)
    for name in one.codes:
        texts = [
            np.array(["", *batch.vocabularies[name].values], object)[batch.codes[name].astype(int) + 1]
            for batch in (one, other)
        ]
        assert np.array_equal(*texts), name
    for name in one.numbers:
        assert np.array_equal(one.numbers[name], other.numbers[name]), name
    for name in one.texts:
        assert one.texts[name].to_pylist() == other.texts[name].to_pylist(), name


def compare(tmp_path: Path, tables: list[pa.Table]) -> int:
    whole = pa.concat_tables(tables)
    events = 0
    with Lake.create(tmp_path / "lake") as lake:
        for one in reversed(tables):
            half = len(one) // 2
            lake.append(one.slice(half))
            lake.append(one)
            lake.append(one.slice(0, half))
        lake.compact(
            EPOCH + timedelta(days=int(whole["time"].cast(pa.int64()).to_numpy().max() // 86_400_000_000))
        )
        kept = [part for size in lake.size().days for part in lake.day(size.tenant, size.day)]
    again = days(tmp_path / "again", kept)
    for (day, batch), (same_day, same) in zip(days(tmp_path / "once", tables), again, strict=True):
        assert day == same_day
        assert_same(batch, same)
        events += len(batch)
    return events


def test_twins_of_two_sources(tmp_path: Path) -> None:
    twin: dict[str, Any] = {"source": "office_activity", "app_uid": None, "session_uid": "s", "item_count": 9}
    tables = [
        table(
            [event("a"), event("b", day=1), sign_in("c", minute=3), event("d", account=None, mailbox=None)]
        ),
        table([event("a", **twin), event("b", day=1, client=None), sign_in("c", minute=3, auth_method=None)]),
    ]
    assert compare(tmp_path, tables) == 4


@pytest.mark.skipif(not TENANT.exists(), reason="the logs of a real tenant are not here")
def test_the_logs_of_a_real_tenant(tmp_path: Path) -> None:
    networks = Networks.load()
    tables = [enrich(batch.events, networks) for batch in read([TENANT])]
    assert compare(tmp_path, tables) > 3_000
