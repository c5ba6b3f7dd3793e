"""Damage is said, and costs no more than the part that is damaged. A crash at any point costs nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seawall.storage.errors import LakeBroken
from seawall.storage.lake import Lake, parts
from seawall.storage.lake.layout import INCOMING
from tests.storage.lake.events import ALL, DAY, LATER, everything, numbered, part_files


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake.create(tmp_path / "lake")
    lake.append(numbered(0, 5))
    lake.append(numbered(5, 9))
    lake.append(numbered(9, 12))
    return lake


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def overwritten(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[100 : len(content) // 2] = os.urandom(len(content) // 2 - 100)
    path.write_bytes(bytes(content))


def foreign(path: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), path)


@pytest.mark.parametrize("harm", [cut, emptied, overwritten, foreign])
def test_the_other_parts_are_still_answered(lake: Lake, harm: Callable[[Path], None]) -> None:
    victim = part_files(lake)[0]
    lost = parts.footer(victim)[1]
    assert lake.check() == []
    harm(victim)
    assert [found.path for found in lake.check()] == [victim]
    page = lake.page("org", ALL)
    assert len(page.events) == 12 - lost
    assert [found.path for found in page.damaged] == [victim]
    assert page.damaged[0].reason
    with pytest.raises(LakeBroken, match=victim.name):
        list(lake.day("org", DAY))
    done = lake.compact(LATER)
    assert (done.parts, done.rows, [found.path for found in done.damaged]) == (2, 12 - lost, [victim])
    assert victim.exists()
    assert len(everything(lake)) == 12 - lost


def test_a_flipped_bit_is_found_or_changes_nothing(lake: Lake) -> None:
    victim = part_files(lake)[0]
    whole = pq.read_table(victim)
    found = tried = 0
    content = victim.read_bytes()
    footer = int.from_bytes(content[-8:-4], "little")
    for place in range(4, len(content) - footer - 8, 97):
        changed = bytearray(content)
        changed[place] ^= 1
        victim.write_bytes(bytes(changed))
        tried += 1
        if parts.damage(victim) is not None:
            found += 1
        else:  # a page's statistics, which nobody reads
            assert pq.read_table(victim).equals(whole), place
    assert found > 0.5 * tried
    victim.write_bytes(content)
    assert parts.damage(victim) is None


def test_a_record_is_found_even_where_its_filter_is_wrong(lake: Lake) -> None:
    for path in part_files(lake):
        column = next(c for c in columns_of(path) if c["path_in_schema"] == "metadata_uid")
        start, size = column["bloom_filter_offset"], column["bloom_filter_length"]
        content = bytearray(path.read_bytes())
        content[start + 32 : start + size] = bytes(size - 32)
        path.write_bytes(bytes(content))
    assert [len(lake.record("org", f"id-{n}").events) for n in (0, 7, 11, 12)] == [1, 1, 1, 0]


def columns_of(path: Path) -> list[dict[str, Any]]:
    with duckdb.connect() as database:
        database.execute(
            "SELECT path_in_schema, bloom_filter_offset, bloom_filter_length FROM parquet_metadata(?)",
            [str(path)],
        )
        return [
            dict(zip(("path_in_schema", "bloom_filter_offset", "bloom_filter_length"), row, strict=True))
            for row in database.fetchall()
        ]


def test_a_failed_write_leaves_nothing(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    before = part_files(lake)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LakeBroken, match="No space left"):
        lake.append(numbered(50, 60))
    monkeypatch.undo()
    assert part_files(lake) == before
    assert list((lake.root / INCOMING).iterdir()) == []
    lake.append(numbered(50, 60))
    assert len(everything(lake)) == 22


def test_a_crash_between_the_two_halves_of_a_compaction(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(lake)

    class Crash(BaseException):
        pass

    def crash(path: Path, missing_ok: bool = False) -> None:
        raise Crash

    monkeypatch.setattr(Path, "unlink", crash)
    with pytest.raises(Crash):
        lake.compact(LATER)
    monkeypatch.undo()
    assert len(part_files(lake)) == 4
    assert everything(lake) == before
    assert lake.compact(LATER).copies == 12
    assert everything(lake) == before
    assert len(part_files(lake)) == 1


WRITER = """
import sys
from pathlib import Path
from seawall.storage.lake import Lake
from tests.storage.lake.events import LATER, numbered
lake = Lake.open(Path(sys.argv[1]))
for start in range(int(sys.argv[2]), 10_000, 20):
    lake.append(numbered(start, start + 20))
    print(start + 20, flush=True)
    if start % 100 == 0:
        lake.compact(LATER)
"""


def test_killed_at_any_point_it_holds_what_was_acknowledged(tmp_path: Path) -> None:
    root = tmp_path / "lake"
    Lake.create(root).close()
    acknowledged = 0
    for pause in (0.0, 0.013, 0.031, 0.057, 0.11):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root), str(acknowledged)],
            stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3],
        ) as process:  # fmt: skip
            assert process.stdout is not None
            acknowledged = int(process.stdout.readline())
            time.sleep(pause)
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read().splitlines()
            acknowledged = max([acknowledged, *(int(line) for line in rest if line.strip().isdigit())])
        with Lake.open(root) as lake:
            assert list((root / INCOMING).iterdir()) == []
            page = lake.page("org", ALL, limit=10_000)
            found = sorted(int(uid[3:]) for uid in page.events["metadata_uid"].to_pylist())
            assert page.damaged == ()
            assert found[:acknowledged] == list(range(acknowledged))
            assert found == list(range(len(found)))


def test_two_writers_at_once(tmp_path: Path) -> None:
    root = tmp_path / "lake"
    Lake.create(root).close()
    command = [sys.executable, "-c", WRITER, str(root), "9500"]
    writers = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[3]) for _ in range(2)
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    with Lake.open(root) as lake:
        page = lake.page("org", ALL, limit=10_000)
        assert page.damaged == ()
        assert sorted(int(uid[3:]) for uid in page.events["metadata_uid"].to_pylist()) == list(
            range(9500, 10_000)
        )


CRAMPED = """
import resource, signal, sys
from pathlib import Path
from seawall.storage.errors import LakeBroken
from seawall.storage.lake import Lake
from tests.storage.lake.events import LATER, numbered
lake = Lake.open(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for most in (1_000, 20_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    for act in (lambda: lake.append(numbered(6000, 9000)), lambda: lake.compact(LATER)):
        try:
            act()
        except LakeBroken as error:
            print(error.message.rpartition(": ")[2])
"""


def test_where_no_more_can_be_written_nothing_is_lost_and_nothing_lies_about(tmp_path: Path) -> None:
    with Lake.create(tmp_path / "lake") as lake:
        lake.append(numbered(0, 3000))
        lake.append(numbered(3000, 6000))
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", CRAMPED, str(lake.root)],
            capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3],
        )  # fmt: skip
        assert done.stdout.splitlines() == ["File too large"] * 4
        assert list((lake.root / INCOMING).iterdir()) == []
        assert len(part_files(lake)) == 2
        assert len(everything(lake)) == 6000
