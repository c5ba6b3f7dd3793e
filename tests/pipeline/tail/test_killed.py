"""A process that follows a folder is killed again and again while the log grows and is turned."""

from __future__ import annotations

import gzip
import json
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tests.pipeline.tail.folder import line, small

ROOT = Path(__file__).parents[3]
KILLS = 5


def start(folder: Path, store: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.pipeline.tail.consuming", str(folder), str(store)]
    return subprocess.Popen(command, cwd=ROOT)


def kept(store: Path) -> Counter[int]:
    with sqlite3.connect(store) as database:
        try:
            ids = [row[0] for row in database.execute("SELECT id FROM events")]
        except sqlite3.OperationalError:
            return Counter()
    return Counter(int(uid.rsplit("-", 1)[1]) for uid in ids)


def write_for(folder: Path, seconds: float, written: int, chance: random.Random) -> int:
    """Append, in pieces that end anywhere, and turn the log now and then; the number of records by now."""
    log, until = folder / "audit.jsonl", time.monotonic() + seconds
    while time.monotonic() < until:
        data = b"".join(line(written + number) for number in range(1, 21))
        written += 20
        cut = chance.randrange(len(data))
        for part in (data[:cut], data[cut:]):
            with log.open("ab") as file:
                file.write(part)
            time.sleep(0.002)
        if chance.random() < 0.1:
            log.rename(folder / f"audit.{written}.jsonl")
        elif chance.random() < 0.05:
            records = [small(written + number) for number in range(1, 51)]
            written += 50
            (folder / f"export.{written}.json.gz").write_bytes(gzip.compress(json.dumps(records).encode()))
    return written


def test_killed_at_any_time(tmp_path: Path) -> None:
    folder, store = tmp_path / "logs", tmp_path / "store.sqlite"
    folder.mkdir()
    chance = random.Random(4)
    written = 0
    for _ in range(KILLS):
        process = start(folder, store)
        before = kept(store).total()
        try:
            written = write_for(folder, 0.4 + chance.random() / 2, written, chance)
            until = time.monotonic() + 20
            while kept(store).total() == before and time.monotonic() < until:
                written = write_for(folder, 0.05, written, chance)
            written = write_for(folder, chance.random() / 4, written, chance)
        finally:
            process.kill()
            process.wait()
    process = start(folder, store)
    try:
        until = time.monotonic() + 300  # a loaded machine
        while kept(store).total() < written and process.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(0.5)
    finally:
        process.kill()
        process.wait()
    assert kept(store) == Counter(range(1, written + 1))
