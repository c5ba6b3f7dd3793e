"""The tasks that score a shelf in parts, without Spark: what is found is what a scan finds, and states go on day by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import seawall
from seawall.spark.scoring import FILE, STANDING, STATE
from tests.spark.local_lake import LocalLake
from tests.spark.sparking import scanned_logs
from tests.spark.test_shelves import files_of


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scanned_logs(tmp_path_factory)


def check_equal(lake: LocalLake, out: Path) -> None:
    """Fail if incidents or scores of events are not those of a scan."""
    wanted = (out / "incidents.jsonl").read_bytes()
    assert wanted
    assert b"".join(lake.decide()) == wanted
    names = ["metadata_uid", "score"]
    held = [
        pq.read_table(lake.table / row.names[0], columns=names) for row in lake.scored if row.kind == FILE
    ]
    scores = pq.read_table(out / "events.parquet", columns=names).to_pylist()
    assert sorted(repr(row) for table in held for row in table.to_pylist()) == sorted(map(repr, scores))
    assert sum(row.kind == STANDING for row in lake.scored) == 1


@pytest.mark.parametrize(("parts", "tasks"), [(2, 2), pytest.param(8, 3, marks=pytest.mark.soak)])
def test_a_shelf_in_parts_gives_what_a_scan_gives(
    place: Path, tmp_path: Path, parts: int, tasks: int
) -> None:
    lake = LocalLake(tmp_path / "table", 1, parts=parts, tasks=tasks)
    lake.add(files_of(place / "logs"))
    assert lake.cut == [0]
    check_equal(lake, place / "one")


def write_days(logs: Path, place: Path) -> dict[str, dict[int, Path]]:
    """Write the records of two organisations, those of each day into one file; the files by organisation and day."""
    place.mkdir()
    found: dict[str, dict[int, Path]] = {}
    for name in ("north", "east"):
        days: dict[int, list[str]] = defaultdict(list)
        for line in (logs / f"{name}.jsonl").read_text("utf-8").splitlines()[:-2]:
            days[int(line.partition("2026-03-")[2][:2])].append(line)
        found[name] = {day: place / f"{name}-{day}.jsonl" for day in days}
        for day, lines in days.items():
            found[name][day].write_text("\n".join(lines) + "\n", "utf-8")
    return found


def test_a_shelf_that_grows_is_cut_and_goes_on_from_the_states_of_its_parts(
    place: Path, tmp_path: Path
) -> None:
    """Seven accounts are scored in one piece, fourteen in two parts, whose states later days and late records start from.

    Where the state of a part is missing, all is scored from the first day.
    """
    cut = tmp_path / "cut"
    files = write_days(place / "logs", cut)
    lake = LocalLake(tmp_path / "table", 1, parts=2, cut_above=10)

    def add(names: Iterable[str], days: Iterable[int]) -> None:
        lake.add([files[name][day] for name in names for day in days])

    add(["north"], range(1, 4))
    assert (lake.cut, lake.replayed) == ([], [])
    add(["north", "east"], range(4, 7))
    assert (lake.cut, lake.replayed) == ([0], [0])
    add(["north", "east"], [7])
    add(["north"], [8, 9])
    add(["east"], [8])
    assert (lake.cut, lake.replayed) == ([0] * 4, [0])
    lake.scored = [row for row in lake.scored if row.kind != STATE or row.place != 2]
    add(["east"], [9])
    assert (lake.cut, lake.replayed) == ([0] * 5, [0, 0])
    for day in (1, 2, 3):
        files["east"][day].unlink()
    seawall.scan(cut, tmp_path / "one")
    check_equal(lake, tmp_path / "one")
    last = max(row.day for row in lake.scored if row.kind == STATE)
    assert sorted(row.place for row in lake.scored if row.kind == STATE and row.day == last) == [0, 1, 2, 3]
