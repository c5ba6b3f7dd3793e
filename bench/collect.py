"""Collects a million audit records from a local server that fails as vendors do, and compares what came, to the byte.

    python bench/collect.py [--records 1000000] [--faults 0.05] [--kills 0]

The server is an Office 365 Management Activity API in a process of its own (tests/collect/management.py). Of its requests a
share fails: 429 with Retry-After, 403 with AF429, 500, 503, connections that break before or in the middle of an answer, answers
that end too early. Of its content some is listed two or three times, some turns up hours or days late in spans that were asked
for, and some brings records that were in other content. The collector, in a process of its own too, makes passes over three and
a half days of a clock that the bench sets; its pauses are shortened a hundredfold. With --kills it is killed with SIGKILL so
often meanwhile.

Prints whether every record is in the files exactly once as it was sent, and whether the ledger says exactly that.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import platform
import random
import shutil
import signal
import sqlite3
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.collect.collecting import Fixed
from tests.collect.management import TENANT, Blob, Management, stamp
from tests.collect.serving import CUT_BEFORE, Reply, Request, fault, serving

from seawall.collect.client import Client
from seawall.collect.clock import Clock
from seawall.collect.collector import ledger_folder, open_collection
from seawall.collect.exchange import Exchange
from seawall.collect.ledger import standings
from seawall.collect.run import Run
from seawall.collect.vendors.m365 import CONTENT_TYPES, M365, is_throttled
from seawall.collect.windows import DAY, HOUR, MINUTE

OUT = Path(__file__).parent / "out" / "collect"
BEGIN = 1_764_158_400_000_000
PER_BLOB = 100
PASSES = (0, 2 * MINUTE, HOUR + MINUTE, 7 * HOUR, 26 * HOUR, 50 * HOUR, 84 * HOUR)
HASTE = 100

WORDS = ("MailItemsAccessed", "Send", "UserLoggedIn", "FileAccessed", "Update", "New-InboxRule")


def line(number: int, created: int) -> bytes:
    """A record of about 1,000 bytes, made of its number."""
    digits = f"{number:012}"
    filler = hashlib.sha256(digits.encode()).hexdigest()
    return (
        f'{{"CreationTime":"{stamp(created - number % 3600 * 1_000_000)[:19]}","Id":"00000000-0000-4000-8000-{digits}",'
        f'"Operation":"{WORDS[number % 6]}","OrganizationId":"{TENANT}","RecordType":50,"ResultStatus":"Succeeded",'
        f'"UserKey":"{filler[:16]}","UserType":0,"Version":1,"Workload":"Exchange","ClientIP":"192.0.2.{number % 250}",'
        f'"UserId":"user{number % 5000}@acme.example","AppId":"{filler[:8]}-0000-0000-0000-000000000000",'
        f'"ClientInfoString":"Client=OWA;Action=ViaProxy;{filler}","SessionId":"{filler[16:52]}",'
        f'"OperationProperties":[{{"Name":"MailAccessType","Value":"Bind"}},{{"Name":"IsThrottled","Value":"False"}}],'
        f'"Folders":[{{"FolderItems":[{{"InternetMessageId":"<{filler}@acme.example>","SizeInBytes":{number % 90_000}}}],'
        f'"Id":"{filler}{filler}","Path":"\\\\Inbox"}}],"OriginatingServer":"XX0PR00MB{number % 10_000:04} (15.20.4200.000)"}}'
    ).encode()


class Made(Management):
    """Content that is made when it is asked for."""

    def __init__(self, now: Any, records: int) -> None:
        chance = random.Random(7)
        count = records // PER_BLOB
        self.first: dict[str, int] = {}
        blobs = []
        for number in range(count):
            created = BEGIN - 5 * DAY + number * (5 * DAY - MINUTE) // count
            name = f"{number:08}$audit"
            late = 0
            if chance.random() < 0.03:
                created = BEGIN - chance.randrange(3 * DAY)
                late = BEGIN + chance.randrange(created + 3 * DAY - BEGIN)
            blob = Blob(name, created, b"", late, 1, CONTENT_TYPES[number % 4])
            blob.times = chance.choice((2, 3)) if chance.random() < 0.05 else 1
            self.first[name] = number * PER_BLOB
            blobs.append(blob)
        # The same records in other content: a part of what another one had.
        for number in range(0, count, 50):
            again = blobs[number]
            name = f"{number:08}$again"
            self.first[name] = number * PER_BLOB
            blobs.append(Blob(name, again.created, b"", again.listed, 1, again.type))
        super().__init__(now, blobs, set(CONTENT_TYPES), 200)
        self.known = {blob.id: blob for blob in blobs}
        self.lists: dict[str, list[Blob]] = {}

    def body(self, name: str) -> bytes:
        first, created = self.first[name], self.known[name].created
        return b"[" + b",".join(line(first + n, created) for n in range(PER_BLOB)) + b"]"

    def _content(self, name: str) -> Reply:
        return Reply(200, self.body(name)) if name in self.known else fault(404, "AF20050")


def faults(share: float, met: Counter[str], seed: int) -> Any:
    """A share of the requests fails, but for the start of subscriptions."""
    chance = random.Random(seed)

    def judge(_: Request) -> Reply | None:
        if chance.random() >= share:
            return None
        kind = chance.choice(("429", "AF429", "500", "503", "cut", "half", "short"))
        met[kind] += 1
        return {
            "429": fault(429, "AF429", Retry_After="2"),
            "AF429": fault(403, "AF429"),
            "500": fault(500, "AF50000"),
            "503": fault(503),
            "cut": CUT_BEFORE,
            "half": Reply(200, b"[" + b" " * 100_000, cut=50_000),
            "short": Reply(200, b'[{"Id": "x", "Operation'),
        }[kind]

    return judge


def serve(records: int, share: float, now: Any, pipe: Connection) -> None:
    """The vendor, until it is told to stop; then it says what it did."""
    met: Counter[str] = Counter()
    api = Made(lambda: now.value, records)
    with serving(api, keep=False) as server:
        api.base, server.faults = server.url, faults(share, met, 11)
        pipe.send(server.url)
        pipe.recv()
    pipe.send((dict(met), dict(server.sent)))


class Shared(Clock):
    """The clock of vendor and collector. Pauses are short, and do not move it."""

    def __init__(self, now: Any) -> None:
        super().__init__()
        self._shared = now

    def now(self) -> int:
        return int(self._shared.value)

    def wait(self, seconds: float) -> None:
        super().wait(seconds / HASTE)


def collect(url: str, now: Any, folder: Path, pipe: Connection | None) -> None:
    """One pass of the collector."""
    clock = Shared(now)
    client = Client(Exchange(url), Fixed("token-1"), clock, is_throttled=is_throttled)
    source = M365(client, url, TENANT, CONTENT_TYPES)
    with open_collection(folder / "logs", "m365", TENANT) as book:
        outcome = Run("m365", source, [client], book, clock).once()
    if pipe is not None:
        pipe.send((outcome.records, outcome.waiting, outcome.refused))


def one_pass(
    context: Any, url: str, now: Any, folder: Path, kill_after: float | None
) -> tuple[Any, bool, int]:
    """Run one pass in a process of its own; return what it said, whether it was killed, and its exit code."""
    here, there = context.Pipe()
    process = context.Process(target=collect, args=(url, now, folder, there))
    process.start()
    process.join(kill_after)
    if process.is_alive() and kill_after is not None:
        process.kill()
        process.join()
        return None, True, 0
    process.join()
    return (here.recv() if here.poll() else None), False, process.exitcode or 0


def check(folder: Path, api: Made, records: int) -> dict[str, Any]:
    """Compare files and ledger with what the vendor has."""
    times: dict[int, int] = {}
    for blob in api.blobs:
        for number in range(api.first[blob.id], api.first[blob.id] + PER_BLOB):
            times.setdefault(number, blob.created)
    found: Counter[int] = Counter()
    different = 0
    for path in sorted((folder / "logs").rglob("*.jsonl")):
        for text in path.read_bytes().splitlines():
            number = int(text[text.index(b'"Id":"') + 30 :][:12])
            found[number] += 1
            different += text != line(number, times[number])
    rows = standings(ledger_folder(folder / "logs"))
    with sqlite3.connect(ledger_folder(folder / "logs") / f"m365-{TENANT}.sqlite") as database:
        kept = dict(database.execute("SELECT content, sha256 FROM pieces WHERE state = 'came'"))
        listed = database.execute("SELECT coalesce(sum(records), 0), count(*) FROM segments").fetchone()
        kept_size, kept_records = database.execute("SELECT sum(bytes), sum(records) FROM pieces").fetchone()
    wrong = sum(kept.get(blob.id) != hashlib.sha256(api.body(blob.id)).digest() for blob in api.blobs)
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update(row.counts)
    return {
        "lost": sum(number not in found for number in range(records)),
        "doubled": sum(count - 1 for count in found.values()),
        "invented": sum(number >= records for number in found),
        "changed": different,
        "in files": sum(found.values()),
        "ledger: new records": sum(row.new_records for row in rows),
        "ledger: records in files": listed[0],
        "ledger: files": listed[1],
        "ledger: records that came": kept_records,
        "ledger: bytes that came": kept_size,
        "ledger: blobs": len(kept),
        "vendor: blobs": len(api.blobs),
        "ledger: blobs with another SHA-256": wrong,
        "ledger: gaps": sum(len(row.feed.gaps) for row in rows),
        "ledger: open questions": sum(row.open_asks for row in rows),
        "ledger: counts": dict(sorted(counts.items())),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--faults", type=float, default=0.05)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--kill-within", type=float, default=12.0, help="seconds of a pass, at most")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    context = multiprocessing.get_context("spawn")
    now = context.Value("q", BEGIN)
    here, there = context.Pipe()
    vendor = context.Process(target=serve, args=(options.records, options.faults, now, there), daemon=True)
    vendor.start()
    url = here.recv()
    chance = random.Random(3)
    began, killed = time.monotonic(), 0
    for moment in PASSES:
        now.value = BEGIN + moment
        while True:
            after = (
                chance.uniform(options.kill_within / 12, options.kill_within)
                if killed < options.kills
                else None
            )
            told, was_killed, code = one_pass(context, url, now, options.out, after)
            killed += was_killed
            if was_killed:
                continue
            print(
                f"pass at {moment / HOUR:6.2f} h: {told} (exit {code}), {time.monotonic() - began:.0f} s",
                flush=True,
            )
            if told is None or (not told[1] and not told[2]):
                break
    seconds = time.monotonic() - began
    here.send("stop")
    met, sent = here.recv()
    vendor.join(10)
    result = check(options.out, Made(lambda: now.value, options.records), options.records)
    result |= {"vendor: faults": met, "vendor: answers": sent, "kills": killed, "seconds": round(seconds, 1)}
    named = result["ledger: counts"]
    result["ledger: faults as the vendor counts them"] = {
        "throttled": (named.get("throttled", 0), met.get("429", 0) + met.get("AF429", 0)),
        "status-500": (named.get("status-500", 0), met.get("500", 0)),
        "status-503": (named.get("status-503", 0), met.get("503", 0)),
        "connection-broke": (named.get("connection-broke", 0), met.get("cut", 0) + met.get("half", 0)),
        "malformed": (named.get("malformed", 0), met.get("short", 0)),
    }
    faults_agree = all(
        ours == theirs for ours, theirs in result["ledger: faults as the vendor counts them"].values()
    )
    exact = (
        not any(
            result[name]
            for name in ("lost", "doubled", "invented", "changed", "ledger: gaps", "ledger: open questions")
        )
        and result["in files"]
        == result["ledger: new records"]
        == result["ledger: records in files"]
        == options.records
        and result["ledger: blobs"] == result["vendor: blobs"]
        and not result["ledger: blobs with another SHA-256"]
        and (faults_agree or options.kills > 0)
    )
    for name, value in result.items():
        print(f"{name:45} {value}")
    print(f"{'records a second':45} {options.records / seconds:,.0f}")
    print(f"{'exact':45} {exact}")
    record = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "python": platform.python_version(),
        **{name: value for name, value in result.items() if not isinstance(value, tuple)},
        "exact": exact,
    }
    (options.out.parent / "collect.json").write_text(json.dumps(record, indent=1))
    sys.exit(0 if exact else 1)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()
