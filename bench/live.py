"""Measure how long a batch takes to reach the console, with a real `seawall serve` and times of now.

    python bench/live.py [--load ordinary|large] [--minutes 10] [--days 15] [--attack-seconds 5]
    python bench/live.py --records-per-second 200 --accounts 1000 --minutes 60

An organisation's past days are sent first. Then its stream is sent on the machine's own clock, a batch every
`--batch-seconds`. A batch has reached the console when `/api/summary` counts its records as scored events. An attack has,
when `/api/incidents` lists an incident of its account. Latencies begin when the server has accepted the batch (answer
202). Prints latencies, processor time of the server by process, how long it waited for a processor, the load of the machine,
and memory over time. The ordinary load is a stream of 200 records a second of 1,000 accounts, the large one 20,000 a second
of 3,000 accounts; both take ten minutes.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import platform
import secrets
import shutil
import statistics
import sys
import threading
import time
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ingest import free_port, get, make_store, shares, start_server, wait_for
from live_records import LiveRecords
from memory import Memory, family, measured, processor_by_role, told

OUT = Path(__file__).parent / "out"
HISTORY_BATCH = 12_000
POLL_SECONDS = 0.2
MOST_RECORDS = 10_000
"""Records of a request."""

MOST_BROKEN = 3
"""Connections that may break before a batch is given up."""

LONGEST_WAIT = 120.0
"""Seconds to wait at the end for batches that have not reached the console."""

LOADS = {"ordinary": (200.0, 1_000), "large": (20_000.0, 3_000)}
"""Records a second and accounts of each load."""

MOST_ATTACKS = 15
"""Attacks in all. A day keeps 20 candidates of 1,000 accounts: with more attacks, some would displace others."""

ATTACK_SECONDS = 60.0
"""Seconds after which an attack counts as not raised."""


@dataclass(slots=True)
class Batch:
    """A batch of the stream: when its request was due, sent and accepted, and its records."""

    due: float
    sent: float
    accepted: float
    records: int


@dataclass(slots=True)
class Measured:
    """What the threads of this process saw.

    `attacks` and `raised`: when the attack on each account was accepted, and when its incident was listed. `times` and
    `scored`: when the console was asked, and the records that it counted as scored.
    """

    batches: list[Batch] = field(default_factory=list)
    attacks: dict[str, float] = field(default_factory=dict)
    raised: dict[str, float] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    scored: list[int] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    load: list[float] = field(default_factory=list)
    refused: int = 0
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Sender:
    """Post batches over one connection."""

    def __init__(self, port: int, token: str, found: Measured) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._token, self._found = token, found

    def post(self, body: bytes) -> bool:
        """Post a batch, again while the server has no room; return whether it was accepted.

        The server closes a connection that was idle; the batch is then posted over a new one, and its key lets it count once.
        """
        head = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/x-ndjson"}
        head["Idempotency-Key"] = secrets.token_hex(16)
        broken = 0
        while True:
            try:
                self._connection.request("POST", "/api/ingest", body, head)
                answer = self._connection.getresponse()
                status, content = answer.status, answer.read()
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                broken += 1
                if broken < MOST_BROKEN:
                    continue
                self._found.faults.append(f"sender: {error!r}")
                return False
            if status == 202:
                return True
            if status not in (429, 503):
                self._found.faults.append(f"sender: {status} {content[:200]!r}")
                return False
            self._found.refused += 1
            time.sleep(0.2)


class Schedule:
    """Hand out batches of the stream at their time: `records` every `seconds`, until `end`."""

    def __init__(self, stream: LiveRecords, rate: float, seconds: float, minutes: float) -> None:
        self.begin = time.monotonic()
        self.end = self.begin + 60 * minutes
        seconds = min(seconds, MOST_RECORDS / rate)
        self._records, self._seconds = max(1, round(rate * seconds)), seconds
        self._stream, self._numbers, self._lock = stream, itertools.count(), threading.Lock()

    def next(self) -> tuple[float, bytes, int] | None:
        """Wait for the next batch's time; return that time, the batch and its records, or None after the end."""
        due = self.begin + next(self._numbers) * self._seconds
        if max(due, time.monotonic()) >= self.end:
            return None
        time.sleep(max(0.0, due - time.monotonic()))
        with self._lock:
            return due, self._stream.batch(self._records, time.time()), self._records


def send(sender: Sender, schedule: Schedule, found: Measured) -> None:
    """Send batches until the end."""
    while (batch := schedule.next()) is not None:
        due, body, records = batch
        sent = time.monotonic()
        if not sender.post(body):
            return
        with found.lock:
            found.batches.append(Batch(due, sent, time.monotonic(), records))


