"""Events that wait for scoring keep their order, in memory and in files, and storing goes on while days are scored."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pytest

from seawall.pipeline.live.arrived_events import ArrivedEvents, read_arrived
from tests.sample_events import event, table

ROOM = "seawall.pipeline.live.arrived_events"


def tables(count: int) -> list[pa.Table]:
    return [table([event(f"{number}-{n}", number % 3, n) for n in range(10)]) for number in range(count)]


def test_the_first_wait_in_memory_and_others_in_files(tmp_path: Path) -> None:
    wanted, arrived = tables(6), ArrivedEvents(tmp_path / "arrived")
    with patch.multiple(ROOM, MOST_HELD=25, MOST_ARRIVED=60):
        for number, one in enumerate(wanted):
            assert not arrived.is_full
            arrived.add(one)
            assert arrived.rows == 10 * (number + 1)
        assert arrived.is_full
    assert len(arrived.days) == 3
    assert len(list((tmp_path / "arrived").iterdir())) == 4
    taken = arrived.take()
    assert (arrived.rows, arrived.days, arrived.take()) == (0, set(), [])
    arrived.add(wanted[0])
    assert list(read_arrived(taken)) == wanted
    assert not list((tmp_path / "arrived").iterdir())
    assert list(read_arrived(arrived.take())) == wanted[:1]


def test_without_room_on_the_disk_they_wait_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    wanted, arrived = tables(3), ArrivedEvents(tmp_path / "arrived")
    monkeypatch.setattr(pa.ipc, "new_file", fail)
    with patch.multiple(ROOM, MOST_HELD=5):
        for one in wanted:
            arrived.add(one)
    assert not list((tmp_path / "arrived").iterdir())
    assert list(read_arrived(arrived.take())) == wanted


def test_a_start_forgets_what_an_earlier_process_left(tmp_path: Path) -> None:
    arrived = ArrivedEvents(tmp_path / "arrived")
    with patch.multiple(ROOM, MOST_HELD=5):
        arrived.add(tables(1)[0])
        arrived.clear()
        assert arrived.rows == 0
        assert not (tmp_path / "arrived").exists()
        arrived.add(tables(1)[0])
    assert list(read_arrived(arrived.take())) == tables(1)
