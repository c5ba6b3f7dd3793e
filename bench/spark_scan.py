"""Measure a scan on Spark beside one here: `python bench/spark_scan.py LOGS [--masters local[1] local[2] …] [--small N]`.

Each run is a process of its own with all that it starts: driver, Java, executors and their Pythons. Processor time is that of
all of them, so that it says what a cluster would be charged for; clock time says little on a machine that does other things.
With `--small N`, the logs are made here: N organisations of three accounts over four days.
With `--log`, Spark's own log of events says how long the tasks of each stage ran, and so what a second executor would bring:
tasks of each stage are laid on two executors as Spark does, and all that is no task stays as long as it was. This is free of
what else the machine does, other than a ratio of clock times.
"""

from __future__ import annotations

import argparse
import ctypes
import heapq
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

_SUBREAPER = 36
ONE = "one machine"
CHILD = """
import sys
from pathlib import Path
master, logs, out, tasks = sys.argv[1:]
if master == "one machine":
    import seawall
    seawall.scan(Path(logs), Path(out))
else:
    from seawall.spark import SparkSettings, open_session, scan
    session = open_session(master)
    scan(Path(logs), Path(out), session=session, settings=SparkSettings(partitions=int(tasks)))
    session.stop()
"""


def write_small(place: Path, organisations: int) -> None:
    """Write the records of many small organisations, mixed, into eight files."""
    place.mkdir(parents=True)
    files = [(place / f"mixed-{number}.jsonl").open("w", encoding="utf-8") for number in range(8)]
    for number in range(organisations):
        owner = f"6f1f3c0e-2f0b-4a57-9d0e-{number:012x}"
        for at in range(12):
            day, who = 2 + at % 4, f"p{at % 3}@t{number}.example"
            address = f"198.51.{number % 250}.{at % 3 + 1}" if at < 11 else f"203.0.113.{number % 250}"
            record = {
                "CreationTime": f"2026-03-{day:02}T{8 + at % 9:02}:{number % 60:02}:00",
                "Id": f"{number:08x}-0000-4000-8000-{at:012x}",
                "Operation": "MailItemsAccessed",
                "OrganizationId": owner,
                "RecordType": 50,
                "ResultStatus": "Succeeded",
                "UserType": 0,
                "Version": 1,
                "Workload": "Exchange",
                "UserId": who,
                "ClientIPAddress": address,
                "MailboxOwnerUPN": who,
                "ClientInfoString": "Client=OWA;Action=ViaProxy",
                "OperationProperties": [{"Name": "MailAccessType", "Value": "Bind"}],
            }
            files[(number + at) % 8].write(json.dumps(record) + "\n")
    for file in files:
        file.close()


def watch_family(root: int, seen: dict[int, tuple[str, float, int]]) -> None:
    """Note kind, processor time and largest memory of each process below `root`: Pythons of tasks end unseen by others."""
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):
            fields = (place / "stat").read_text().rpartition(")")[2].split()
            words = (place / "cmdline").read_bytes()
            peak = int((place / "status").read_text().split("VmHWM:")[1].split()[0])
            pid, parent = int(place.name), int(fields[1])
            if pid != root and parent != root and parent not in seen and pid not in seen:
                continue
            kind = "Java" if b"java" in words.split(b"\0")[0] else "tasks" if b"daemon" in words else "driver"
            used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            seen[pid] = kind, used, max(peak, seen.get(pid, ("", 0.0, 0))[2])


def measure(master: str, logs: Path, out: Path, tasks: int, log: Path | None = None) -> dict[str, Any]:
    """Run one scan, and return its clock time, the processor time of all its processes by kind, and its summary."""
    began = time.perf_counter()
    environment = dict(os.environ)
    if log is not None and master != ONE:
        log.mkdir(parents=True)
        chosen = {"enabled": "true", "compress": "false", "rolling.enabled": "false", "dir": log.as_uri()}
        words = [f"--conf spark.eventLog.{name}={value}" for name, value in chosen.items()]
        environment["PYSPARK_SUBMIT_ARGS"] = " ".join([*words, "pyspark-shell"])
    command = [sys.executable, "-c", CHILD, master, str(logs), str(out), str(tasks)]
    seen: dict[int, tuple[str, float, int]] = {}
    with subprocess.Popen(command, env=environment) as child:
        is_over = threading.Event()

        def watch() -> None:
            while not is_over.wait(2.0):
                watch_family(child.pid, seen)

        watching = threading.Thread(target=watch)
        watching.start()
        child.wait()
        is_over.set()
        watching.join()
    seconds = time.perf_counter() - began
    if child.returncode:
        raise SystemExit(f"the scan on {master} failed")
    with suppress(ChildProcessError):
        while True:  # Java ends after the driver; it is ours now, and so is what it waited for
            os.wait()
    used: dict[str, float] = defaultdict(float)
    peak: dict[str, int] = defaultdict(int)
    for kind, spent, largest in seen.values():
        used[kind] += spent
        peak[kind] = max(peak[kind], largest)
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    return {"seconds": seconds, "used": dict(used), "peak": dict(peak), "summary": summary}


def read_tasks(log: Path) -> tuple[float, dict[int, list[float]]]:
    """Return how long Spark's log of events covers, and the seconds of the tasks of each stage in the order of their start."""
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    began = ended = 0
    for path in log.iterdir():
        for line in path.read_text("utf-8").splitlines():
            event = json.loads(line)
            if event["Event"] == "SparkListenerApplicationStart":
                began = event["Timestamp"]
            elif event["Event"] == "SparkListenerApplicationEnd":
                ended = event["Timestamp"]
            elif event["Event"] == "SparkListenerTaskEnd":
                about = event["Task Info"]
                found[event["Stage ID"]].append((about["Launch Time"], about["Finish Time"]))
    stages = {
        stage: [(last - first) / 1e3 for first, last in sorted(tasks)] for stage, tasks in found.items()
    }
    return (ended - began) / 1e3, stages


