"""Test Sigma rules on records beside them: `x.positive.jsonl` must match, `x.negative.jsonl` must not.

The records pass through reading and enrichment like any log. A rule must match every positive record; a correlation must
match all of them together.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from seawall.detection.rules.sigma.detector import SigmaDetector
from seawall.detection.rules.sigma.load import load_rules
from seawall.detection.rules.sigma.model import RuleDescription
from seawall.detection.rules.sigma.run import RuleSet
from seawall.events.networks import Networks, enrich
from seawall.events.readers import read
from seawall.storage import Coder, Spool


@dataclass(frozen=True, slots=True)
class RuleTrial:
    """The result for one rule. `faults` is empty if the rule passed; `records` is the number of test records."""

    about: RuleDescription
    records: int
    faults: tuple[str, ...]


def trials(folder: Path) -> Iterator[RuleTrial]:
    """Yield a trial for each reported rule of a folder; a rule that cannot run, or has no test records, has a fault."""
    rules, networks = load_rules((folder,), with_pack=False), Networks.load()
    for one in rules.skipped:
        about = one.about or RuleDescription("", Path(one.file).stem, one.file)
        yield RuleTrial(about, 0, (f"does not run: {one.reason}",))
    for number, about in enumerate(rules.abouts):
        if number < len(rules.rules) and rules.rules[number].is_silent:
            continue  # reported only through its correlation
        path = folder.parent / about.file if folder.is_dir() else folder
        faults: list[str] = []
        count = 0
        alone = _take_out(rules, number)
        for kind in ("positive", "negative"):
            records = path.with_name(f"{path.stem}.{kind}.jsonl")
            if not records.is_file():
                faults.append(f"{records.name} is not there")
                continue
            size, hits, problems = _try(alone, records, networks)
            count += size
            faults += [f"{records.name}: {problem}" for problem in problems]
            faults += _faults(records.name, kind, size, hits, is_single=number < len(rules.rules))
        yield RuleTrial(about, count, tuple(faults))


def _take_out(rules: RuleSet, number: int) -> RuleSet:
    """Return one rule by itself, or one correlation with its parts: the others only take time."""
    if number < len(rules.rules):
        return RuleSet((rules.rules[number],))
    correlation = rules.correlations[number - len(rules.rules)]
    parts = {place: part for part, place in enumerate(dict.fromkeys(correlation.rules))}
    taken = replace(
        correlation,
        rules=tuple(parts[place] for place in correlation.rules),
        group_by={parts[place]: names for place, names in correlation.group_by.items()},
    )
    return RuleSet(tuple(rules.rules[place] for place in parts), (taken,))


def _faults(name: str, kind: str, size: int, hits: int, *, is_single: bool) -> list[str]:
    if not size:
        return [f"{name}: holds no record"]
    if kind == "negative":
        return [f"{name}: {hits} of {size} records hit"] if hits else []
    if is_single and hits < size:
        return [f"{name}: {size - hits} of {size} records do not hit"]
    return [] if hits else [f"{name}: nothing hits"]


def _try(rules: RuleSet, path: Path, networks: Networks) -> tuple[int, int, list[str]]:
    """Return the number of records that became events, the number the last rule matched, and problems of reading."""
    batches = list(read([path]))
    tables = [enrich(batch.events, networks) for batch in batches if batch.events.num_rows]
    problems = [f"line {one.line}: {one.reason}" for batch in batches for one in batch.problems]
    size = sum(table.num_rows for table in tables)
    if not rules.correlations:
        wanted = rules.rules[-1].about.id
        marks = [mark for table in tables for mark in rules.mark(table)[0].to_pylist()]
        return size, sum(wanted in (mark or "").split() for mark in marks), problems
    return size, _correlate(rules, tables), problems


def _correlate(rules: RuleSet, tables: list[pa.Table]) -> int:
    coder, detector, hits = Coder(marks=rules.mark), SigmaDetector(rules), 0
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder))
        for table in tables:
            spool.add(coder.encode(table))
        spool.settle(*coder.settle())
        for day in spool.days():
            batch, _ = spool.load(day)
            hits += int(np.count_nonzero(detector.observe(batch, day).rule == len(rules) - 1))
    return hits
