"""Detect on the same logs three ways, and compare the incidents, the time, the processor time and the memory.

    python bench/three_ways.py LOGS [--ways scan watch spark] [--master local[2]] [--price 0.05] [--json]

`scan` is one `seawall scan`. `watch` is `seawall watch --once` into a data store with a PostgreSQL of its own, as `seawall
serve` shows it. `spark` is `seawall spark scan`. Everything that a command starts is counted: the readers, the database, the
Java machine and its Python workers. Memory is the most at one time, shared pages counted once, sampled twice a second. A day's
cost is the processor time at a price for an hour of a core, by default 0.05 of any currency. Incidents are compared by all
fields. The exit code is 1 if they differ.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from memory import family, measured

WAYS = ("scan", "watch", "spark")
SAMPLE_SECONDS = 0.5
MILLION = 1_000_000
_RUN = """
import ctypes, json, os, resource, subprocess, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # adopt what outlives its parent, so that its time is counted
began = time.perf_counter()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
wall = time.perf_counter() - began
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, wall, used.ru_utime + used.ru_stime]))
"""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one way cost: seconds on the clock, of processors, and the most memory in bytes."""

    wall: float
    cpu: float
    peak: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """A way, what it cost, and its incidents as documents, in order."""

    way: str
    cost: Measurement
    records: int
    incidents: list[dict[str, Any]]


def measure(command: Sequence[str], others: Sequence[int] = ()) -> Measurement:
    """Run a command and measure it with everything it starts, and with the processes in `others`."""
    before = sum(map(_processor_seconds, others))
    process = subprocess.Popen(
        [sys.executable, "-c", _RUN, *command], stdout=subprocess.PIPE, start_new_session=True
    )
    peak, ended, seen = 0, threading.Event(), dict[int, float]()

    def sample() -> None:
        nonlocal peak
        while not ended.wait(SAMPLE_SECONDS):
            for pid in family(process.pid):
                with suppress(OSError):
                    seen[pid] = max(seen.get(pid, 0.0), _own_seconds(pid))
            pss = sum(measured(pid, 0.0).kinds["pss"] for pid in (process.pid, *others))
            peak = max(peak, pss)

    thread = threading.Thread(target=sample)
    thread.start()
    out, _ = process.communicate()
    ended.set()
    thread.join()
    code, wall, cpu = json.loads(out)
    if code:
        raise SystemExit(f"{' '.join(command)}: exit code {code}")
    cpu = max(cpu, sum(seen.values()))  # Pythons of Spark's tasks end without anybody waiting for them
    return Measurement(wall, cpu + sum(map(_processor_seconds, others)) - before, peak)


def _own_seconds(pid: int) -> float:
    """Return the processor time of a process without its children."""
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, parts[11:13])) / os.sysconf("SC_CLK_TCK")


