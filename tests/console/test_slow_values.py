"""What may be some seconds old is shown at once, made anew behind the answer, and never by two at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from seawall.console.data.slow_values import FRESH, MOST, SHOWN, SlowValueCache

WAIT = 10.0


class Making:
    """Makes 1, 2, 3 and so on; each as soon as it is let."""

    def __init__(self) -> None:
        self.count = 0
        self.let = threading.Semaphore(0)
        self.made = threading.Semaphore(0)
        self.fails = False

    def __call__(self) -> int:
        assert self.let.acquire(timeout=WAIT)
        try:
            if self.fails:
                raise ValueError("broken")
            self.count += 1
            return self.count
        finally:
            self.made.release()


@pytest.fixture
def kept() -> Iterator[SlowValueCache[int]]:
    made: SlowValueCache[int] = SlowValueCache("test")
    yield made
    made.close()


def settled(kept: SlowValueCache[int], key: str) -> None:
    """Wait for what is being made."""
    coming = kept._kept[key].coming
    if coming is not None:
        coming.exception(WAIT)


def test_what_is_fresh_is_not_made_again(kept: SlowValueCache[int]) -> None:
    making = Making()
    making.let.release()
    assert [kept.get("a", now, making) for now in (0, 1, FRESH - 1)] == [1, 1, 1]


def test_what_is_older_is_shown_while_it_is_made_anew(kept: SlowValueCache[int]) -> None:
    making = Making()
    making.let.release()
    assert kept.get("a", 0, making) == 1
    assert [kept.get("a", FRESH + n, making) for n in range(5)] == [1] * 5, "nobody waits"
    making.let.release()
    settled(kept, "a")
    assert kept.get("a", FRESH + 9, making) == 2
    assert making.count == 2


def test_what_is_too_old_is_waited_for(kept: SlowValueCache[int]) -> None:
    making = Making()
    making.let.release(2)
    assert kept.get("a", 0, making) == 1
    settled(kept, "a")
    assert kept.get("a", SHOWN, making) == 2


def test_a_clock_that_went_back_shows_nothing_of_the_future(kept: SlowValueCache[int]) -> None:
    making = Making()
    making.let.release(2)
    assert kept.get("a", SHOWN, making) == 1
    settled(kept, "a")
    assert kept.get("a", 0, making) == 2


def test_many_at_once_wait_for_one(kept: SlowValueCache[int]) -> None:
    making = Making()
    with ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(kept.get, "a", 5, making) for _ in range(12)]
        making.let.release(12)
        assert {one.result(WAIT) for one in asked} == {1}
    assert making.count == 1


def test_a_failure_is_told_to_who_waits_and_made_good_by_the_next(kept: SlowValueCache[int]) -> None:
    making = Making()
    making.fails = True
    making.let.release()
    with pytest.raises(ValueError, match="broken"):
        kept.get("a", 0, making)
    settled(kept, "a")
    making.fails = False
    making.let.release()
    assert kept.get("a", 1, making) == 1
    settled(kept, "a")
    making.fails = True
    making.let.release()
    assert kept.get("a", 1 + FRESH, making) == 1, "what was is still shown"
    settled(kept, "a")
    making.let.release()
    with pytest.raises(ValueError, match="broken"):
        kept.get("a", 1 + SHOWN, making)


def test_keys_are_bounded(kept: SlowValueCache[int]) -> None:
    for number in range(3 * MOST):
        assert kept.get(f"k{number}", 0, lambda number=number: number) == number  # type: ignore[misc]
    assert len(kept._kept) <= MOST
