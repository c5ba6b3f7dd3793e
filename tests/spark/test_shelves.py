"""The tasks of a scan on Spark, without Spark: shelves, moved domains, kept states, days that come in any order."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

import seawall
from seawall.spark.event_files import name_month
from seawall.spark.event_parts import choose_shelf
from seawall.spark.planning import plan_scoring
from seawall.spark.rows import BEGINNING
from seawall.spark.scoring import FILE
from seawall.spark.settings import SparkSettings
from tests.spark.local_lake import LocalLake
from tests.spark.sparking import scanned_logs


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scanned_logs(tmp_path_factory) / "logs"


@pytest.fixture(scope="module")
def wanted(logs: Path) -> list[bytes]:
    """The lines of a scan on one machine."""
    return (logs.parent / "one" / "incidents.jsonl").read_bytes().splitlines(keepends=True)


def files_of(logs: Path) -> list[Path]:
    return sorted(path for path in logs.rglob("*") if path.is_file())


@pytest.mark.parametrize("shelves", [1, 5])
def test_any_number_of_shelves_gives_the_same(
    logs: Path, wanted: list[bytes], tmp_path: Path, shelves: int
) -> None:
    lake = LocalLake(tmp_path, shelves)
    lake.add(files_of(logs))
    assert lake.decide() == wanted
    assert lake.homes


def test_files_that_come_later_change_nothing(logs: Path, wanted: list[bytes], tmp_path: Path) -> None:
    """Every third file first, then another third: days already scored get more records, and organisations move."""
    lake, files = LocalLake(tmp_path), files_of(logs)
    for start in range(3):
        lake.add(files[start::3])
    assert lake.decide() == wanted


def test_days_in_order_go_on_from_kept_state(logs: Path, tmp_path: Path) -> None:
    """Logs cut by day: each run scores new days alone, and the events' files hold all days."""
    cut = tmp_path / "cut"
    cut.mkdir()
    days: dict[str, list[str]] = {}
    for number in range(2):
        for line in (logs / f"{('north', 'east')[number]}.jsonl").read_text("utf-8").splitlines()[:-2]:
            day = line.partition("2026-03-")[2][:2]
            days.setdefault(day, []).append(line)
    for day, lines in days.items():
        (cut / f"{day}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    seawall.scan(cut, tmp_path / "one")
    lake = LocalLake(tmp_path / "events")
    for path in files_of(cut):
        lake.add([path])
    assert b"".join(lake.decide()) == (tmp_path / "one" / "incidents.jsonl").read_bytes()
    held = [pq.read_table(tmp_path / "events" / row.names[0]) for row in lake.scored if row.kind == FILE]
    one = pq.read_table(tmp_path / "one" / "events.parquet", columns=["metadata_uid", "score"]).to_pylist()
    both = [row for table in held for row in table.select(["metadata_uid", "score"]).to_pylist()]
    key = repr
    assert sorted(both, key=key) == sorted(one, key=key)
    assert lake.replayed == []


def test_a_shelf_is_scored_from_the_state_before_what_is_new() -> None:
    shelf, other = choose_shelf("a", 64), choose_shelf("b", 64)
    assert shelf != other
    states = [(shelf, 3), (shelf, 5), (shelf, 9), (other, 1)]
    assert plan_scoring([(["a"], 7)], states, {}, [], 64) == {shelf: 5}
    assert plan_scoring([(["a"], 3)], states, {}, [], 64) == {shelf: BEGINNING}
    assert plan_scoring([(["x.example"], 7)], states, {"x.example": "a"}, [], 64) == {shelf: 5}
    assert plan_scoring([(["a"], 7)], states, {}, ["b"], 64) == {shelf: 5, other: BEGINNING}


def test_a_month_is_that_of_the_day() -> None:
    assert (name_month(0), name_month(20_513)) == ("1970-01", "2026-03")


@pytest.mark.parametrize(("tasks", "shelves"), [(1, 8), (2, 8), (16, 64), (5_000, 4_096)])
def test_shelves_follow_the_cores_unless_chosen(tasks: int, shelves: int) -> None:
    assert SparkSettings().choose_shelves(tasks) == shelves
    assert SparkSettings(shelves=3).choose_shelves(tasks) == 3