def _processor_seconds(pid: int) -> float:
    """Return the processor time of a process and of its descendants, also of those that ended."""
    ticks = 0
    for one in family(pid):
        parts = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, parts[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def run_scan(logs: Path, folder: Path) -> Outcome:
    """Scan on this machine."""
    cost = measure([*_seawall(), "scan", str(logs), "--out", str(folder), "--quiet"])
    return _outcome_of_folder("scan", cost, folder)


def run_spark(logs: Path, folder: Path, master: str) -> Outcome:
    """Scan on Spark."""
    command = [*_seawall(), "spark", "scan", str(logs), "--out", str(folder), "--master", master, "--quiet"]
    return _outcome_of_folder("spark", measure(command), folder)


def run_watch(logs: Path, folder: Path) -> Outcome:
    """Watch once, with a PostgreSQL that is started for it."""
    from tests.storage.database.postgresql import Server, programs

    from seawall.storage.database import Database
    from seawall.storage.files.incident_documents import incident_document

    found = programs()
    if found is None:
        raise SystemExit("there is no PostgreSQL here")
    server = Server(found)
    try:
        url = server.database()
        watch = [
            *_seawall(),
            "watch",
            str(logs),
            "--store",
            str(folder),
            "--database",
            url,
            "--once",
            "--quiet",
        ]
        cost = measure(watch, [server.pid])
        database = Database.open(url)
        try:
            with database.reading() as work:
                ids = work.incidents.in_order()
                each = [one for id_ in ids if (one := work.incidents.get(id_)) is not None]
                totals = work.totals.all()
        finally:
            database.close()
    finally:
        server.remove()
    documents = [json.loads(json.dumps(incident_document(one))) for one in each]
    return Outcome("watch", cost, totals.get("records", 0), documents)


def _outcome_of_folder(way: str, cost: Measurement, folder: Path) -> Outcome:
    lines = (folder / "incidents.jsonl").read_text("utf-8").splitlines()
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    return Outcome(way, cost, summary["records"], [json.loads(line) for line in lines])


def _seawall() -> list[str]:
    return [sys.executable, "-m", "seawall.cli.main"]


def differences(one: Outcome, other: Outcome) -> list[str]:
    """Return how the incidents of two ways differ, by id; empty if they are the same."""
    mine, theirs = ({incident["id"]: incident for incident in each.incidents} for each in (one, other))
    found = [f"{id_} only by {one.way}" for id_ in mine.keys() - theirs.keys()]
    found += [f"{id_} only by {other.way}" for id_ in theirs.keys() - mine.keys()]
    for id_ in mine.keys() & theirs.keys():
        keys = [key for key in mine[id_] if mine[id_][key] != theirs[id_].get(key)]
        if keys:
            found.append(f"{id_}: {', '.join(keys)}")
    return sorted(found)


def main() -> None:
    """Run the ways one after the other, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("logs", type=Path)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--price", type=float, default=0.05)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="seawall-three-ways-") as scratch:
        for way in given.ways:
            folder = Path(scratch) / way
            if way == "scan":
                outcomes.append(run_scan(given.logs, folder))
            elif way == "watch":
                outcomes.append(run_watch(given.logs, folder))
            else:
                outcomes.append(run_spark(given.logs, folder, given.master))
    different = [text for other in outcomes[1:] for text in differences(outcomes[0], other)]
    if given.json:
        print(
            json.dumps(
                [_document(one, given.price) for one in outcomes] + [{"different": different}], indent=1
            )
        )
    else:
        print(_table(outcomes, given.price, different))
    raise SystemExit(1 if different else 0)


def _document(one: Outcome, price: float) -> dict[str, Any]:
    raised = sum(incident["raised"] for incident in one.incidents)
    return {
        "way": one.way, "records": one.records, "incidents": len(one.incidents), "raised": raised,
        "seconds": one.cost.wall, "cpu_seconds": one.cost.cpu, "cpu_a_million": one.cost.cpu * MILLION / max(one.records, 1),
        "mebibytes": one.cost.peak / 2**20, "cost": one.cost.cpu / 3600 * price,
    }  # fmt: skip


_COLUMNS = (
    ("records", 10, ","), ("incidents", 9, ","), ("raised", 6, ","), ("seconds", 8, ",.1f"), ("cpu_seconds", 11, ",.1f"),
    ("cpu_a_million", 13, ",.1f"), ("mebibytes", 9, ",.0f"), ("cost", 8, ".4f"),
)  # fmt: skip


def _table(outcomes: Sequence[Outcome], price: float, different: Sequence[str]) -> str:
    now = datetime.now(UTC)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {now:%Y-%m-%d}"
    head = " ".join(f"{name.replace('_', ' '):>{width}}" for name, width, _ in _COLUMNS)
    rows = []
    for one in outcomes:
        row = _document(one, price)
        cells = (f"{format(row[name], form):>{width}}" for name, width, form in _COLUMNS)
        rows.append(f"{one.way:6} {' '.join(cells)}")
    same = "the incidents are the same in every field"
    return "\n".join(
        [machine, f"{'way':6} {head}", *rows, *(["DIFFERENT:", *different[:20]] if different else [same])]
    )


if __name__ == "__main__":
    main()
