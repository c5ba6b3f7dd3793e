"""Measures `seawall scan`, whole process, against a bare DuckDB read of the same columns in the same run.

    python bench/scan_million.py [--records 1000000] [--runs 3] [--flat]

Prints CPU seconds, wall seconds and peak memory (medians over runs, the two commands in turn) and their ratio.
`--flat` also scans ten times as many records and compares peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from seawall.lab.bench import write_bench_records

OUT = Path(__file__).parent / "out"

BARE = """
import os, sys, duckdb
from seawall.sources.duck import _query
from seawall.sources.m365_fields import KEPT_FIELDS
descriptor = os.open(sys.argv[1], os.O_RDONLY)
connection = duckdb.connect(config={"threads": 2})
rows = sum(batch.num_rows for batch in connection.sql(_query(descriptor, tuple(KEPT_FIELDS))).to_arrow_reader(100_000))
print(rows)
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process: CPU and wall seconds, peak memory in bytes."""

    cpu: float
    wall: float
    peak: int


def measured(command: list[str]) -> Run:
    """Run a command and return what it took, by the operating system's own account."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"failed with status {status}: {' '.join(command)}")
    return Run(usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss * 1024)


def median(runs: list[Run]) -> Run:
    """The median of each figure."""
    return Run(
        statistics.median(r.cpu for r in runs),
        statistics.median(r.wall for r in runs),
        max(r.peak for r in runs),
    )


def scanned(records: int) -> tuple[Path, list[str]]:
    """Make (once) a file of records; return it and the command that scans it."""
    path = OUT / f"bench-{records}.jsonl"
    if not path.exists():
        OUT.mkdir(parents=True, exist_ok=True)
        write_bench_records(path, records, 1)
    out = OUT / f"scan-{records}"
    return path, [
        str(Path(sys.executable).parent / "seawall"),
        "scan",
        str(path),
        "--out",
        str(out),
        "--quiet",
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--flat", action="store_true")
    asked = parser.parse_args()
    path, command = scanned(asked.records)
    bare_command = [sys.executable, "-c", BARE, str(path)]
    measured(bare_command)  # the first read warms the page cache for both
    bare, scan = [], []
    for _ in range(asked.runs):
        bare.append(measured(bare_command))
        scan.append(measured(command))
    one, two = median(bare), median(scan)
    ratios = statistics.median(s.cpu / b.cpu for s, b in zip(scan, bare, strict=True))
    summary = json.loads((OUT / f"scan-{asked.records}" / "summary.json").read_text())
    where = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    size = path.stat().st_size / asked.records
    print(f"{datetime.now(UTC).date()}, {where}, Python {platform.python_version()},", end=" ")
    print(f"{asked.records:,} records of {size:,.0f} bytes")
    show("bare DuckDB read", asked.records, one)
    show("seawall scan", asked.records, two)
    state = summary["state_bytes"] / max(summary["accounts"], 1)
    print(f"CPU ratio {ratios:.2f}; state {state:,.0f} bytes an account")
    if asked.flat:
        _, ten = scanned(10 * asked.records)
        show("ten times as many", 10 * asked.records, measured(ten))


def show(name: str, records: int, run: Run) -> None:
    """Print one line of figures."""
    speed, peak = records / run.wall, run.peak / 2**20
    print(f"{name:18} {run.cpu:7.2f} CPU s {run.wall:7.2f} s {speed:10,.0f} records/s {peak:6.0f} MiB")


if __name__ == "__main__":
    main()
