"""Measure how long it takes to score a day again while events keep arriving, by the size of the day, in CPU seconds.

    python -m bench.live_detection [--records 600000] [--days 3] [--batch 20000]

Made-up records are read, enriched, appended to a lake and taken batch by batch; after each batch all changes are scored.
`--days 1` puts all records into one day. Reading and the lake are not measured.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa

from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from seawall.lab.worlds.bench import write_bench_records
from seawall.pipeline.live.detection import LiveDetection
from seawall.storage.lake import Lake

DAY = 86_400_000_000


def batches(folder: Path, records: int, days: int, batch: int) -> Iterator[pa.Table]:
    """Yield events in logged order, with times compressed into so many days."""
    write_bench_records(folder / "logs.jsonl", records, 1)
    networks = Networks.load()
    tables = [enrich(one.events, networks) for one in read([folder / "logs.jsonl"]) if one.events.num_rows]
    first = min(int(one["time"].cast(pa.int64()).to_numpy().min()) for one in tables) // DAY * DAY
    for one in tables:
        times = one["time"].cast(pa.int64()).to_numpy()
        squeezed = first + ((times - first) * (days / 30.1)).astype(np.int64)
        place = one.column_names.index("time")
        moved = one.set_column(place, "time", pa.array(squeezed).cast(pa.timestamp("us", tz="UTC")))
        for start in range(0, moved.num_rows, batch):
            yield moved.slice(start, batch)


def main() -> None:
    """Measure, and print a line for each quarter of the records."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=600_000)
    options.add_argument("--days", type=int, default=3)
    options.add_argument("--batch", type=int, default=20_000)
    asked = options.parse_args()
    with TemporaryDirectory() as place:
        folder = Path(place)
        lake = Lake.create(folder / "lake")
        detection = LiveDetection(lake, scratch=folder / "scratch")
        taken, done, spent = 0, 0, list[tuple[float, float, int]]()
        for events in batches(folder, asked.records, asked.days, asked.batch):
            lake.append(events)
            started = time.process_time()
            detection.take(events)
            between = time.process_time()
            scoring = detection.score()
            ended = time.process_time()
            taken += events.num_rows
            scored = sum(day.events for day in scoring.days.values())
            spent.append((between - started, ended - between, scored))
            if taken * 4 // asked.records > done:
                done = taken * 4 // asked.records
                resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
                takes, scores, sizes = zip(*spent, strict=True)
                print(
                    f"{taken:>9,} events: taking {sum(takes) / len(takes) / asked.batch * 1e6:.2f} µs an event; scoring median "
                    f"{statistics.median(scores):.2f} s, longest {max(scores):.2f} s, {sum(scores) / sum(sizes) * 1e6:.2f} µs "
                    f"an event scored; {resident} MB"
                )
                spent.clear()
        detection.close()


if __name__ == "__main__":
    main()
