"""Scan logs: read, enrich, code, score by day, group and rank, write the results."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec
import pyarrow as pa

from seawall.detection.campaigns.campaign import Campaign
from seawall.detection.campaigns.merge import merge_clusters, name_incidents
from seawall.detection.campaigns.sightings import CandidateSightings
from seawall.detection.coverage_note import CoverageNote
from seawall.detection.incident import Incident
from seawall.detection.incidents.alert_budget import LEAST_SCORE, decide
from seawall.detection.incidents.coverage import EXPORT_RECORDS, CoverageMeter
from seawall.detection.incidents.reading_order import order_incidents
from seawall.detection.incidents.rule_results import RuleBook
from seawall.detection.incidents.unjudged_files import UnjudgedFiles
from seawall.detection.ranking.engine import DetectionEngine, ScoredDay
from seawall.detection.ranking.kept_groups import KeptCandidate
from seawall.detection.ranking.ranker import load
from seawall.detection.rules.sigma.load import load_rules as load_rules
from seawall.detection.rules.sigma.run import RuleSet
from seawall.events.coded_batch import CodedBatch
from seawall.events.networks import Networks, enrich
from seawall.events.problem import Problem
from seawall.events.readers import EventBatch, count_by_file, read, total_bytes
from seawall.pipeline.full_scratch import explain_full_disk
from seawall.pipeline.keep_raw import keep_raw_records
from seawall.pipeline.scan_inputs import OUTPUTS as OUTPUTS
from seawall.pipeline.scan_inputs import SCRATCH, leave_out_results, prepare_folder
from seawall.report.input import ReportedBudget, ReportInput
from seawall.report.scan_files import SMALL_DAY, EventsWriter, write_scan_files
from seawall.storage import Coder, Spool
from seawall.storage.raw_records import RAW_RECORDS
from seawall_base import private_files
from seawall_base.document_version import SCHEMA_VERSION
from seawall_base.operating_system import give_back_free_memory, peak_memory
from seawall_base.progress import Progress
from seawall_base.read_ahead import read_ahead
from seawall_base.times import rfc3339

if TYPE_CHECKING:
    from seawall.pipeline.scanned_indicators import ScannedIndicators
    from seawall.response.exchange.group_key import GroupKey
    from seawall.response.exchange.matching import WantedIndicator

_problem_line = msgspec.json.Encoder().encode

PROBLEMS_SHOWN = 1_000
DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """Options of a scan.

    `budget` is incidents a day for each organisation, None for the default by size. `least_score` is the least score for
    raising, None for the one that ships. `mmdb` are MaxMind databases that are searched before the built-in network table.
    With `learnt` false, only unsupervised evidence ranks, and no threshold ships for it. `rules` are folders of Sigma rules
    besides the built-in ones, which `pack` false leaves out. With `campaigns`, values that organisations share are searched.
    With `raw`, the records of raised incidents are kept as they came. `indicators` are searched for; hashes need the key.
    """

    budget: float | None = None
    mmdb: tuple[Path, ...] = ()
    learnt: bool = True
    rules: tuple[Path, ...] = ()
    pack: bool = True
    least_score: float | None = None
    campaigns: bool = False
    raw: bool = True
    indicators: tuple[WantedIndicator, ...] = ()
    indicator_key: GroupKey | None = None

    def choose_least_score(self) -> float | None:
        """Return the least score for raising, None for the one that ships: it holds for the scores of the ranker alone."""
        return LEAST_SCORE if self.least_score is None and not self.learnt else self.least_score


@dataclass(frozen=True, slots=True)
class ScanResult:
    """The results of a scan: `incidents` in reading order, the first 1,000 `problems`, and `summary` as in summary.json.

    `campaigns` is None if they were not searched; `period` is (first, last) event time, None without events. With
    `nothing_read`, nothing can be said about any account, and no report was written.
    """

    incidents: tuple[Incident, ...]
    summary: dict[str, Any]
    coverage: tuple[CoverageNote, ...]
    problems: tuple[Problem, ...]
    problem_counts: dict[str, int]
    networks: dict[str, Any]
    out: Path | None
    campaigns: tuple[Campaign, ...] | None = None
    period: tuple[int, int] | None = None
    nothing_read: bool = False


def is_nothing_read(events: int, problems: Mapping[str, int], size: int) -> bool:
    """Return whether an input of so many bytes told nothing. Exports of nothing, which make no problem, were read."""
    return not events and (bool(problems) or not size)


@dataclass(slots=True)
class _Tally:
    records: int = 0
    events: int = 0
    duplicates: int = 0
    counted_problems: int = 0
    problem_counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=dict)
    unjudged: UnjudgedFiles = field(default_factory=UnjudgedFiles)
    first: int = 0
    last: int = 0
    size: int = 0
    bytes_read: int = 0

    def part_read(self) -> float:
        """Return which part of the input was read, 0 to 1."""
        return min(self.bytes_read / self.size, 1.0) if self.size else 1.0

    def count(self, batch: EventBatch) -> None:
        """Count the records of a batch, in total and by file."""
        self.records += batch.records
        self.bytes_read += batch.bytes_read
        for name, counts in count_by_file(batch).items():
            self.held[name] = max(self.held.get(name, 0), counts.highest)
            self.unjudged.of(name).add(counts.records, counts.unrecognised, counts.unread, counts.span)

    def days(self) -> int:
        """Return the number of days from the first event to the last, both included."""
        return self.last // DAY - self.first // DAY + 1 if self.events else 0


def scan(
    paths: Sequence[Path | str] | Path | str,
    out: Path | str | None = None,
    budget: float | None = None,
    *,
    settings: ScanSettings | None = None,
    progress: Progress | None = None,
    watch: Callable[[ScoredDay], None] | None = None,
    rules_read: Callable[[RuleSet], None] | None = None,
) -> ScanResult:
    """Scan files and folders of logs; return the ranked incidents, and with `out` write the files.

    Raises `InputUnreadable` if no path exists, and `OutputUnwritable` if `out` cannot be written. Unreadable records become
    problems in the result, never exceptions. `watch` is called with each scored day, `rules_read` with the rules before any
    log is read.
    """
    started = time.perf_counter()
    settings = settings or ScanSettings(budget=budget)
    inputs = sorted(Path(p) for p in ([paths] if isinstance(paths, str | Path) else paths))
    folder = prepare_folder(inputs, out)
    inputs = leave_out_results(inputs, folder)
    networks = Networks.load(settings.mmdb)
    rules = load_rules(settings.rules, with_pack=settings.pack)
    if rules_read is not None:
        rules_read(rules)
    engine, tally = DetectionEngine(load() if settings.learnt else None, rules), _Tally()
    book = RuleBook(rules)
    sightings = CandidateSightings() if settings.campaigns else None
    take = book.take if sightings is None else _call_both(book.take, sightings.observe)
    looked = _search_indicators(settings)
    take = take if looked is None else _call_both(take, looked.observe)
    tally.size = total_bytes(inputs)
    with (
        tempfile.TemporaryDirectory(prefix=SCRATCH, dir=folder) as scratch,
        explain_full_disk(Path(scratch), tally.part_read),
    ):
        spool = _spool(inputs, Path(scratch), networks, tally, progress, folder, Coder(marks=rules.mark))
        meter = CoverageMeter([name for name, held in tally.held.items() if held == EXPORT_RECORDS])
        candidates = _score(spool, engine, meter, tally, progress, folder, _call_both(take, watch))
    give_back_free_memory()
    coverage = (*tally.unjudged.notes((tally.first, tally.last)), *meter.notes())
    accounts = engine.behaviour.accounts_of(spool.vocabularies["org_uid"])
    waiting = iter(candidates if looked is None else looked.apply(candidates))
    del candidates  # each day's are freed as soon as its cases are described
    decision = decide(
        waiting, coverage, accounts, tally.days(), settings.budget, least_score=settings.choose_least_score()
    )
    incidents = order_incidents(decision.incidents)
    campaigns = None
    if sightings is not None:
        campaigns = name_incidents(merge_clusters(sightings.find(engine.behaviour)), incidents)
    summary = _summary(tally, engine, incidents, book, spool.join_counts, time.perf_counter() - started)
    result = ScanResult(
        incidents,
        summary,
        coverage,
        tuple(tally.problems),
        dict(tally.problem_counts),
        networks.describe(),
        folder,
        campaigns,
        (tally.first, tally.last) if tally.events else None,
        is_nothing_read(tally.events, tally.problem_counts, tally.size),
    )
    if folder is not None:
        content = ReportInput(
            incidents,
            coverage,
            result.problems,
            result.problem_counts,
            summary,
            result.networks,
            ReportedBudget(
                sum(decision.limits.values()), settings.budget, decision.threshold.holds_for(decision.limits)
            ),
            result.period,
            campaigns,
            result.nothing_read,
        )
        write_scan_files(folder, content)
        book.write(folder / "rules.json", engine.sigma.rates(), engine.sigma.count_silenced())
        (folder / RAW_RECORDS).unlink(missing_ok=True)  # that of an earlier scan
        if settings.raw:
            keep_raw_records(folder, inputs, incidents, tally.held)
    if progress:
        progress("write", 1, 1, tally.records)
    return result


def _spool(
    inputs: Sequence[Path],
    scratch: Path,
    networks: Networks,
    tally: _Tally,
    progress: Progress | None,
    folder: Path | None,
    coder: Coder,
) -> Spool:
    """Read everything into the spool; write problems as they occur."""
    spool = Spool(scratch)
    sink = _problems_file(folder / "problems.jsonl") if folder else None
    try:
        for batch in read_ahead(read(inputs)):
            tally.count(batch)
            for problem in batch.problems:
                _note(tally, problem)
            if sink:
                sink.writelines(_problem_line(problem) + b"\n" for problem in batch.problems)
            if batch.events.num_rows:
                spool.add(coder.encode(enrich(batch.events, networks)))
            if progress:
                progress("read", min(tally.bytes_read, tally.size), tally.size, tally.records)
    finally:
        if sink:
            sink.close()
    spool.settle(*coder.settle())
    pa.default_memory_pool().release_unused()
    give_back_free_memory()
    return spool


def _search_indicators(settings: ScanSettings) -> ScannedIndicators | None:
    """Return the search for the indicators of the settings. Its modules are loaded only if there are some."""
    if not settings.indicators:
        return None
    from seawall.pipeline.scanned_indicators import ScannedIndicators

    return ScannedIndicators(settings.indicators, settings.indicator_key)


def _problems_file(path: Path) -> BinaryIO:
    return os.fdopen(private_files.open_for_writing(path), "wb")


def _call_both(
    first: Callable[[ScoredDay], None], second: Callable[[ScoredDay], None] | None
) -> Callable[[ScoredDay], None]:
    def tell(scored: ScoredDay) -> None:
        first(scored)
        if second:
            second(scored)

    return tell


def _note(tally: _Tally, problem: Problem) -> None:
    tally.problem_counts[problem.code] += 1
    tally.counted_problems += problem.counts_as_record
    if len(tally.problems) < PROBLEMS_SHOWN:
        tally.problems.append(problem)


def _score(
    spool: Spool,
    engine: DetectionEngine,
    meter: CoverageMeter,
    tally: _Tally,
    progress: Progress | None,
    folder: Path | None,
    watch: Callable[[ScoredDay], None],
) -> list[KeptCandidate]:
    candidates: list[KeptCandidate] = []
    days = spool.days()
    with EventsWriter(folder) as writing:
        for place, (day, batch, duplicates) in enumerate(_load(spool, days)):
            scored = engine.observe(batch, day)
            meter.observe(batch)
            candidates += scored.list_candidates()
            tally.events += len(batch)
            tally.duplicates += duplicates
            tally.first = tally.first or int(batch.time[0])
            tally.last = int(batch.time[-1])
            watch(scored)
            writing.write(batch, scored)
            if progress:
                progress("score", place + 1, len(days), tally.records)
            del batch, scored  # free a large day before the next one is loaded
    return candidates


def _load(spool: Spool, days: Sequence[int]) -> Iterator[tuple[int, CodedBatch, int]]:
    """Yield (day, events, duplicates) in order; another thread loads the next day, if small, while this one is scored."""
    with ThreadPoolExecutor(1) as loader:
        ahead: deque[Future[tuple[CodedBatch, int]]] = deque()
        for place, day in enumerate(days):
            batch, duplicates = ahead.popleft().result() if ahead else spool.load(day)
            if place + 1 < len(days) and spool.rows(days[place + 1]) <= SMALL_DAY:
                ahead.append(loader.submit(spool.load, days[place + 1]))
            yield day, batch, duplicates
            del batch


def _summary(
    tally: _Tally,
    engine: DetectionEngine,
    incidents: Sequence[Incident],
    book: RuleBook,
    joined: tuple[int, int, int],
    seconds: float,
) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "records": tally.records,
        "events": tally.events,
        "duplicates": tally.duplicates,
        "problems": tally.counted_problems,
        "unrecognised": tally.unjudged.unrecognised_records,
        "files_not_judged": sum(counts.is_unjudged for counts in tally.unjudged.files.values()),
        "accounts": engine.behaviour.accounts(),
        "tenants": engine.behaviour.tenants(),
        "object_ids_joined": joined[0],
        "object_ids_with_several_names": joined[1],
        "names_joined": joined[2],
        "candidates": len(incidents),
        "raised": sum(one.raised for one in incidents),
        "rules": book.summary(),
        "seconds": round(seconds, 3),
        "events_per_second": round(tally.events / seconds) if seconds > 0 else 0,
        "peak_memory_bytes": peak_memory(),
        "state_bytes": engine.behaviour.state_bytes()
        + engine.lineage.state_bytes()
        + engine.orphans.nbytes(),
        "first_time": rfc3339(tally.first) if tally.events else None,
        "last_time": rfc3339(tally.last) if tally.events else None,
    }
