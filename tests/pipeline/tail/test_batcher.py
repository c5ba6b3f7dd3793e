"""Batches are due by size and by time, and the queue keeps readers waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.events.formats.growing_text import ReadPosition, read_piece
from seawall.events.readers import EventBatch, Limits
from seawall.pipeline.tail import Batcher, BatchSizes, DeliveryQueue, IntakeClosed, TailDelivery
from tests.pipeline.tail.folder import line


def delivery(number: int, records: int = 1) -> TailDelivery:
    data = b"".join(line(number) for _ in range(records))
    batches, place = read_piece(data, ReadPosition("lines"), "log", Limits())
    return TailDelivery(tuple(batches), {f"file-{number % 3}": {"offset": place.offset, "number": number}})


def test_by_records() -> None:
    batcher = Batcher(BatchSizes(records=3))
    assert batcher.add(delivery(1), 0) is None
    assert batcher.add(delivery(2), 0) is None
    due = batcher.add(delivery(4), 0)
    assert due is not None
    assert due.records == 3
    assert due.changes["file-1"] is not None
    assert due.changes["file-1"]["number"] == 4
    assert batcher.take() is None


def test_by_bytes() -> None:
    one = delivery(1)
    batcher = Batcher(BatchSizes(size_bytes=one.bytes_held + 1))
    assert batcher.add(one, 0) is None
    assert batcher.add(one, 0) is not None


def test_by_time() -> None:
    batcher = Batcher(BatchSizes(seconds=2))
    assert batcher.waits(5) is None
    assert batcher.due(5) is None
    assert batcher.add(delivery(1), 5) is None
    assert batcher.waits(6) == 1
    assert batcher.due(6) is None
    assert batcher.add(delivery(2), 6) is None
    due = batcher.due(7)
    assert due is not None
    assert due.records == 2
    assert batcher.due(100) is None


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.floats(0, 3))), st.integers(1, 9))
def test_nothing_is_lost_and_the_order_stays(steps: list[tuple[int, int, float]], most: int) -> None:
    batcher = Batcher(BatchSizes(records=most, seconds=4))
    now = 0.0
    given_in: list[EventBatch] = []
    given_out: list[EventBatch] = []
    kept: dict[str, object] = {}
    expected: dict[str, object] = {}
    for number, (file, records, after) in enumerate(steps):
        now += after
        batch = EventBatch(delivery(0, records).batches[0].events if records else EMPTY, (), records, 0)
        given_in.append(batch)
        expected[str(file)] = number
        due = batcher.add(TailDelivery((batch,), {str(file): {"n": number}}), now)
        if due is not None:
            given_out += due.batches
            kept.update({key: value["n"] for key, value in due.changes.items() if value is not None})
    rest = batcher.take()
    if rest is not None:
        given_out += rest.batches
        kept.update({key: value["n"] for key, value in rest.changes.items() if value is not None})
    assert [id(batch) for batch in given_out] == [id(batch) for batch in given_in]
    assert kept == expected


EMPTY = delivery(0).batches[0].events.slice(0, 0)


def test_a_full_queue_keeps_readers_waiting() -> None:
    intake = DeliveryQueue(most=2)
    assert intake.put(delivery(1))
    assert intake.put(delivery(2))
    assert not intake.put(delivery(3), timeout=0.01)
    assert intake.take() is not None
    assert intake.put(delivery(3), timeout=0.01)
    assert len(intake) == 2


def test_bytes_are_bounded_but_one_always_fits() -> None:
    one = delivery(1)
    intake = DeliveryQueue(most_bytes=one.bytes_held - 1)
    assert intake.put(one, timeout=0.01)
    assert not intake.put(one, timeout=0.01)
    intake.take()
    assert intake.bytes_held == 0


def test_an_empty_queue_waits() -> None:
    assert DeliveryQueue().take(timeout=0.01) is None


def test_a_closed_queue_gives_what_it_has() -> None:
    intake = DeliveryQueue()
    intake.put(delivery(1))
    intake.close()
    assert intake.take() is not None
    with pytest.raises(IntakeClosed):
        intake.take()
    with pytest.raises(IntakeClosed):
        intake.put(delivery(2))


def test_several_threads() -> None:
    intake = DeliveryQueue(most=3)

    def put(start: int) -> None:
        for number in range(start, start + 50):
            intake.put(TailDelivery((), {str(start): {"n": number}}))

    def taken() -> Iterator[tuple[str, int]]:
        for _ in range(100):
            found = intake.take(timeout=10)
            assert found is not None
            for key, value in found.changes.items():
                assert value is not None
                yield key, value["n"]

    threads = [threading.Thread(target=put, args=(start,)) for start in (0, 1_000)]
    for thread in threads:
        thread.start()
    got = list(taken())
    for thread in threads:
        thread.join()
    for start in (0, 1_000):
        numbers = [number for key, number in got if key == str(start)]
        assert numbers == list(range(start, start + 50))
