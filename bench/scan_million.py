"""Measure `seawall scan` as a whole process on three corpora, compared with a bare DuckDB read of the same files.

    python bench/scan_million.py [--records 1000000] [--runs 3] [--corpora own varied world] [--flat] [--fresh] [--json]

The corpora are a file of the lab (`own`), a file of varied values (`varied`), and many files of several organisations with
audit logs and sign-ins (`world`): see `bench/corpora.py`. The bare read runs right before and right after each scan; the ratio
divides by the mean of both. Prints CPU seconds, records a second and peak memory (medians over runs, and the highest peak).
`--flat` also scans ten times as many records of `own`. `--fresh` makes the records again. `--shared DIR` names a folder with
other makers' generators. `--json` prints one JSON document.
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

from corpora import CORPORA, Corpus, make_corpus, own_file
from seawall_base.plurals import plural

HERE = Path(__file__).parent
OUT = HERE / "out"
SHARED = HERE.parents[1] / "shared"
"""Where other makers' generators are looked for: beside the project."""


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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=CORPORA)
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--flat", action="store_true")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = about() | {"runs": asked.runs, "corpora": []}
    if not asked.json:
        print(f"{found['date']}, {found['machine']}, Python {found['python']}, medians of {asked.runs}")
    for name in asked.corpora:
        corpus = make_corpus(name, asked.out, asked.records, asked.shared, is_fresh=asked.fresh)
        found["corpora"].append(measure(corpus, asked.runs, asked.out))
        if not asked.json:
            print("\n".join(lines(found["corpora"][-1])), flush=True)
    if asked.flat:
        tenfold = measure_tenfold(asked.out, 10 * asked.records, is_fresh=asked.fresh)
        found["tenfold"] = tenfold
        if not asked.json:
            print(format_line("ten times as many", tenfold["records"], tenfold))
    if asked.json:
        print(json.dumps(found))


def about() -> dict[str, Any]:
    """Return date, machine and Python's version."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
    }


def measure(corpus: Corpus, runs: int, out: Path) -> dict[str, Any]:
    """Return the figures of the bare read and the scan, and the median ratio of CPU seconds, as values that JSON can hold."""
    bare_command = [sys.executable, str(HERE / "bare_read.py")]
    for option, files in (("--audit", corpus.audit), ("--sign-ins", corpus.sign_ins)):
        bare_command += [option, *map(str, files)] if files else []
    measured(bare_command)  # the first read warms the page cache for both
    bare, scan, ratios = list[Run](), list[Run](), list[float]()
    for _ in range(runs):
        before = measured(bare_command)
        scan.append(measured(scan_command(corpus, out)))
        after = measured(bare_command)
        bare += [before, after]
        ratios.append(2 * scan[-1].cpu / (before.cpu + after.cpu))
    summary = json.loads((out / f"scan-{corpus.name}" / "summary.json").read_text())
    size = sum(path.stat().st_size for path in corpus.files)
    return {
        "name": corpus.name,
        "maker": corpus.maker,
        "files": len(corpus.files),
        "organisations": len({path.parent for path in corpus.files}),
        "records": summary["records"],
        "record_bytes": round(size / summary["records"]),
        "read": asdict(median(bare)),
        "scan": asdict(median(scan)),
        "cpu_ratio": statistics.median(ratios),
        "state_bytes_an_account": round(summary["state_bytes"] / max(summary["accounts"], 1)),
    }


def measure_tenfold(out: Path, records: int, *, is_fresh: bool) -> dict[str, Any]:
    """Return the figures of one scan of so many records of the lab."""
    corpus = own_file(out, records, is_fresh=is_fresh)
    return {"records": records, **asdict(measured(scan_command(corpus, out)))}


def scan_command(corpus: Corpus, out: Path) -> list[str]:
    """Return the command that scans a corpus."""
    seawall = str(Path(sys.executable).parent / "seawall")
    return [seawall, "scan", str(corpus.place), "--out", str(out / f"scan-{corpus.name}"), "--quiet"]


def lines(found: dict[str, Any]) -> list[str]:
    """Return the figures of one corpus as lines of text."""
    records, many = found["records"], found["files"]
    head = (
        f"{found['name']} (maker: {found['maker']}): {records:,} records of {found['record_bytes']:,} bytes in "
        f"{plural(many, 'file')}: CPU ratio {found['cpu_ratio']:.2f}"
    )
    return [
        head,
        format_line("bare DuckDB read", records, found["read"]),
        format_line("seawall scan", records, found["scan"]),
    ]


def format_line(name: str, records: int, run: dict[str, Any]) -> str:
    """Return one line of figures."""
    speed, peak = records / run["wall"], run["peak"] / 2**20
    return (
        f"  {name:18} {run['cpu']:7.2f} CPU s {run['wall']:7.2f} s {speed:10,.0f} records/s {peak:6.0f} MiB"
    )


if __name__ == "__main__":
    main()
