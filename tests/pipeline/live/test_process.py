"""A watch in a process of its own, and readers in theirs: the same answers, and deaths that are survived."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from seawall.events.formats.many_bodies import NamedText
from seawall.events.readers import Limits
from seawall.pipeline.live import parsing
from seawall.pipeline.live import process as process_module
from seawall.pipeline.live.errors import WatchBusy
from seawall.pipeline.live.ingest_queue import batches_of
from seawall.pipeline.live.parser import read_of
from seawall.pipeline.live.parsing import ParserPool, pack_answer, unpack_answer
from seawall.pipeline.live.process import WatchProcess
from seawall.pipeline.live.spawning import spawn_process
from seawall.pipeline.live.watcher import IngestReceipt
from seawall_base.errors import DatabaseInUse
from tests.pipeline.live.running import bodies, quick, running, until
from tests.pipeline.live.stored import Stored, stored


def test_batches_come_back_from_a_message(logs: Path) -> None:
    for body in [*bodies(logs)[:3], b"", b'not json\n{"a": 1}\n']:
        found = batches_of(body, "source", Limits())
        again = unpack_answer(
            *pack_answer(read_of([(body, "source")], Limits())), [NamedText("source", len(body))]
        )[0]
        assert [(one.problems, one.records, one.bytes_read) for one in again] == [
            (one.problems, one.records, one.bytes_read) for one in found
        ]
        for one, other in zip(found, again, strict=True):
            assert other.events.schema == one.events.schema
            assert other.events.to_pylist() == one.events.to_pylist()


def test_bodies_that_wait_at_the_same_time_are_read_together_and_told_apart(
    logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = [
        *bodies(logs)[:4],
        b"",
        b"time,user\n2026-03-02T10:00:00Z,x\n",
        b"not json",
        b'{"a": 1}\n{"b"',
        b'[{"a": 1}]',
    ]
    small = [b"\n".join(body.split(b"\n")[: 3 + n]) for n, body in enumerate([*contents] * 3)]
    messages: list[int] = []
    parse = parsing._Parser.parse

    def counted(self: Any, jobs: Any) -> Any:
        messages.append(len(jobs))
        return parse(self, jobs)

    monkeypatch.setattr(parsing._Parser, "parse", counted)
    with ParserPool(1) as parsers, ThreadPoolExecutor(len(small)) as senders:
        parsers.parse(b"", "warm")
        held = parsers._free.pop()
        sent = [senders.submit(parsers.parse, body, f"token/{n}") for n, body in enumerate(small)]
        until(lambda: len(parsers._waiting) == len(small))
        with parsers._changed:
            parsers._free.append(held)
            parsers._changed.notify_all()
        for n, (body, one) in enumerate(zip(small, sent, strict=True)):
            expected = batches_of(body, f"token/{n}", Limits())
            assert [(b.events.to_pylist(), b.problems, b.records, b.bytes_read) for b in one.result()] == [
                (b.events.to_pylist(), b.problems, b.records, b.bytes_read) for b in expected
            ]
    assert messages == [1, len(small)]


def test_one_body_that_kills_a_reader_is_refused_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    parse = parsing._Parser.parse
    deadly = b'{"deadly": 1}\n'

    def killing(self: Any, jobs: Any) -> Any:
        if any(job.body == deadly for job in jobs):
            self.close()
            return None
        return parse(self, jobs)

    monkeypatch.setattr(parsing._Parser, "parse", killing)
    with ParserPool(1) as parsers, ThreadPoolExecutor(3) as senders:
        held = parsers._free.pop()
        sent = [senders.submit(parsers.parse, body, "a") for body in (b'{"a": 1}\n', deadly, b'{"b": 1}\n')]
        until(lambda: len(parsers._waiting) == 3)
        with parsers._changed:
            parsers._free.append(held)
            parsers._changed.notify_all()
        assert [sum(batch.records for batch in sent[at].result()) for at in (0, 2)] == [1, 1]
        with pytest.raises(WatchBusy, match="ended while it read"):
            sent[1].result()


def test_large_bodies_are_read_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "SMALL", 10)
    monkeypatch.setattr(parsing, "MOST_TOGETHER_BYTES", 25)
    parsers = ParserPool(1)
    parsers._waiting.extend(parsing._Job(b"x" * size, "a") for size in (11, 10, 10, 5, 5, 11, 3))
    sizes = []
    while parsers._waiting:
        sizes.append([len(job.body) for job in parsers._take_jobs()])
    assert sizes == [[11], [10, 10, 5], [5], [11], [3]]


def test_a_reader_that_dies_is_replaced(logs: Path) -> None:
    body = bodies(logs)[0]
    with ParserPool(1) as parsers:
        expected = sum(batch.records for batch in parsers.parse(body, "a"))
        parser = parsers._all[0]
        assert parser._process is not None
        os.kill(parser._process.pid, signal.SIGKILL)
        with pytest.raises(WatchBusy, match="ended while it read"):
            parsers.parse(body, "a")
        assert sum(batch.records for batch in parsers.parse(body, "a")) == expected


def test_a_reader_that_never_ends_is_killed(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ParserPool(1) as parsers:
        parsers.parse(b"", "a")
        process = parsers._all[0]._process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        monkeypatch.setattr(parsing, "LONGEST_SECONDS", 0.2)
        with pytest.raises(WatchBusy, match="ended while it read"):
            parsers.parse(bodies(logs)[0], "a")


def sent(watch: WatchProcess, body: bytes, key: str) -> IngestReceipt:
    """What is said of a body, sent until it is taken."""
    while True:
        try:
            return watch.ingest(body, source="a", key=key)
        except WatchBusy:
            time.sleep(0.1)


def test_a_watch_that_dies_is_started_again_and_loses_nothing(
    logs: Path, expected: Stored, tmp_path: Path
) -> None:
    contents = bodies(logs)
    seen: list[int] = []
    with WatchProcess(quick(tmp_path / "store")) as watch:
        watch.subscribe(lambda status: seen.append(status.records))
        first = watch.ingest(contents[0], source="a", key="0")
        before = watch.pid
        assert before is not None
        os.kill(before, signal.SIGKILL)
        until(lambda: watch.pid != before)
        with ThreadPoolExecutor(8) as senders:
            receipts = list(
                senders.map(lambda number: sent(watch, contents[number], str(number)), range(len(contents)))
            )
        until(lambda: watch.status().records >= expected.records and not watch.status().dirty_days)
        assert not watch.has_failed
    assert [number for number, receipt in enumerate(receipts) if receipt.is_repeat] == [0]
    assert receipts[0].records == first.records
    assert max(seen) == expected.records
    assert stored(tmp_path / "store") == expected


def test_it_says_what_keeps_it_from_beginning(tmp_path: Path) -> None:
    settings = quick(tmp_path / "store")
    with running(settings), pytest.raises(DatabaseInUse), WatchProcess(settings):
        pass


def test_a_process_that_cannot_be_started_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with WatchProcess(quick(tmp_path / "store")) as watch:
        before, tries = watch.pid, []

        def scarce(module: str) -> Any:
            tries.append(module)
            if len(tries) == 1:
                raise OSError("no more processes")
            return spawn_process(module)

        monkeypatch.setattr(process_module, "spawn_process", scarce)
        assert before is not None
        os.kill(before, signal.SIGKILL)
        until(lambda: len(tries) == 2 and watch.status().doing != "stopped")
        assert not watch.has_failed
