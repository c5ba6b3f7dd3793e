"""A lake is a Delta table for those who read it: after every stop, compaction and pruning, with what the lake itself answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError

from seawall.storage.errors import LakeBroken
from seawall.storage.lake import Lake, back_up, delta_log, locks, maintenance, restore
from seawall.storage.lake.delta_log import LOG, DeltaLog
from seawall.storage.lake.layout import INCOMING
from seawall.storage.lake.publishing import RETIRED_MILLISECONDS
from tests.storage.lake.events import ALL, DAY, LATER, everything, ids, numbered, part_files

AT = 1_772_500_000_000_000
AN_HOUR_LATER = AT + RETIRED_MILLISECONDS * 1000 + 1000


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.create(tmp_path / "lake")


def table_of(lake: Lake) -> DeltaTable:
    return DeltaTable(str(lake.root))


def by_delta(lake: Lake) -> list[str]:
    """Return the record ids that a Delta reader finds, in order."""
    return sorted(ids(table_of(lake).to_pyarrow_table()))


def by_duckdb(lake: Lake) -> list[str]:
    """Return the record ids that DuckDB finds in the files of the newest version, in order."""
    files = table_of(lake).file_uris()
    rows = duckdb.execute("SELECT metadata_uid FROM read_parquet(?) ORDER BY 1", [files]).fetchall()
    return [uid for (uid,) in rows]


def by_lake(lake: Lake) -> list[str]:
    return sorted(ids(lake.page("org", ALL, limit=10_000).events))


def log_files(lake: Lake) -> list[str]:
    return sorted(path.name for path in (lake.root / LOG).iterdir())


def test_readers_find_what_was_appended(lake: Lake) -> None:
    lake.append(numbered(0, 20))
    lake.append(numbered(20, 30, day=1, org_uid=None))
    lake.append(numbered(30, 40, day=1, org_uid="ZOË/../x"))
    done = lake.publish(AT)
    assert (done.version, done.parts, done.added, done.removed) == (0, 3, 3, 0)
    assert by_delta(lake) == by_duckdb(lake) == sorted(f"id-{n}" for n in range(40))
    lake.append(numbered(40, 41, day=2))
    assert (lake.publish(AT).version, len(by_delta(lake))) == (1, 41)


def test_what_did_not_change_makes_no_version(lake: Lake) -> None:
    lake.append(numbered(0, 20))
    first = lake.publish(AT)
    lake.append(numbered(0, 20))
    assert lake.publish(AT + 1).version == first.version
    with Lake.open(lake.root) as again:
        assert again.publish(AT + 2).version == first.version
    assert log_files(lake) == [f"{0:020d}.json"]


def test_an_empty_lake_is_an_empty_table(lake: Lake) -> None:
    lake.publish(AT)
    assert table_of(lake).to_pyarrow_table().num_rows == 0


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("account", "2@x.example", 10),
        ("metadata_uid", "id-7", 1),
        ("org_uid", "org", 30),
        ("org_uid", "other", 5),
        ("source_line", 12, 1),
    ],
)
def test_a_filter_on_any_column_finds_its_rows(lake: Lake, column: str, value: Any, found: int) -> None:
    """A reader that trusts statistics of columns that have none leaves rows out."""
    for number in range(3):
        lake.append(numbered(number * 10, number * 10 + 10, account=f"{number}@x.example"))
    lake.append(numbered(50, 55, org_uid="other"))
    lake.append(numbered(60, 65, org_uid=None))
    lake.publish(AT)
    table = table_of(lake)
    assert table.to_pyarrow_table(filters=pc.field(column) == value).num_rows == found


def test_times_of_parts_are_stated_as_wide_as_they_are(lake: Lake) -> None:
    lake.append(numbered(0, 100))
    lake.append(numbered(100, 200, day=3))
    lake.publish(AT)
    for row in everything(lake)[::9]:
        asked = pc.field("time") == pa.scalar(row["time"], pa.timestamp("us", "UTC"))
        found = table_of(lake).to_pyarrow_table(filters=asked)
        assert ids(found) == [row["metadata_uid"]]


def test_compaction_changes_no_answer_and_leaves_earlier_versions_readable_for_an_hour(lake: Lake) -> None:
    for start in range(0, 100, 10):
        lake.append(numbered(start, start + 15))
    lake.publish(AT)
    earlier, before = table_of(lake), everything(lake)
    assert lake.compact(LATER).parts == 10
    assert earlier.to_pyarrow_table().num_rows == 150
    done = lake.publish(AT)
    assert (done.parts, done.added, done.removed) == (1, 1, 10)
    assert by_delta(lake) == by_duckdb(lake) == by_lake(lake)
    assert earlier.to_pyarrow_table().num_rows == 150
    assert (everything(lake), [day.parts for day in lake.size().days]) == (before, [1])
    lake.publish(AN_HOUR_LATER)
    assert len(part_files(lake)) == 1
    assert list(lake.root.rglob("*.retired")) == []
    assert by_delta(lake) == by_lake(lake)


def test_what_no_version_named_goes_at_once(lake: Lake) -> None:
    lake.publish(AT)
    lake.append(numbered(0, 10))
    lake.append(numbered(10, 20))
    lake.compact(LATER)
    lake.publish(AT)
    assert len(part_files(lake)) == 1
    assert by_delta(lake) == by_lake(lake)


def test_a_lake_that_nobody_published_is_kept_as_before(lake: Lake) -> None:
    lake.append(numbered(0, 10))
    lake.append(numbered(10, 20))
    lake.compact(LATER)
    assert len(part_files(lake)) == 1
    assert not (lake.root / LOG).exists()


def test_a_retired_part_that_is_appended_again_is_not_lost(lake: Lake) -> None:
    lake.append(numbered(0, 10))
    lake.append(numbered(10, 20))
    lake.publish(AT)
    lake.compact(LATER)
    assert lake.append(numbered(0, 10)).known == 1
    lake.publish(AT)
    lake.publish(AN_HOUR_LATER)
    lake.append(numbered(0, 10))
    assert by_lake(lake) == sorted(f"id-{n}" for n in range(20))
    lake.compact(LATER)
    lake.publish(AN_HOUR_LATER)
    assert by_delta(lake) == by_lake(lake) == sorted(f"id-{n}" for n in range(20))


def test_a_clock_that_jumps_back_deletes_nothing(lake: Lake) -> None:
    lake.append(numbered(0, 10))
    lake.append(numbered(10, 20))
    lake.publish(AT)
    lake.compact(LATER)
    lake.publish(AT)
    lake.publish(AT - 10**12)
    assert len(part_files(lake)) == 3
    lake.publish(AN_HOUR_LATER)
    assert len(part_files(lake)) == 1


def test_pruned_days_are_gone_and_the_log_names_nobody(lake: Lake) -> None:
    lake.append(numbered(0, 10, account="first@x.example"))
    lake.append(numbered(10, 20, day=5))
    lake.publish(AT)
    lake.append(numbered(20, 30, account="first@x.example"))
    lake.compact(LATER)
    lake.publish(AT)
    lake.prune(DAY + timedelta(days=1))
    assert (lake.publish(AT).removed, len(part_files(lake))) == (1, 1)
    assert by_delta(lake) == by_lake(lake) == sorted(f"id-{n}" for n in range(10, 20))
    for path in (lake.root / LOG).iterdir():
        assert b"x.example" not in path.read_bytes()


def test_checkpoints_keep_the_log_short(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta_log, "CHECKPOINT", 5)
    for number in range(23):
        lake.append(numbered(number, number + 1))
        lake.publish(AT)
        assert len(by_delta(lake)) == number + 1
    numbers = {int(name[:20]) for name in log_files(lake) if name[0] == "0"}
    assert numbers == set(range(15, 23))
    assert json.loads((lake.root / LOG / "_last_checkpoint").read_text())["version"] == 20
    with Lake.open(lake.root) as again:
        assert again.publish(AT).version == 22
        again.compact(LATER)
        again.publish(AT)
        assert by_delta(again) == by_duckdb(again) == by_lake(again)
        for number in range(3):
            again.append(numbered(100 + number, 101 + number))
            again.publish(AT)
    with Lake.open(lake.root) as later:
        assert len(part_files(later)) == 23 + 4
        later.publish(AN_HOUR_LATER)
        assert len(part_files(later)) == 4


def test_nobody_else_may_read_the_log_or_write_the_table(lake: Lake) -> None:
    before = os.umask(0)
    try:
        lake.append(numbered(0, 10))
        lake.append(numbered(10, 20))
        lake.publish(AT)
        lake.compact(LATER)
        lake.publish(AT)
    finally:
        os.umask(before)
    for path in [lake.root / LOG, *lake.root.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)
    files = sorted(lake.root.rglob("*"))
    rows = table_of(lake).to_pyarrow_table()
    writes: list[Callable[[], Any]] = [
        lambda: write_deltalake(str(lake.root), rows, mode="append"),
        lambda: table_of(lake).delete(),
        lambda: table_of(lake).optimize.compact(),
        lambda: table_of(lake).vacuum(0, dry_run=False, enforce_retention_duration=False, full=True),
    ]
    for write in writes:
        with pytest.raises(DeltaError, match="seawallManaged"):
            write()
    assert sorted(path for path in lake.root.rglob("*") if "_delta_log" not in path.parts) == [
        path for path in files if "_delta_log" not in path.parts
    ]


def test_a_version_that_another_program_wrote_is_not_overwritten(lake: Lake) -> None:
    lake.append(numbered(0, 10))
    lake.publish(AT)
    log = DeltaLog(lake.root)
    log.read()
    (lake.root / LOG / f"{1:020d}.json").symlink_to("nowhere")
    with pytest.raises(LakeBroken, match="written by another program"):
        log.commit([], 0)


def test_a_log_that_another_process_began_anew_is_read_again(lake: Lake) -> None:
    lake.append(numbered(0, 10))
    lake.publish(AT)
    with Lake.open(lake.root) as other:
        DeltaLog(other.root).clear()
        assert other.publish(AT).version == 0
        lake.append(numbered(10, 20))
        assert lake.publish(AT).version == 1
    assert by_delta(lake) == by_lake(lake)


def test_it_does_not_wait_for_a_backup_unless_asked_to(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.append(numbered(0, 10))
    monkeypatch.setattr(locks, "WAIT_SECONDS", 0.05)
    with locks.hold_lock(lake.root, "keeping", exclusive=True):
        assert lake.publish_if_free(AT) is None
        with pytest.raises(LakeBroken, match="in use"):
            lake.publish(AT)
    assert not (lake.root / LOG).exists()
    found = lake.publish_if_free(AT)
    assert found is not None
    assert (found.version, found.parts) == (0, 1)


def _cut(log: Path) -> None:
    path = max(log.glob("0*.json"))
    path.write_bytes(path.read_bytes()[:-20])


def _no_action(log: Path) -> None:
    max(log.glob("0*.json")).write_text('{"add": 5}\n')


def _checkpoint(log: Path) -> None:
    next(log.glob("*.parquet")).write_bytes(b"PAR1")


def _gap(log: Path) -> None:
    sorted(log.glob("0*.json"))[-2].unlink()


@pytest.mark.parametrize("harm", [_cut, _no_action, _checkpoint, _gap])
def test_a_damaged_log_is_begun_anew(lake: Lake, monkeypatch: pytest.MonkeyPatch, harm: Any) -> None:
    monkeypatch.setattr(delta_log, "CHECKPOINT", 3)
    for number in range(6):
        lake.append(numbered(number * 10, number * 10 + 10))
        lake.publish(AT)
    lake.compact(LATER)
    lake.publish(AT)
    for start in (60, 65):
        lake.append(numbered(start, start + 5))
        lake.publish(AT)
    harm(lake.root / LOG)
    with Lake.open(lake.root) as again:
        done = again.publish(AT)
        assert (done.version, done.parts) == (0, 3)
        assert by_delta(again) == by_duckdb(again) == by_lake(again)
        assert len(by_delta(again)) == 70


def test_a_damaged_part_is_left_out(lake: Lake) -> None:
    lake.append(numbered(0, 10))
    part_files(lake)[0].write_bytes(b"PAR1")
    lake.append(numbered(10, 20))
    assert (lake.publish(AT).added, by_delta(lake)) == (1, sorted(f"id-{n}" for n in range(10, 20)))


def test_a_restored_backup_is_published_anew(lake: Lake, tmp_path: Path) -> None:
    lake.append(numbered(0, 10))
    lake.append(numbered(10, 20))
    lake.publish(AT)
    lake.compact(LATER)
    lake.publish(AT)
    assert back_up(lake, tmp_path / "backup").parts == 1
    restore(tmp_path / "backup", tmp_path / "restored")
    with Lake.open(tmp_path / "restored") as again:
        assert again.publish(AT).version == 0
        assert by_delta(again) == by_lake(lake)


def test_interrupted_anywhere_the_next_publishing_puts_it_right(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delta_log, "CHECKPOINT", 2)
    lake.append(numbered(0, 10))
    lake.publish(AT)
    for step, (owner, name) in enumerate(
        [
            (DeltaLog, "_put"),
            (DeltaLog, "_write_checkpoint"),
            (maintenance, "discard"),
            (maintenance, "_take_away"),
        ]
    ):
        for number in range(3):
            lake.append(numbered(100 * step + 20 * number + 10, 100 * step + 20 * number + 30))

        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(owner, name, stop)
            with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - any of them may be the one that is interrupted
                lake.publish(AT)
                lake.compact(LATER)
                lake.publish(AT)
                lake.append(numbered(900 + step, 901 + step))
                lake.publish(AN_HOUR_LATER)
        with Lake.open(lake.root) as again:
            again.compact(LATER)
            again.publish(AT)
            assert by_delta(again) == by_duckdb(again) == by_lake(again)


PUBLISHER = """
import sys
from pathlib import Path
from seawall.storage.lake import Lake, delta_log
from tests.storage.lake.events import LATER, numbered
delta_log.CHECKPOINT = 5
lake = Lake.open(Path(sys.argv[1]))
for start in range(int(sys.argv[2]), 10_000, 20):
    lake.append(numbered(start, start + 20))
    lake.publish(1_772_500_000_000_000 + start * int(sys.argv[3]))
    print(start + 20, flush=True)
    if start % 100 == 0:
        lake.compact(LATER)
