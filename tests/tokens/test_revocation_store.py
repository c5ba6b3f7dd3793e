"""The store keeps what it was told, across processes and kills, and whatever is wrong with it is `StoreBroken`."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall_base.errors import StoreBroken
from seawall_tokens.errors import RevocationInvalid
from seawall_tokens.revocation.entry import KINDS, Revocation
from seawall_tokens.revocation.follower import RevocationFollower
from seawall_tokens.revocation.snapshot import Revocations, RevocationSnapshot, weights
from seawall_tokens.revocation.store import COMPACT_EVERY, GRACE, Lift, RevocationStore, Signal
from tests.thoroughness import examples
from tests.tokens.test_revocations import ISSUER, entry, outcome

NOW = 1_000.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    RevocationStore.create(tmp_path / "revocations.db").close()
    return tmp_path / "revocations.db"


@pytest.fixture
def store(path: Path) -> Iterator[RevocationStore]:
    with RevocationStore.open(path) as opened:
        yield opened


def state(path: Path, now: float = NOW) -> Revocations:
    with RevocationStore.open(path) as opened:
        return Revocations(opened.load(now=now)[0])


def test_what_was_appended_is_there_after_opening_anew(store: RevocationStore, path: Path) -> None:
    assert store.append([entry("kid", "k1"), entry("subject", "bob", issuer=ISSUER)]) == (1, 2)
    assert outcome(state(path)) == "revoked-key"
    assert outcome(state(path), kid="k", subject="bob") == "revoked-subject"
    assert [one.sequence for one in store.entries(now=NOW)] == [1, 2]
    assert store.entries(now=NOW)[0].revocation == entry("kid", "k1")


def test_only_its_user_can_read_it(store: RevocationStore, path: Path) -> None:
    store.append([entry("kid", "k1")])
    files = sorted(path.parent.iterdir())
    assert len(files) == 3
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_a_lift_is_an_entry_and_both_stay(store: RevocationStore, path: Path) -> None:
    first, second = store.append([entry("kid", "k1"), entry("kid", "k1", reason="again")])
    store.lift(first, reason="mistake", who="ops", at=NOW)
    assert outcome(state(path)) == "revoked-key"
    lifted = store.lift(second, reason="mistake", who="ops", at=NOW)
    assert lifted.revocation.reason == "again"
    assert outcome(state(path)) == ""
    assert store.entries(now=NOW) == []
    log = store.entries(now=NOW, all_of_them=True)
    assert [one.lifted for one in log] == [(NOW, "ops", "mistake")] * 2


def test_lifting_what_does_not_stand_is_refused(store: RevocationStore) -> None:
    only, other = store.append([entry("kid", "k1"), entry("kid", "k2")])
    store.lift(only, reason="mistake", who="ops", at=NOW)
    for sequence in (only, other + 1, 99, -1):
        with pytest.raises(RevocationInvalid, match="stands"):
            store.lift(sequence, reason="again", who="ops", at=NOW)
    for reason, who in ((" ", "ops"), ("again", "")):
        with pytest.raises(RevocationInvalid, match="somebody"):
            store.lift(other, reason=reason, who=who, at=NOW)
    assert [one.sequence for one in store.entries(now=NOW)] == [other]


def test_a_batch_is_recorded_whole_or_not_at_all(store: RevocationStore, path: Path) -> None:
    def batch() -> Iterator[Revocation]:
        yield entry("kid", "k1")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.append(batch())  # type: ignore[arg-type]
    assert outcome(state(path)) == ""
    assert store.append([entry("kid", "k2")]) == (1,)


def test_the_log_only_grows(store: RevocationStore, path: Path) -> None:
    store.append([entry("kid", "k1")])
    with sqlite3.connect(path) as outside, pytest.raises(sqlite3.IntegrityError, match="only grows"):
        outside.execute("UPDATE log SET value = 'k2'")
    outside.close()


VALUES = st.sampled_from(["a", "A", "b", "\uff41"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("revoke"), st.sampled_from(["kid", "subject", "not-before"]), VALUES, st.none() | st.integers(1, 40)),
        st.tuples(st.just("lift"), st.integers(1, 12)),
        st.tuples(st.just("wait"), st.integers(1, 15)),
        st.tuples(st.just("compact")),
    ),
    max_size=25,
)  # fmt: skip


@settings(deadline=None, max_examples=examples(60))
@given(STEPS, st.lists(st.booleans(), min_size=25, max_size=25))
def test_following_loading_and_a_naive_list_agree(steps: list[Any], looks: list[bool]) -> None:
    """Whatever happens in whatever order, a view that is brought up to date is the view that is loaded anew."""
    naive: dict[int, Revocation] = {}
    now = since = 1_000.0
    with (
        tempfile.TemporaryDirectory() as folder,
        RevocationStore.create(Path(folder) / "revocations.db") as store,
    ):
        view, sequence = store.load(now=now)
        for step, look in zip(steps, looks, strict=False):
            if step[0] == "revoke":
                _, kind, value, lasts = step
                one = entry(
                    kind,
                    value,
                    issuer=ISSUER,
                    not_before=now if kind == "not-before" else None,
                    at=now,
                    expires=None if lasts is None else now + lasts,
                )
                naive[store.append([one])[0]] = one
            elif step[0] == "lift" and step[1] in naive:
                store.lift(step[1], reason="test", who="tester", at=now)
                del naive[step[1]]
            elif step[0] == "wait":
                now += step[1]
            elif step[0] == "compact":
                store.compact(now=now)
            if look:
                view, sequence = store.changes(view, after=sequence, since=since, now=now)
                since = now
                expected = weights(naive.values(), now=now)
                assert contents(view) == contents(store.load(now=now)[0]) == expected


def contents(view: RevocationSnapshot) -> dict[Any, float]:
    return {
        (kind, issuer, name): number
        for issuer, scope in view.scopes.items()
        for kind in KINDS
        for part in scope.table(kind).parts
        for name, number in part.items()
    }


VERSION_1 = """
PRAGMA journal_mode = WAL; PRAGMA application_id = 99236369; PRAGMA user_version = 1;
CREATE TABLE identity (store TEXT NOT NULL);
CREATE TABLE log (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, lifts INTEGER,
    kind TEXT, issuer TEXT, value TEXT, not_before REAL, expires REAL,
    reason TEXT NOT NULL, who TEXT NOT NULL, at REAL NOT NULL,
    CHECK ((lifts IS NULL) = (kind IS NOT NULL))
);
CREATE UNIQUE INDEX log_lifts ON log (lifts) WHERE lifts IS NOT NULL;
CREATE INDEX log_key ON log (kind, issuer, value) WHERE lifts IS NULL;
CREATE INDEX log_end ON log (expires) WHERE expires IS NOT NULL;
CREATE TRIGGER log_only_grows BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;
CREATE TABLE signals (transmitter TEXT, token_id TEXT, at REAL NOT NULL, PRIMARY KEY (transmitter, token_id))
    WITHOUT ROWID;
