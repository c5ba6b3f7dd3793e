"""Measure the Sigma rules: their stage of a scan, scans with and without them, and pySigma's backend for SQLite.

    PYTHONPATH=. python bench/rules.py [--records 1000000] [--share 0.01] [--rules DIR]... [--runs 3]

The records are ordinary audit records. A share of them (`--share`) are copies, with new identifiers and days. The originals
are the test records of built-in rules, matching and nearly matching, and records for other people's rules. Seawall's stage
(`RuleSet.mark`, including the coding of columns and the data for correlations) and SQLite's queries must agree on every
record. The peer skips correlations, and rules for logs without a table; its tables have only columns that its rules use.
Passes of both take turns. Seconds are of CPU, for the rule stage those of its one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sqlite3
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import yaml
from tests.detection.rules.foreign_records import CANNOT_HIT, WRITTEN, made
from tools.sigma_in_sqlite import Peer, hits_by_record, log_of, rules, same_log

from scan_million import Run, measured, median
from seawall.detection.rules.sigma.load import load_rules
from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from seawall.lab.worlds.bench import DAYS, write_bench_records
from seawall.lab.worlds.world_settings import WorldSettings

OUT = Path(__file__).parent / "out"
PACK = Path(str(resources.files("seawall.detection.rules") / "pack"))
SEED = 1
IDS = ("Id", "id", "uuid")
DAY = re.compile(r"20\d\d-\d\d-\d\d(?=T)")
SCAN = """
import sys
from pathlib import Path
from seawall import scan
from seawall.pipeline.scan import ScanSettings
folders = tuple(map(Path, sys.argv[4:]))
settings = ScanSettings(rules=folders, pack=sys.argv[3] == "with")
scan(sys.argv[1], sys.argv[2], settings=settings)
"""


def examples(folders: Sequence[Path]) -> Iterator[list[dict[str, Any]]]:
    """Yield the test records of each built-in rule, and the records of rules in other folders."""
    for path in sorted(PACK.glob("*/*.jsonl")):
        yield [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for path in sorted(path for folder in folders for path in folder.rglob("*.yml")):
        if path.stem in WRITTEN:
            yield [dict(record) for record in WRITTEN[path.stem]]
        elif path.stem not in CANNOT_HIT:
            try:
                yield made(yaml.safe_load(path.read_text("utf-8")))
            except (KeyError, StopIteration, IndexError):
                continue  # a rule without known records


def copy_records(
    records: Sequence[dict[str, Any]], generator: np.random.Generator, first: date
) -> Iterator[str]:
    """Yield a copy of related records on another day, with new identifiers."""
    days = [date.fromisoformat(found) for found in DAY.findall(json.dumps(records))]
    shift = first - min(days, default=first) + timedelta(int(generator.integers(DAYS - 2)))
    for record in records:
        copy = {**record, **{key: _fresh(generator) for key in IDS if isinstance(record.get(key), str)}}
        if isinstance(record.get("id"), dict):
            copy["id"] = {**record["id"], "uniqueQualifier": str(generator.integers(1 << 62))}
        yield DAY.sub(lambda found: str(date.fromisoformat(found[0]) + shift), json.dumps(copy))


def _fresh(generator: np.random.Generator) -> str:
    h = generator.bytes(16).hex()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


def make_records(folder: Path, records: int, share: float, folders: Sequence[Path]) -> list[Path]:
    """Write the records unless they exist, a file for each log; return the files."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        generator = np.random.default_rng(SEED)
        first = datetime.fromtimestamp(WorldSettings(SEED).first_day(), UTC).date()
        groups, lines = list(examples(folders)), defaultdict[str, list[str]](list)
        left = round(records * share)
        while left > 0:
            for group in groups:
                for line in copy_records(group, generator, first):
                    lines[log_of(json.loads(line)) or "other"].append(line)
                    left -= 1
        write_bench_records(folder / "m365.jsonl", records - sum(map(len, lines.values())), SEED)
        for log, some in lines.items():
            with (folder / f"{log}.jsonl").open("a", encoding="utf-8") as out:
                out.writelines(f"{line}\n" for line in some)
    return sorted(folder.glob("*.jsonl"))


@dataclass(slots=True)
class Pass:
    """One pass over all records: CPU seconds of reading and of rules, events, and (lines, marks) by file."""

    reading: float = 0.0
    rules: float = 0.0
    events: int = 0
    marks: dict[str, list[tuple[Any, Any]]] = field(default_factory=lambda: defaultdict(list))


def mark_records(files: Sequence[Path], folders: Sequence[Path], networks: Networks) -> Pass:
    """Read, enrich and mark every record, as a scan does."""
    found, asked = Pass(), load_rules(folders)
    asked.programs()
    start = time.process_time()
    for batch in read(files):
        if not batch.events.num_rows:
            continue
        events = enrich(batch.events, networks)
        begin = time.thread_time()  # reader threads continue meanwhile
        marks = asked.mark(events)[0]
        found.rules += time.thread_time() - begin
        found.events += events.num_rows
        files_read = events["source_file"]  # a batch may hold several short files
        for name in pc.unique(files_read).to_pylist():
            of_file = pc.equal(files_read, name)
            lines = events["source_line"].filter(of_file)
            found.marks[Path(name).name].append((lines, marks.filter(of_file)))
    found.reading = time.process_time() - start - found.rules
    return found