"""
"""Appends, publishes and compacts; the third argument says how many microseconds an event takes."""


def test_killed_at_any_point_readers_find_what_was_published(tmp_path: Path) -> None:
    root = tmp_path / "lake"
    Lake.create(root).close()
    published = 0
    for pause in (0.0, 0.03, 0.05, 0.11, 0.2):
        with subprocess.Popen(
            [sys.executable, "-c", PUBLISHER, str(root), str(published), "100000000"],
            stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3],
        ) as process:  # fmt: skip
            assert process.stdout is not None
            published = int(process.stdout.readline())
            time.sleep(pause)
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read().splitlines()
            published = max([published, *(int(line) for line in rest if line.strip().isdigit())])
        with Lake.open(root) as lake:
            found = sorted({int(uid[3:]) for uid in by_delta(lake)})
            assert found[:published] == list(range(published))
            lake.publish(AT)
            assert sorted(set(by_delta(lake))) == sorted(set(by_duckdb(lake))) == by_lake(lake)
            assert list((root / INCOMING).iterdir()) == []


def test_readers_and_writers_at_once(tmp_path: Path) -> None:
    root = tmp_path / "lake"
    Lake.create(root).close()
    with Lake.open(root) as lake:
        lake.publish(AT)
        command = [sys.executable, "-c", PUBLISHER, str(root), "9600", "1"]
        writers = [
            subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[3])
            for _ in range(2)
        ]
        seen = 0
        while any(writer.poll() is None for writer in writers):
            found = len(set(by_delta(lake)))
            assert found >= seen
            seen = found
        assert [writer.wait() for writer in writers] == [0, 0]
        lake.compact(LATER)
        lake.publish(AN_HOUR_LATER * 2)
        assert by_delta(lake) == by_lake(lake) == [f"id-{n}" for n in range(9600, 10_000)]
