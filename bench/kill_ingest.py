"""Kill `seawall watch` at random times while it reads a million records, and compare its result with a scan.

    python bench/kill_ingest.py [--records 1000000] [--kills 50] [--database postgresql://…]

The records are in many files of a folder: ordinary traffic of one organisation, and small organisations with attacks. Each
run is killed with SIGKILL after a random time; the last one runs to its end. Prints whether records, events, problems and
incidents are those of `seawall scan`, and which kind of work the kills interrupted.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from replay import prepared
from seawall.storage.database import Database, QueueCursor, QueueQuery
from seawall.storage.files.incident_documents import incident_document
from seawall.storage.location import open_store
from seawall_base.errors import SeawallError

OUT = Path(__file__).parent / "out"
SEAWALL = str(Path(sys.executable).parent / "seawall")
FILES = 200


def write_records(folder: Path, records: int, replay: Path | None) -> None:
    """Write the records as `FILES` files of lines, a third of them compressed."""
    batch = 4_000
    made = prepared(replay or OUT / f"replay-{records}", records, batch)
    per = max(records // batch // FILES, 1)
    folder.mkdir(parents=True)
    taken = 0
    for number, at in enumerate(range(0, len(made.files), per)):
        if taken >= records:
            break
        data = b"".join(gzip.decompress(path.read_bytes()) for path in made.files[at : at + per])
        taken += sum(made.records[at : at + per])
        name = folder / f"{number:04d}.jsonl"
        if number % 3 == 0:
            name.with_suffix(".jsonl.gz").write_bytes(gzip.compress(data, 1))
        else:
            name.write_bytes(data)


def watch(folder: Path, store: Path, database: str | None) -> subprocess.Popen[bytes]:
    command = [SEAWALL, "watch", str(folder), "--store", str(store), "--once", "--quiet", "--budget", "2"]
    command += ["--database", database] if database else []
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def sums(store: Path, database: str | None) -> Counter[str]:
    """Return the sums so far, nothing while there is no database."""
    try:
        opened = Database.open(database or store / "seawall.db")
    except SeawallError:  # killed before the database was complete
        return Counter()
    try:
        with opened.reading() as work:
            return Counter(work.totals.all() | {"dirty": len(work.dirty.all())})
    finally:
        opened.close()


def load_results(store: Path, database: str | None) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the final incidents and sums."""
    incidents: dict[str, Any] = {}
    with open_store(store, database) as opened, opened.database.reading() as work:
        after: QueueCursor | None = None
        while page := work.incidents.page(QueueQuery(), after=after, limit=500):
            incidents.update((one.id, json.loads(json.dumps(incident_document(one)))) for one in page)
            after = QueueCursor(page[-1].score, page[-1].id)
        totals = work.totals.all()
        events = sum(int(day["events"]) for day in work.days.since(0).values())
        dirty = len(work.dirty.all())
    return incidents, {
        "records": totals.get("records", 0),
        "events": events,
        "problems": totals.get("problems", 0),
        "dirty": dirty,
    }


def main() -> None:
    """Run the measurement and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default=None)
    parser.add_argument("--replay", type=Path, default=None)
    asked = parser.parse_args()
    logs, store, scanned = OUT / "kill-logs", OUT / "kill-store", OUT / "kill-scan"
    for folder in (logs, store, scanned):
        shutil.rmtree(folder, ignore_errors=True)
    write_records(logs, asked.records, asked.replay)
    begin = time.monotonic()
    scan = [SEAWALL, "scan", str(logs), "--out", str(scanned), "--quiet", "--budget", "2"]
    subprocess.run(scan, check=True, stdout=subprocess.DEVNULL)
    scan_seconds = time.monotonic() - begin
    summary = json.loads((scanned / "summary.json").read_text())
    lines = (scanned / "incidents.jsonl").read_text().splitlines()
    expected = {document["id"]: document for document in map(json.loads, lines)}

    chance, hits = random.Random(asked.seed), Counter[str]()
    share = max(scan_seconds / max(asked.kills, 1), 1.0)
    begin = time.monotonic()
    for _ in range(asked.kills):
        before = sums(store, asked.database)
        process = watch(logs, store, asked.database)
        until = time.monotonic() + (20.0 if chance.random() < 0.8 else 3.0)
        while process.poll() is None and time.monotonic() < until and sums(store, asked.database) == before:
            time.sleep(0.2)
        try:
            process.wait(2 * share * chance.random())
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        code = process.wait()
        after = sums(store, asked.database)
        kind = (
            "ended by itself"
            if code != -signal.SIGKILL
            else "while reading"
            if after["records"] < summary["records"]
            else "while scoring"
            if after["dirty"]
            else "at the end"
        )
        hits[kind + ("" if after != before else ", nothing kept since the last")] += 1
    code = watch(logs, store, asked.database).wait()
    seconds = time.monotonic() - begin
    incidents, ended = load_results(store, asked.database)
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} processors, "
        f"Python {platform.python_version()}: {asked.kills} kills in {seconds:.0f} s"
    )
    for kind, count in hits.most_common():
        print(f"  {count:3} {kind}")
    wanted = {name: summary[name] for name in ("records", "events", "problems")} | {"dirty": 0}
    is_same = incidents == expected
    print(f"sums {ended}, of a scan {wanted}: {'equal' if ended == wanted else 'DIFFERENT'}")
    print(f"incidents {len(incidents)}, of a scan {len(expected)}: {'equal' if is_same else 'DIFFERENT'}")
    is_sound = code == 0 and ended == wanted and is_same
    print("verdict: " + ("nothing lost, nothing doubled" if is_sound else "FAILED"))
    sys.exit(0 if is_sound else 1)


if __name__ == "__main__":
    main()
