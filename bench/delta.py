"""Compare the lake with the library `deltalake`: `python bench/delta.py [--folder DIR] {lake,library,commits,publish}`.

`lake` and `library` append 316 tables of 2,000 made-up events of four organisations: 4 for each of 29 days, then 200 for
one day. Both then read one account of that day and one client address of 30 days, before and after compaction. `commits`
has the library write versions of one part each, `publish` has the lake do so.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, Schema, WriterProperties, write_deltalake
from deltalake.transaction import AddAction, PostCommitHookProperties, create_table_with_add_actions

from seawall.events.event import ENRICHED_SCHEMA
from seawall.storage.lake import EventQuery, Lake, parts
from seawall.storage.lake.layout import DAY_MICROSECONDS
from seawall.storage.lake.shared_values import list_accounts_sharing
from store import DAY, START, events

ORGANISATIONS = ("north", "east", "south", "west")
ROWS = 2_000
ACCOUNTS = [f"user{n}" for n in range(1, 400, 40)]
ADDRESSES = [f"198.51.100.{n}" for n in range(3, 900, 180)]
AT = START
ZSTD = WriterProperties(compression="ZSTD", compression_level=1)


def memory() -> int:
    """Return the peak memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def tables() -> Iterator[tuple[int, pa.Table]]:
    """Yield (days before the last one, table of events)."""
    spans = [(back, 4) for back in range(29, 0, -1)] + [(0, 200)]
    for number, (back, place, count) in enumerate((b, n, most) for b, most in spans for n in range(most)):
        table = events(place * ROWS, ROWS, ROWS * count, number)
        times = table["time"].cast(pa.int64()).to_numpy() - back * DAY_MICROSECONDS
        codes = pa.array((np.arange(ROWS) % 4).astype(np.int32))
        changed = {
            "org_uid": pa.DictionaryArray.from_arrays(codes, pa.array(ORGANISATIONS)),
            "time": pa.array(times, pa.timestamp("us", "UTC")),
            "metadata_uid": pa.array([f"{number}-{row}" for row in range(ROWS)]),
        }
        columns = [changed.get(f.name, table[f.name]).cast(f.type) for f in ENRICHED_SCHEMA]
        yield back, pa.Table.from_arrays(columns, schema=ENRICHED_SCHEMA)


def measure(what: str, acts: Sequence[Callable[[], Any]]) -> None:
    """Call each function and print the time it took."""
    clock, processor = [], []
    for act in acts:
        begun, work = time.perf_counter(), time.process_time()
        act()
        clock.append(1000 * (time.perf_counter() - begun))
        processor.append(1000 * (time.process_time() - work))
    print(
        f"  {what:44} {len(acts):4} times {np.median(clock):8.1f} ms {np.median(processor):8.1f} ms processor; "
        f"last ten {np.mean(clock[-10:]):8.1f} ms; {sum(processor) / 1000:6.1f} s processor in all",
        flush=True,
    )


