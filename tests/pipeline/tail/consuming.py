"""A process that follows a folder and keeps batches and checkpoint in one SQLite transaction, to be killed."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from pathlib import Path

from seawall.pipeline.tail import Batcher, BatchSizes, Follower, TailDelivery, TailTiming


def keep(database: sqlite3.Connection, delivery: TailDelivery) -> None:
    """One transaction: the records, and how far the files are read."""
    with database:
        for batch in delivery.batches:
            rows = zip(batch.events.column("metadata_uid").to_pylist(), strict=True)
            database.executemany("INSERT INTO events VALUES (?)", rows)
        for key, value in delivery.changes.items():
            database.execute("DELETE FROM files WHERE key = ?", (key,))
            if value is not None:
                database.execute("INSERT INTO files VALUES (?, ?)", (key, json.dumps(value)))


def main(folder: Path, store: Path) -> None:
    """Follow until killed."""
    database = sqlite3.connect(store)
    with database:
        database.execute("CREATE TABLE IF NOT EXISTS events (id TEXT)")
        database.execute("CREATE TABLE IF NOT EXISTS files (key TEXT PRIMARY KEY, state TEXT)")
    kept = {key: json.loads(state) for key, state in database.execute("SELECT key, state FROM files")}
    follower = Follower([folder], kept, patience=TailTiming(settle=0.3, piece_bytes=4_000))
    batcher = Batcher(BatchSizes(records=40, seconds=0.05))
    while True:
        for delivery in follower.poll(time.monotonic()):
            if (due := batcher.add(delivery, time.monotonic())) is not None:
                keep(database, due)
        if (due := batcher.due(time.monotonic())) is not None:
            keep(database, due)
        time.sleep(0.01)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
