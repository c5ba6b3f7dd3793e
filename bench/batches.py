"""Measures the engine on small batches: 10,000 events at a time, from coded events to scored groups.

python bench/batches.py [--records 1000000] [--size 10000]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from seawall.enrich import Networks, enrich
from seawall.incidents.engine import Engine
from seawall.incidents.ranker import load
from seawall.lab.bench import write_bench_records
from seawall.sources import read
from seawall.store import Coder, Spool


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=300_000)
    parser.add_argument("--size", type=int, default=10_000)
    asked = parser.parse_args()
    coder, networks, engine, seconds = Coder(), Networks.load(), Engine(load()), []
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "records.jsonl"
        write_bench_records(path, asked.records, 1)
        (Path(scratch) / "spool").mkdir()
        spool = Spool(Path(scratch) / "spool")
        for batch in read([path]):
            spool.add(coder.encode(enrich(batch.events, networks)))
        spool.settle(*coder.settled())
        events = 0
        for day in spool.days():
            whole, _ = spool.load(day)
            for start in range(0, len(whole), asked.size):
                part = whole.take(np.arange(start, min(start + asked.size, len(whole))))
                begin = time.perf_counter()
                engine.observe(part, day)
                seconds.append(time.perf_counter() - begin)
                events += len(part)
    times = np.array(seconds) * 1000
    speed, at_99 = events / (times.sum() / 1000), np.percentile(times, 99)
    print(f"{events:,} events in batches of at most {asked.size:,}: {speed:,.0f} events/s,", end=" ")
    print(f"median {np.median(times):.0f} ms, p99 {at_99:.0f} ms, worst {times.max():.0f} ms")


if __name__ == "__main__":
    main()
