"""A key that is missing from an answer is asked for again before it is refused, and nobody can make that a storm."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.gate.non_blocking_keys import KeyNotCached, NonBlockingKeySource, forbid_waiting
from seawall_tokens.keys.absence import ANSWERS, MOST_SECONDS, SECONDS, KeyAbsence, count_absences
from seawall_tokens.keys.origins import OriginFailed
from tests.thoroughness import examples
from tests.tokens.key_bench import ISSUER, NOW, Bench
from tests.tokens.key_sets import jwk

A, B = jwk("a"), jwk("b")


def test_one_thin_answer_is_no_outage() -> None:
    """Entra's set for organisations lost and regained keys 45 times in two months: tokens were refused for 240 s each time."""
    bench = Bench(A, B)
    assert bench.code("a") == "active"
    bench.origin.keys = [B]
    bench.elapsed = 301.0
    assert bench.code("a") == "active"
    bench.settle(bench.idle)
    bench.origin.keys = [A, B]
    for bench.elapsed in (302.0, 331.0, 400.0, 541.0):
        assert bench.code("a") == "active"
        bench.settle(bench.idle)
    assert bench.origin.calls == 4, (
        "the first, the thin one, one for its sake in 30 s, and at 541 s the regular one"
    )


def test_a_key_that_stays_away_is_retired_and_asked_for_rarely() -> None:
    bench = Bench(A, B)
    bench.code("a")
    bench.origin.keys = [B]
    bench.elapsed = gone = 301.0
    states = {}
    while bench.elapsed < gone + 2000:
        states[bench.elapsed - gone] = bench.code("a")
        bench.settle(bench.idle)
        bench.elapsed += 5.0
    ended = min(at for at, state in states.items() if state == "retired")
    assert SECONDS <= ended <= SECONDS + 35
    assert all((state == "retired") == (at >= ended) for at, state in states.items())
    assert bench.origin.calls <= 2 + 2000 / 30 + 1


def test_a_retired_key_that_is_listed_again_is_found_at_once() -> None:
    bench = Bench(A, B)
    bench.code("a")
    bench.origin.keys = [B]
    bench.live(1200.0)
    assert bench.code("a") == "retired"
    bench.settle(bench.idle)
    bench.origin.keys = [A, B]
    bench.elapsed += 31.0
    assert bench.code("a") == "active"


def test_many_names_of_all_kinds_start_one_refresh_in_thirty_seconds() -> None:
    """Unknown, absent and retired names share one allowance, whatever order an attacker sends them in."""
    bench = Bench(A, B, *(jwk(f"k{number}") for number in range(20)))
    bench.code("a")
    bench.origin.keys = [B]
    bench.live(1200.0)
    bench.settle(bench.idle)
    bench.elapsed += 31.0
    calls, began = bench.origin.calls, bench.elapsed
    for number in range(600):
        bench.elapsed = began + number / 10
        for kid in ("a", f"k{number % 20}", f"stranger{number}"):
            assert bench.code(kid) in {"retired", "key-unknown"}
        bench.settle(bench.idle)
    assert bench.origin.calls - calls <= 3


def test_a_source_that_fails_is_not_asked_more_for_retired_keys() -> None:
    bench = Bench(A, B)
    bench.code("a")
    bench.origin.keys = [B]
    bench.live(1200.0)
    bench.origin.failure = OriginFailed("timeout", "slow")
    calls, began = bench.origin.calls, bench.elapsed
    for number in range(200):
        bench.elapsed = began + number / 2
        assert bench.code("a") == "retired"
        bench.settle(bench.idle)
    assert bench.origin.calls - calls <= 5


def test_an_absent_key_does_not_outlive_its_sources_silence() -> None:
    """The issuer took a key out, and then its source is out of reach: the old set serves on for hours, that key does not."""
    bench = Bench(A, B)
    bench.code("a")
    bench.origin.keys = [B]
    bench.elapsed = 301.0
    assert bench.code("a") == "active"
    bench.settle(bench.idle)
    bench.origin.failure = OriginFailed("timeout", "slow")
    bench.elapsed = 301.0 + MOST_SECONDS - 1
    assert [bench.code("a"), bench.code("b")] == ["active", "active"]
    bench.settle(bench.idle)
    bench.elapsed = 301.0 + MOST_SECONDS
    assert [bench.code("a"), bench.code("b")] == ["retired", "active"]


@pytest.mark.parametrize("state", ["absent", "retired"])
def test_a_denied_key_stays_refused_and_is_not_asked_for(state: str) -> None:
    bench = Bench(A, B, denied=frozenset({"a"}))
    bench.code("b")
    bench.origin.keys = [B]
    bench.live(301.0 if state == "absent" else 1500.0)
    bench.settle(bench.idle)
    bench.elapsed += 31.0
    calls = bench.origin.calls
    assert bench.code("a") == "revoked"
    assert NonBlockingKeySource(bench.cache).lookup(ISSUER, "a", NOW).state == "revoked"
    bench.settle(bench.idle)
    assert bench.origin.calls == calls
    bench.origin.keys = [A, B]
    bench.live(302.0)
    assert bench.code("a") == "revoked"


def test_another_key_under_the_name_ends_the_old_one_at_once() -> None:
    bench = Bench(A, B)
    old = bench.cache.lookup(ISSUER, "a", NOW).key.thumbprint
    bench.origin.keys = [jwk("a"), B]
    bench.elapsed = 301.0
    assert bench.cache.lookup(ISSUER, "a", NOW).key.thumbprint != old


def test_a_name_that_is_listed_as_unfit_is_not_absent() -> None:
    bench = Bench(A, B)
    bench.code("a")
    bench.origin.keys = [{**A, "use": "enc"}, B]
    bench.elapsed = 301.0
    assert bench.code("a") == "key-use-wrong"


def test_a_thread_that_may_not_wait_asks_once_for_a_retired_key_and_does_not_wait_again() -> None:
    bench = Bench(A, B)
    bench.code("a")
    bench.origin.keys = [B]
    bench.live(1200.0)
    bench.settle(bench.idle)
    bench.elapsed += 31.0
    source = NonBlockingKeySource(bench.cache)
    forbid_waiting()
    try:
        with pytest.raises(KeyNotCached):
            source.lookup(ISSUER, "a", NOW)
        forbid_waiting(never=False)
        assert source.lookup(ISSUER, "a", NOW).state == "retired"
        forbid_waiting()
        assert source.lookup(ISSUER, "a", NOW).state == "retired", "it was asked for just now"
    finally:
        forbid_waiting(never=False)


TIMES: Any = st.lists(st.tuples(st.floats(1.0, 700.0), st.booleans()), max_size=40)


@given(TIMES)
@settings(max_examples=examples(200), deadline=None)
def test_absences_are_those_of_somebody_who_keeps_every_answer(answers: list[tuple[float, bool]]) -> None:
    known: dict[str, KeyAbsence] = {}
    past: list[tuple[float, bool]] = []
    now = 0.0
    for wait, listed in answers:
        now += wait
        past.append((now, listed))
        known = count_absences(known, [] if listed else ["a"], now)
        missing: list[float] = []
        for at, there in reversed(past):
            if there:
                break
            missing.append(at)
        if not missing:
            assert known == {}
            continue
        assert known["a"] == KeyAbsence(missing[-1], len(missing))
        for later in (now, now + SECONDS, now + MOST_SECONDS):
            away = later - missing[-1]
            over = (len(missing) >= ANSWERS and away >= SECONDS) or away >= MOST_SECONDS
            assert known["a"].is_over(later) is over
