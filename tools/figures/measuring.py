"""Measure the parts of the figures on the commit that is checked out."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from tools.figures.digests import digests_of

LEFT_OUT_MAKER = "worlds-second/make.py"
"""The generator of the maker that is left out. The ranker that ships was trained on worlds of the lab and of another maker."""

WRITTEN = ("README.md", "docs/explanation/evaluation.md", "docs/figures.json")
"""Files that contain the figures: only they may differ from the commit that is measured."""


@dataclass(frozen=True, slots=True)
class Size:
    """Sizes of the measurement: `records` of each corpus that is scanned, repeated `runs` times; ten times as many once if
    `is_flat`; `shared`, a folder with other makers' generators, beside the project unless it is given; worlds to evaluate.

    `left_out` are seeds of worlds of a maker that trained nothing, `quiet` those of worlds without intrusions, of a `scale`.
    """

    records: int = 1_000_000
    runs: int = 5
    is_flat: bool = True
    shared: Path | None = None
    worlds: int = 5
    accounts: int = 500
    days: int = 42
    seed: int = 1
    left_out: tuple[int, ...] = (501, 502)
    quiet: tuple[int, ...] = (503,)
    scale: str = "medium"


class NotMeasured(Exception):
    """The figures could not be measured; the text states the reason."""


def measure(root: Path, part: str, size: Size) -> dict[str, Any]:
    """Return one part: its figures with commit, date, machine and digests. Raises `NotMeasured`."""
    commit = commit_of(root)
    digests = digests_of(root, part)
    figures = {"left-out": _left_out, "detection": _detection, "speed": _speed}[part](root, size)
    if commit_of(root) != commit or digests_of(root, part) != digests:
        raise NotMeasured("the files changed while they were measured")
    return {
        "commit": commit,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "digests": digests,
        "figures": figures,
    }


def commit_of(root: Path) -> str:
    """Return the commit that is checked out. Raises `NotMeasured` if other files than the figures differ from it."""
    others = [f":(exclude){name}" for name in WRITTEN]
    changed = _git(root, "status", "--porcelain", "--untracked-files=all", "--", ".", *others)
    if changed:
        raise NotMeasured(f"commit first, figures belong to a commit:\n{changed}")
    return _git(root, "rev-parse", "HEAD")


def machine() -> dict[str, Any]:
    """Return a description of the machine and software."""
    return {
        "processor": f"{platform.machine()} {platform.system()}",
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "duckdb": metadata.version("duckdb"),
        "load": round(os.getloadavg()[0], 1),
    }


def _speed(root: Path, size: Size) -> dict[str, Any]:
    options = ["--flat"] if size.is_flat else []
    options += ["--shared", str(size.shared)] if size.shared else []
    records = ["--records", str(size.records)]
    scan = _answer(
        root, ["bench/scan_million.py", *records, "--runs", str(size.runs), *options, "--fresh", "--json"]
    )
    batches = _answer(root, ["bench/batches.py", *records, "--json"])
    return {
        **{name: scan[name] for name in ("runs", "corpora", "tenfold") if name in scan},
        "detectors": {
            "events_a_second": batches["events_a_second"],
            "p99_ms": batches["milliseconds"]["p99"],
        },
        "help_seconds": _help_seconds(root),
    }


def _detection(root: Path, size: Size) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as out:
        asked = {"worlds": size.worlds, "accounts": size.accounts, "days": size.days, "seed": size.seed}
        options = [text for name, value in asked.items() for text in (f"--{name}", str(value))]
        document = _answer(root, ["-m", "seawall.cli.main", "evaluate", *options, "--out", out, "--json"])
    return detection_figures(document)


def _left_out(root: Path, size: Size) -> dict[str, Any]:
    """Measure on worlds of a maker that trained nothing: what a user's organisation is to the ranker."""
    script = (size.shared or root.parent / "shared") / LEFT_OUT_MAKER
    if not script.is_file():
        raise NotMeasured(f"there is no {script}: nobody else makes worlds that the ranker never saw")
    with tempfile.TemporaryDirectory() as scratch:
        made = []
        for seed in (*size.left_out, *size.quiet):
            made.append(f"{scratch}/world-{seed}")
            options = ["--quiet"] if seed in size.quiet else []
            _run(root, [str(script), "--seed", str(seed), "--scale", size.scale, "--out", made[-1], *options])
        figures = _answer(root, ["-m", "seawall.lab.evaluate.left_out", *made, "--kept", f"{scratch}/kept"])
    expected = len(size.left_out), len(size.quiet)
    if (figures["worlds"], figures["quiet_worlds"]) != expected:
        raise NotMeasured(f"{expected} worlds were made, and others were counted")
    return figures


def detection_figures(document: dict[str, Any]) -> dict[str, Any]:
    """Return the figures to store from the document of `seawall evaluate`."""
    methods = document["methods"]
    recall = methods["Seawall"]["recall"]
    return {
        "asked": document["asked"],
        "attacks": document["attacks"],
        "counted": next(iter(recall.values()))["staged"],
        "events": document["events"],
        "recall": {
            name: {budget: at["recall"] for budget, at in values["recall"].items()}
            for name, values in methods.items()
        },
        "families_at_5": recall["5"]["families"],
        "delay_seconds": document["median_delay_seconds"],
        "false_at_5": document["false_at_5"],
        "raised_at_5": document["raised_at_5"],
        "quiet": {name: values["raised_a_day_per_1000"] for name, values in document["quiet"].items()},
    }


def _help_seconds(root: Path) -> float:
    seconds = []
    for _ in range(5):
        begin = time.perf_counter()
        _run(root, ["-m", "seawall.cli.main", "--help"])
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def _answer(root: Path, arguments: list[str]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(_run(root, arguments))
    return answer


def _run(root: Path, arguments: list[str]) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise NotMeasured(f"{' '.join(command)} ended with {done.returncode}")
    return done.stdout


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotMeasured(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()
