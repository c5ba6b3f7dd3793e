"""Backup, restore, retention: what is kept comes back whole, or nothing does."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from seawall.events.problem import Problem
from seawall.storage import backup
from seawall.storage.backup import back_up, restore
from seawall.storage.database import Database, FirstImport, StoredSource, TaskDraft, Transaction
from seawall.storage.database.copying import copy_all
from seawall.storage.database.models import Model
from seawall.storage.errors import BackupInvalid, DatabaseBroken
from seawall.storage.location import Store, open_store
from seawall.storage.retention import prune
from seawall_base.errors import DatabaseInUse
from tests.storage.database.conftest import execute, place, server  # noqa: F401 - fixtures
from tests.storage.database.test_incidents import incident
from tests.storage.lake.events import DAY, everything, numbered

AT = 1_700_000_000_000_000
DAY_NUMBER = (DAY - date(1970, 1, 1)).days


def filled(store: Store) -> None:
    """Something in every table."""
    store.lake.append(numbered(0, 20))
    store.lake.append(numbered(20, 40, day=3))
    with store.database.writing() as work:
        fill(work)


def fill(work: Transaction) -> None:
    work.incidents.put([incident(number, title="\x00\ud800 ü") for number in range(7)])
    work.answers.give(incident(1).id, "safe", by="ann", at=1)
    work.announcements.add([incident(2).id], at=5)
    work.aliases.put({"old": incident(2).id}, at=6)
    user = work.users.add("Ann", "admin", at=1, password_hash="hash").id
    work.sessions.start(bytes(range(32)), user, at=1, expires_at=100)
    work.passkeys.add(user, credential_id=b"\x00c", public_key=b"k", sign_count=1, at=1, transports=["usb"])
    work.totp.begin(user, b"seed", at=1)
    work.oidc_identities.link("https://i.example", "s", user, at=1)
    work.invites.add(b"a code of some length", "invite", at=1, expires_at=100, user=user)
    work.ingest_tokens.add("syslog", bytes(32), by="Ann", at=1)
    work.handling.put(incident(3).id, owner="Ann", status="new", due_at=9, expected=0, by="ann", at=1)
    work.handling.add_tag(incident(3).id, "finance", by="ann", at=1)
    work.comments.add(incident(3).id, "\x00\ud800 ü", by="ann", at=1)
    work.tasks.add(incident(3).id, TaskDraft("call"), by="ann", at=1)
    work.stars.add(incident(3).id, "r", {"a": 1}, record_at=1, remark="why", by="ann", at=1)
    work.merges.merge(incident(3).id, incident(4).id, by="ann", at=1)
    work.containments.remember("plan", "org", {"a": 1}, until=9, by="ann", at=1)
    work.views.put("ann", "mine", "is:open", at=1)
    work.settings.put("budget", {"per_day": 3})
    work.candidates.put_day(DAY_NUMBER, [b"\x00one", bytes(10_000)], tenants=["t", "t"])
    work.days.put({DAY_NUMBER: {"events": 20}})
    work.dirty.add([3])
    work.outbox.add("webhook", "https://h.example", "i", {"a": [1.5, None]}, at=1)
    work.sources.put([StoredSource("s", "folder", last_event=5)])
    work.totals.add({"records": 40})
    work.first_imports.put([FirstImport("t", AT, is_open=True, first_day=DAY_NUMBER)])
    work.checkpoints.put({"/logs/a": {"offset": 7}})
    work.states.put("behaviour", bytes(5_000_000) + b"end")
    work.leases.acquire(1, "ann", worker="ann", seconds=30.0)
    work.homes.claim(1, ["t"])
    work.handovers.put("handed/t/0/7", 2, b"\x00events")
    work.problems.add([Problem("file", 1, "not-json", "no JSON", "", "x")], at=AT)
    for number in range(3):
        work.audit.append(at=number, actor="ann", action="answer", details={"n": number})


def dumped(where: str | Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    opened = Database.open(where)
    try:
        with opened.reading() as work:
            return {
                table.name: sorted((tuple(row) for row in work.session.execute(table.select())), key=repr)
                for table in Model.metadata.sorted_tables
            }
    finally:
        opened.close()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    opened = open_store(tmp_path / "store", make=True)
    filled(opened)
    return opened


def test_everything_comes_back(store: Store, tmp_path: Path) -> None:
    (store.folder / "secret.key").write_bytes(b"secret")
    done = back_up(store, tmp_path / "backup", at=AT)
    assert (done.parts, done.damaged, done.days_to_score, done.head.sequence) == (2, (), (), 3)
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "backup").rglob("*"))
    assert restore(tmp_path / "backup", tmp_path / "restored") == done
    before = dumped(store.folder / "seawall.db")
    assert all(before.values()), [name for name, rows in before.items() if not rows]
    assert dumped(tmp_path / "restored" / "seawall.db") == before
    assert (tmp_path / "restored" / "secret.key").read_bytes() == b"secret"
    with open_store(tmp_path / "restored") as again:
        assert everything(again.lake) == everything(store.lake)
        with again.database.writing() as work:
            assert work.audit.verify(done.head).is_whole
            assert work.audit.append(at=9, actor="a", action="b").sequence == 4
            assert work.users.add("Bob", "viewer", at=2).id == 2
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_any_database_is_copied_to_any(place: str, store: Store, tmp_path: Path) -> None:  # noqa: F811
    count = copy_all(store.folder / "seawall.db", place)
    before = dumped(store.folder / "seawall.db")
    assert count == sum(map(len, before.values()))
    assert dumped(place) == before
    copy_all(place, tmp_path / "back.db")
    assert dumped(tmp_path / "back.db") == before
    with pytest.raises(DatabaseBroken, match="holds a database of Seawall already"):
        copy_all(store.folder / "seawall.db", place)
    opened = Database.open(place)
    with opened.writing() as work:  # numbers go on where they were
        assert work.users.add("Bob", "viewer", at=2).id == 2
        assert work.answers.give(incident(3).id, "safe", by="ann", at=2).id == 2
    opened.close()


def test_a_store_with_its_database_elsewhere(place: str, tmp_path: Path) -> None:  # noqa: F811
    with open_store(tmp_path / "store", place, make=True) as store:
        filled(store)
        done = back_up(store, tmp_path / "backup", at=AT)
    restore(tmp_path / "backup", tmp_path / "restored")
    assert dumped(tmp_path / "restored" / "seawall.db") == dumped(place)
    with open_store(tmp_path / "restored") as again, again.database.reading() as work:
        assert work.audit.verify(done.head).is_whole


def test_a_backup_while_a_writer_runs_is_of_one_moment(store: Store, tmp_path: Path) -> None:
    stop = threading.Event()
    written = []

    def write() -> None:
        with store.database.only_writer() as writer:
            number = 100
            while not stop.is_set():
                store.lake.append(numbered(number, number + 1, day=5))
                with store.database.writing(writer) as work:
                    work.totals.add({"late": 1})
                    work.checkpoints.put({"/logs/late": {"offset": number}})
                written.append(number)
                number += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        while len(written) < 3:
            pass
        done = back_up(store, tmp_path / "backup", at=AT)
    finally:
        stop.set()
        thread.join()
    restore(tmp_path / "backup", tmp_path / "restored")
    with open_store(tmp_path / "restored") as again, again.database.reading() as work:
        late = work.totals.all()["late"]
        position = work.checkpoints.get("/logs/late")
        assert position == {"offset": 99 + late}
        kept = {row["metadata_uid"] for row in everything(again.lake)}
        assert {f"id-{number}" for number in range(100, 100 + late)} <= kept
        if done.days_to_score:
            assert set(done.days_to_score) <= work.dirty.all()


def changed_database(backup: Path) -> None:
    with (backup / "seawall.db").open("r+b") as file:
        file.seek(5000)
        file.write(b"\xff")


def changed_manifest(backup: Path) -> None:
    stated = json.loads((backup / "store-backup.json").read_text())
    (backup / "store-backup.json").write_text(json.dumps({**stated, "days": [1]}))


def no_manifest(backup: Path) -> None:
    (backup / "store-backup.json").unlink()


def another_file(backup: Path) -> None:
    (backup / "more.txt").write_text("x")


def another_version(backup: Path) -> None:
    stated = json.loads((backup / "store-backup.json").read_text())
    (backup / "store-backup.json").write_text(json.dumps({**stated, "version": 2}))


def lost_part(backup: Path) -> None:
    next(backup.rglob("*.parquet")).unlink()


def changed_part(backup: Path) -> None:
    part = next(backup.rglob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-1] + b"X")


def linked_database(backup: Path) -> None:
    (backup / "seawall.db").rename(backup.parent / "real.db")
    (backup / "seawall.db").symlink_to(backup.parent / "real.db")


def other_events(backup: Path) -> None:
    (backup / "events" / "manifest.json").write_text("{}")


@pytest.mark.parametrize(
    "harm",
    [changed_database, changed_manifest, no_manifest, another_file, another_version, lost_part, changed_part,
     linked_database, other_events],
)  # fmt: skip
def test_a_changed_backup_restores_nothing(
    store: Store, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    back_up(store, tmp_path / "backup", at=AT)
    harm(tmp_path / "backup")
    with pytest.raises(BackupInvalid):
        restore(tmp_path / "backup", tmp_path / "restored")
    assert not (tmp_path / "restored").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    "change",
    [
        {"files": 3}, {"files": {"seawall.db": 1}}, {"database": None}, {"database_version": 1}, {"head": "x"},
        {"head": [-1, "x"]}, {"head": [1]}, {"days": ["x"]}, {"days": [10**30]}, {"days": None}, {"more": 1}, {"events": []},
    ],
    ids=str,
)  # fmt: skip
def test_a_manifest_with_a_fitting_sum_but_other_content_restores_nothing(
    tmp_path: Path, change: dict[str, object]
) -> None:
    """The sum is no signature: whoever changes the manifest can make it fit."""
    with open_store(tmp_path / "plain", make=True) as plain:
        back_up(plain, tmp_path / "backup", at=AT)
    path = tmp_path / "backup" / "store-backup.json"
    stated = json.loads(path.read_text()) | change
    document = {name: value for name, value in stated.items() if name not in ("format", "version", "sha256")}
    path.write_text(json.dumps({**stated, "sha256": backup._own_sum(document)}))
    with pytest.raises(BackupInvalid):
        restore(tmp_path / "backup", tmp_path / "restored")
    assert {one.name for one in tmp_path.iterdir()} == {"plain", "backup"}


def test_places_that_are_not_free(store: Store, tmp_path: Path) -> None:
    for target in (store.folder, store.folder / "inside"):
        with pytest.raises(BackupInvalid, match="inside"):
            back_up(store, target, at=AT)
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").touch()
    with pytest.raises(BackupInvalid, match="not empty"):
        back_up(store, tmp_path / "used", at=AT)
    back_up(store, tmp_path / "backup", at=AT)
    with pytest.raises(BackupInvalid, match="exists"):
        restore(tmp_path / "backup", tmp_path / "used")
    shutil.rmtree(tmp_path / "backup" / "events")
    with pytest.raises(BackupInvalid):
        restore(tmp_path / "backup", tmp_path / "restored")


def test_pruning_forgets_what_is_older_and_a_rehearsal_nothing(store: Store) -> None:
    before = DAY + timedelta(days=1)
    kept = dumped(store.folder / "seawall.db")
    rehearsed = prune(store, before, is_rehearsal=True)
    assert (rehearsed.days, rehearsed.events) == (1, 20)
    assert rehearsed.rows["incidents"] == 7
    assert rehearsed.rows["candidates"] == 2
    after = dumped(store.folder / "seawall.db")
    assert after == kept
    assert len(everything(store.lake)) == 40
    assert prune(store, before) == rehearsed
    assert len(everything(store.lake)) == 20
    left = dumped(store.folder / "seawall.db")
    assert not left["incidents"]
    assert not left["queue"]
    assert (len(left["audit"]), len(left["feedback"]), len(left["users"])) == (3, 1, 1)
    assert prune(store, before).rows["incidents"] == 0
    with store.database.only_writer():
        assert prune(store, before, is_rehearsal=True).rows["incidents"] == 0
        with pytest.raises(DatabaseInUse):
            prune(store, before)
