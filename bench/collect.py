"""Collect a million records from a local server that fails as vendors do, and compare the result byte by byte.

    PYTHONPATH=. python bench/collect.py [--vendor m365|entra|google|okta] [--records 1000000] [--faults 0.05] [--kills 0]

The server imitates a vendor's API and sign-in host (bench/collect_vendors), in a separate process. A share of requests
fails: throttling in each form that the vendor uses, 500, 503, broken connections, truncated answers, and forgotten cursors.
Access tokens expire. Some records appear hours or days late in spans that were already queried, some appear twice.

The collector also runs in a separate process, with the vendor's own library for access. Both share a simulated clock that
moves when somebody waits; waiting takes a hundredth of its time (--haste). With --kills, the collector is killed with
SIGKILL so often.

Prints whether every record is in the files exactly once and unchanged, and whether the ledger agrees.
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
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # the processes of passes do not begin with it
sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.collection.serving import serving

from collect_vendors import entra, google, m365, okta
from collect_vendors.vendor import BEGIN, Failing, Vendor, faults_by_name
from seawall.collection.collector import collector_of, ledger_folder, open_collection
from seawall.collection.ledger import read_feed_statuses
from seawall.collection.run import CollectionPass
from seawall.collection.settings import read_settings
from seawall.collection.windows import HOUR
from seawall_base.clock import Clock

OUT = Path(__file__).parent / "out" / "collect"
LIBRARIES = {
    "m365": ("msal",),
    "entra": ("msal",),
    "google": ("google.oauth2.service_account",),
    "okta": ("jwt",),
}
"""What the collector imports once it asks for access."""

VENDORS: dict[str, Vendor] = {one.VENDOR.name: one.VENDOR for one in (m365, entra, google, okta)}


def vendor_of(options: argparse.Namespace) -> Vendor:
    """Return the vendor, with the share of forgotten cursors from the options if given."""
    vendor = VENDORS[options.vendor]
    return vendor if options.forgets is None else replace(vendor, forgets=options.forgets)


def serve(options: argparse.Namespace, now: Any, pipe: Connection) -> None:
    """Serve the vendor's API until told to stop, then send what it did through the pipe."""
    vendor = vendor_of(options)
    api = vendor.make(lambda: int(now.value), options.records, options.out)
    failing = Failing(vendor, api, options.faults, lambda: int(now.value))
    with serving(failing, keep=False) as server:
        api.base = server.url
        pipe.send(server.url)
        pipe.recv()
    pipe.send((dict(failing.met), dict(failing.whole), dict(server.sent)))


class Shared(Clock):
    """The simulated clock of vendor and collector. Waiting advances it, and takes less real time by the factor `haste`."""

    def __init__(self, now: Any, haste: float) -> None:
        super().__init__()
        self._shared, self._haste = now, haste

    def now(self) -> int:
        return int(self._shared.value)

    def wait(self, seconds: float) -> None:
        super().wait(seconds / self._haste)
        with self._shared.get_lock():
            self._shared.value += int(max(seconds, 0.0) * 1e6)


def collect(vendor: str, url: str, now: Any, haste: float, folder: Path, pipe: Connection) -> None:
    """Run one pass of the collector."""
    clock = Shared(now, haste)
    known: Any = vendor
    settings = read_settings(known, None, VENDORS[vendor].settings(folder))
    collector = collector_of(known, settings, clock, url)
    with open_collection(folder / "logs", vendor, collector.tenant) as book:
        outcome = CollectionPass(vendor, collector.source, collector.clients, book, clock).once()
    pipe.send((outcome.records, outcome.waiting, outcome.refused))


def one_pass(context: Any, task: tuple[Any, ...], kill_after: float | None) -> tuple[Any, bool, int]:
    """Run one pass in a separate process; return its message, whether it was killed, and its exit code."""
    here, there = context.Pipe()
    process = context.Process(target=collect, args=(*task, there))
    process.start()
    process.join(kill_after)
    if process.is_alive() and kill_after is not None:
        process.kill()
        process.join()
        return None, True, 0
    process.join()
    return (here.recv() if here.poll() else None), False, process.exitcode or 0


def passes(context: Any, url: str, now: Any, options: argparse.Namespace) -> int:
    """Run all passes; return how often the collector was killed."""
    chance = random.Random(3)
    began, killed = time.monotonic(), 0
    for moment in VENDORS[options.vendor].moments:
        now.value = max(BEGIN + moment, now.value)
        while True:
            within = options.kill_within
            after = chance.uniform(within / 12, within) if killed < options.kills else None
            told, was_killed, code = one_pass(
                context, (options.vendor, url, now, options.haste, options.out), after
            )
            killed += was_killed
            if was_killed:
                continue
            seconds = time.monotonic() - began
            print(f"pass at {moment / HOUR:6.2f} h: {told} (exit {code}), {seconds:.0f} s", flush=True)
            if told is None or (not told[1] and not told[2]):
                break
    return killed


