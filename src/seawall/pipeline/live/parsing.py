"""Parse bodies in child processes, because parsing would hold the interpreter that scoring and storing need.

A body that crashes a parser cannot crash the watch. Small bodies that wait together are parsed together, because most of
the cost of a small body is fixed.
"""

from __future__ import annotations

import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any, Self

import msgspec
import pyarrow as pa

from seawall.events.formats.many_bodies import CombinedBatches, NamedText, split_batches
from seawall.events.problem import Problem
from seawall.events.readers import EventBatch
from seawall.pipeline.live.errors import WatchBusy
from seawall.pipeline.live.message_socket import MessageSocket
from seawall.pipeline.live.spawning import spawn_process
from seawall_base.msgspec_types import prepare

_problems = msgspec.msgpack.Decoder(tuple[Problem, ...]).decode
MODULE = "seawall.pipeline.live.parser"
LONGEST_SECONDS = 300.0
"""Seconds after which a process that is still parsing one message is killed."""

SMALL = 128 << 10
"""Largest body, in bytes, that is parsed together with others."""
MOST_TOGETHER = 64
MOST_TOGETHER_BYTES = 2 << 20


@dataclass(slots=True, eq=False)
class _Job:
    """A body to be parsed; `found` is its result, None if it crashed the parser."""

    body: bytes
    source: str
    is_taken: bool = False
    is_done: bool = False
    found: list[EventBatch] | None = field(default=None)


class ParserPool:
    """A pool of parser processes. Threads may share it; each call waits for its own body.

    A thread that finds a process free sends it the body that waits longest, followed by small ones behind it.
    """

    def __init__(self, count: int) -> None:
        self._all = [_Parser() for _ in range(count)]
        self._free = list(self._all)
        self._waiting: deque[_Job] = deque()
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for parser in self._all:
            parser.close()

    def parse(self, body: bytes, source: str) -> list[EventBatch]:
        """Return every record of a body as batches, given a source name. Raises `WatchBusy` if the process died."""
        mine = _Job(body, source)
        with self._changed:
            self._waiting.append(mine)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: mine.is_done or (not mine.is_taken and bool(self._free)))
                if mine.is_done:
                    break
                parser, jobs = self._free.pop(), self._take_jobs()
            try:
                _read(parser, jobs)
            finally:
                with self._changed:
                    for job in jobs:
                        job.is_done = True
                    self._free.append(parser)
                    self._changed.notify_all()
        if mine.found is None:
            raise WatchBusy(
                "the reader process ended while it read these records",
                fix="send fewer records in one request, and inspect them",
            )
        return mine.found

    def _take_jobs(self) -> list[_Job]:
        """Return the body that waits longest, and if it is small, the small ones behind it."""
        jobs = [self._waiting.popleft()]
        size = len(jobs[0].body)
        while len(jobs[0].body) <= SMALL and self._waiting and len(jobs) < MOST_TOGETHER:
            more = len(self._waiting[0].body)
            if more > SMALL or size + more > MOST_TOGETHER_BYTES:
                break
            jobs.append(self._waiting.popleft())
            size += more
        for job in jobs:
            job.is_taken = True
        return jobs


def _read(parser: _Parser, jobs: list[_Job]) -> None:
    """Parse bodies. If the process dies on several, each is tried by itself, as one of them may be the cause."""
    found = parser.parse(jobs)
    if found is None and len(jobs) > 1:
        for job in jobs:
            alone = parser.parse([job])
            job.found = None if alone is None else alone[0]
    elif found is not None:
        for job, batches in zip(jobs, found, strict=True):
            job.found = batches


class _Parser:
    """One process, started on demand."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._wire: MessageSocket | None = None

    def parse(self, jobs: Sequence[_Job]) -> list[list[EventBatch]] | None:
        """Return the batches of each body, None if the process died."""
        if self._process is None or self._wire is None:
            self._process, self._wire = spawn_process(MODULE)
        found = None
        limit = threading.Timer(LONGEST_SECONDS, self._process.kill)
        limit.daemon = True
        limit.start()
        texts = [NamedText(job.source, len(job.body)) for job in jobs]
        body = jobs[0].body if len(jobs) == 1 else b"".join(job.body for job in jobs)
        with suppress(OSError):
            self._wire.send(make_request(texts), body)
            found = self._wire.receive()
        limit.cancel()
        if found is None:
            self.close()
            return None
        return unpack_answer(*found, texts)

    def close(self) -> None:
        """End the process."""
        process, wire = self._process, self._wire
        self._process = self._wire = None
        if wire is not None:
            wire.close()
        if process is not None:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@dataclass(frozen=True, slots=True)
class ParsedBodies:
    """The parsed records of some bodies: `places` are their indices; `together` tells the records of one from those of
    another.
    """

    places: list[int]
    together: CombinedBatches


def make_request(texts: Sequence[NamedText]) -> dict[str, Any]:
    """Return the head of a message with concatenated bodies."""
    return {"bodies": [[text.name, text.size] for text in texts]}


def bodies_in(head: dict[str, Any], body: bytes) -> list[tuple[bytes, str]]:
    """Return the bodies of such a message, with their sources."""
    names, sizes = zip(*head["bodies"], strict=True)
    if len(sizes) == 1:
        return [(body, names[0])]
    cuts = pairwise(accumulate(sizes, initial=0))
    return [(body[start:end], name) for (start, end), name in zip(cuts, names, strict=True)]


def pack_answer(read: Sequence[ParsedBodies]) -> tuple[dict[str, Any], bytes]:
    """Return parsed records as head and body of a message."""
    heads, bodies = [], []
    for one in read:
        batches = []
        for batch in one.together.batches:
            sink = pa.BufferOutputStream()
            events = batch.events.unify_dictionaries().combine_chunks()
            with pa.ipc.new_stream(sink, events.schema) as writer:
                writer.write_table(events)
            table, problems = sink.getvalue(), msgspec.msgpack.encode(batch.problems)
            bodies += [table, problems]
            batches.append(
                {
                    "records": batch.records,
                    "read": batch.bytes_read,
                    "size": table.size,
                    "problems": len(problems),
                }
            )
        heads.append({"places": one.places, "before": one.together.before, "batches": batches})
    return {"read": heads}, b"".join(bodies)


def unpack_answer(head: dict[str, Any], body: bytes, texts: Sequence[NamedText]) -> list[list[EventBatch]]:
    """Return the batches of each body from such a message."""
    found: list[list[EventBatch]] = [[] for _ in texts]
    at, whole = 0, pa.py_buffer(body)
    for one in head["read"]:
        batches = []
        for batch in one["batches"]:
            with pa.ipc.open_stream(whole.slice(at, batch["size"])) as reader:
                events = reader.read_all()
            at += batch["size"]
            problems = _problems(whole.slice(at, batch["problems"]))
            at += batch["problems"]
            batches.append(EventBatch(events, problems, batch["records"], batch["read"]))
        places = one["places"]
        if len(places) == 1:
            found[places[0]] = batches
            continue
        parts = split_batches(CombinedBatches(batches, one["before"]), [texts[place] for place in places])
        for place, part in zip(places, parts, strict=True):
            found[place] = part
    return found


prepare(Problem)
