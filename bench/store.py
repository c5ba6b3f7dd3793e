"""Measure the speed of a store: `python bench/store.py [--events N] [--incidents N] [--folder DIR]`.

Prints time and processor time of queries to the lake and to the incident queue. The lake has events of one day and 5,000
accounts, one of which has a tenth of all events. Figures are medians and 95th percentiles of many queries, each for another
account or record.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from seawall.detection.incident import BaselineComparison, Incident, TimelinePoint
from seawall.detection.reason import Reason
from seawall.events.event import ENRICHED_SCHEMA
from seawall.storage.database import Database, QueueQuery, SearchTerm, Transaction
from seawall.storage.lake import EventQuery, Lake
from seawall.storage.lake.layout import DAY_MICROSECONDS, start_of

DAY = date(2026, 3, 2)
START = start_of(DAY)
ACCOUNTS = 5_000
TABLES = 40
TENANT = "org"


def events(first: int, count: int, total: int, seed: int) -> pa.Table:
    """Return made-up events of one day by time; account 0 has a tenth of all."""
    chance = np.random.default_rng(seed)
    number = np.arange(first, first + count)
    account = np.where(chance.random(count) < 0.1, 0, chance.integers(0, ACCOUNTS, count))
    network = (account * 7 + (chance.random(count) < 0.02) * chance.integers(1, 500, count)) % 3000

    def named(prefix: str, values: Any, limit: int) -> pa.Array:
        words = pa.array([f"{prefix}{n}" for n in range(limit)])
        return pa.DictionaryArray.from_arrays(pa.array(values.astype(np.int32)), words)

    columns: dict[str, Any] = {
        "metadata_uid": pa.array([f"{n * 2654435761 % 2**32:08x}-7b1e-4f2a-9c3d-{n:012x}" for n in number]),
        "time": pa.array(START + number * DAY_MICROSECONDS // total, pa.timestamp("us", "UTC")),
        "source": named("m365_audit", np.zeros(count), 1),
        "source_file": named("audit-", np.full(count, seed % 1000), 1000),
        "source_line": pa.array(number),
        "kind": named("mail_access", np.zeros(count), 1),
        "activity_name": named("Operation", chance.integers(0, 30, count), 30),
        "status": named("success", np.zeros(count), 1),
        "org_uid": pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([TENANT])),
        "account": named("user", account, ACCOUNTS),
        "account_type": pa.DictionaryArray.from_arrays(
            pa.array(np.zeros(count, np.int32)), pa.array(["user"])
        ),
        "mailbox": named("user", account, ACCOUNTS),
        "app_uid": named("app-", chance.integers(0, 40, count), 40),
        "app_name": named("Application ", chance.integers(0, 40, count), 40),
        "user_agent": named("Mozilla/5.0 (Windows NT 10.0; Win64; x64) ", account % 200, 200),
        "client": named("chrome/browser", account % 20, 20),
        "src_ip": named("198.51.100.", network, 3000),
        "src_prefix": named("prefix-", network, 3000),
        "src_asn": pa.array(network % 300),
        "src_asn_name": named("Network ", network % 300, 300),
        "src_location": named("C", network % 60, 60),
        "src_network_class": named("residential", network % 5, 5),
        "session_uid": pa.array([f"{n // 50:032x}" for n in account * 1000 + number // 10_000]),
        "unmapped": pa.array([f'{{"ClientInfoString":"Client=OWA;{n % 977}","Version":1}}' for n in number]),
    }
    arrays = [
        columns[f.name].cast(f.type) if f.name in columns else pa.nulls(count, pa.string()).cast(f.type)
        if pa.types.is_dictionary(f.type) else pa.nulls(count, f.type)
        for f in ENRICHED_SCHEMA
    ]  # fmt: skip
    return pa.Table.from_arrays(arrays, schema=ENRICHED_SCHEMA)


def time_queries(what: str, questions: Sequence[Callable[[], Any]]) -> None:
    """Run each query once and print the times."""
    taken, worked = [], []
    for question in questions:
        begun, work = time.perf_counter(), time.process_time()
        question()
        taken.append(time.perf_counter() - begun)
        worked.append(time.process_time() - work)
    median, tail = np.percentile(taken, [50, 95]) * 1000
    cpu = np.percentile(worked, 50) * 1000
    print(f"  {what:55} {median:8.1f} ms median {tail:8.1f} ms p95 {cpu:8.1f} ms processor", flush=True)


def lake_questions(lake: Lake, total: int) -> None:
    """Print the times of queries to a lake."""
    day = EventQuery(START, START + DAY_MICROSECONDS)
    chance = np.random.default_rng(5)
    several = [f"user{n}" for n in chance.integers(1, ACCOUNTS, 30)]

    def page(**changes: Any) -> Callable[[], Any]:
        wanted = dataclasses.replace(day, **changes)
        return lambda: lake.page(TENANT, wanted, limit=100, newest_first=True)

    def until() -> int:
        return START + int(chance.integers(DAY_MICROSECONDS // 10, DAY_MICROSECONDS))

    def uid(n: int) -> str:
        return f"{n * 2654435761 % 2**32:08x}-7b1e-4f2a-9c3d-{n:012x}"

    numbers = [int(n) for n in chance.integers(0, total, 30)]
    time_queries("newest 100 of an ordinary account", [page(account=name) for name in several])
    time_queries("newest 100 of the largest account", [page(account="user0", end=until()) for _ in range(20)])
    end = START + DAY_MICROSECONDS
    marked = [uid(n) for n in range(0, total, 997)]
    time_queries("newest 100 of the organisation", [page(end=until()) for _ in range(20)])
    time_queries(
        "timeline of an ordinary account",
        [partial(lake.timeline, TENANT, name, START, end) for name in several],
    )
    time_queries("timeline of the largest account", [lambda: lake.timeline(TENANT, "user0", START, end)] * 20)
    time_queries(
        "the same with 1,000 ids marked",
        [lambda: lake.timeline(TENANT, "user0", START, end, marked=marked)] * 20,
    )
    time_queries(
        "profile of an ordinary account",
        [partial(lake.profile, TENANT, name, START, end) for name in several],
    )
    time_queries("profile of the largest account", [lambda: lake.profile(TENANT, "user0", START, end)] * 20)
    time_queries("accounts, first time", [lambda: lake.accounts(TENANT)])
    time_queries("accounts by a part of the name", [lambda: lake.accounts(TENANT, text="R49")] * 20)
    time_queries("a record by its id", [partial(lake.record, TENANT, uid(n)) for n in numbers])


def lake(folder: Path, total: int) -> None:
    """Print the times of appends, of queries, of compaction, and of queries after it."""
    tables = [events(n * total // TABLES, total // TABLES, total, n) for n in range(TABLES)]
    with Lake.create(folder / "events") as made:
        begun = time.perf_counter()
        for table in tables:
            made.append(table)
        print(f"append: {total / (time.perf_counter() - begun):,.0f} events a second")
        print(f"size: {made.size().total / total:.0f} bytes an event")
        print(f"{TABLES} parts, as appended")
        lake_questions(made, total)
        begun = time.perf_counter()
        made.compact(date(2026, 3, 3))
        print(f"compaction: {total / (time.perf_counter() - begun):,.0f} events a second")
        print(f"size: {made.size().total / total:.0f} bytes an event")
        print("one part, compacted")
        lake_questions(made, total)


def incidents(count: int) -> list[Incident]:
    """Return made-up incidents of about 12 kB each."""
    reasons = tuple(
        Reason("behaviour", f"aspect{n}", f"network AS{n} Somewhere: seen on 0 of 23 active days; 1 of 83 peers use it",
               1.0 / (n + 1), f"AS{n} Somewhere", {"seen_days": 0.0, "active_days": 23.0, "peers": 83.0})
        for n in range(25)
    )  # fmt: skip
    usual = tuple(
        BaselineComparison(
            aspect,
            f"AS{n} Somewhere",
            (("AS1", 0.5), ("AS2", 0.25)),
            0.0,
            23.0,
            1,
            83,
            True,
            "if it were AS1",
        )
        for n, aspect in enumerate(
            ("network", "prefix", "country", "app", "client", "activity", "method", "device")
        )
    )
    timeline = tuple(TimelinePoint(START + n, "Somewhere", 3, n % 7 == 0, "3 events") for n in range(60))
    chance = np.random.default_rng(3)
    return [
        Incident(
            id=f"{n:012x}",
            tenant=TENANT,
            account=f"user{n % ACCOUNTS}@example.org",
            kind="password-spray",
            severity="high",
            score=float(chance.normal(0, 4)),
            base=-3.0,
            raised=n % 5 == 0,
            detected_at=START,
            first_event=START + n,
            last_event=START + n * 1000,
            title=f"Password spray: user{n % ACCOUNTS}@example.org",
            summary="was signed in to from where many accounts had just failed: network AS1 Somewhere",
            reasons=reasons,
            events=tuple(f"{k:032x}" for k in range(40)),
            mailboxes=(f"user{n}@example.org",),
            messages_proved=3,
            messages_possible=9,
            usual=usual,
            timeline=timeline,
        )
        for n in range(count)
    ]


def queue(place: str, count: int) -> None:
    """Print the times of queries to the incident queue."""
    database = Database.open(place, should_migrate=True)
    put = incidents(count)
    begun = time.perf_counter()
    with database.writing() as work:
        work.incidents.put(put)
    print(f"queue of {count:,} incidents; put in {time.perf_counter() - begun:.1f} s")
    begun = time.perf_counter()
    with database.writing() as work:
        work.incidents.put(put)
    print(f"put again, unchanged: {time.perf_counter() - begun:.1f} s")

    def ask(question: Callable[[Transaction], Any]) -> Callable[[], Any]:
        def answer() -> Any:
            with database.reading() as work:
                return question(work)

        return answer

    middle = database_middle(database)
    rare, none = SearchTerm(f"user{ACCOUNTS - 1}@"), SearchTerm("nothing of the kind")
    for what, question in {
        "worst 50 of the open": lambda work: work.incidents.rows(QueueQuery(queue="open"), limit=50),
        "worst 200 of all": lambda work: work.incidents.rows(limit=200),
        "50 by time": lambda work: work.incidents.rows(order="time", limit=50),
        "50 by account": lambda work: work.incidents.rows(order="account", limit=50),
        "50 from the middle": lambda work: work.incidents.rows(after=middle, limit=50),
        "search: a word of few": lambda work: work.incidents.rows(QueueQuery(terms=(rare,)), limit=50),
        "search: a word of none": lambda work: work.incidents.rows(QueueQuery(terms=(none,)), limit=50),
        "count of a search": lambda work: work.incidents.count(QueueQuery(terms=(rare,))),
        "count of the open": lambda work: work.incidents.count(QueueQuery(queue="open")),
        "severities of the open": lambda work: work.incidents.severities(QueueQuery(queue="open")),
        "one whole incident": lambda work: work.incidents.get(put[count // 2].id),
    }.items():
        time_queries(what, [ask(question)] * 30)
    database.close()


def database_middle(database: Database) -> Any:
    """Return the position of an incident in the middle of the queue."""
    with database.reading() as work:
        return work.incidents.rows(limit=work.incidents.count() // 2)[-1].place()


def main() -> int:
    """Run the measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--incidents", type=int, default=10_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--database", help="URL of an empty PostgreSQL database to use in place of SQLite")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=arguments.folder))
    try:
        if arguments.events:
            lake(folder, arguments.events)
        if arguments.incidents:
            queue(arguments.database or str(folder / "seawall.db"), arguments.incidents)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
