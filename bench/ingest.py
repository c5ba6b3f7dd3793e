"""Measure `seawall serve` under load: records over HTTP for minutes, with scoring and requests of the console.

    python bench/ingest.py [--minutes 10] [--rate 20000] [--senders 2] [--batch 12000] [--incidents 10000]

Two senders post gzip-compressed NDJSON made beforehand, as fast as they are answered up to the rate. Meanwhile a browser's
requests run one after another, and the event stream is read. Prints the machine, the records accepted, memory over time by
kind and process, and durations of requests. Also prints the delay of incidents: from the start of the request that
completes an incident to its appearance on the stream.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from memory import Memory, family, measured, told
from replay import prepared
from seawall.detection.incident import Incident
from seawall.detection.reason import Reason
from seawall.storage.location import open_store

OUT = Path(__file__).parent / "out"
SMALL_BATCH = 4_000
BUDGET = "200"
"""Incidents a day for each organisation, high enough that no incident waits for the budget of a later day."""
QUESTIONS = (
    "/api/summary",
    "/api/incidents?queue=open&limit=50",
    "/api/incidents?queue=all&limit=100&sort=-time",
    "/api/incidents?queue=all&q=severity:high&limit=50",
    "/api/health/ingest",
    "/api/accounts?limit=50",
)


@dataclass
class Seen:
    """Measurements of all threads of this process."""

    sent: dict[int, float] = field(default_factory=dict)
    taken: dict[int, float] = field(default_factory=dict)
    records: int = 0
    refused: int = 0
    asked: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    faults: list[str] = field(default_factory=list)
    news: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def stored_incidents(count: int) -> Iterator[Incident]:
    """Yield old incidents, so that lists are long."""
    for number in range(count):
        time_ = (1_650_000_000 + number * 977) * 1_000_000
        reasons = tuple(
            Reason("behaviour", aspect, f"{aspect} nobody of {number % 90} peers uses", 1.5 - at / 4)
            for at, aspect in enumerate(("network", "client", "country"))
        )
        yield Incident(
            id=f"b{number:011x}", tenant=f"org-{number % 7}", account=f"person.{number % 2500}@org.example",
            kind="account-takeover", severity=("low", "medium", "high", "critical")[number % 4],
            score=4.0 - number / 2000, base=-4.0, raised=number % 5 == 0, detected_at=time_, first_event=time_,
            last_event=time_ + 3_600_000_000, title=f"Account takeover: person.{number % 2500}@org.example",
            summary="Is used from a network and by a client that do not belong to its holder.", reasons=reasons,
            events=(f"event-{number}",), mailboxes=(f"person.{number % 2500}@org.example",),
            messages_proved=3, messages_possible=9,
        )  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Start the console of a store in a process of its own."""
    program = str(Path(sys.executable).parent / "seawall")
    options = ["--budget", BUDGET, "--listen", f"127.0.0.1:{port}", "--quiet"]
    return subprocess.Popen([program, "serve", "--store", str(folder), *options], stdout=subprocess.DEVNULL)


def make_store(folder: Path, incidents: int) -> str:
    """Fill a store with incidents and a collector's token; return the token."""
    token = secrets.token_urlsafe(32)
    with open_store(folder, make=True) as store, store.database.writing() as work:
        work.incidents.put(stored_incidents(incidents))
        work.ingest_tokens.add("bench", token.encode(), by="bench", at=0)
    return token