def attack(
    sender: Sender, stream: LiveRecords, port: int, seconds: float, end: float, found: Measured
) -> None:
    """Attack one account after another, at equal distances; leave out those that have an incident already."""
    left = iter(range(MOST_ATTACKS))
    for victim in stream.victims:
        if is_raised(port, victim.name):
            continue
        time.sleep(seconds)
        if time.monotonic() >= end or next(left, None) is None:
            return
        body, records = stream.attack(victim, time.time())
        sent = time.monotonic()
        if not sender.post(body):
            return
        with found.lock:
            accepted = time.monotonic()
            found.attacks[victim.name] = accepted
            found.batches.append(Batch(sent, sent, accepted, records))


def watch_attacks(port: int, found: Measured, over: threading.Event) -> None:
    """Ask the console for an incident of each attacked account, until it is listed or time is up."""
    while not over.is_set():
        waiting = [
            name
            for name, at in list(found.attacks.items())
            if name not in found.raised and time.monotonic() - at < ATTACK_SECONDS
        ]
        for name in waiting:
            try:
                if is_raised(port, name):
                    found.raised[name] = time.monotonic()
            except (OSError, ValueError, KeyError) as error:
                found.faults.append(f"incidents: {error!r}")
        over.wait(POLL_SECONDS)


def is_raised(port: int, name: str) -> bool:
    """Return whether the console lists a raised incident of an account."""
    search = urlencode({"queue": "all", "limit": 1, "q": f'is:raised account:"{name}"'})
    return bool(json.loads(get(port, f"/api/incidents?{search}")[1])["items"])


def poll(port: int, found: Measured, over: threading.Event) -> None:
    """Ask the console again and again how many records are scored."""
    while not over.is_set():
        try:
            counts = count_scored(port)
        except (OSError, ValueError, KeyError) as error:
            found.faults.append(f"summary: {error!r}")
            continue
        found.times.append(time.monotonic())
        found.scored.append(counts)
        over.wait(POLL_SECONDS)


def read_counts(port: int) -> dict[str, int]:
    """Return what the console counts: scored events, duplicates among the scored records, and unreadable records."""
    ingest: dict[str, Any] = json.loads(get(port, "/api/summary")[1])["ingest"]
    return {name: int(ingest[name]) for name in ("events", "duplicates", "problems")}


def count_scored(port: int) -> int:
    """Return the number of records that the console counts as scored, repeated or unreadable."""
    return sum(read_counts(port).values())


def wait_seconds(pid: int) -> float:
    """Return the seconds that the living threads of a process and its descendants were ready and had no processor."""
    total = 0
    for one in family(pid):
        for task in Path(f"/proc/{one}/task").glob("*/schedstat"):
            try:
                total += int(task.read_text().split()[1])
            except (OSError, IndexError):
                continue
    return total / 1e9


def send_past(sender: Sender, port: int, past: list[bytes]) -> None:
    """Send the past, and wait until all of it is scored."""
    for start in range(0, len(past), HISTORY_BATCH):
        sender.post(b"".join(past[start : start + HISTORY_BATCH]))
    until = time.monotonic() + 600
    while count_scored(port) < len(past) or json.loads(get(port, "/api/summary")[1])["unjudged"]:
        if time.monotonic() > until:
            sys.exit("the past was not scored within ten minutes")
        time.sleep(0.5)


def batch_delays(found: Measured, base: int) -> tuple[list[float], list[float], int]:
    """Return seconds to the console of each batch, from acceptance and from sending, and the number that never arrived."""
    total, delays, whole, missing = base, list[float](), list[float](), 0
    highest = list(itertools.accumulate(found.scored, max))
    for batch in sorted(found.batches, key=lambda one: one.accepted):
        total += batch.records
        place = bisect_left(highest, total)
        if place == len(highest):
            missing += 1
            continue
        delays.append(max(0.0, found.times[place] - batch.accepted))
        whole.append(found.times[place] - batch.sent)
    return sorted(delays), sorted(whole), missing


