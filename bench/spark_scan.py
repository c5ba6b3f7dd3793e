"""Measure a scan on Spark beside one here: `python bench/spark_scan.py LOGS [--masters local[1] local[2] …] [--small N]`.

Each run is a process of its own with all that it starts: driver, Java, executors and their Pythons. Processor time is that of
all of them, so that it says what a cluster would be charged for; clock time says little on a machine that does other things.
With `--small N`, the logs are made here: N organisations of three accounts over four days.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
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


def measure(master: str, logs: Path, out: Path, tasks: int) -> dict[str, Any]:
    """Run one scan, and return its clock time, the processor time of all its processes, and its summary."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", CHILD, master, str(logs), str(out), str(tasks)], check=True)
    seconds = time.perf_counter() - began
    with suppress(ChildProcessError):
        while True:  # Java ends after the driver; it is ours now, and so is what it waited for
            os.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    return {"seconds": seconds, "processor": used, "summary": summary}


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
        unpack_rows(pack_rows(read_piece(names, [""] * len(names), 0, ReadingTask(64, is_large=True))))
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
            found = measure(master, logs, out, chosen.tasks)
            summary, incidents = found["summary"], (out / "incidents.jsonl").read_bytes()
            wanted = incidents if wanted is None else wanted
            millions = summary["records"] / 1e6
            print(
                f"{master:24} {summary['records']:>10,} records, {summary['tenants']:,} organisations, "
                f"{summary['accounts']:,} accounts: {found['processor']:.1f} s processor "
                f"({found['processor'] / millions:.1f} s a million), {found['seconds']:.1f} s clock, "
                f"equal: {incidents == wanted}, lake {size_of(out / 'lake') / 1e6:.1f} MB, "
                f"tables {size_of(out / 'tables') / 1e6:.1f} MB",
                flush=True,
            )
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
