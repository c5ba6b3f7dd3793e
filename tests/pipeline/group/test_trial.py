"""A message that ends its worker again and again is left out in the end, and no other one is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seawall.pipeline.group.settings import slot_of
from seawall.pipeline.group.trial import CAREFUL_STARTS, MOST_ENDS, NAME, PAUSES, StartTrial
from seawall.storage.database import Database, SlotDatabase


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "seawall.db", should_migrate=True)
    yield opened
    opened.close()


class Death(Exception):
    """The worker's process ends."""


class Partition:
    """Messages by offset, of which some end every worker that touches them. Each `start` is a worker that reads on."""

    def __init__(self, database: Database, deadly: set[int], end: int = 6) -> None:
        self.slot = SlotDatabase(database, slot_of(0), holder="h", worker="w", seconds=600.0)
        assert self.slot.take()
        self.deadly, self.end = deadly, end
        self.stored = 0
        self.skipped: list[int] = []
        self.pauses: list[float] = []

    def start(self, is_interrupted: Callable[[int], object] = lambda _: False) -> None:
        trial = StartTrial.begin(self.slot)
        self.pauses.append(trial.pause)
        if not trial.is_careful:
            if self.deadly & set(range(self.stored, self.end)):
                raise Death
            self.stored = self.end
        while self.stored < self.end:
            with trial.take_in_hand(f"m/{self.stored}", lambda: None) as is_allowed:
                if not is_allowed:
                    self.skipped.append(self.stored)
                elif self.stored in self.deadly or is_interrupted(self.stored):
                    raise Death
                self.stored += 1
        trial.forget()

    def run(self, most: int = 40) -> int:
        """Start workers until one lives; return how many died."""
        for number in range(most):
            try:
                self.start()
            except Death:
                continue
            return number
        raise AssertionError("no worker lives")


def test_deadly_messages_are_left_out_and_no_other_one(database: Database) -> None:
    partition = Partition(database, {2, 4})
    deaths = partition.run()
    assert partition.skipped == [2, 4]
    assert deaths == CAREFUL_STARTS - 1 + 2 * MOST_ENDS
    with partition.slot.reading() as work:
        assert work.checkpoints.get(NAME) is None
    assert partition.run() == 0


def test_a_partition_without_such_a_message_loses_none_to_other_ends(database: Database) -> None:
    """Workers die of something else, each at another message: nothing is left out."""
    partition = Partition(database, set())
    for number in range(CAREFUL_STARTS - 1):
        StartTrial.begin(partition.slot)
        del number
    for at in (0, 2, 3):
        with pytest.raises(Death):
            partition.start(at.__eq__)
    assert partition.run() == 0
    assert partition.skipped == []


def test_starts_in_a_row_wait_longer_and_longer(database: Database) -> None:
    slot = SlotDatabase(database, slot_of(0), holder="h", worker="w", seconds=600.0)
    assert slot.take()
    pauses = [StartTrial.begin(slot).pause for _ in range(16)]
    assert pauses[: CAREFUL_STARTS + 1] == [0.0] * (CAREFUL_STARTS + 1)
    assert pauses[CAREFUL_STARTS + 1 :][:3] == [PAUSES[0], 2 * PAUSES[0], 4 * PAUSES[0]]
    assert pauses[-1] == PAUSES[1]
    trial = StartTrial.begin(slot)
    trial.forget()
    trial.forget()
    assert StartTrial.begin(slot).pause == 0.0
