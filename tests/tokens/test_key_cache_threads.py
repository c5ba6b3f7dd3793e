"""Many look-ups at once: one refresh for all of them, and nobody waits who need not.

Whether somebody waited is told by the source, which is held until the test lets go of it, and not by a clock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.tokens.key_bench import ISSUER, NOW, Bench
from tests.tokens.key_sets import jwk


def held(bench: Bench) -> threading.Event:
    """Hold the source from now on; set the event to let go."""
    bench.origin.hold = threading.Event()
    return bench.origin.hold


def test_a_refresh_ahead_does_not_hold_up_a_look_up() -> None:
    bench = Bench(jwk("a"))
    assert bench.code("a") == "active"
    hold = held(bench)
    bench.elapsed = 250.0
    assert [bench.code("a") for _ in range(20)] == ["active"] * 20
    assert not bench.idle(), "they were answered while the refresh ran"
    bench.settle(lambda: bench.origin.calls == 2)
    hold.set()
    bench.settle(bench.idle)
    bench.elapsed = 480.0
    assert bench.code("a") == "active"
    assert bench.origin.calls == 2


def test_a_storm_of_unknown_names_is_one_refresh() -> None:
    bench = Bench(jwk("a"))
    assert bench.code("a") == "active"
    hold = held(bench)
    bench.origin.keys.append(jwk("new"))
    with ThreadPoolExecutor(32) as pool:
        storm = [pool.submit(bench.code, f"x{number}") for number in range(300)]
        known = [pool.submit(bench.code, "a") for _ in range(100)]
        new = [pool.submit(bench.code, "new") for _ in range(10)]
        bench.settle(lambda: bench.origin.calls == 2)
        hold.set()
        assert {future.result() for future in storm} == {"key-unknown"}
        assert {future.result() for future in known} == {"active"}
        assert {future.result() for future in new} == {"active"}
    assert bench.origin.calls == 2


def test_an_unknown_name_waits_no_longer_than_is_said_for_a_slow_source() -> None:
    bench = Bench(jwk("a"), wait=0.1)
    assert bench.code("a") == "active"
    hold = held(bench)
    assert bench.code("b") == "key-unknown"
    assert not bench.idle(), "it was answered while the refresh ran"
    hold.set()
    bench.settle(bench.idle)


def test_many_first_look_ups_are_one_load() -> None:
    bench = Bench(jwk("a"))
    hold = held(bench)
    with ThreadPoolExecutor(16) as pool:
        waiting = [pool.submit(bench.code, "a") for _ in range(64)]
        bench.settle(lambda: bench.origin.calls == 1)
        hold.set()
        assert {future.result() for future in waiting} == {"active"}
    assert bench.origin.calls == 1


def test_a_first_load_that_takes_too_long_is_refused() -> None:
    bench = Bench(jwk("a"), first_wait=0.1)
    hold = held(bench)
    assert bench.code("a") == "key-source-unavailable"
    assert not bench.idle(), "it was answered while the load ran"
    hold.set()
    bench.settle(bench.idle)
    assert bench.code("a") == "active"


def test_what_is_at_hand_is_given_without_waiting() -> None:
    bench = Bench(jwk("a"), jwk("b"), ttl=300, stale_limit=1000, denied=frozenset({"b"}))

    def state(kid: str, issuer: str = ISSUER) -> str | None:
        at_hand = bench.cache.at_hand(issuer, kid)
        return None if at_hand is None else at_hand.state

    assert state("a") is None, "nothing was loaded, and nobody waits for it"
    bench.cache.warm()
    assert [state("a"), state("b"), state("c"), state("a", "https://other.example")] == [
        "active",
        "revoked",
        None,
        None,
    ]
    hold = held(bench)
    bench.elapsed = 500.0
    assert [state("a") for _ in range(20)] == ["active"] * 20
    assert not bench.idle(), "they were answered while the refresh ran"
    bench.settle(lambda: bench.origin.calls == 2)
    bench.elapsed = 1000.0
    assert state("a") is None
    hold.set()
    bench.settle(bench.idle)
    assert state("a") == "active"


class Overtaken:
    """A lock before which the first who comes is overtaken: all of `first` happens between its look at the set and the lock."""

    def __init__(self, first: Callable[[], None]) -> None:
        self._lock, self._first = threading.Lock(), [first]

    def __enter__(self) -> None:
        while self._first:
            self._first.pop()()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def at_hand(bench: Bench) -> str:
    """What is at hand, in the words of a look-up."""
    found = bench.cache.at_hand(ISSUER, "a")
    return "none" if found is None else found.state


def warmed(bench: Bench) -> str:
    """The state of the key after warming."""
    bench.cache.warm()
    return bench.cache.lookup(ISSUER, "a", NOW).state


@pytest.mark.parametrize(
    ("elapsed", "look"),
    [
        pytest.param(None, lambda bench: bench.code("a"), id="the first look-up"),
        pytest.param(None, warmed, id="warming"),
        pytest.param(250.0, lambda bench: bench.code("a"), id="a look-up while a refresh is due"),
        pytest.param(301.0, lambda bench: bench.code("a"), id="a look-up that needs a refresh"),
        pytest.param(20_000.0, lambda bench: bench.code("a"), id="a look-up whose set is too old"),
        pytest.param(250.0, at_hand, id="what is at hand"),
    ],
)
def test_who_was_overtaken_by_a_whole_load_does_not_load_again(
    elapsed: float | None, look: Callable[[Bench], str]
) -> None:
    bench = Bench(jwk("a"))
    if elapsed is not None:
        assert bench.code("a") == "active"
        bench.elapsed = elapsed
    before = bench.origin.calls

    def others() -> None:
        assert bench.code("a") == "active"
        bench.settle(bench.idle)
        assert bench.origin.calls == before + 1

    bench.cache._attempts.lock = Overtaken(others)  # type: ignore[assignment]
    assert look(bench) == "active"
    bench.settle(bench.idle)
    assert bench.origin.calls == before + 1


def test_an_unknown_name_that_was_overtaken_by_a_refresh_is_found_and_spends_nothing() -> None:
    bench = Bench(jwk("a"))
    assert bench.code("a") == "active"
    bench.origin.keys.append(jwk("new"))
    bench.elapsed = 100.0

    def others() -> None:
        bench.elapsed = 301.0
        assert bench.code("a") == "active"
        bench.settle(bench.idle)
        assert bench.origin.calls == 2

    bench.cache._attempts.lock = Overtaken(others)  # type: ignore[assignment]
    assert bench.code("new") == "active"
    assert bench.origin.calls == 2
    bench.origin.keys.append(jwk("newer"))
    assert bench.code("newer") == "active", "the next unknown name may ask at once"
    assert bench.origin.calls == 3


def test_a_failure_that_overtakes_is_not_tried_again_at_once() -> None:
    bench = Bench(jwk("a"))
    bench.origin.failure = OSError("away")

    def others() -> None:
        assert bench.code("a") == "key-source-unavailable"

    bench.cache._attempts.lock = Overtaken(others)  # type: ignore[assignment]
    assert bench.code("a") == "key-source-unavailable"
    assert bench.origin.calls == 1
