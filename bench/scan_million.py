"""Measure `seawall scan` as a whole process, compared with a bare DuckDB read of the same columns.

    python bench/scan_million.py [--records 1000000] [--runs 3] [--flat] [--fresh] [--json]

Prints CPU seconds, wall seconds and peak memory (medians over runs, the two commands in turns) and their ratio. `--flat`
also scans ten times as many records and compares peak memory. `--fresh` makes the records again with the present lab.
`--json` prints one JSON document.
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
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from seawall.lab.worlds.bench import write_bench_records

OUT = Path(__file__).parent / "out"


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process: CPU and wall seconds, peak memory in bytes."""

    cpu: float
    wall: float
    peak: int


def measured(command: list[str]) -> Run:
    """Run a command and return its times and memory, by the operating system's account."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"failed with status {status}: {' '.join(command)}")
    return Run(usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss * 1024)


def median(runs: list[Run]) -> Run:
    """Return the median of each figure."""
    return Run(
        statistics.median(r.cpu for r in runs),
        statistics.median(r.wall for r in runs),
        max(r.peak for r in runs),
    )


def make_records(records: int, *, is_fresh: bool = False) -> tuple[Path, list[str]]:
    """Return a file of records, made unless it exists or `is_fresh`, and the command that scans it."""
    path = OUT / f"bench-{records}.jsonl"
    if is_fresh or not path.exists():
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
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = measure(asked.records, asked.runs, is_flat=asked.flat, is_fresh=asked.fresh)
    print(json.dumps(found) if asked.json else "\n".join(lines(found)))


def measure(records: int, runs: int, *, is_flat: bool, is_fresh: bool) -> dict[str, Any]:
    """Return the figures of the bare read and the scan, and the median ratio of CPU seconds, as values that JSON can hold."""
    path, command = make_records(records, is_fresh=is_fresh)
    bare_command = [sys.executable, str(Path(__file__).parent / "bare_read.py"), str(path)]
    measured(bare_command)  # the first read warms the page cache for both
    bare, scan = [], []
    for _ in range(runs):
        bare.append(measured(bare_command))
        scan.append(measured(command))
    summary = json.loads((OUT / f"scan-{records}" / "summary.json").read_text())
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "records": records,
        "runs": runs,
        "record_bytes": round(path.stat().st_size / records),
        "read": asdict(median(bare)),
        "scan": asdict(median(scan)),
        "cpu_ratio": statistics.median(s.cpu / b.cpu for s, b in zip(scan, bare, strict=True)),
        "state_bytes_an_account": round(summary["state_bytes"] / max(summary["accounts"], 1)),
    }
    if is_flat:
        _, ten = make_records(10 * records, is_fresh=is_fresh)
        found["tenfold"] = {"records": 10 * records, **asdict(measured(ten))}
    return found


def lines(found: dict[str, Any]) -> list[str]:
    """Return the figures as lines of text."""
    records = found["records"]
    return [
        f"{found['date']}, {found['machine']}, Python {found['python']}, {records:,} records of {found['record_bytes']:,} bytes",
        format_line("bare DuckDB read", records, found["read"]),
        format_line("seawall scan", records, found["scan"]),
        f"CPU ratio {found['cpu_ratio']:.2f}; state {found['state_bytes_an_account']:,} bytes an account",
        *([format_line("ten times as many", 10 * records, found["tenfold"])] if "tenfold" in found else []),
    ]


def format_line(name: str, records: int, run: dict[str, Any]) -> str:
    """Return one line of figures."""
    speed, peak = records / run["wall"], run["peak"] / 2**20
    return f"{name:18} {run['cpu']:7.2f} CPU s {run['wall']:7.2f} s {speed:10,.0f} records/s {peak:6.0f} MiB"


if __name__ == "__main__":
    main()
