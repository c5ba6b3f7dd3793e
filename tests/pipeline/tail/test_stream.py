"""A stream gives what a file with the same bytes gives, however it is cut."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.events.problem import Problem
from seawall.events.readers import Limits
from seawall.pipeline.tail import stream_deliveries
from tests.events.support import check, read_all, rows
from tests.events.test_shapes import SHAPES
from tests.pipeline.tail.folder import line
from tests.thoroughness import examples


class Pipe:
    """Gives bytes in the given pieces."""

    def __init__(self, data: bytes, cuts: list[int]) -> None:
        bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
        self.pieces = [data[a:b] for a, b in itertools.pairwise(bounds) if a < b]

    def read1(self, size: int, /) -> bytes:
        assert size >= max(map(len, self.pieces), default=0)
        return self.pieces.pop(0) if self.pieces else b""


def assert_same(data: bytes, cuts: list[int], limits: Limits = Limits()) -> None:  # noqa: B008
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        path.write_bytes(data)
        events, problems, records = read_all(path, limits=limits)
    found: list[dict[str, Any]] = []
    bad: list[Problem] = []
    read = 0
    for delivery in stream_deliveries(Pipe(data, cuts), str(path), limits):
        assert not delivery.changes
        read += delivery.records
        for batch in delivery.batches:
            check(batch)
            found += rows(batch.events)
            bad += batch.problems
    assert found == rows(events)
    assert bad == problems
    assert read == records


@pytest.mark.parametrize("name", sorted(SHAPES))
@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "gzip"])
def test_every_shape(name: str, is_packed: bool) -> None:
    data = SHAPES[name].encode()
    assert_same(gzip.compress(data) if is_packed else data, list(range(0, len(data), 97)))


@settings(max_examples=examples(50), deadline=None)
@given(
    st.lists(st.sampled_from([line(1), b"damage\n", b"\n", b"x" * 3_000 + b"\n", b"[1]\n"]), max_size=12),
    st.lists(st.integers(0, 9_000), max_size=9),
    st.booleans(),
)
def test_lines(found: list[bytes], cuts: list[int], is_ended: bool) -> None:
    data = line(0) + b"".join(found)
    assert_same(data if is_ended else data[:-1], cuts, Limits(record_bytes=2_500))


def test_a_line_comes_before_the_stream_ends() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream, os.fdopen(writing, "wb", buffering=0) as sender:
        deliveries = stream_deliveries(stream, "<stdin>")
        for number in range(3):
            sender.write(line(number))
            assert next(deliveries).records == 1
        sender.write(json.dumps({"half": 1}).encode()[:5])
        sender.close()
        (last,) = next(deliveries).batches
        assert [problem.code for problem in last.problems] == ["not-json"]


def test_nothing_is_nothing() -> None:
    assert list(stream_deliveries(Pipe(b"", []), "<stdin>")) == []


def test_a_stream_without_end_is_refused() -> None:
    data = b"[" + b" " * 5_000
    (delivery,) = stream_deliveries(Pipe(data, [100]), "<stdin>", Limits(member_bytes=4_000))
    assert [problem.code for problem in delivery.batches[0].problems] == ["bomb"]
