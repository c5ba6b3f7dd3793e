"""Write the files of a scan from what the tasks of Spark left in the lake."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from pyspark.sql import DataFrame
from pyspark.sql.functions import col

from seawall.detection.incident import Incident
from seawall.detection.incidents.rule_results import RuleBook
from seawall.pipeline.keep_raw import keep_raw_records
from seawall.pipeline.scan import ScanResult, is_nothing_read
from seawall.report.input import ReportedBudget, ReportInput
from seawall.report.scan_files import write_scan_files
from seawall.spark.deciding import INCIDENT, LIMITS, collect_incidents
from seawall.spark.few_events import write_events_file
from seawall.spark.inputs import decode_name
from seawall.spark.reading import COUNTED
from seawall.spark.rows import LakeRow
from seawall.spark.run import NAMES, LakeRun
from seawall.spark.scoring import DAY, FILE, HITS, STANDING
from seawall.spark.tables import write_tables
from seawall.spark.tallies import (
    DayTally,
    ReadTally,
    StandingTally,
    fill_book,
    iterate_problems,
    sort_by_kind,
)
from seawall.spark.worker import get_networks, get_rules
from seawall.storage.files.events_place import EVENTS_TABLE
from seawall.storage.files.merged_events import EVENTS
from seawall.storage.raw_records import MOST_RECORDS, RAW_RECORDS, KeptRecord, read_kept_records
from seawall_base import private_files
from seawall_base.document_version import SCHEMA_VERSION
from seawall_base.errors import InputUnreadable
from seawall_base.operating_system import peak_memory
from seawall_base.times import rfc3339

FEW = 4
"""Parts in which rows come to the driver: each is a job of Spark, and held in memory as a whole."""


def write_results(run: LakeRun, started: float) -> ScanResult:
    """Write the files of a scan over all runs of a lake; `started` is when the scan began, of `time.perf_counter`."""
    settings, folder = run.settings.scan, run.out
    rules = get_rules(settings.rules, with_pack=settings.pack)
    read = _count_read(run, folder / "problems.jsonl")
    rows = run.read_scored().where(col("kind").isin(DAY, HITS, STANDING, FILE)).select(*NAMES)
    found = sort_by_kind(_list_rows(rows))
    days, standing = DayTally(), StandingTally(len(rules))
    for row in found[DAY]:
        days.add(row)
    for row in sorted(found[STANDING], key=lambda one: one.shelf):
        standing.add(row)
    book = fill_book(rules, found[HITS])
    decided = sort_by_kind(_list_rows(run.decide(days.days())))
    incidents = collect_incidents(decided[INCIDENT])
    coverage = (*read.unjudged.notes((days.first, days.last)), *standing.list_notes())
    summary = _summarise(read, days, standing, incidents, book, time.perf_counter() - started)
    networks = get_networks(settings.mmdb).describe()
    period = (days.first, days.last) if days.events else None
    size = sum(file.size for one in run.lake.runs for file in one.files)
    nothing_read = is_nothing_read(days.events, read.problem_counts, size)
    content = ReportInput(
        incidents,
        coverage,
        tuple(read.problems),
        dict(read.problem_counts),
        summary,
        networks,
        _sum_limits(decided[LIMITS], settings.budget),
        period,
        nothing_read=nothing_read,
    )
    write_scan_files(folder, content)
    book.write(folder / "rules.json", standing.rates(), standing.silenced)
    write_tables(folder, incidents, coverage, found[FILE])
    _write_few(run, incidents, read, found)
    return ScanResult(
        incidents,
        summary,
        coverage,
        content.problems,
        content.problem_counts,
        networks,
        folder,
        None,
        period,
        nothing_read,
    )


def _write_few(
    run: LakeRun, incidents: Sequence[Incident], read: ReadTally, found: Mapping[str, Sequence[LakeRow]]
) -> None:
    """Write the events and the raw records as files of a scan, or remove earlier ones if there are now too many events."""
    folder, settings = run.out, run.settings
    days = Counter[int]()
    for row in found[DAY]:
        days[row.day] += row.rows
    raw = folder / RAW_RECORDS
    if days.total() > settings.files_up_to:
        (folder / EVENTS).unlink(missing_ok=True)
        raw.unlink(missing_ok=True)
        return
    if not (folder / EVENTS).is_file():
        write_events_file(folder, (folder / EVENTS_TABLE / row.names[0] for row in found[FILE]), days)
    if not settings.scan.raw:
        raw.unlink(missing_ok=True)
        return
    names = sorted({file.name for one in run.lake.runs for file in one.files})
    inputs = [Path(os.fsdecode(decode_name(name))) for name in names]
    wanted = {uid for one in incidents if one.raised for uid in one.events}
    earlier: list[KeptRecord] = []
    with suppress(InputUnreadable):  # a damaged file is written anew
        earlier += read_kept_records(raw, wanted, most=MOST_RECORDS)
    keep_raw_records(folder, inputs, incidents, read.held, earlier=earlier)


def _list_rows(frame: DataFrame) -> Iterator[LakeRow]:
    for row in frame.coalesce(FEW).toLocalIterator(prefetchPartitions=True):
        yield LakeRow(
            row.kind,
            row.shelf,
            row.day,
            row.last_day,
            row.place,
            row.rows,
            tuple(row.names or ()),
            bytes(row.content or b""),
        )


def _count_read(run: LakeRun, path: Path) -> ReadTally:
    """Count what was read, and write the problems in the order of the input."""
    tally = ReadTally()
    rows = run.read_records().where(col("kind") == COUNTED).coalesce(1)
    rows = rows.sortWithinPartitions("run", "place").select(*NAMES)
    encode = msgspec.json.Encoder().encode
    with os.fdopen(private_files.open_for_writing(path), "wb") as sink:
        sink.writelines(encode(one) + b"\n" for one in iterate_problems(_list_rows(rows), tally))
    return tally


def _sum_limits(rows: Iterable[LakeRow], budget: float | None) -> ReportedBudget:
    limits = [msgspec.json.decode(row.content) for row in rows]
    least = [one["least_score"] for one in limits if one["least_score"] is not None]
    return ReportedBudget(sum(one["allowed"] for one in limits), budget, max(least, default=None))


def _summarise(
    read: ReadTally,
    days: DayTally,
    standing: StandingTally,
    incidents: Sequence[Incident],
    book: RuleBook,
    seconds: float,
) -> dict[str, Any]:
    """Return the summary of a scan; memory is that of the driver."""
    return {
        "schema_version": SCHEMA_VERSION,
        "records": read.records,
        "events": days.events,
        "duplicates": days.duplicates,
        "problems": read.counted_problems,
        "unrecognised": read.unjudged.unrecognised_records,
        "files_not_judged": sum(counts.is_unjudged for counts in read.unjudged.files.values()),
        "accounts": standing.sums["accounts"],
        "tenants": standing.sums["tenants"],
        **standing.count_joins(),
        "candidates": len(incidents),
        "raised": sum(one.raised for one in incidents),
        "rules": book.summary(),
        "seconds": round(seconds, 3),
        "events_per_second": round(days.events / seconds) if seconds > 0 else 0,
        "peak_memory_bytes": peak_memory(),
        "state_bytes": standing.sums["state_bytes"],
        "first_time": rfc3339(days.first) if days.events else None,
        "last_time": rfc3339(days.last) if days.events else None,
    }