def lay_out(tasks: list[float], executors: int) -> float:
    """Return when the last of these tasks ends if each begins on the executor that is free first."""
    free = [0.0] * executors
    for seconds in tasks:
        heapq.heappush(free, heapq.heappop(free) + seconds)
    return max(free)


def print_efficiency(log: Path) -> None:
    """Print what a second executor brings, from the tasks of a run on one."""
    whole, stages = read_tasks(log)
    one = sum(lay_out(tasks, 1) for tasks in stages.values())
    two = sum(lay_out(tasks, 2) for tasks in stages.values())
    rest = whole - one
    print(f"  tasks {one:.1f} s, on two executors {two:.1f} s: efficiency {one / two / 2:.2f} of the tasks")
    if rest > 0:  # else tasks ran at the same time
        print(f"  {whole / (rest + two) / 2:.2f} with the {rest:.1f} s of the driver between them")
    for stage, tasks in stages.items():
        if sum(tasks) > 0.05 * one:
            print(f"  stage {stage}: {len(tasks)} tasks, {sum(tasks):.1f} s, the longest {max(tasks):.1f} s")


def measure_stages(logs: Path, place: Path) -> None:
    """Print the processor time of the stages in this process, without Spark, and of a scan."""
    import seawall
    from seawall.pipeline.scan import ScanSettings
    from seawall.spark.deciding import DecidingTask, decide_shelf
    from seawall.spark.reading import EVENTS, ReadingTask, read_piece
    from seawall.spark.rows import BEGINNING, pack_rows, unpack_rows
    from seawall.spark.scoring import STATE, ScoringTask, score_shelf
    from seawall.spark.worker import get_networks, get_ranker, get_rules

    get_rules((), with_pack=True), get_networks(()), get_ranker()
    files = sorted(path for path in logs.rglob("*") if path.is_file())
    clock = [time.process_time()]
    names = [os.fsencode(path) for path in files]
    read = list(
        unpack_rows(pack_rows(read_piece(names, [""] * len(names), 0, ReadingTask(8, is_large=True))))
    )
    clock.append(time.process_time())
    parts = [row for row in read if row.kind == EVENTS]
    shelves = sorted({row.shelf for row in parts})
    task = ScoringTask(
        ScanSettings(), {}, frozenset(), dict.fromkeys(shelves, BEGINNING), str(place / "events")
    )
    scored = [
        row
        for shelf in shelves
        for row in unpack_rows(
            pack_rows(score_shelf(shelf, [one for one in parts if one.shelf == shelf], task))
        )
    ]
    clock.append(time.process_time())
    for shelf in shelves:
        list(
            decide_shelf(
                shelf, [row for row in scored if row.shelf == shelf], DecidingTask(ScanSettings(), 30)
            )
        )
    clock.append(time.process_time())
    seawall.scan(logs, place / "scan")
    clock.append(time.process_time())
    spent = [after - before for before, after in pairwise(clock)]
    records = sum(row.rows for row in parts)
    states = [len(row.content) for row in scored if row.kind == STATE]
    print(
        f"{records:,} records: read {spent[0]:.1f} s, score {spent[1]:.1f} s, decide {spent[2]:.1f} s, a scan {spent[3]:.1f} s; "
        f"{sum(len(row.content) for row in parts) / records:.0f} bytes a record in the lake, "
        f"{size_of(place / 'events') / records:.0f} in the table, {sum(states) / len(states) / 1e3:.0f} kB a state"
    )


def describe(numbers: dict[str, float] | dict[str, int], unit: int) -> str:
    """Return numbers by kind of process as a text."""
    return ", ".join(f"{kind} {number / unit:.1f}" for kind, number in sorted(numbers.items()))


def size_of(folder: Path) -> int:
    """Return the bytes of all files under a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Run the scans, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("logs", type=Path, nargs="?")
    parser.add_argument("--masters", nargs="+", default=["local[1]", "local[2]"])
    parser.add_argument("--small", type=int, default=0)
    parser.add_argument("--tasks", type=int, default=8)
    parser.add_argument(
        "--log", action="store_true", help="say how long the tasks ran, by Spark's log of events"
    )
    parser.add_argument("--stages", action="store_true", help="measure the stages in this process alone")
    chosen = parser.parse_args()
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    place = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    try:
        logs = chosen.logs or place / "logs"
        if chosen.small:
            write_small(logs, chosen.small)
        if chosen.stages:
            measure_stages(logs, place)
            return
        wanted = None
        for number, master in enumerate([ONE, *chosen.masters]):
            out = place / str(number)
            log = place / f"log-{number}" if chosen.log and master != ONE else None
            found = measure(master, logs, out, chosen.tasks, log)
            summary, incidents = found["summary"], (out / "incidents.jsonl").read_bytes()
            wanted = incidents if wanted is None else wanted
            millions = summary["records"] / 1e6
            print(
                f"{master:24} {summary['records']:>10,} records, {summary['tenants']:,} organisations, "
                f"{summary['accounts']:,} accounts: {sum(found['used'].values()):.1f} s processor "
                f"({describe(found['used'], 1)}; {sum(found['used'].values()) / millions:.1f} s a million), "
                f"{found['seconds']:.1f} s clock, most memory of one process {describe(found['peak'], 1_024)} MB, "
                f"equal: {incidents == wanted}, lake {size_of(out / 'lake') / 1e6:.1f} MB, "
                f"tables {size_of(out / 'tables') / 1e6:.1f} MB",
                flush=True,
            )
            if log is not None:
                print_efficiency(log)
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