def lines_of(files: Iterable[Path]) -> Iterator[bytes]:
    for path in files:
        with path.open("rb") as file:
            yield from file


@dataclass(frozen=True, slots=True)
class Asking:
    """One pass of the peer's queries: CPU seconds, and the matching records of each rule."""

    cpu: float
    hits: dict[str, set[int]]


def query_sqlite(peer: Peer) -> Asking:
    queries = peer.queries()
    start = time.process_time()
    found = {name: peer.hits(query) for name, (_, query) in queries.items()}
    return Asking(time.process_time() - start, {name: set(numbers) for name, numbers in found.items()})


def compare(peer: Peer, ours: Pass, theirs: Asking, files: Sequence[Path]) -> int:
    """Print the number of matches on which both agree, and each rule on which they differ; return the number of these."""
    logs: list[str | None] = []
    mine: dict[str, set[int]] = defaultdict(set)
    for path in files:
        lists = ((lines.to_pylist(), marks.to_pylist()) for lines, marks in ours.marks[path.name])
        for name, numbers in hits_by_record(lists).items():
            mine[name] |= {number + len(logs) for number in numbers}
        logs += [log_of(json.loads(line)) for line in lines_of([path])]
    agreed, differ = 0, 0
    for name, (asked, _) in peer.queries().items():
        own, other = same_log(mine[asked.id], asked.log, logs), theirs.hits[name]
        agreed += len(own & other)
        if own != other:
            differ += 1
            alone = f"{len(own - other)} hits of ours alone, {len(other - own)} of SQLite's"
            print(f"  differs: {asked.rule.title} ({name}): {alone}")
    hitting = sum(map(bool, theirs.hits.values()))
    beyond = sum(map(len, mine.values())) - agreed
    print(
        f"{len(theirs.hits)} rules compared, {hitting} hit: {agreed:,} hits are the same, record by record;",
        end=" ",
    )
    print(
        f"{differ} rules differ; {beyond:,} hits of ours on logs or of rules that have no table there",
        flush=True,
    )
    return differ


def scans(folder: Path, folders: Sequence[Path], runs: int) -> dict[str, list[Run]]:
    """Scan with and without rules, in turns."""
    found: dict[str, list[Run]] = {"without": [], "with": []}
    for _ in range(runs):
        for kind, some in found.items():
            own = map(str, folders if kind == "with" else ())
            some.append(
                measured([sys.executable, "-c", SCAN, str(folder), str(OUT / "rules-scan"), kind, *own])
            )
    return found


def engines(files: Sequence[Path], folders: Sequence[Path], records: int, runs: int) -> int:
    """Match all rules to all records with Seawall and SQLite in turns; print; return the number of rules that differ."""
    peer, networks = Peer(rules([PACK, *folders])), Networks.load()
    start = time.process_time()
    peer.fill(lines_of(files))
    filling = time.process_time() - start
    pairs = [(mark_records(files, folders, networks), query_sqlite(peer)) for _ in range(runs)]
    stage, asking = (
        statistics.median(own.rules for own, _ in pairs),
        statistics.median(other.cpu for _, other in pairs),
    )
    reading = statistics.median(own.reading for own, _ in pairs)
    speed = statistics.median(own.events / own.rules for own, _ in pairs)
    print(f"rule stage  {stage:8.2f} CPU s {speed:12,.0f} events/s; reading, enriching {reading:.2f} CPU s")
    print(
        f"SQLite      {asking:8.2f} CPU s {records / asking:12,.0f} records/s; filling tables {filling:.2f} CPU s"
    )
    queries = statistics.median(other.cpu / own.rules for own, other in pairs)
    whole = statistics.median((filling + other.cpu) / (own.reading + own.rules) for own, other in pairs)
    print(
        f"CPU of SQLite's queries to the rule stage {queries:.1f}; from the file to the hits {whole:.1f}",
        flush=True,
    )
    return compare(peer, *pairs[-1], files)


def report(done: dict[str, list[Run]]) -> None:
    """Print the figures of the scans."""
    for kind, some in done.items():
        one = median(some)
        print(f"scan {kind:8} {one.cpu:7.2f} CPU s {one.wall:7.2f} s")
    both = list(zip(done["with"], done["without"], strict=True))
    cpu = statistics.median(one.cpu / other.cpu for one, other in both)
    wall = statistics.median(one.wall / other.wall for one, other in both)
    print(f"scan with rules to without: CPU {cpu:.2f}, wall {wall:.2f}", flush=True)


def main() -> None:
    """Measure and print; exit with 1 if matches differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--rules", type=Path, action="append", default=[])
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    folder = OUT / f"rules-{asked.records}-{asked.share}-{len(asked.rules)}"
    files = make_records(folder, asked.records, asked.share, asked.rules)
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("pysigma", "pysigma-backend-sqlite"))
    where = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{datetime.now(UTC).date()}, {where}, {versions}, SQLite {sqlite3.sqlite_version}")
    ours = load_rules(asked.rules)
    print(
        f"{asked.records:,} records; {len(ours.rules)} single rules and {len(ours.correlations)} correlations run",
        flush=True,
    )
    report(scans(folder, asked.rules, asked.runs))
    if engines(files, asked.rules, asked.records, asked.runs):
        sys.exit(1)


if __name__ == "__main__":
    main()
