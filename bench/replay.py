"""Make the batches that `ingest.py` sends: compressed records in the order in which a collector would deliver them.

Most are ordinary traffic of one organisation with 3,000 accounts (100,000 records for each day). Between them are the logs
of small organisations with attacks, one after another, as the lab delivers them: late, repeated and partly broken.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from heapq import merge
from itertools import islice
from pathlib import Path

import numpy as np

from seawall.lab.worlds.bench import _templates, _write_chunk
from seawall.lab.worlds.seeded_random import SeededRandom
from seawall.lab.worlds.world import make_world
from seawall.lab.worlds.world_settings import WorldSettings

ACCOUNTS = 3_000
PER_DAY = 100_000
START = date(2025, 1, 6)
EVERY_DAYS = 4
"""Days between the starts of small organisations."""

WORLD_DAYS = 35
_CHUNK = 16_384
_ID = re.compile(rb'"(?:Id|id|_ItemId)"\s*:\s*"([^"]{8,80})"')

Line = tuple[float, bytes, bool]
"""Delivery time in seconds since 1970, record, and whether it belongs to a small organisation."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The batches in order, the records of each, and the batch of each record of a small organisation."""

    files: list[Path]
    records: list[int]
    batch_of: dict[str, int]


def prepared(folder: Path, records: int, batch: int, seed: int = 11) -> Replay:
    """Make batches of about `records` records in total, unless the folder has them already."""
    marker = folder / "replay.json"
    if not marker.exists():
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        marker.with_suffix(".new").write_text(json.dumps(_make(folder, records, batch, seed)))
        marker.with_suffix(".new").rename(marker)
    found = json.loads(marker.read_text())
    return Replay([folder / name for name in found["files"]], found["records"], found["batch_of"])


def _make(folder: Path, records: int, batch: int, seed: int) -> dict[str, object]:
    files: list[str] = []
    counts: list[int] = []
    batch_of: dict[str, int] = {}
    lines: list[bytes] = []

    def flush() -> None:
        name = f"{len(files):06d}.ndjson.gz"
        (folder / name).write_bytes(gzip.compress(b"".join(lines), 4, mtime=0))
        files.append(name)
        counts.append(len(lines))
        lines.clear()

    both = merge(_ordinary(records, seed), _small(records, seed), key=lambda one: one[0])
    for _, line, is_small in islice(both, records):
        if is_small and (uid := _ID.search(line)):
            batch_of[uid[1].decode()] = len(files)
        lines.append(line)
        if len(lines) == batch:
            flush()
    if lines:
        flush()
    return {"files": files, "records": counts, "batch_of": batch_of}


def _ordinary(records: int, seed: int) -> Iterator[Line]:
    """Yield records of one large organisation without end."""
    dice = SeededRandom(seed, 7)
    templates = _templates(ACCOUNTS, seed, dice)
    start = datetime(START.year, START.month, START.day, tzinfo=UTC).timestamp()
    per_month = PER_DAY * 30
    for first in range(0, records + _CHUNK, _CHUNK):
        out = io.BytesIO()
        _write_chunk(out, templates, dice, start, first, _CHUNK, per_month)
        times = start + (np.arange(first, first + _CHUNK) + 0.5) * (86_400.0 / PER_DAY)
        for time, line in zip(times.tolist(), out.getvalue().splitlines(keepends=True), strict=True):
            yield time, line, False


def _small(records: int, seed: int) -> Iterator[Line]:
    """Yield records of small organisations with attacks, which start one after another."""
    days = records // PER_DAY + 1
    begun: list[Iterator[Line]] = []
    for number, day in enumerate(range(0, max(days - 15, 1), EVERY_DAYS)):
        settings = WorldSettings(
            seed * 1000 + number,
            accounts=70,
            days=WORLD_DAYS,
            attacks=6,
            start=START + timedelta(days=day - 14),
            quiet_days=14,
        )
        begun.append(_world(settings))
    return merge(*begun, key=lambda one: one[0])


def _world(settings: WorldSettings) -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as scratch:
        make_world(settings, Path(scratch))
        hours: dict[float, list[bytes]] = {}
        for path in sorted((Path(scratch) / "logs").rglob("*.*")):
            stamp = re.search(r"-(\d{8}T\d{2})", path.name)
            if stamp is not None:
                at = datetime.strptime(stamp[1], "%Y%m%dT%H").replace(tzinfo=UTC).timestamp()
                hours.setdefault(at, []).extend(_lines(path))
    for at, found in sorted(hours.items()):
        for place, line in enumerate(found):
            yield at + 3600.0 * place / len(found), line, True


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the records of a file in any format as lines of JSON."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
        path = path.with_suffix("")
    if path.suffix == ".csv":
        for row in csv.DictReader(io.StringIO(data.decode("utf-8-sig"))):
            if row.get("AuditData"):
                yield row["AuditData"].encode() + b"\n"
    elif path.suffix == ".json":
        found = json.loads(data)
        for record in found if isinstance(found, list) else found["value"]:
            yield json.dumps(record, separators=(",", ":")).encode() + b"\n"
    else:
        yield from data.splitlines(keepends=True)