def main() -> None:
    """Run the measurement and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--load", choices=tuple(LOADS), default="ordinary")
    parser.add_argument("--records-per-second", type=float, help="instead of those of the load")
    parser.add_argument("--accounts", type=int, help="instead of those of the load")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--days", type=int, default=15, help="past days of the organisation")
    parser.add_argument("--batch-seconds", type=float, default=1.0)
    parser.add_argument("--senders", type=int, default=2)
    parser.add_argument("--attack-seconds", type=float, help="by default 15 attacks over the whole time")
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    rate, accounts = LOADS[asked.load]
    asked.records_per_second, asked.accounts = asked.records_per_second or rate, asked.accounts or accounts
    asked.attack_seconds = asked.attack_seconds or 60 * asked.minutes / (MOST_ATTACKS + 1)
    records = LiveRecords(asked.accounts, asked.days)
    folder = asked.out / "live-store"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    token, port = make_store(folder, 0), free_port()
    server = start_server(folder, port)
    try:
        wait_for(port)
        has_faults = run(asked, records, server.pid, port, token)
    finally:
        server.terminate()
        server.wait(60)
    if has_faults:
        sys.exit(1)


def run(asked: argparse.Namespace, records: LiveRecords, pid: int, port: int, token: str) -> bool:
    """Send the past and the stream, measure, and print; return whether a request failed."""
    found, over = Measured(), threading.Event()
    begun = time.monotonic()
    send_past(Sender(port, token, found), port, records.past)
    print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M}, {platform.machine()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}\n{len(records.past):,} records of {asked.days} past days and {asked.accounts:,} "
        f"accounts scored in {time.monotonic() - begun:.0f} s",
        flush=True,
    )
    before, cpu, waited = read_counts(port), processor_by_role(pid), wait_seconds(pid)
    base = sum(before.values())
    watching = [
        threading.Thread(target=poll, args=(port, found, over), daemon=True),
        threading.Thread(target=watch_attacks, args=(port, found, over), daemon=True),
    ]
    for thread in watching:
        thread.start()
    schedule = Schedule(records, asked.records_per_second, asked.batch_seconds, asked.minutes)
    sending = [
        threading.Thread(target=send, args=(Sender(port, token, found), schedule, found))
        for _ in range(asked.senders)
    ]
    options = (records, port, asked.attack_seconds, schedule.end, found)
    sending.append(threading.Thread(target=attack, args=(Sender(port, token, found), *options)))
    for thread in sending:
        thread.start()
    while any(thread.is_alive() for thread in sending):
        found.memory.append(measured(pid, time.monotonic() - schedule.begin))
        found.load.append(os.getloadavg()[0])
        time.sleep(2)
    seconds, after = time.monotonic() - schedule.begin, processor_by_role(pid)
    waited = wait_seconds(pid) - waited
    wanted, until = base + sum(batch.records for batch in found.batches), time.monotonic() + LONGEST_WAIT
    while found.scored[-1] < wanted and time.monotonic() < until:
        time.sleep(0.2)
    time.sleep(5)  # incidents follow the counts
    counts = {name: count - before[name] for name, count in read_counts(port).items()}
    over.set()
    report(asked, found, base, seconds, {role: after[role] - cpu.get(role, 0.0) for role in after})
    print(
        f"threads of the server waited {waited:.0f} s for a processor; load of the machine {min(found.load):.1f} to "
        f"{max(found.load):.1f}, median {statistics.median(found.load):.1f}"
    )
    print("the console's counts of the stream: " + ", ".join(f"{name} {counts[name]:,}" for name in counts))
    return bool(found.faults)


def report(
    asked: argparse.Namespace, found: Measured, base: int, seconds: float, cpu: dict[str, float]
) -> None:
    """Print all figures."""
    sent = sum(batch.records for batch in found.batches)
    behind = sorted(batch.accepted - batch.due for batch in found.batches)
    delays, whole, missing = batch_delays(found, base)
    total = sum(cpu.values())
    incidents = sorted(at - found.attacks[name] for name, at in found.raised.items())
    start, end = found.memory[0].kinds, found.memory[-1].kinds
    print(
        f"wanted {asked.records_per_second:,.0f} records/s; sent {sent:,} in {seconds:.0f} s = {sent / seconds:,.0f}/s in "
        f"{len(found.batches):,} batches; {found.refused} requests refused and repeated\n"
        f"from due time to acceptance: {shares(behind, 's')}\n"
        f"from acceptance to console: {shares(delays, 's')}; never arrived: {missing}\n"
        f"from sending to console: {shares(whole, 's')}\n"
        f"attacks {len(found.attacks)}, raised {len(incidents)}; from acceptance to console: {shares(incidents, 's')}\n"
        f"processor time {total:.0f} s ({total / seconds:.2f} of {os.cpu_count()}), {1000 * total / max(sent, 1):.3f} s for "
        f"1,000 records: {', '.join(f'{role} {one:.0f} s' for role, one in sorted(cpu.items()))}\n"
        f"memory in MiB, shared pages once: start {start['pss'] / 2**20:,.0f}, end {end['pss'] / 2**20:,.0f}; "
        f"anonymous: start {start['anonymous'] / 2**20:,.0f}, end {end['anonymous'] / 2**20:,.0f}\n"
        f"{told(found.memory)}"
    )
    for fault in list(dict.fromkeys(found.faults))[:10]:
        print(f"fault: {fault}")


if __name__ == "__main__":
    main()
