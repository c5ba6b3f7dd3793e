"""Orphans that add up: several sessions without a sign-in count, unless the logs explain them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.detection.lineage.detector import LineageDetector
from seawall.detection.lineage.orphans import MOST_NATS, OrphansTogether, OrphanTest, measure_excess
from seawall.detection.lineage.remembered_orphans import MOST_KEPT
from seawall.detection.lineage.session_uses import SessionUses, SignInCounts
from seawall.events.array_state import RestoredState, StateInvalid
from tests.sample_events import batches, event, sign_in
from tests.thoroughness import examples

DAY_ZERO = 20_514  # a Monday
Session = tuple[int, int, int, int, bool]
"""Account, organisation, application, hour of the day, and whether it is an orphan."""


def uses_of(sessions: Sequence[Session], day: int, first_key: int = 0) -> SessionUses:
    """Sessions of a day, each with a key of its own."""
    rows = np.array(sessions, np.int64).reshape(-1, 5)
    keys = np.arange(len(rows), dtype=np.uint64) + np.uint64((day << 32) + first_key + 1)
    owner, tenant, app = (rows[:, column].astype(np.int32) for column in range(3))
    return SessionUses(owner, tenant, app, keys, day * 24 + rows[:, 3], rows[:, 4].astype(bool))


def sign_ins_of(counts: Sequence[tuple[int, int, int]], day: int) -> SignInCounts:
    """Sign-ins of a day by organisation, hour and number, all of account 0."""
    rows = np.array(counts, np.int64).reshape(-1, 3)
    tenant = rows[:, 0].astype(np.int32)
    return SignInCounts(np.zeros(len(rows), np.int32), tenant, day * 24 + rows[:, 1], rows[:, 2])


def busy(day: int, hours: Sequence[int] = range(7, 18)) -> SignInCounts:
    """Ten sign-ins of organisation 0 in each hour."""
    return sign_ins_of([(0, hour, 10) for hour in hours], day)


def work(accounts: int = 20, hour: int = 9) -> list[Session]:
    """Every account begins one session by application 1, and its sign-in is found."""
    return [(account, 0, 1, hour, False) for account in range(accounts)]


def learn(days: int = 21, sessions: Sequence[Session] | None = None) -> OrphanTest:
    """A test that has seen some days."""
    test = OrphanTest()
    for day in range(DAY_ZERO, DAY_ZERO + days):
        test.observe(uses_of(work() if sessions is None else sessions, day), busy(day), day)
    return test


def nats(found: OrphansTogether, account: int) -> float:
    return float(found.of(np.array([account], np.int32)).nats[0])


def test_without_orphans_nobody_is_judged() -> None:
    found = learn().observe(uses_of(work(), DAY_ZERO + 21), busy(DAY_ZERO + 21), DAY_ZERO + 21)
    assert len(found.owner) == 0


def test_two_orphans_of_an_account_whose_application_never_has_them_say_much() -> None:
    test, day = learn(), DAY_ZERO + 21
    first = test.observe(uses_of([*work(), (3, 0, 1, 15, True)], day), busy(day), day)
    assert (first.owner.tolist(), nats(first, 3)) == ([3], 0.0)  # one alone has its own evidence
    second = test.observe(uses_of([*work(), (3, 0, 1, 11, True)], day + 1), busy(day + 1), day + 1)
    assert nats(second, 3) > 3
    assert (second.orphans.tolist(), second.sessions.tolist()) == ([2.0], [16.0])
    assert second.expected[0] < 0.3
    assert nats(second, 4) == 0.0


def test_an_orphan_that_is_used_again_counts_once() -> None:
    test, day = learn(), DAY_ZERO + 21
    same = uses_of([(3, 0, 1, 15, True)], day)
    for later in range(5):
        found = test.observe(same, busy(day + later), day + later)
        assert found.orphans.tolist() == [1.0]
    assert nats(found, 3) == 0.0


def test_orphans_of_three_weeks_ago_count_no_more() -> None:
    test, day = learn(), DAY_ZERO + 21
    test.observe(uses_of([*work(), *[(3, 0, 1, 15, True)] * 4], day), busy(day), day)
    later = test.observe(uses_of([*work(), (3, 0, 1, 15, True)], day + 20), busy(day + 20), day + 20)
    assert later.orphans.tolist() == [1.0]
    assert nats(later, 3) == 0.0


def test_a_day_without_sign_ins_of_anybody_explains_its_orphans() -> None:
    test, day = learn(), DAY_ZERO + 21
    lost = [(account, 0, 1, 9 + n, True) for account in range(20) for n in range(2)]
    found = test.observe(uses_of(lost, day), sign_ins_of([], day), day)
    assert len(found.owner) == 20
    assert found.orphans.tolist() == [2.0] * 20
    assert float(found.nats.max()) < 0.5


def test_hours_without_sign_ins_explain_orphans_of_an_account_that_works_alone() -> None:
    """Nobody else begins a session in the gap: only the missing sign-ins tell."""
    lone = [*work(hour=8), (3, 0, 1, 13, True), (3, 0, 1, 14, True)]
    day = DAY_ZERO + 21
    whole = learn().observe(uses_of(lone, day), busy(day), day)
    gap = learn().observe(uses_of(lone, day), busy(day, [7, 8, 9, 16, 17]), day)
    assert nats(whole, 3) > 3
    assert nats(gap, 3) < 0.5


def test_a_gap_leaves_the_orphans_of_other_days_what_they_were() -> None:
    test, day = learn(), DAY_ZERO + 21
    lost = [(account, 0, 1, 9, True) for account in range(20)]
    test.observe(uses_of(lost, day), sign_ins_of([], day), day)
    for later in range(1, 16):
        test.observe(uses_of(work(), day + later), busy(day + later), day + later)
    day += 16
    found = test.observe(uses_of([*work(), *[(3, 0, 1, 15, True)] * 2], day), busy(day), day)
    assert nats(found, 3) > 3


def test_a_lossy_application_explains_its_orphans() -> None:
    """A third of the sign-ins of application 1 is never logged."""
    days = [[(account, 0, 1, 9, (account + day) % 3 == 0) for account in range(20)] for day in range(22)]
    test = OrphanTest()
    for day, sessions in enumerate(days):
        at = DAY_ZERO + day
        found = test.observe(uses_of(sessions, at), busy(at), at)
    assert found.orphans.min() >= 4
    assert float(found.nats.max()) < 1.0


def test_an_application_whose_sign_ins_are_never_logged_says_nothing() -> None:
    unlogged = [(account, 0, 2, 10, True) for account in range(10)]
    test = learn(21, [*work(), *unlogged])
    day = DAY_ZERO + 21
    found = test.observe(uses_of([*work(), *unlogged], day), busy(day), day)
    assert float(found.nats.max()) == 0.0
    assert found.orphans.tolist() == [0.0] * 10


def test_a_new_application_may_be_one_whose_sign_ins_are_never_logged() -> None:
    day = DAY_ZERO + 21
    known = learn().observe(uses_of([*work(), *[(3, 0, 1, 15, True)] * 6], day), busy(day), day)
    new = learn().observe(uses_of([*work(), *[(3, 0, 9, 15, True)] * 6], day), busy(day), day)
    assert nats(new, 3) < 3 < nats(known, 3)


def test_an_account_that_always_had_orphans_surprises_less() -> None:
    habit = [*work(), (3, 0, 1, 15, True)]
    test, day = learn(40, habit), DAY_ZERO + 40
    found = test.observe(uses_of([*work(), (3, 0, 1, 15, True), (4, 0, 1, 15, True)], day), busy(day), day)
    before = learn(40)
    for later in range(day, day + 14):
        burst = before.observe(uses_of(habit, later), busy(later), later)
    assert nats(found, 3) < 3 < nats(burst, 3)


def test_other_organisations_say_nothing() -> None:
    day, other = DAY_ZERO + 21, [(100 + n, 1, 1, 9, True) for n in range(20)]
    orphans = [(3, 0, 1, 15, True)] * 2
    alone = learn().observe(uses_of([*work(), *orphans], day), busy(day), day)
    beside = learn(21, [*work(), *other]).observe(uses_of([*work(), *orphans, *other], day), busy(day), day)
    assert nats(beside, 3) == nats(alone, 3) > 3


def test_many_orphans_take_little_memory() -> None:
    test = OrphanTest()
    for day in range(DAY_ZERO, DAY_ZERO + 30):
        sessions = [(account, 0, 1, 9, True) for account in range(40) for _ in range(MOST_KEPT + 8)]
        test.observe(uses_of(sessions, day), busy(day), day)
        some = [(account, 0, 1, 9, True) for account in range(40) for _ in range(10)]
        test.observe(uses_of(some, day, first_key=1 << 20), busy(day), day)
    assert test.nbytes() / 40 < 1024


def test_the_first_day_of_a_log_finds_nothing() -> None:
    """Sessions that began before the log have no sign-in in it."""
    old = [(account, 0, 1, 9, True) for account in range(20) for _ in range(2)]
    found = OrphanTest().observe(uses_of(old, DAY_ZERO), busy(DAY_ZERO), DAY_ZERO)
    assert len(found.owner) == 20
    assert float(found.nats.max()) < 0.5


SESSIONS = st.lists(
    st.tuples(st.integers(0, 5), st.just(0), st.integers(0, 2), st.integers(0, 23), st.booleans()),
    max_size=12,
)


def run_days(days: Sequence[Sequence[Session]], test: OrphanTest | None = None) -> list[OrphansTogether]:
    test = test or OrphanTest()
    return [
        test.observe(uses_of(one, DAY_ZERO + day), busy(DAY_ZERO + day), DAY_ZERO + day)
        for day, one in enumerate(days)
    ]


def assert_same(one: OrphansTogether, other: OrphansTogether) -> None:
    for field in dataclasses.fields(OrphansTogether):
        assert getattr(one, field.name).tolist() == getattr(other, field.name).tolist()


@settings(max_examples=examples(100))
@given(st.lists(SESSIONS, min_size=1, max_size=20))
def test_evidence_is_a_number_of_nats_and_orphans_are_sessions(days: list[list[Session]]) -> None:
    for found in run_days(days):
        assert ((found.nats >= 0) & (found.nats <= MOST_NATS)).all()
        assert (found.orphans <= found.sessions).all()
        assert ((found.expected >= 0) & np.isfinite(found.expected)).all()
        assert not found.nats[found.orphans < 2].any()


@settings(max_examples=examples(100))
@given(st.lists(SESSIONS, min_size=1, max_size=20), st.randoms())
def test_the_order_of_a_day_does_not_matter(days: list[list[Session]], dice: Any) -> None:
    one, other = OrphanTest(), OrphanTest()
    for day, sessions in enumerate(days, DAY_ZERO):
        uses, sign_ins = uses_of(sessions, day), busy(day)
        order = np.array(dice.sample(range(len(uses)), len(uses)), np.intp)
        shuffled = SignInCounts(*(getattr(sign_ins, name)[::-1] for name in SignInCounts.__slots__))
        assert_same(one.observe(uses, sign_ins, day), other.observe(uses.take(order), shuffled, day))


@settings(max_examples=examples(100))
@given(st.lists(SESSIONS, min_size=1, max_size=12), st.lists(SESSIONS, min_size=1, max_size=20))
def test_a_restored_test_goes_on_as_if_nothing_had_happened(
    before: list[list[Session]], after: list[list[Session]]
) -> None:
    whole = run_days([*before, *after])[len(before) :]
    first, second = OrphanTest(), OrphanTest()
    run_days(before, first)
    second.restore(RestoredState(first.state()))
    for day, sessions in enumerate(after, DAY_ZERO + len(before)):
        assert_same(
            second.observe(uses_of(sessions, day), busy(day), day), whole[day - DAY_ZERO - len(before)]
        )


def test_a_state_without_order_is_refused() -> None:
    state = learn(3, [*work(), (3, 1, 1, 15, True)]).state()
    for name in ("usual.gaps.tenant", "usual.rates.keys"):
        with pytest.raises(StateInvalid, match=name):
            OrphanTest().restore(RestoredState({**state, name: state[name][::-1]}))


@settings(max_examples=examples(200))
@given(
    st.floats(0, 50), st.floats(0, 50), st.floats(0, 50), st.floats(0.1, 10)
)  # fmt: skip
def test_more_orphans_or_fewer_expected_never_say_less(
    counted: float, more: float, expected: float, dispersion: float
) -> None:
    def excess(counted: float, expected: float) -> float:
        return float(measure_excess(*(np.array([value]) for value in (counted, expected, dispersion)))[0])

    own = excess(counted, expected)
    assert own >= 0
    assert excess(counted + more, expected) >= own - 1e-9
    assert excess(counted, expected + more) <= own + 1e-9


@settings(max_examples=examples(100))
@given(st.integers(2, 12), st.integers(0, 10))
def test_one_orphan_more_of_the_account_never_says_less(orphans: int, found: int) -> None:
    """Of 14 days that are alike but for the number of orphans on the last one."""
    day = DAY_ZERO + 21

    def judge(count: int) -> float:
        sessions = [*work(), *[(3, 0, 1, 15, True)] * count, *[(3, 0, 1, 15, False)] * found]
        return nats(learn().observe(uses_of(sessions, day), busy(day), day), 3)

    assert judge(orphans + 1) >= judge(orphans)


def test_dispersion_makes_the_tail_heavier() -> None:
    """The bound is above the probability of a Poisson distribution, and far above with overdispersion."""
    counted, expected = np.array([4.0, 4.0]), np.array([0.2, 0.2])
    narrow, wide = measure_excess(counted, expected, np.array([1e-6, 5.0]))
    poisson = -np.log(1 - sum(np.exp(-0.2) * 0.2**k / f for k, f in enumerate((1, 1, 2, 6))))
    assert wide + 2 < narrow < poisson


def test_events_give_the_sessions_and_sign_ins_of_a_day(tmp_path: Path) -> None:
    who: dict[str, Any] = {"account": "u1@x.example"}
    rows = [
        sign_in("b", 0, 0, session_uid="s", **who),
        event("e", 0, 1, session_uid="s", **who),
        event("x1", 0, 2, session_uid="never", **who),
        event("y1", 0, 3, session_uid="ever", account="u2@x.example"),
        event("x2", 0, 90, session_uid="never", **who),
        event("z1", 0, 91, token_uid="t", **who),
        sign_in("f", 0, 92, status="failure", session_uid="ever", **who),
        event("later", 1, 0, session_uid="s", **who),
    ]
    detector = LineageDetector()
    first, second = (detector.observe(batch, number) for number, batch in batches(tmp_path, rows))
    assert sorted(zip(first.uses.owner.tolist(), first.uses.is_orphan.tolist(), strict=True)) == [
        (0, False), (0, True), (0, True), (1, True),
    ]  # fmt: skip
    assert sorted((first.uses.hour % 24).tolist()) == [9, 9, 9, 10]
    assert first.orphans_together.tolist() == [0, 0, 1, 1, 1, 2, 0]
    assert (first.sign_ins.owner.tolist(), first.sign_ins.count.tolist()) == ([0], [1])
    assert len(second.uses) == 0  # the session began the day before