def compare_files(vendor: Vendor, api: Any, folder: Path, records: int) -> dict[str, Any]:
    """Compare the files with the vendor's records and with the ledger; return the counts."""
    found: Counter[int] = Counter()
    changed = 0
    files: dict[str, bytes] = {}
    for path in sorted((folder / "logs").rglob("*.jsonl")):
        data = path.read_bytes()
        files[path.relative_to(folder / "logs").as_posix()] = hashlib.sha256(data).digest()
        for text in data.splitlines():
            number = vendor.number(text)
            found[number] += 1
            changed += number >= records or vendor.plain(text) != vendor.plain(api.line(number))
    with sqlite3.connect(ledger_folder(folder / "logs") / f"{vendor.name}-{vendor.tenant}.sqlite") as ledger:
        stated = dict(ledger.execute("SELECT name, sha256 FROM segments WHERE state = 'placed'"))
        in_segments = ledger.execute("SELECT coalesce(sum(records), 0) FROM segments").fetchone()[0]
    return {
        "lost": sum(number not in found for number in range(records)),
        "doubled": sum(count - 1 for count in found.values()),
        "invented": sum(number >= records for number in found),
        "changed": changed,
        "in files": sum(found.values()),
        "ledger: records in files": in_segments,
        "ledger: files": len(stated),
        "ledger: files with another SHA-256": sum(
            files.get(name) != stated.get(name) for name in {*files, *stated}
        ),
    }


def summarise_ledger(vendor: Vendor, folder: Path, whole: Counter[bytes]) -> dict[str, Any]:
    """Return what the ledger knows of the vendor's answers. `whole` has digests of the complete answers that the vendor
    sent.
    """
    rows = read_feed_statuses(ledger_folder(folder / "logs"))
    with sqlite3.connect(ledger_folder(folder / "logs") / f"{vendor.name}-{vendor.tenant}.sqlite") as ledger:
        kept = Counter(row[0] for row in ledger.execute("SELECT sha256 FROM pieces WHERE state = 'came'"))
        came = ledger.execute("SELECT sum(records), sum(bytes) FROM pieces WHERE state = 'came'").fetchone()
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update(row.counts)
    return {
        "ledger: new records": sum(row.new_records for row in rows),
        "ledger: records that came": came[0],
        "ledger: repeated records": counts["repeated-records"],
        "ledger: bytes that came": came[1],
        "ledger: answers": kept.total(),
        "ledger: answers that nobody sent": (kept - whole).total(),
        "vendor: answers that the ledger has not": (whole - kept).total(),
        "ledger: gaps": sum(len(row.feed.gaps) for row in rows),
        "ledger: open questions": sum(row.open_asks for row in rows),
        "ledger: counts": dict(sorted(counts.items())),
    }


def is_correct(result: dict[str, Any], vendor: Vendor, records: int, kills: int) -> bool:
    """Return whether no record was lost, doubled or changed, and the ledger agrees."""
    nothing = ("lost", "doubled", "invented", "changed", "ledger: gaps", "ledger: answers that nobody sent")
    everything = ("in files", "ledger: new records", "ledger: records in files")
    # answers that a killed collector received but did not store are lost, and fetched again
    undisturbed = kills > 0 or (
        all(ours == theirs for ours, theirs in result["faults by ledger and vendor"].values())
        and not (vendor.name != "m365" and result["vendor: answers that the ledger has not"])
    )
    return (
        not any(result[name] for name in (*nothing, "ledger: files with another SHA-256"))
        and all(result[name] == records for name in everything)
        and result["ledger: records that came"] == records + result["ledger: repeated records"]
        and result["ledger: open questions"] == vendor.standing
        and undisturbed
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vendor", choices=VENDORS, default="m365")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--faults", type=float, default=0.05)
    parser.add_argument("--forgets", type=float, help="share of places in a list that are forgotten")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--kill-within", type=float, default=12.0, help="seconds of a pass, at most")
    parser.add_argument("--haste", type=float, default=100.0, help="how much less time waiting takes")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    vendor = vendor_of(options)
    vendor.settings(options.out)
    context = multiprocessing.get_context(
        "forkserver"
    )  # each pass is a process of its own, without its imports
    context.set_forkserver_preload(["__main__", *LIBRARIES[vendor.name]])
    now = context.Value("q", BEGIN)
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(options, now, there), daemon=True)
    process.start()
    url = here.recv()
    began = time.monotonic()
    killed = passes(context, url, now, options)
    seconds = time.monotonic() - began
    here.send("stop")
    met, whole, sent = here.recv()
    process.join(10)
    api = vendor.make(lambda: int(now.value), options.records, options.out)
    result = compare_files(vendor, api, options.out, options.records)
    result |= summarise_ledger(vendor, options.out, Counter(whole))
    result |= {
        "vendor: faults": met,
        "vendor: answers by status": sent,
        "faults by ledger and vendor": faults_by_name(vendor, result["ledger: counts"], met),
        "kills": killed,
        "seconds": round(seconds, 1),
    }
    exact = is_correct(result, vendor, options.records, killed)
    for name, value in result.items():
        print(f"{name:45} {value}")
    print(f"{'records a second':45} {options.records / seconds:,.0f}")
    print(f"{'exact':45} {exact}")
    about = {
        "vendor": vendor.name,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "python": platform.python_version(),
    }
    written = options.out.parent / f"collect-{vendor.name}.json"
    written.write_text(json.dumps({**about, **result, "exact": exact}, indent=1))
    sys.exit(0 if exact else 1)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()
