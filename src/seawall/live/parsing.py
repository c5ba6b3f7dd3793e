"""Reads bodies in processes of their own: reading takes the interpreter, which scoring and keeping need meanwhile.

It also keeps a body that would kill a reader from killing the watch.
"""

from __future__ import annotations

import queue
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self

import msgspec
import pyarrow as pa

from seawall.errors import WatchBusy
from seawall.live.spawning import spawned
from seawall.live.wire import Wire
from seawall.schema.problems import Problem
from seawall.sources import EventBatch

MODULE = "seawall.live.parser"
LONGEST_SECONDS = 300.0
"""A process that reads one body for longer is killed."""


class Parsers:
    """So many processes that read bodies. Threads may share it; each waits for a process that is free."""

    def __init__(self, count: int) -> None:
        self._free: queue.LifoQueue[_Parser] = queue.LifoQueue()
        self._all = [_Parser() for _ in range(count)]
        for parser in self._all:
            self._free.put(parser)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for parser in self._all:
            parser.close()

    def parse(self, body: bytes, source: str) -> list[EventBatch]:
        """Every record of a body, filed under a source. Raises `WatchBusy` when the process died over it."""
        parser = self._free.get()
        try:
            return parser.parse(body, source)
        finally:
            self._free.put(parser)


class _Parser:
    """One process, started when it is needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._wire: Wire | None = None

    def parse(self, body: bytes, source: str) -> list[EventBatch]:
        """See `Parsers`."""
        if self._process is None or self._wire is None:
            self._process, self._wire = spawned(MODULE)
        found = None
        limit = threading.Timer(LONGEST_SECONDS, self._process.kill)
        limit.daemon = True
        limit.start()
        with suppress(OSError):
            self._wire.send({"source": source}, body)
            found = self._wire.receive()
        limit.cancel()
        if found is None:
            self.close()
            raise WatchBusy(
                "the process that reads records died over these", fix="send fewer at once, and look at them"
            )
        return list(unpacked(*found))

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


def packed(batches: Sequence[EventBatch]) -> tuple[dict[str, Any], bytes]:
    """Return batches as a message."""
    heads, bodies = [], []
    for batch in batches:
        sink = pa.BufferOutputStream()
        events = batch.events.unify_dictionaries().combine_chunks()
        with pa.ipc.new_stream(sink, events.schema) as writer:
            writer.write_table(events)
        bodies.append(sink.getvalue().to_pybytes())
        heads.append(
            {
                "problems": msgspec.to_builtins(batch.problems),
                "records": batch.records,
                "read": batch.bytes_read,
                "size": len(bodies[-1]),
            }
        )
    return {"batches": heads}, b"".join(bodies)


def unpacked(head: dict[str, Any], body: bytes) -> list[EventBatch]:
    """Return the batches of a message."""
    batches, at, whole = [], 0, pa.py_buffer(body)
    for one in head["batches"]:
        with pa.ipc.open_stream(whole.slice(at, one["size"])) as reader:
            events = reader.read_all()
        problems = msgspec.convert(one["problems"], tuple[Problem, ...])
        batches.append(EventBatch(events, problems, one["records"], one["read"]))
        at += one["size"]
    return batches