INSERT INTO identity VALUES ('abc');
INSERT INTO log (kind, issuer, value, reason, who, at) VALUES ('subject', 'https://Issuer.example/', 'ALICE', 'r', 'w', 1),
    ('kid', '*', 'K1', 'r', 'w', 2), ('client', '*', 'C1', 'r', 'w', 3);
INSERT INTO log (lifts, reason, who, at) VALUES (3, 'r', 'w', 4);
"""
"""A store as version 1 made it, with entries in capitals; entry 3 was lifted."""


def test_a_store_of_version_1_is_brought_up_to_date(tmp_path: Path) -> None:
    """Version 1 compared letter by letter: its entries, typed in any spelling, must go on refusing."""
    path = tmp_path / "revocations.db"
    path.touch(0o600)
    old = sqlite3.connect(path)
    old.executescript(VERSION_1)
    assert outcome(state(path), kid="x", client="x") == "revoked-subject"
    assert outcome(state(path), subject="bob", kid="K1") == "revoked-key"
    assert outcome(state(path), subject="bob", kid="k1", client="c1") == ""
    with RevocationStore.open(path, thorough=True) as store:
        assert [one.revocation.value for one in store.entries(now=NOW)] == ["ALICE", "K1"]
        assert store.append([entry("subject", "alice", issuer=ISSUER)]) == (5,)
        view, _ = store.load(now=NOW)
        assert view.count == 2
        store.lift(1, reason="mistake", who="ops", at=NOW)
        assert outcome(Revocations(store.load(now=NOW)[0]), kid="x") == "revoked-subject"
    with pytest.raises(sqlite3.IntegrityError, match="older program"):
        old.execute(
            "INSERT INTO log (kind, issuer, value, reason, who, at) VALUES ('kid', '*', 'k', 'r', 'w', 9)"
        )
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        old.execute("UPDATE log SET value = 'k2'")
    old.close()


def test_ended_entries_are_compacted_and_numbers_are_never_used_again(
    store: RevocationStore, path: Path
) -> None:
    first, *_ = store.append(
        [entry("kid", "k1", expires=600.0), entry("kid", "k2"), entry("kid", "k3", expires=700.0)]
    )
    store.lift(first, reason="mistake", who="ops", at=550.0)
    assert store.compact(now=600.0 + GRACE) == 0
    assert store.compact(now=701.0 + GRACE) == 2
    assert [one.sequence for one in store.entries(now=NOW, all_of_them=True)] == [2]
    assert store.append([entry("kid", "k4")]) == (5,)


def test_it_compacts_itself(store: RevocationStore) -> None:
    late = 1_000.0 + GRACE
    store.append([entry("token-id", f"j{number}", expires=600.0) for number in range(COMPACT_EVERY - 1)])
    store.append([entry("kid", "k1", at=late)])
    assert [one.revocation.value for one in store.entries(now=late, all_of_them=True)] == ["k1"]


def a_signal(token_id: str = "s1", **more: Any) -> Signal:
    return Signal(transmitter="t", token_id=token_id, who="transmitter:t", at=NOW, reason="signal", **more)


def test_an_event_token_counts_once(store: RevocationStore, path: Path) -> None:
    revoke = entry("subject", "alice", issuer=ISSUER, who="transmitter:t")
    assert store.receive(a_signal(revocations=(revoke,)))
    assert not store.receive(a_signal(revocations=(entry("kid", "k1"),)))
    assert outcome(state(path)) == "revoked-subject"
    assert store.receive(a_signal("s2", lifts=(Lift(revoke.key, revoke.at),)))
    assert outcome(state(path)) == ""
    assert not store.receive(a_signal(revocations=(revoke,)))
    assert outcome(state(path)) == ""


def test_a_transmitter_takes_back_only_its_own(store: RevocationStore, path: Path) -> None:
    store.append([entry("subject", "alice", issuer=ISSUER, who="ops")])
    store.receive(a_signal(lifts=(Lift(("subject", ISSUER, "alice"), NOW),)))
    assert outcome(state(path)) == "revoked-subject"


def test_a_late_lift_undoes_no_later_revocation(store: RevocationStore, path: Path) -> None:
    revoke = entry("subject", "alice", issuer=ISSUER, who="transmitter:t", at=900.0)
    store.receive(a_signal(revocations=(revoke,)))
    store.receive(a_signal("s2", lifts=(Lift(revoke.key, 899.0),)))
    assert outcome(state(path)) == "revoked-subject"


def _missing(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _noise(path: Path) -> None:
    path.write_bytes(os.urandom(8192))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:6000])


def _overwritten(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)


def _another_database(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE log (sequence INTEGER)")
    connection.close()
    path.chmod(0o600)


def _open_to_others(path: Path) -> None:
    path.chmod(0o640)


def _link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _folder_open_to_all(path: Path) -> None:
    path.parent.chmod(0o777)


def _damaged_at_the_end(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray(path.read_bytes())
    content[-4096:] = b"\xa5" * 4096
    path.write_bytes(content)


def _never_finished(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM identity")
    connection.close()


def _impossible_entry(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(
            "INSERT INTO log (kind, issuer, value, reason, who, at, issuer_key, value_key)"
            " VALUES ('nonsense', 'i', 'v', 'r', 'w', 1, 'i', 'v')"
        )
    connection.close()


FAULTS: dict[Callable[[Path], None], str] = {
    _missing: "No such file",
    _empty: "not a revocation store",
    _noise: "not a database",
    _cut: "damaged|malformed|not a database",
    _overwritten: "damaged|malformed",
    _damaged_at_the_end: "damaged|malformed",
    _another_database: "not a revocation store",
    _never_finished: "the store is incomplete",
    _impossible_entry: "damaged",
    _open_to_others: "others may read",
    _link: "not a regular file",
    _folder: "not a regular file",
    _folder_open_to_all: "every user can replace the file",
}


def read_all(path: Path) -> None:
    with RevocationStore.open(path) as store:
        store.load(now=NOW)
        store.entries(now=NOW)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_store_that_is_not_right_is_broken(path: Path, fault: Callable[[Path], None]) -> None:
    """A thorough look says what is wrong; whatever is done without one ends as `StoreBroken` too."""
    with RevocationStore.open(path) as store:
        store.append([entry("kid", f"k{number}") for number in range(200)])
    fault(path)
    with pytest.raises(StoreBroken, match=FAULTS[fault]):
        RevocationStore.open(path, thorough=True)
    with pytest.raises(StoreBroken, match=FAULTS[fault]):
        RevocationFollower(path).start()
    with pytest.raises(StoreBroken):
        read_all(path)


def test_a_log_that_grew_shorter_is_broken(store: RevocationStore, path: Path) -> None:
    store.append([entry("kid", "k1"), entry("kid", "k2")])
    view, sequence = store.load(now=NOW)
    with sqlite3.connect(path) as outside:
        outside.execute("DELETE FROM log WHERE sequence = 2")
        outside.execute("UPDATE sqlite_sequence SET seq = 1")
    outside.close()
    with pytest.raises(StoreBroken, match="shorter"):
        store.changes(view, after=sequence, since=NOW, now=NOW)


def test_an_entry_that_cannot_be_is_not_read_over(store: RevocationStore, path: Path) -> None:
    view, sequence = store.load(now=NOW)
    _impossible_entry(path)
    for act in (
        lambda: store.entries(now=NOW),
        lambda: store.load(now=NOW),
        lambda: store.changes(view, after=sequence, since=NOW, now=NOW),
    ):
        with pytest.raises(StoreBroken, match="invalid entry"):
            act()


def test_creating_over_something_is_refused(path: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreBroken, match="the file exists already"):
        RevocationStore.create(path)
    with pytest.raises(StoreBroken, match="No such file"):
        RevocationStore.create(tmp_path / "no" / "such.db")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(StoreBroken, match="the file exists already"):
        RevocationStore.create(tmp_path / "link")
    assert not (tmp_path / "target").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_another_user_cannot_open_it() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "revocations.db"
        RevocationStore.create(path).close()
        script = """
            import os, pathlib, sys
            from seawall_base.errors import StoreBroken
            from seawall_tokens.revocation.store import RevocationStore
            os.setgid(65534); os.setuid(65534)
            assert pathlib.Path(sys.argv[1]).lstat()
            try:
                RevocationStore.open(pathlib.Path(sys.argv[1]))
            except StoreBroken as error:
                print(error.message)
        """
        assert run(script, str(path)).endswith("the file belongs to another user")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_root_may_write_into_a_gate_s_store_and_the_gate_goes_on() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, 65534, 65534)
        path = Path(folder) / "revocations.db"
        as_the_gate = """
            import os, pathlib, sys
            from seawall_tokens.revocation.entry import Revocation
            from seawall_tokens.revocation.store import RevocationStore
            os.setgid(65534); os.setuid(65534)
            path = pathlib.Path(sys.argv[1])
            store = RevocationStore.open(path) if path.exists() else RevocationStore.create(path)
            store.append([Revocation(kind="kid", value="k2", reason="r", who="w", at=500.0)])
            print(len(store.entries(now=500.0)))
            store.close()
        """
        assert run(as_the_gate, str(path)) == "1"
        with RevocationStore.open(path) as store:
            store.append([entry("kid", "k1")])
            assert run(as_the_gate, str(path)) == "3"
        assert run(as_the_gate, str(path)) == "4"
        assert {file.stat().st_uid for file in Path(folder).iterdir()} == {65534}


def test_a_locked_store_is_broken_for_writers(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seawall_tokens.revocation.store.BUSY_SECONDS", 0.1)
    with RevocationStore.open(path) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBroken, match="locked"):
            store.append([entry("kid", "k1")])
        assert outcome(Revocations(store.load(now=NOW)[0])) == ""
        other.execute("ROLLBACK")
        other.close()
        store.append([entry("kid", "k1")])
        assert outcome(state(path)) == "revoked-key"


def test_many_writers_at_once_lose_nothing(path: Path) -> None:
    script = """
        import pathlib, sys
        from seawall_tokens.revocation.entry import Revocation
        from seawall_tokens.revocation.store import RevocationStore
        with RevocationStore.open(pathlib.Path(sys.argv[1])) as store:
            for number in range(40):
                entry = Revocation(kind="kid", value=sys.argv[2] + str(number), reason="r", who="w", at=500.0)
                print(*store.append([entry]))
    """
    writers = [process(script, str(path), name) for name in "abc"]
    numbers = [line for writer in writers for line in writer.communicate(timeout=60)[0].split()]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    with RevocationStore.open(path) as store:
        found = store.entries(now=NOW)
    assert sorted(map(int, numbers)) == [one.sequence for one in found]
    assert {one.revocation.value for one in found} == {
        f"{name}{number}" for name in "abc" for number in range(40)
    }


def test_a_full_disk_is_broken_and_what_was_confirmed_stays(path: Path) -> None:
    script = """
        import pathlib, resource, sys
        from seawall_base.errors import StoreBroken
        from seawall_tokens.revocation.entry import Revocation
        from seawall_tokens.revocation.store import RevocationStore
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        with RevocationStore.open(pathlib.Path(sys.argv[1])) as store:
            for number in range(5_000):
                try:
                    store.append([Revocation(kind="kid", value=f"{number}", reason="r" * 500, who="w", at=500.0)])
                except StoreBroken:
                    print(number)
                    break
    """
    written = int(run(script, str(path)))
    assert written > 10
    with RevocationStore.open(path, thorough=True) as store:
        assert {one.revocation.value for one in store.entries(now=NOW)} == {
            str(number) for number in range(written)
        }
        store.append([entry("kid", "k1")])
    assert outcome(state(path)) == "revoked-key"


def test_a_writer_does_not_write_into_a_file_that_was_replaced(store: RevocationStore, path: Path) -> None:
    shutil.copy(path, path.with_name("copy"))
    path.with_name("copy").chmod(0o600)
    path.with_name("copy").replace(path)
    with pytest.raises(StoreBroken):
        store.append([entry("kid", "k1")])


def run(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


def until(what: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.01)
    return False


@pytest.fixture
def follower(path: Path) -> Iterator[RevocationFollower]:
    made = RevocationFollower(path, interval=0.02, tolerance=1.5)
    made.start()
    yield made
    made.stop()


def test_a_follower_sees_entries_and_lifts(store: RevocationStore, follower: RevocationFollower) -> None:
    (first,) = store.append([entry("kid", "k1")])
    assert until(lambda: outcome(follower.revocations) == "revoked-key", 60)
    assert until(lambda: follower.lag < 1, 60)
    store.append([entry("not-before", issuer=ISSUER, not_before=1_500)])
    store.append([entry("not-before", issuer=ISSUER, not_before=900)])
    store.lift(first, reason="mistake", who="ops", at=NOW)
    assert until(lambda: outcome(follower.revocations) == "revoked-not-before", 60)
    store.lift(2, reason="mistake", who="ops", at=NOW)
    assert until(lambda: outcome(follower.revocations) == "", 60)


def test_a_follower_sees_entries_end(store: RevocationStore, path: Path) -> None:
    times = [600.0]
    follower = RevocationFollower(path, interval=0.02, clock=lambda: times[0])
    store.append([entry("kid", "k1", expires=700.0), entry("client", "c1", expires=3e9)])
    follower.start()
    assert outcome(follower.revocations) == "revoked-key"
    times[0] = 700.0
    assert until(lambda: outcome(follower.revocations) == "revoked-client", 60)
    times[0] = 650.0  # a clock that is set back brings the entry back
    assert until(lambda: outcome(follower.revocations) == "revoked-key", 60)
    times[0] = 3.1e9
    assert until(lambda: outcome(follower.revocations) == "", 60)
    follower.stop()


@pytest.mark.parametrize(
    "fault", [_missing, _noise, _another_database, _open_to_others, _folder], ids=lambda fault: fault.__name__
)
def test_a_follower_whose_store_breaks_refuses_everything(
    follower: RevocationFollower, path: Path, fault: Callable[[Path], None]
) -> None:
    assert until(lambda: outcome(follower.revocations) == "", 60)
    fault(path)
    assert until(lambda: outcome(follower.revocations) == "revocations-unavailable", 60)
    assert isinstance(follower.broken, StoreBroken)


def test_a_follower_recovers_when_its_store_comes_back(follower: RevocationFollower, path: Path) -> None:
    away = path.with_name("away")
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").rename(f"{away}{suffix}")
    assert until(lambda: outcome(follower.revocations) == "revocations-unavailable", 60)
    for suffix in ("", "-wal", "-shm"):
        if Path(f"{away}{suffix}").exists():
            Path(f"{away}{suffix}").rename(f"{path}{suffix}")
    with RevocationStore.open(path) as store:
        store.append([entry("kid", "k1")])
    assert until(lambda: outcome(follower.revocations) == "revoked-key", 60)
    assert follower.broken is None


class Counting(RevocationFollower):
    """A follower that counts its looks."""

    looks = 0

    def _look(self) -> None:
        self.looks += 1
        super()._look()


@pytest.mark.parametrize("shorter", [True, False], ids=["an older copy", "another store"])
def test_a_follower_does_not_accept_an_older_or_another_store(
    store: RevocationStore, path: Path, tmp_path: Path, shorter: bool
) -> None:
    copy = tmp_path / "copy"
    if shorter:
        with sqlite3.connect(path) as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))
        connection.close()
        with sqlite3.connect(copy) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        connection.close()
        copy.chmod(0o600)
    else:
        with RevocationStore.create(copy) as other:
            other.append([entry("kid", f"elsewhere{number}") for number in range(5)])
    store.append([entry("kid", "k1")])
    follower = Counting(path, interval=0.02, tolerance=1.5)
    follower.start()
    store.close()
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    copy.replace(path)
    assert until(lambda: outcome(follower.revocations) == "revocations-unavailable", 60)
    before = follower.looks
    assert until(lambda: follower.looks > before + 5, 60), "it goes on looking"
    assert outcome(follower.revocations) == "revocations-unavailable"
    follower.stop()


READER = """
    import pathlib, sys, time
    from seawall_tokens import refusals
    from seawall_tokens.revocation.follower import RevocationFollower
    revocations = RevocationFollower(pathlib.Path(sys.argv[1])).start()
    print("ready", flush=True)
    end = time.monotonic() + 60
    number = 0
    while time.monotonic() < end:
        token_id = f"j{number}"
        try:
            revocations.refuse(issuer="i", kid="k", thumbprint="t", subject=None, session=None, token_id=token_id,
                               issued_at=1.0, client=None)
        except refusals.Refusal as refusal:
            if refusal.code == "revoked-token":  # nothing else: on a busy machine a view is stale for moments
                print(token_id, time.time(), flush=True)
                number += 1
                continue
        time.sleep(0.002)
