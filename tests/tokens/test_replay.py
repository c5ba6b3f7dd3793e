"""A guard forgets nothing that could still be used, keeps nothing that could not, and full or broken it refuses."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall_base.errors import StoreBroken
from seawall_tokens.refusals import Refusal
from seawall_tokens.verify.replay import (
    SWEEP_EVERY,
    MemoryReplayGuard,
    Nonces,
    ReplayGuard,
    SharedReplayGuard,
)


def used(guard: ReplayGuard, token_id: str, *, key: str = "key", until: float = 100, now: float = 0) -> str:
    try:
        guard.use(key, token_id, until=until, now=now)
    except Refusal as refusal:
        return refusal.code
    return ""


@pytest.fixture(params=["memory", "shared"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[int], ReplayGuard]:
    if request.param == "memory":
        return MemoryReplayGuard
    return lambda capacity: SharedReplayGuard(tmp_path / "proofs.db", capacity)


def test_once_for_each_key_and_id(make: Callable[[int], ReplayGuard]) -> None:
    guard = make(100)
    assert used(guard, "a") == ""
    assert used(guard, "a") == "dpop-replayed"
    assert used(guard, "b") == ""
    assert used(guard, "a", key="other") == ""
    assert used(guard, "a", now=99) == "dpop-replayed"


def test_full_refuses_until_there_is_room(make: Callable[[int], ReplayGuard]) -> None:
    guard = make(100)
    outcomes = [used(guard, f"{number}") for number in range(300)]
    first = outcomes.index("dpop-replay-unknown")
    assert 100 <= first <= 100 + SWEEP_EVERY
    assert set(outcomes[first:]) == {"dpop-replay-unknown"}
    assert used(guard, "0", now=99) in {"dpop-replay-unknown", "dpop-replayed"}
    assert used(guard, "late", until=300, now=201) == ""


def test_a_shared_guard_forgets_what_cannot_be_used(tmp_path: Path) -> None:
    guard = SharedReplayGuard(tmp_path / "proofs.db", capacity=1_000)
    for number in range(5_000):
        assert used(guard, str(number), until=number + 100, now=number) == ""
    with sqlite3.connect(tmp_path / "proofs.db") as outside:
        assert outside.execute("SELECT count(*) FROM proofs").fetchone()[0] < 300
    outside.close()
    guard.close()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30)), max_size=60))
def test_memory_is_never_shorter_than_the_window(uses: list[tuple[int, int]]) -> None:
    guard, now = MemoryReplayGuard(), 0.0
    known: dict[int, float] = {}
    for number, step in uses:
        now += step
        expected = "dpop-replayed" if known.get(number, -1) > now else ""
        outcome = used(guard, str(number), until=now + 100, now=now)
        # It may remember a little longer, up to a window more; what could be used again it must know.
        if expected or number not in known:
            assert outcome == expected
        if not outcome:
            known[number] = now + 100


def test_memory_stays_bounded() -> None:
    guard = MemoryReplayGuard(capacity=1_000)
    for number in range(20_000):
        assert used(guard, str(number), until=number + 100, now=number) == ""
    assert guard.remembered_proofs <= 300


def test_threads_cannot_use_one_proof_twice(make: Callable[[int], ReplayGuard]) -> None:
    guard = make(10_000)
    passed: list[int] = []

    def attempt() -> None:
        passed.extend(number for number in range(200) if not used(guard, str(number)))

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(passed) == list(range(200))


def _attempt(path: str) -> list[int]:
    guard = SharedReplayGuard(Path(path))
    return [number for number in range(200) if not used(guard, str(number))]


def test_processes_share_a_guard(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        passed = pool.map(_attempt, [str(tmp_path / "proofs.db")] * 2, chunksize=1)
    assert sorted(passed[0] + passed[1]) == list(range(200))
    assert (tmp_path / "proofs.db").stat().st_mode & 0o777 == 0o600


def test_a_broken_shared_guard_refuses(tmp_path: Path) -> None:
    path = tmp_path / "proofs.db"
    guard = SharedReplayGuard(path)
    assert used(guard, "a") == ""
    guard.close()
    assert used(guard, "b") == "dpop-replay-unknown"
    path.write_bytes(b"no database, and long enough to be seen as none" * 100)
    path.with_name("proofs.db-wal").unlink(missing_ok=True)
    with pytest.raises(StoreBroken):
        SharedReplayGuard(path)
    path.chmod(0o644)
    with pytest.raises(StoreBroken):
        SharedReplayGuard(path)


def test_a_file_that_is_deleted_or_exchanged_refuses(tmp_path: Path) -> None:
    path = tmp_path / "proofs.db"
    first = SharedReplayGuard(path)
    assert used(first, "a") == ""
    path.unlink()
    assert used(first, "b") == "dpop-replay-unknown"
    second = SharedReplayGuard(path)
    assert used(second, "c") == ""
    assert used(first, "c") == "dpop-replay-unknown"


def test_nonces_rotate_and_survive_a_change_of_the_secret() -> None:
    old, new = bytes(32), bytes(range(32))
    before, after = Nonces([old], lifetime=10), Nonces([new, old], lifetime=10)
    nonce = before.issue(100)
    assert before.issue(109) == nonce != before.issue(110)
    assert after.accepts(nonce, 100)
    assert after.accepts(nonce, 119.9)
    assert not after.accepts(nonce, 120)
    assert not after.accepts(nonce, 99)
    assert not before.accepts(after.issue(100), 100)
    assert old.hex() not in repr(before)


@pytest.mark.parametrize("secrets", [[], [bytes(31)], [bytes(32), b""]])
def test_nonces_need_real_secrets(secrets: list[bytes]) -> None:
    with pytest.raises(ValueError, match="secrets"):
        Nonces(secrets)


@given(st.text(max_size=60))
def test_no_other_text_is_a_nonce(text: str) -> None:
    nonces = Nonces([bytes(range(32))])
    assert not nonces.accepts(text, 1_000)
