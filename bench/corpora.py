"""Make the logs that `scan_million.py` scans: a file of the lab, a file of varied values, and a world of many files.

A folder `shared` may hold other makers' generators: `bench/perf_corpus.py` of varied values and `worlds/make.py` of worlds.
Where it has none, this project makes the logs. Logs that exist are used again.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from seawall.lab.worlds.bench import write_bench_records
from seawall.lab.worlds.seeded_random import SeededRandom
from seawall.lab.worlds.style import OrganisationStyle, draw_style
from seawall.lab.worlds.world import make_world
from seawall.lab.worlds.world_settings import WorldSettings
from varied import write_varied_records

TENANTS = 4
DAYS = 38
PER_ACCOUNT = 24
"""Records of an account and day in a world, about."""

SCALES = {"small": 300_000, "medium": 3_000_000, "large": 1 << 62}
"""Scales of the other maker's worlds, each with the number of records up to which it is the nearest."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Logs to scan: audit logs and sign-in logs as JSON lines, and where they are. `maker` is `lab` or `other`."""

    name: str
    maker: str
    place: Path
    audit: list[Path]
    sign_ins: list[Path]

    @property
    def files(self) -> list[Path]:
        """Return all files."""
        return [*self.audit, *self.sign_ins]


def own_file(out: Path, records: int, *, is_fresh: bool = False) -> Corpus:
    """Return one file of the lab: a few templates for each account, one account for each thousand records."""
    path = _once(
        out / f"bench-{records}.jsonl", lambda new: write_bench_records(new, records, 1), is_fresh=is_fresh
    )
    return Corpus("own", "lab", path, [path], [])


def varied_file(out: Path, records: int, shared: Path | None, *, is_fresh: bool = False) -> Corpus:
    """Return one file whose values vary, of 5,000 accounts."""
    script = shared / "bench" / "perf_corpus.py" if shared else None
    if script is None or not script.is_file():
        path = _once(
            out / f"varied-{records}.jsonl", lambda new: write_varied_records(new, records), is_fresh=is_fresh
        )
        return Corpus("varied", "lab", path, [path], [])
    path = _once(
        out / f"varied-other-{records}.jsonl",
        lambda new: _run(script, str(records), str(new)),
        is_fresh=is_fresh,
    )
    return Corpus("varied", "other", path, [path], [])


def world(out: Path, records: int, shared: Path | None, *, is_fresh: bool = False) -> Corpus:
    """Return many files of several organisations, by day: audit logs and sign-ins, with attacks.

    The number of records is about the one asked for. The other maker's worlds have three scales: the nearest is returned.
    """
    script = shared / "worlds" / "make.py" if shared else None
    if script is None or not script.is_file():
        folder = _once(out / f"world-{records}", lambda new: _make_lab_world(new, records), is_fresh=is_fresh)
        return _world_in(folder, "lab")
    scale = next(name for name, most in SCALES.items() if records <= most)
    folder = _once(
        out / f"world-other-{scale}",
        lambda new: _run(script, "--seed", "11", "--scale", scale, "--out", str(new)),
        is_fresh=is_fresh,
    )
    return _world_in(folder, "other")


CORPORA = ("own", "varied", "world")


def make_corpus(name: str, out: Path, records: int, shared: Path | None, *, is_fresh: bool = False) -> Corpus:
    """Return one of CORPORA, made unless it is there already."""
    if name == "own":
        return own_file(out, records, is_fresh=is_fresh)
    make = varied_file if name == "varied" else world
    return make(out, records, shared, is_fresh=is_fresh)


def _world_in(folder: Path, maker: str) -> Corpus:
    files = sorted(path for path in (folder / "logs").rglob("*") if path.is_file())
    sign_ins = [path for path in files if path.name.startswith("signins")]
    audit = [path for path in files if not path.name.startswith("signins")]
    return Corpus("world", maker, folder / "logs", audit, sign_ins)


def _once(path: Path, make: Callable[[Path], None], *, is_fresh: bool) -> Path:
    """Make a file or folder unless it exists whole; return it."""
    if path.exists() and not is_fresh:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    for old in (new, path):
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink(missing_ok=True)
    make(new)
    new.rename(path)
    return path


def _run(script: Path, *arguments: str) -> None:
    done = subprocess.run([sys.executable, str(script), *arguments], stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(f"{script.name} ended with {done.returncode}: no logs to scan")


def _make_lab_world(folder: Path, records: int) -> None:
    accounts = records / (TENANTS * DAYS * PER_ACCOUNT)
    settings = WorldSettings(
        seed=1,
        tenants=TENANTS,
        accounts=max(5, round(accounts)),
        days=DAYS,
        attacks=12,
        density=min(1.0, accounts / 5),
    )
    write_daily_logs(settings, folder)


def write_daily_logs(settings: WorldSettings, folder: Path) -> None:
    """Write a world of the lab as `folder/logs/ORGANISATION/{audit,signins}-YYYYMMDD.jsonl`, by day of delivery."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        make_world(settings, Path(scratch), _draw_plain_style)
        logs = Path(scratch) / "logs"
        for path in sorted(path for path in logs.rglob("*") if path.is_file()):
            stream, stamp = path.name.split("-")[:2]
            target = folder / "logs" / path.relative_to(logs).parts[0] / f"{stream}-{stamp[:8]}.jsonl"
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("ab") as out:
                out.writelines(_lines(path))


def _draw_plain_style(settings: WorldSettings, dice: SeededRandom) -> OrganisationStyle:
    """Draw a style whose files are one for each day and log, with sign-ins, and nothing but these two logs."""
    return replace(
        draw_style(settings, dice),
        audit_shape="jsonl",
        sign_in_shape="graph",
        directory_in="audit",
        has_sign_ins=True,
        file_hours=24,
    )


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the records of a file of JSON lines, or of pages of Graph, as lines."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if ".jsonl" in path.name:
        yield from data.splitlines(keepends=True)
        return
    for record in json.loads(data)["value"]:
        yield json.dumps(record, separators=(",", ":")).encode() + b"\n"