"""
WRITER = """
    import pathlib, sys, time
    from seawall_tokens.revocation.entry import KINDS, Revocation
    from seawall_tokens.revocation.store import RevocationStore
    store = RevocationStore.open(pathlib.Path(sys.argv[1]))
    number = int(sys.argv[2])
    while True:
        store.append([Revocation(kind="token-id", value=f"j{number}", reason="test", who="tester", at=500.0)])
        print(number, time.time(), flush=True)
        number += 1
        time.sleep(float(sys.argv[3]))
"""


def process(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *arguments], stdout=subprocess.PIPE, text=True
    )


def first_line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def rest(child: subprocess.Popen[str]) -> list[list[str]]:
    """What it had printed when it was killed, without a line that was cut short."""
    child.kill()
    assert child.stdout is not None
    lines = child.stdout.read().splitlines(keepends=True)
    child.stdout.close()
    child.wait()
    return [line.split() for line in lines if line.endswith("\n")]


def lines_until(child: subprocess.Popen[str], word: str) -> list[list[str]]:
    """What it prints up to the line that begins with the word, which must come."""
    lines: list[list[str]] = []
    while not lines or lines[-1][0] != word:
        line = first_line(child)
        assert line, f"it ended without {word}"
        lines.append(line.split())
    return lines


def test_two_processes_see_a_third_ones_entries_within_a_second_and_a_kill_loses_nothing(path: Path) -> None:
    readers = [process(READER, str(path)) for _ in range(2)]
    writer = None
    try:
        assert [first_line(reader) for reader in readers] == ["ready", "ready"]
        written: dict[int, float] = {}
        for pause in ("0.05", "0.05", "0"):
            steady = len(written)
            writer = process(WRITER, str(path), str(len(written)), pause)
            lines = [first_line(writer).split() for _ in range(12 if float(pause) else 100)]
            writer.send_signal(signal.SIGKILL)
            written |= {int(number): float(at) for number, at in [*lines, *rest(writer)]}
            last = max(written)
            with RevocationStore.open(
                path
            ) as store:  # the kill may have come between the commit and the print
                values = {one.revocation.value for one in store.entries(now=NOW)}
                assert {f"j{number}" for number in written} <= values
                assert values <= {f"j{number}" for number in range(last + 2)}
                written.update({number: time.time() for number in range(last + 1, len(values))})
        for reader in readers:
            seen = {int(token[1:]): float(at) for token, at in lines_until(reader, f"j{max(written)}")}
            assert seen.keys() == written.keys()
            delays = sorted(seen[number] - written[number] for number in range(steady))
            assert delays[len(delays) // 2] < 1
    finally:
        for child in [*readers, *([writer] if writer else [])]:
            child.kill()
            child.wait()
            if child.stdout:
                child.stdout.close()
