"""Small logs of several organisations, and what a scan on one machine and one on Spark say of them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import seawall
from seawall.lab.worlds import make_world
from seawall.lab.worlds.world_settings import WorldSettings
from seawall.spark.settings import CUT_ABOVE, PARTS
from seawall.storage.files.merged_events import EVENTS
from seawall.storage.raw_records import RAW_RECORDS
from tests.detection.rules.vendor_records import m365, sign_in
from tests.once import make_once

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from seawall.pipeline.scan import ScanResult

MEASURED = ("seconds", "events_per_second", "peak_memory_bytes", "state_bytes")
"""What a summary says of the run itself, and not of the logs."""

FILES = ("incidents.jsonl", "coverage.json", "rules.json", "report.html")
"""Files of a scan that a scan on Spark writes to the byte."""

needs_java = pytest.mark.skipif(
    shutil.which("java") is None and not os.environ.get("JAVA_HOME"), reason="no Java here: Spark cannot run"
)


@contextmanager
def start_spark(master: str) -> Iterator[SparkSession]:
    """A session of Spark that ends with the block."""
    from seawall.spark import open_session

    session = open_session(master)
    try:
        yield session
    finally:
        session.stop()


def scan(
    logs: Path,
    out: Path,
    session: SparkSession,
    *,
    partitions: int = 2,
    shelves: int | None = None,
    cut_above: int = CUT_ABOVE,
    parts: int = PARTS,
) -> ScanResult:
    """Scan on a session with so many tasks and shelves; a shelf with more than `cut_above` accounts is cut into parts."""
    from seawall.spark import SparkSettings
    from seawall.spark import scan as scan_on_spark

    settings = SparkSettings(partitions=partitions, shelves=shelves, cut_above=cut_above, parts=parts)
    return scan_on_spark(logs, out, session=session, settings=settings)


def scanned_logs(factory: pytest.TempPathFactory) -> Path:
    """A folder with such logs, and the results of a scan on one machine in `one`; nobody may change it."""
    return make_once(factory, "spark-logs", lambda place: seawall.scan(write_logs(place), place / "one"))


def write_logs(place: Path) -> Path:
    """Logs of several organisations: of the lab, and invented ones of which some records name a domain alone."""
    make_world(
        WorldSettings(5, tenants=2, accounts=8, days=10, attacks=2, density=0.3, start=date(2026, 2, 22)),
        place,
    )
    logs = place / "logs"
    for number, name in enumerate(("north", "east")):
        records = []
        for at in range(120):
            day, who = 1 + at % 9, f"p{at % 7}@{name}.example"
            moment = f"2026-03-{day:02}T09:{at % 60:02}:00"
            records.append(
                m365("MailItemsAccessed", "Exchange", 50, Id=f"{name}{at}", UserId=who, MailboxOwnerUPN=who,
                     OrganizationId=f"6f1f3c0e-2f0b-4a57-9d0e-0b7c1a52e9{number:02}", CreationTime=moment,
                     OperationProperties=[{"Name": "MailAccessType", "Value": "Bind"}])
            )  # fmt: skip
            records.append(
                sign_in(
                    0 if at % 5 else 50126,
                    id=f"s{name}{at}",
                    userPrincipalName=who,
                    createdDateTime=moment + "Z",
                    resourceTenantId=None,
                    homeTenantId=None,
                )
            )
        lines = [json.dumps(one) for one in [*records, *records[:20]]]
        (logs / f"{name}.jsonl").write_text("\n".join([*lines, "{broken", "[]"]) + "\n", "utf-8")
    (logs / "notes.txt").write_text("nothing to read here\n", "utf-8")
    return logs


def read_summary(folder: Path) -> dict[str, Any]:
    """The summary of a scan, without what it says of the run itself."""
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text("utf-8"))
    return {name: value for name, value in found.items() if name not in MEASURED}


def read_problems(folder: Path) -> list[str]:
    return sorted((folder / "problems.jsonl").read_text("utf-8").splitlines())


def read_plain(path: Path) -> pa.Table:
    """The events of a file, with texts in place of codes of a dictionary."""
    found = pq.read_table(path)
    return pa.table(
        {
            name: column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
            for name, column in zip(found.column_names, found.columns, strict=True)
        }
    )


def check_events(one: pa.Table, other: pa.Table) -> None:
    """Fail unless events are the same, by time and record id; what one record tells of several accounts may be in any order."""
    ordered = ["time", "metadata_uid"]
    assert one.select(ordered).equals(other.select(ordered))
    keys = [(name, "ascending") for name in (*ordered, "org_uid", "account", "kind", "activity_name")]
    assert one.sort_by(keys).combine_chunks().equals(other.sort_by(keys).combine_chunks())


def check_equal(one: Path, other: Path, *, in_order: bool = True) -> None:
    """Fail if the results of two scans differ; without `in_order`, problems may come in another order."""
    for name in FILES if in_order else FILES[:-1]:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    assert read_summary(one) == read_summary(other)
    assert read_problems(one) == read_problems(other)
    check_events(read_plain(one / EVENTS), read_plain(other / EVENTS))
    assert (one / RAW_RECORDS).read_bytes() == (other / RAW_RECORDS).read_bytes()
