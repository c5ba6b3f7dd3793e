"""Measure the detection engine on small batches, from coded events to scored groups.

    python bench/batches.py [--records 1000000] [--size 10000] [--json]

`--size` is the number of events in a batch. `--json` prints one JSON document.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from seawall.detection.ranking.engine import DetectionEngine
from seawall.detection.ranking.ranker import load
from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from seawall.lab.worlds.bench import write_bench_records
from seawall.storage import Coder, Spool


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=300_000)
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = measure(asked.records, asked.size)
    if asked.json:
        print(json.dumps(found))
        return
    speed = found["events_a_second"]
    print(f"{found['events']:,} events in batches of at most {asked.size:,}: {speed:,.0f} events/s,", end=" ")
    print("median {median:.0f} ms, p99 {p99:.0f} ms, worst {worst:.0f} ms".format(**found["milliseconds"]))


def measure(records: int, size: int) -> dict[str, Any]:
    """Return events, events a second, and the milliseconds of a batch (median, p99, maximum), as values that JSON can hold."""
    coder, networks, engine, seconds = Coder(), Networks.load(), DetectionEngine(load()), []
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "records.jsonl"
        write_bench_records(path, records, 1)
        (Path(scratch) / "spool").mkdir()
        spool = Spool(Path(scratch) / "spool")
        for batch in read([path]):
            spool.add(coder.encode(enrich(batch.events, networks)))
        spool.settle(*coder.settle())
        events = 0
        for day in spool.days():
            whole, _ = spool.load(day)
            for start in range(0, len(whole), size):
                part = whole.take(np.arange(start, min(start + size, len(whole))))
                begin = time.perf_counter()
                engine.observe(part, day)
                seconds.append(time.perf_counter() - begin)
                events += len(part)
    times = np.array(seconds) * 1000
    spread = {
        "median": float(np.median(times)),
        "p99": float(np.percentile(times, 99)),
        "worst": float(times.max()),
    }
    return {
        "events": events,
        "size": size,
        "events_a_second": events / (times.sum() / 1000),
        "milliseconds": spread,
    }


if __name__ == "__main__":
    main()
