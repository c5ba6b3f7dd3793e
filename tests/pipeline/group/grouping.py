"""A group of workers on a mock cluster and a real PostgreSQL, and what it leaves."""

from __future__ import annotations

import gzip
import json
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sqlalchemy import select

from seawall.pipeline.live.opening import open_watch_store
from seawall.storage.database import Database, QueueQuery
from seawall.storage.database.live_models import AliasRow, OutboxRow
from tests.collection.kafka_mock import Cluster
from tests.pipeline.group.working import TOPIC, Plan

ROOT = Path(__file__).parents[3]
PATIENCE = 240.0


def messages_of(logs: Path) -> dict[str, list[bytes]]:
    """The JSON records of a world's files in their order, one a message, by organisation."""
    found: dict[str, list[bytes]] = {}
    for path in sorted(logs.rglob("*")):
        if path.is_file() and ".json" in path.name:
            content = path.read_bytes()
            content = gzip.decompress(content) if path.suffix == ".gz" else content
            found.setdefault(path.relative_to(logs).parts[0], []).extend(_records(content))
    return found


def _records(content: bytes) -> list[bytes]:
    try:
        document = json.loads(content)
    except ValueError:
        return [line for line in content.splitlines() if line.strip()]
    rows = document.get("value", [document]) if isinstance(document, dict) else document
    return [json.dumps(row).encode() for row in rows]


class Hook:
    """A webhook that remembers each message by id."""

    def __init__(self) -> None:
        self.ids: Counter[str] = Counter()
        self.incidents: dict[str, set[str]] = {}
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if body["type"] == "incident.raised":
                    id_ = self.headers["webhook-id"]
                    hook.ids[id_] += 1
                    hook.incidents.setdefault(body["data"]["id"], set()).add(id_)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Group:
    """Workers on one store. `expected` is the number of messages of each partition."""

    cluster: Cluster
    hook: Hook
    url: str
    store: Path
    expected: dict[int, int]
    lease: float = 2.0
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ended: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, worker: str, fatal: str = "", url: str | None = None) -> subprocess.Popen[bytes]:
        plan = Plan(
            url or self.url,
            str(self.store),
            self.cluster.servers,
            self.hook.url,
            worker,
            self.lease,
            fatal=fatal,
        )
        process = subprocess.Popen(plan.command(), cwd=ROOT)
        self.processes[worker] = process
        return process

    def kill(self, worker: str, number: signal.Signals = signal.SIGKILL) -> None:
        process = self.processes.pop(worker)
        process.send_signal(number)
        process.wait(60)

    def stop_all(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.ended += self.processes.values()
        self.processes.clear()

    def records(self) -> int:
        """The records that are stored."""
        database = Database.open(self.url)
        try:
            with database.reading() as work:
                return int(work.totals.all().get("records", 0))
        finally:
            database.close()

    def leases(self) -> dict[int, Any]:
        """The lease of each partition."""
        database = Database.open(self.url)
        try:
            with database.reading() as work:
                return {one.slot - 1: one for one in work.leases.all()}
        finally:
            database.close()

    def is_done(self) -> bool:
        """Whether every message is stored, scored and announced, by workers that hold every partition."""
        leases = self.leases()
        return (
            leases.keys() >= self.expected.keys()
            and all(
                lease.holder
                and lease.left > 0
                and lease.report.get("is_complete")
                and (lease.report.get("stored") or 0) >= self.expected[partition]
                for partition, lease in leases.items()
                if partition in self.expected
            )
            and not self._waiting()
        )

    def _waiting(self) -> bool:
        database = Database.open(self.url)
        try:
            with database.reading() as work:
                is_handing = any(work.handovers.of(partition + 1) for partition in self.expected)
                is_scoring = bool(work.dirty.all())
                is_telling = bool(work.incidents.untold(1 << 62) or work.outbox.waiting().waiting)
                return is_handing or is_scoring or is_telling
        finally:
            database.close()

    def finish(self) -> None:
        """Wait until all is done, and stay so long that what came late would show."""
        until(self.is_done)
        time.sleep(1.0)
        until(self.is_done)
        self.stop_all()


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.2)


@dataclass(frozen=True)
class Announced:
    """What people were told: announced and raised ids at present, and how often each id is in the outbox.

    `doubled` are incidents that were announced again after an id under which they had been announced became theirs. Two
    announced incidents that later records make one are no such case.
    """

    announced: frozenset[str]
    raised: frozenset[str]
    queued: Counter[str]
    doubled: list[str]


def announced_in(url: str) -> Announced:
    database = Database.open(url)
    try:
        with database.reading() as work:
            renamed = work.aliases.all()
            told = {id_: one.at for id_, one in work.announcements.all().items()}
            rows = work.session.execute(select(OutboxRow)).scalars().all()
            assert all(row.delivered_at is not None for row in rows)
            raised = [row for row in rows if row.kind == "incident.raised"]
            assert len({row.once_key for row in raised}) == len(raised)
            aliases = work.session.execute(select(AliasRow)).scalars().all()
            return Announced(
                frozenset(renamed.get(id_, id_) for id_ in told),
                frozenset(one.id for one in work.incidents.page(QueueQuery(raised=True), limit=10_000)),
                Counter(row.incident for row in raised),
                [
                    one.new
                    for one in aliases
                    if one.new in told and told.get(one.old, 1 << 62) <= one.at < told[one.new]
                ],
            )
    finally:
        database.close()


@contextmanager
def group_on(
    cluster: Cluster,
    url: str,
    store: Path,
    partitions: dict[int, list[bytes]],
    *,
    lease: float = 2.0,
    is_made: bool = True,
) -> Iterator[Group]:
    """A group without workers, on a topic that holds these messages."""
    cluster.make(TOPIC, len(partitions))
    for partition, messages in partitions.items():
        cluster.produce(TOPIC, messages, partition)
    hook = Hook()
    group = Group(cluster, hook, url, store, {number: len(one) for number, one in partitions.items()}, lease)
    if is_made:
        with open_watch_store(Plan(url, str(store), "", hook.url, "").settings(), print):
            pass
    try:
        yield group
    finally:
        group.stop_all()
        hook.close()


class Proxy:
    """A way to the database that can be cut: what goes through is lost, and nothing new gets through."""

    def __init__(self, folder: Path, target: Path) -> None:
        folder.mkdir(parents=True)
        self.folder, self._target = folder, target / ".s.PGSQL.5432"
        self._is_cut = False
        self._open: set[socket.socket] = set()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, url: str, target: Path) -> str:
        """The URL of a database by this way."""
        return url.replace(f"host={target}", f"host={self.folder}")

    def cut(self) -> None:
        self._is_cut = True
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._is_cut = False

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._is_cut:
                near.close()
                continue
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(str(self._target))
            except OSError:
                near.close()
                far.close()
                continue
            self._open |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._forward, args=(source, sink), daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(data)
        for one in (source, sink):
            self._open.discard(one)
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
