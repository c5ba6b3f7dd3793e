"""Whatever happens to the files and whenever the process dies: every record comes exactly once."""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.pipeline.tail.folder import PATIENCE, Consumer, line, small
from tests.thoroughness import examples


class Collectors(RuleBasedStateMachine):
    """Two logs that grow, are turned in every way that loses nothing, and whole files beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = Path(self.scratch.name) / "logs"
        self.folder.mkdir()
        self.consumer = Consumer(self.folder, patience=replace(PATIENCE, finish=1e9))
        self.written = 0
        self.turned = 0
        self.halves: dict[str, bytes] = {}

    def fresh(self) -> int:
        self.written += 1
        return self.written

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.jsonl"

    def append(self, path: Path, data: bytes) -> None:
        with path.open("ab") as file:
            file.write(data)

    def turn(self, suffix: str) -> Path:
        self.turned += 1
        return self.folder / f"{self.turned}.{suffix}"

    names = st.sampled_from("ab")

    @rule(name=names, count=st.integers(1, 6))
    def grow(self, name: str, count: int) -> None:
        data = self.halves.pop(name, b"") + b"".join(line(self.fresh()) for _ in range(count))
        self.append(self.path(name), data)

    @rule(name=names, cut=st.integers(1, 100))
    def grow_by_half_a_line(self, name: str, cut: int) -> None:
        data = self.halves.pop(name, b"")
        whole = line(self.fresh())
        self.append(self.path(name), data + whole[:cut])
        self.halves[name] = whole[cut:]

    def complete(self, name: str) -> None:
        self.append(self.path(name), self.halves.pop(name, b""))

    @rule(name=names)
    def rename(self, name: str) -> None:
        if self.path(name).exists():
            self.complete(name)
            self.path(name).rename(self.turn("jsonl"))

    @rule(name=names)
    def copy_and_empty(self, name: str) -> None:
        if self.path(name).exists():
            self.complete(name)
            shutil.copy(self.path(name), self.turn("jsonl"))
            self.path(name).write_bytes(b"")

    @rule(name=names, is_looking=st.booleans())
    def delete_what_was_read(self, name: str, is_looking: bool) -> None:
        if self.path(name).exists():
            self.complete(name)
            self.consumer.poll(6)
            self.path(name).unlink()
            if is_looking:
                self.consumer.poll()

    @rule(count=st.integers(1, 30), is_packed=st.booleans())
    def drop_a_whole_file(self, count: int, is_packed: bool) -> None:
        data = json.dumps([small(self.fresh()) for _ in range(count)], indent=1).encode()
        self.turn("json").write_bytes(gzip.compress(data) if is_packed else data)

    @rule(after=st.sampled_from([0.5, 3, 7]), crash_at=st.none() | st.integers(0, 8))
    def look(self, after: float, crash_at: int | None) -> None:
        self.consumer.poll(after, crash_at)

    @precondition(lambda self: self.written)
    @rule(seen=st.integers(0, 3))
    def look_half_way(self, seen: int) -> None:
        self.consumer.now += 1
        for number, delivery in enumerate(self.consumer.follower.poll(self.consumer.now)):
            self.consumer.keep(delivery)
            if number == seen:
                break

    @rule()
    def crash(self) -> None:
        self.consumer.crash()

    @invariant()
    def nothing_comes_twice(self) -> None:
        numbers = self.consumer.numbers()
        assert len(numbers) == len(set(numbers))

    def teardown(self) -> None:
        for name in "ab":
            if name in self.halves:
                self.complete(name)
        self.consumer.settle()
        try:
            assert self.consumer.numbers() == list(range(1, self.written + 1))
            assert self.consumer.problems == []
            assert self.consumer.records == self.written
        finally:
            self.consumer.follower.close()
            self.scratch.cleanup()


TestOnce = Collectors.TestCase
TestOnce.settings = settings(
    max_examples=examples(60), stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
