"""Items are made in another thread, in order; a failure comes in its place."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from seawall_base.read_ahead import read_ahead


def test_items_come_in_order_from_another_thread() -> None:
    makers = set[int]()

    def make() -> Iterator[int | None]:
        for number in (1, None, 3):
            makers.add(threading.get_ident())
            yield number

    assert list(read_ahead(make())) == [1, None, 3]
    assert threading.get_ident() not in makers


def test_the_next_item_is_made_while_this_one_is_used() -> None:
    made = [threading.Event() for _ in range(3)]

    def make() -> Iterator[int]:
        for number, event in enumerate(made):
            event.set()
            yield number

    items = read_ahead(make())
    assert next(items) == 0
    assert made[1].wait(10)
    assert not made[2].is_set()
    items.close()


def test_a_failure_follows_the_items_before_it() -> None:
    def make() -> Iterator[int]:
        yield 1
        raise ValueError("damaged")

    items = read_ahead(make())
    assert next(items) == 1
    with pytest.raises(ValueError, match="damaged"):
        next(items)
