"""Measure Sigma rules on logs: which hit and how often, which cannot, and why."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seawall.detection.rules.sigma.detector import SigmaDetector
from seawall.detection.rules.sigma.health import RuleHealth, RuleHits, Window, judge_rules
from seawall.detection.rules.sigma.probes import RuleProbes
from seawall.detection.rules.sigma.run import RuleSet
from seawall.detection.rules.sigma.spellings import FAMILIES
from seawall.events.coded_batch import MISSING, CodedBatch
from seawall.events.networks import Networks, enrich
from seawall.events.readers import read, total_bytes
from seawall.storage import Coder, Spool
from seawall_base.errors import InputUnreadable
from seawall_base.progress import Progress
from seawall_base.read_ahead import read_ahead


@dataclass(frozen=True, slots=True)
class HealthReport:
    """The health of every rule, the days that were judged, and what was read.

    `logs` are the records of each log on these days, by family of sources. Without their `duplicates` they are `events`.
    """

    rules: tuple[RuleHealth, ...]
    window: Window
    records: int
    events: int
    problems: int
    logs: dict[str, int]

    @property
    def duplicates(self) -> int:
        """Return the records of these days that are there again."""
        return sum(self.logs.values()) - self.events


def measure_rules(
    paths: Sequence[Path], rules: RuleSet, days: int | None = None, *, progress: Progress | None = None
) -> HealthReport:
    """Read logs and judge every rule on the last `days` days of them, or on all days.

    Raises `InputUnreadable` if a path is missing, or no record has a time.
    """
    missing = [path for path in paths if not path.exists() and not path.is_symlink()]
    if missing:
        raise InputUnreadable(f"no such file or folder: {missing[0]}", fix="check the path")
    probes, networks = RuleProbes(rules), Networks.load()
    records = problems = done = 0
    total, coder = total_bytes(paths), Coder(marks=rules.mark)
    with tempfile.TemporaryDirectory(prefix="seawall-") as folder:
        spool = Spool(Path(folder))
        for batch in read_ahead(read(paths)):
            records += batch.records
            problems += sum(problem.counts_as_record for problem in batch.problems)
            if batch.events.num_rows:
                events = enrich(batch.events, networks)
                probes.observe(events)
                spool.add(coder.encode(events))
            done += batch.bytes_read
            if progress:
                progress("read", min(done, total), total, records)
        spool.settle(*coder.settle())
        if not spool.days():
            raise InputUnreadable(
                "nothing was read: no log record in the given files and folders",
                fix="give the folder that holds the exports",
            )
        counted = _HitCounter(rules, _choose_days(spool.days(), days))
        for place, day in enumerate(spool.days()):
            counted.take(day, spool.load(day)[0])
            if progress:
                progress("score", place + 1, len(spool.days()), records)
    window = counted.window()
    logs = {family: probes.count_source(family, window.days) for family in FAMILIES}
    return HealthReport(
        judge_rules(rules, probes, counted.hits(), window),
        window,
        records,
        counted.events,
        problems,
        {family: count for family, count in logs.items() if count},
    )


def _choose_days(known: Sequence[int], days: int | None) -> range:
    """Return the last days, counted back from the newest with an event; without `days` all."""
    last = max(known)
    first = min(known) if days is None else max(min(known), last - days + 1)
    return range(first, last + 1)


class _HitCounter:
    """Count hits and active accounts of the days that are judged. Earlier days feed correlations alone."""

    def __init__(self, rules: RuleSet, days: range) -> None:
        self._detector, self._days = SigmaDetector(rules), days
        self._records: Counter[int] = Counter()
        self._hit_days: Counter[int] = Counter()
        self._account_days: Counter[int] = Counter()
        self._accounts: dict[int, set[int]] = defaultdict(set)
        self._active: set[int] = set()
        self._active_days = 0
        self.events = 0

    def take(self, day: int, batch: CodedBatch) -> None:
        """Count one day."""
        found = self._detector.observe(batch, day)
        if day not in self._days:
            return
        self.events += len(batch)
        person = (batch.actor != MISSING) & ~batch.one_of("account_type", ("system",))
        today = np.unique(batch.actor[person]).tolist()
        self._active.update(today)
        self._active_days += len(today)
        for rule in np.unique(found.rule).tolist():
            rows = found.row[found.rule == rule]
            accounts = np.unique(batch.actor[rows[person[rows]]]).tolist()
            self._records[rule] += len(rows)
            self._hit_days[rule] += 1
            self._account_days[rule] += len(accounts)
            self._accounts[rule].update(accounts)

    def hits(self) -> dict[int, RuleHits]:
        """Return the hits of each rule by its number."""
        return {
            rule: RuleHits(count, self._hit_days[rule], len(self._accounts[rule]), self._account_days[rule])
            for rule, count in self._records.items()
        }

    def window(self) -> Window:
        """Return the days that were judged, with their active accounts."""
        return Window(self._days, len(self._active), self._active_days)