def count_files(folder: Path, before: int) -> None:
    """Print the number and bytes of files, and the memory in addition to `before`."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    in_log = [path for path in found if "_delta_log" in path.parts]
    size = sum(path.stat().st_size for path in found)
    print(
        f"  {len(found):,} files, {size:,} bytes, {len(in_log)} of them in the log; {memory() - before} MB more memory"
    )


def open_table(root: str) -> list[str]:
    """Open a table with the library and return its files."""
    return list(DeltaTable(root).file_uris())


def measure_lake(folder: Path) -> None:
    """Measure the lake: append, read, compact."""
    made = list(tables())
    before = memory()
    with Lake.create(folder / "events") as lake:
        measure("append, 29 days", [partial(lake.append, table) for back, table in made if back])
        measure("append, one day", [partial(lake.append, table) for back, table in made if not back])
        for what in ("appended", "compacted"):
            count_files(folder, before)
            day = partial(EventQuery, START, START + DAY_MICROSECONDS)
            measure(
                f"{what}: account of a day",
                [partial(lake.page, "east", day(account=name), limit=10_000) for name in ACCOUNTS],
            )
            span = (START - 29 * DAY_MICROSECONDS, START + DAY_MICROSECONDS)
            measure(
                f"{what}: address of 30 days",
                [partial(list_accounts_sharing, lake, "east", *span, "src_ip", one) for one in ADDRESSES],
            )
            if what == "appended":
                measure("compact", [partial(lake.compact, date(2026, 3, 3))])


def measure_library(folder: Path) -> None:
    """Measure the library with the same events, partitioned by organisation and day."""
    made = list(tables())
    before = memory()
    root = folder / "events"

    def append(table: pa.Table) -> None:
        rows = parts.as_rows(table)
        signed = pa.array(rows["row_digest"].to_numpy().view(np.int64))
        rows = rows.set_column(rows.column_names.index("row_digest"), "row_digest", signed)
        rows = rows.append_column("day", rows["time"].cast(pa.date32()))
        rows = rows.take(pc.sort_indices(rows, [("org_uid", "ascending"), ("account", "ascending")]))
        target = open_tables[0] if open_tables else str(root)
        write_deltalake(target, rows, mode="append", partition_by=["org_uid", "day"], writer_properties=ZSTD)
        if not open_tables:
            open_tables.append(DeltaTable(str(root)))

    open_tables: list[DeltaTable] = []
    measure("append, 29 days", [partial(append, table) for back, table in made if back])
    measure("append, one day", [partial(append, table) for back, table in made if not back])
    for what in ("appended", "compacted"):
        count_files(folder, before)
        table = DeltaTable(str(root))
        of_day: list[Any] = [("org_uid", "=", "east"), ("day", "=", DAY.isoformat())]
        files = table.file_uris(of_day)
        everything = table.file_uris(of_day[:1])

        def ask_library(table: DeltaTable, name: str) -> Any:
            wanted = (pc.field("account") == name) & (pc.field("org_uid") == "east")
            return table.to_pyarrow_table(filters=wanted & (pc.field("day") == DAY))

        def ask_duckdb(files: list[str], column: str, value: str) -> Any:
            query = f"SELECT * FROM read_parquet(?) WHERE {column} = ?"
            found = duckdb.sql(query, params=[files, value])
            assert found is not None
            return found.to_arrow_table()

        asked = [partial(ask_library, table, name) for name in ACCOUNTS[:5]]
        measure(f"{what}: account of a day, deltalake", asked)
        asked = [partial(ask_duckdb, files, "account", name) for name in ACCOUNTS]
        measure(f"{what}: account of a day, DuckDB", asked)
        asked = [partial(ask_duckdb, everything, "src_ip", one) for one in ADDRESSES]
        measure(f"{what}: address of 30 days, DuckDB", asked)
        if what == "appended":
            measure("compact", [partial(table.optimize.compact, writer_properties=ZSTD)])
            table.vacuum(0, dry_run=False, enforce_retention_duration=False)


def measure_commits(folder: Path) -> None:
    """Measure the library's commits of one existing part each, and opening the table."""
    columns = [field for field in parts.SCHEMA if field.name != parts.DIGEST]
    schema = Schema.from_arrow(pa.schema(columns))
    stats = json.dumps({"numRecords": 500})

    def add(number: int) -> AddAction:
        return AddAction(f"tenants/north/{DAY}/{number:032x}.parquet", 40_000, {}, AT // 1000, True, stats)

    for there, count in ((10, 150), (5_000, 60)):
        root = str(folder / str(there))
        create_table_with_add_actions(
            root, schema, [add(n) for n in range(there)], configuration={"delta.checkpointInterval": "10"}
        )
        table = DeltaTable(root)
        hook = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)
        write = partial(table.create_write_transaction, mode="append", schema=schema)
        versions = [partial(write, [add(there + n)], post_commithook_properties=hook) for n in range(count)]
        measure(f"a version by the library, {there:,} parts", versions)
        measure(f"open, {there:,} parts", [partial(open_table, root)] * 3)
    print(f"  {memory()} MB at most")


def measure_publish(folder: Path) -> None:
    """Measure the lake's publishing of one existing part each, and opening the table."""
    day = events(0, 6_000, 6_000, 1)
    before = memory()
    for there in (120, 5_000):
        with Lake.create(folder / str(there)) as lake:
            for number in range(there):
                lake.append(day.slice(number, 1))
            measure(f"first version, {there:,} parts", [partial(lake.publish, AT)])
            clock = []
            for number in range(there, there + 150):
                lake.append(day.slice(number, 1))
                begun = time.process_time()
                lake.publish(AT)
                clock.append(1000 * (time.process_time() - begun))
            print(f"  a version: {np.median(clock):.1f} ms processor, at most {max(clock):.0f} ms")
            measure("nothing new", [partial(lake.publish, AT)] * 10)
            measure("open by deltalake", [partial(open_table, str(lake.root))] * 3)
            count_files(lake.root, before)


def main() -> int:
    """Run the chosen measurement."""
    kinds = {
        "lake": measure_lake,
        "library": measure_library,
        "commits": measure_commits,
        "publish": measure_publish,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=kinds)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    os.umask(0o077)
    folder = Path(tempfile.mkdtemp(dir=arguments.folder))
    try:
        kinds[arguments.what](folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
