"""Kills a member at each step of its ledger in turn, lets it go on, and says what it ended with.

Runs as a process of its own, because it forks: `python -m tests.collection.killing_partitions FOLDER`. Prints one line
of JSON for each step: the lines that were in the folder when it was killed, and at the end.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

from seawall.collection.ledger import read_feed_statuses
from seawall.collection.ledger.partitions import PartitionWatermarks
from tests.collection.collecting import lines
from tests.collection.killing import forked, watched
from tests.collection.test_partitions import NOW, opened, store, stretch

LAST = 9


def one_life(folder: Path, kill_at: int = 0) -> None:
    """Stores two partitions up to the last offset, a few at a time, from where the ledger says."""
    if kill_at:
        watched(kill_at)
    with opened(folder) as (book, ask):
        while True:
            places = {number: book.next_of(ask.feed, number) for number in (0, 1)}
            behind = {number: place for number, place in places.items() if (place or 0) < LAST}
            if not behind:
                break
            store(book, ask, *(stretch(place, (place or 0) + 3, number) for number, place in behind.items()))
        book.look(ask, [PartitionWatermarks(number, 0, LAST, NOW + 9, True) for number in (0, 1)])


def main(folder: Path) -> None:
    step, is_over = 0, False
    while not is_over:
        step += 1
        here = folder / f"{step:04}"
        here.mkdir()
        is_over = forked(partial(one_life, here, step))
        killed = len(lines(here))
        forked(partial(one_life, here))
        (row,) = read_feed_statuses(here / "logs.ledger")
        said = {
            "is_over": is_over,
            "killed": killed,
            "lines": sorted(line.decode() for line in lines(here)),
            "counted": [row.new_records, row.segment_records, len(row.feed.gaps), row.asked_until],
            "waiting": len(list((here / "logs.ledger" / "waiting").iterdir())),
        }
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
