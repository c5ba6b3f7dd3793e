"""Measure a group of workers on the mock cluster of librdkafka and a PostgreSQL of its own.

    python bench/group.py [--workers 1 2] [--organisations 4] [--accounts 200] [--days 15] [--attacks 6] [--misplaced] [--json]

The past of each organisation lies in a topic with a partition for each, one record a message. Workers (`seawall watch
--group`) start on it, and the time ends when all is stored, scored and reported. Then accounts are attacked, one every few
seconds, with times of now; the delay begins when the cluster has acknowledged the last record of an attack, and ends when its
incident is announced. With `--misplaced`, messages go to partitions in turn, as if the producer had no key. The processor
time is that of the workers and of the PostgreSQL, from their start on; the cluster and the producer lie in the process of the
bench, and are not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from live_records import LiveRecords
from memory import family

ROOT = Path(__file__).parents[1]
TOPIC = "logs"
MILLION = 1_000_000
LONGEST_SECONDS = 3_600.0
ATTACK_SECONDS = 120.0
"""Seconds after which an attack counts as not announced."""

PAUSE_SECONDS = 6.0
"""Seconds between two attacks."""


@dataclass(frozen=True, slots=True)
class GroupMeasurement:
    """What a group of some workers cost: seconds on the clock, of processors, and from record to incident."""

    workers: int
    records: int
    wall: float
    cpu_workers: float
    cpu_database: float
    delays: list[float]
    attacks: int

    def describe(self) -> str:
        """Return a line of text."""
        rate, price = self.records / self.wall, MILLION / self.records
        delays = sorted(self.delays)
        delay = (
            f"median {statistics.median(delays):.1f} s, most {delays[-1]:.1f} s" if delays else "not measured"
        )
        return (
            f"workers {self.workers}: {self.records:,} records in {self.wall:.1f} s, {rate:,.0f} a second; "
            f"a million cost {self.cpu_workers * price:.0f} CPU s of workers, {self.cpu_database * price:.0f} of PostgreSQL; "
            f"from record to incident: {delay}, {len(delays)} of {self.attacks} attacks"
        )


def use_processor(pid: int) -> float:
    """Return the processor time of a process, its descendants and the ones that ended, in seconds."""
    total = 0.0
    for one in family(pid):
        try:
            parts = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, parts[11:15])) / os.sysconf("SC_CLK_TCK")
    return total


class Bench:
    """A cluster with a topic, a server, and workers."""

    def __init__(
        self, cluster: Any, server: Any, organisations: Sequence[LiveRecords], *, misplaced: bool
    ) -> None:
        self._cluster, self._server, self._all = cluster, server, organisations
        self._misplaced, self._turn = misplaced, 0

    def run(self, workers: int, attacks: int, folder: Path) -> GroupMeasurement:
        """Load the topic, start workers, measure, and stop them."""
        from seawall.storage.database import Database

        topic = f"{TOPIC}-{folder.name}"
        self._cluster.make(topic, len(self._all))
        records = sum(self._load(topic, number, one.past) for number, one in enumerate(self._all))
        url = self._server.database()
        commands = [self._command(folder, topic, url, number) for number in range(workers)]
        before, began = use_processor(self._server.pid), time.perf_counter()
        processes = [subprocess.Popen(command, cwd=ROOT) for command in commands]
        try:
            database = wait_for_database(url, folder)
            wait_until(lambda: is_done(database, len(self._all)), LONGEST_SECONDS)
            wall = time.perf_counter() - began
            cpu = sum(use_processor(process.pid) for process in processes)
            cpu_database = use_processor(self._server.pid) - before
            delays = self._attack(topic, database, attacks)
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            for process in processes:
                process.wait(120)
        assert isinstance(database, Database)
        database.close()
        return GroupMeasurement(workers, records, wall, cpu, cpu_database, delays, attacks)

    def _load(self, topic: str, organisation: int, lines: Sequence[bytes]) -> int:
        values = [line for line in lines if line.strip()]
        if not self._misplaced:
            self._cluster.produce(topic, values, organisation)
            return len(values)
        for partition in range(len(self._all)):
            self._cluster.produce(topic, values[partition :: len(self._all)], partition)
        return len(values)

    def _command(self, folder: Path, topic: str, url: str, number: int) -> list[str]:
        settings = folder / "kafka.toml"
        settings.write_text(
            f'[kafka]\nservers = {json.dumps(self._cluster.servers.split(","))}\ntopics = ["{topic}"]\n'
            'protocol = "plaintext"\n'
        )
        command = [
            sys.executable,
            "-m",
            "seawall.cli.main",
            "watch",
            "--group",
            topic,
            "--worker",
            f"w{number}",
        ]
        command += ["--kafka", str(settings), "--store", str(folder / "store"), "--database", url]
        return [*command, "--quiet"]

    def _attack(self, topic: str, database: Any, attacks: int) -> list[float]:
        delays = []
        for number in range(attacks):
            organisation = number % len(self._all)
            live = self._all[organisation]
            victim = live.victims[number // len(self._all)]
            body, _ = live.attack(victim, time.time())
            known = announced_accounts(database)
            self._cluster.produce(topic, body.splitlines(), organisation)
            sent = time.perf_counter()
            wanted = victim.name.lower()
            if wanted in known:
                continue
            if wait_for_account(database, wanted):
                delays.append(time.perf_counter() - sent)
            time.sleep(PAUSE_SECONDS)
        return delays


def announced_accounts(database: Any) -> set[str]:
    """Return the accounts of the incidents that were announced."""
    with database.reading() as work:
        known = work.announcements.all()
        return {one.account.lower() for one in work.incidents.load(sorted(known))}


def wait_for_account(database: Any, account: str) -> bool:
    """Wait until an incident of an account was announced; return False if it never was."""
    try:
        wait_until(lambda: account in announced_accounts(database), ATTACK_SECONDS)
    except TimeoutError:
        return False
    return True


def is_done(database: Any, partitions: int) -> bool:
    """Return whether everything is stored and scored."""
    with database.reading() as work:
        leases = work.leases.all()
        return (
            len(leases) == partitions
            and all(
                lease.left > 0 and lease.report.get("is_complete") and lease.report.get("lag") == 0
                for lease in leases
            )
            and not work.dirty.all()
        )


def wait_for_database(url: str, folder: Path) -> Any:
    """Return the database once the first worker has made the store."""
    from seawall.storage.database import Database
    from seawall_base.errors import SeawallError

    end = time.monotonic() + 300.0
    while True:
        try:
            if (folder / "store" / "store.json").exists():
                return Database.open(url)
        except SeawallError:
            pass
        if time.monotonic() > end:
            raise TimeoutError("no worker made the store")
        time.sleep(0.2)


def wait_until(condition: Any, seconds: float) -> None:
    """Wait until a condition holds. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.2)


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--organisations", type=int, default=4)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--days", type=int, default=15)
    parser.add_argument("--attacks", type=int, default=6)
    parser.add_argument("--misplaced", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from tests.collection.kafka_mock import kafka
    from tests.storage.database.postgresql import Server, programs

    found = programs()
    if found is None:
        raise SystemExit("there is no PostgreSQL here")
    organisations = [
        LiveRecords(given.accounts, given.days, seed) for seed in range(1, given.organisations + 1)
    ]
    server = Server(found)
    try:
        with kafka() as cluster, tempfile.TemporaryDirectory() as scratch:
            bench = Bench(cluster, server, organisations, misplaced=given.misplaced)
            for workers in given.workers:
                folder = Path(scratch) / f"w{workers}"
                folder.mkdir()
                one = bench.run(workers, given.attacks, folder)
                print(json.dumps(asdict(one)) if given.json else one.describe(), flush=True)
    finally:
        server.remove()


if __name__ == "__main__":
    main()