def processor_seconds(pid: int) -> float:
    total = 0.0
    for one in family(pid):
        try:
            parts = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            total += (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")
        except (OSError, IndexError):
            continue
    return total


def get(port: int, path: str, timeout: float = 30.0) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def send(
    port: int,
    token: str,
    requests: list[list[Path]],
    counts: list[int],
    seen: Seen,
    pace: Pace,
    number: int,
    all_: int,
) -> None:
    """Post every `all_`-th request from the `number`-th on, and repeat those that are refused for lack of room."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    for at in range(number, len(requests), all_):
        body = b"".join(path.read_bytes() for path in requests[at])
        if not pace.wait(counts[at]):
            return
        seen.sent[at] = time.monotonic()
        while True:
            try:
                connection.request(
                    "POST",
                    "/api/ingest",
                    body,
                    {
                        "Authorization": f"Bearer {token}",
                        "Content-Type": "application/x-ndjson",
                        "Content-Encoding": "gzip",
                        "Idempotency-Key": f"bench-{at}",
                    },
                )
                answer = connection.getresponse()
                status, content = answer.status, answer.read()
            except OSError as error:
                seen.faults.append(f"sender: {error}")
                connection.close()
                return
            if status == 202:
                break
            seen.refused += 1
            if status not in (429, 503):
                seen.faults.append(f"sender: {status} {content[:200]!r}")
                return
            time.sleep(1)
        with seen.lock:
            seen.taken[at] = time.monotonic()
            seen.records += json.loads(content)["records"]


class Pace:
    """Limit the rate of records a second, until an end."""

    def __init__(self, rate: float, seconds: float) -> None:
        self.rate, self.begin = rate, time.monotonic()
        self.end = self.begin + seconds
        self._given = 0
        self._lock = threading.Lock()

    def wait(self, count: int) -> bool:
        with self._lock:
            due = self.begin + self._given / self.rate
            self._given += count
        now = time.monotonic()
        if now >= self.end:
            return False
        time.sleep(max(due - now, 0.0))
        return True


def listen(port: int, seen: Seen, over: threading.Event) -> None:
    """Read the event stream."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/api/stream")
        answer = connection.getresponse()
        event = ""
        while not over.is_set():
            line = answer.readline().decode()
            if not line:
                break
            if line.startswith("event: "):
                event = line[7:].strip()
            elif line.startswith("data: ") and event == "incident":
                seen.news.append((time.monotonic(), json.loads(line[6:])))
    except OSError as error:
        if not over.is_set():
            seen.faults.append(f"stream: {error}")


def ask(port: int, seen: Seen, over: threading.Event) -> None:
    """Send the console's requests continuously."""
    ids = [f"b{number:011x}" for number in range(0, 10_000, 97)]
    turn = 0
    while not over.is_set():
        for path in (*QUESTIONS, f"/api/incidents/{ids[turn % len(ids)]}"):
            begin = time.perf_counter()
            try:
                status, _ = get(port, path)
            except OSError as error:
                seen.faults.append(f"{path}: {error}")
                continue
            seen.asked[path.split("/b0")[0]].append(time.perf_counter() - begin)
            if status != 200:
                seen.faults.append(f"{path}: {status}")
            over.wait(0.05)
        turn += 1


def delays(port: int, seen: Seen, batch_of: dict[str, int], per: int, after: float) -> list[float]:
    """Return the seconds from the start of each request, not before `after`, that completes an incident to its
    announcement.
    """
    first: dict[str, float] = {}
    for at, news in seen.news:
        if news["id"] not in first:
            first[news["id"]] = at
    found = []
    for id_, at in first.items():
        status, content = get(port, f"/api/incidents/{id_}")
        if status != 200:
            continue
        detected = json.loads(content)["detected_at"]
        _, records = get(port, f"/api/incidents/{id_}/records?limit=200")
        came = [
            batch_of[item["id"]] // per
            for item in json.loads(records).get("items", [])
            if item["id"] in batch_of and detected is not None and item["time"] <= detected
        ]
        sent = seen.sent.get(max(came)) if came else None
        if sent is not None and at >= sent >= after:
            found.append(at - sent)
    return sorted(found)


def at_share(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def main() -> None:
    """Run the measurement and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=20_000.0)
    parser.add_argument("--senders", type=int, default=2)
    parser.add_argument("--batch", type=int, default=12_000)
    parser.add_argument("--warm", type=float, default=30.0, help="seconds whose incidents are not timed")
    parser.add_argument("--incidents", type=int, default=10_000)
    parser.add_argument("--replay", type=Path, default=None)
    asked = parser.parse_args()
    wanted = int(asked.minutes * 60 * asked.rate * 1.05)
    replay = prepared(asked.replay or OUT / f"replay-{wanted}", wanted, SMALL_BATCH)
    per = max(asked.batch // SMALL_BATCH, 1)
    requests = [replay.files[at : at + per] for at in range(0, len(replay.files), per)]
    counts = [sum(replay.records[at : at + per]) for at in range(0, len(replay.files), per)]
    folder = OUT / "ingest-store"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(exist_ok=True)
    token, port, seen, over = make_store(folder, asked.incidents), free_port(), Seen(), threading.Event()
    server = start_server(folder, port)
    try:
        wait_for(port)
        others = [
            threading.Thread(target=work, args=(port, seen, over), daemon=True) for work in (listen, ask)
        ]
        for thread in others:
            thread.start()
        time.sleep(1)
        pace, cpu = Pace(asked.rate, asked.minutes * 60), processor_seconds(server.pid)
        senders = [
            threading.Thread(target=send, args=(port, token, requests, counts, seen, pace, n, asked.senders))
            for n in range(asked.senders)
        ]
        for thread in senders:
            thread.start()
        while any(thread.is_alive() for thread in senders):
            seen.memory.append(measured(server.pid, time.monotonic() - pace.begin))
            time.sleep(2)
        seconds = max(seen.taken.values(), default=time.monotonic()) - pace.begin
        cpu = processor_seconds(server.pid) - cpu
        asked_meanwhile = {path: sorted(times) for path, times in seen.asked.items()}
        status = wait_until_scored(port)
        over.set()
        report(
            asked,
            seen,
            seconds,
            cpu,
            asked_meanwhile,
            delays(port, seen, replay.batch_of, per, pace.begin + asked.warm),
            status,
        )
    finally:
        over.set()
        server.terminate()
        server.wait(60)


def wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            if get(port, "/api/summary")[0] == 200:
                return
        except OSError:
            pass
        if time.monotonic() > until:
            sys.exit("the server does not answer")
        time.sleep(0.2)


def wait_until_scored(port: int) -> dict[str, Any]:
    """Wait until all days are scored; return the summary."""
    until = time.monotonic() + 300
    while True:
        summary: dict[str, Any] = json.loads(get(port, "/api/summary")[1])
        if not summary["ingest"]["dirty_days"] or time.monotonic() > until:
            return summary
        time.sleep(0.5)


def report(
    asked: Any,
    seen: Seen,
    seconds: float,
    cpu: float,
    times: dict[str, list[float]],
    late: list[float],
    summary: dict[str, Any],
) -> None:
    """Print all figures."""
    every = sorted(time_ for found in times.values() for time_ in found)
    waits = sorted(seen.taken[at] - seen.sent[at] for at in seen.taken)
    stream = len({news["id"] for _, news in seen.news})
    print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M}, {platform.machine()}, {os.cpu_count()} processors, "
        f"load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}\n"
        f"wanted {asked.rate:,.0f}/s, {asked.senders} senders, {asked.batch:,} records a request\n"
        f"taken {seen.records:,} records in {seconds:.0f} s = {seen.records / seconds:,.0f}/s, "
        f"{seen.refused} requests refused and repeated\n"
        f"answer to a request: {shares(waits, 's')}\n"
        f"processor time {cpu:.0f} s ({cpu / seconds:.2f} of {os.cpu_count()})\n"
        f"{told(seen.memory)}\n"
        f"incidents on the stream: {stream}; from request to stream, {len(late)} measured: {shares(late, 's')}\n"
        f"questions: {len(every):,}, {shares(every, 'ms')}"
    )
    for path, found in times.items():
        print(f"  {path:55} {len(found):6,}  {shares(found, 'ms')}")
    print("at the end: " + json.dumps(summary["ingest"]))
    for fault in list(dict.fromkeys(seen.faults))[:10]:
        print(f"fault: {fault}")


def shares(values: list[float], unit: str) -> str:
    """Return the median, p95, p99 and maximum as text."""
    factor, digits = (1000, 0) if unit == "ms" else (1, 2)
    named = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("most", 1.0))
    return ", ".join(f"{name} {factor * at_share(values, share):.{digits}f} {unit}" for name, share in named)


if __name__ == "__main__":
    main()
