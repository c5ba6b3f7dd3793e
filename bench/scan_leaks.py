"""Measure `seawall keys scan` on a made-up dump: found keys, false findings and speed, compared with rsakeyfind.

    python bench/scan_leaks.py [--mebibytes 256] [--runs 3] [--seed 1] [--scaling] [--keep]

Two throw-away keys of each type (RSA 2048, P-256, Ed25519) are planted once in every form, at random offsets. Every command
runs alone in one process; figures are medians of runs in turns. CPU seconds are the operating system's account of the
process, which other work affects less. Twenty keys, all RSA 2048 or of mixed types (RSA 2048, 3072, 4096, P-256, P-384,
Ed25519), show the cost of further keys. "start" is the time of the same command on an empty file, "after it" MiB a CPU
second without that. `rsakeyfind` is a Debian package of that name.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa

from leak_dump import PUBLIC, SKETCH, STRUCTURE, Planted, keys, make_dump, more_keys, public_jwk
from seawall.keys.leaks.key_sketches.sketch_search import SketchSearch
from seawall.keys.leaks.key_sketches.sketches import make_sketch
from seawall.keys.leaks.number_search.arithmetic import KnownKeys
from seawall_tokens.jose.key import parse_key

SEAWALL = [sys.executable, "-m", "seawall.cli.main", "keys"]
MIB = 1 << 20


@dataclass(frozen=True)
class Run:
    """One finished process: CPU and wall seconds, peak bytes, output."""

    cpu: float
    wall: float
    peak: int
    said: bytes


@dataclass(frozen=True)
class Candidate:
    """One command to measure; `is_ours` tells that its output is Seawall's JSON."""

    name: str
    command: list[str]
    is_ours: bool = True


def run_measured(command: list[str]) -> Run:
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        if os.waitstatus_to_exitcode(status) not in (0, 10):
            sys.exit(f"failed with status {os.waitstatus_to_exitcode(status)}: {' '.join(command)}")
        said.seek(0)
        return Run(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024, said.read())


def prepare(folder: Path, size: int, seed: int) -> tuple[list[Planted], list[Candidate]]:
    """Make the dump, the public keys and the sketches; return the planted forms and the commands."""
    made = keys()
    dump = folder / "dump.bin"
    planted = make_dump(dump, size, seed, made)
    public = [public_jwk(key) for key in made]
    (folder / "one.json").write_text(json.dumps({"keys": public[:1]}))
    (folder / "all.json").write_text(json.dumps({"keys": public}))
    for name, more in zip(("alike", "mixed"), more_keys(), strict=True):
        (folder / f"{name}.json").write_text(
            json.dumps({"keys": public[:1] + [public_jwk(key) for key in more]})
        )
    pem = b"".join(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()) for key in made)
    sketches = str(folder / "sketches.json")
    subprocess.run(
        [*SEAWALL, "sketch", "-", "--out", sketches, "-q"], input=pem, check=True, stdout=subprocess.DEVNULL
    )

    def scan(*more: str) -> list[str]:
        return [*SEAWALL, "scan", str(dump), "--jobs", "1", "--json", "-q", *more]

    candidates = [
        Candidate("structure rules", scan()),
        Candidate("+ one public RSA key", scan("--jwks", str(folder / "one.json"))),
        Candidate("+ six public keys", scan("--jwks", str(folder / "all.json"))),
        Candidate("+ twenty of RSA 2048", scan("--jwks", str(folder / "alike.json"))),
        Candidate("+ twenty of mixed types", scan("--jwks", str(folder / "mixed.json"))),
        Candidate("+ six sketches", scan("--sketches", sketches)),
        Candidate("+ keys and sketches", scan("--jwks", str(folder / "all.json"), "--sketches", sketches)),
    ]
    if shutil.which("rsakeyfind"):
        candidates.append(Candidate("rsakeyfind", ["rsakeyfind", str(dump)], is_ours=False))
    else:
        print("rsakeyfind is not installed: apt-get install rsakeyfind")
    return planted, candidates


def match_findings(
    candidate: Candidate, run: Run, planted: list[Planted]
) -> tuple[set[int], list[tuple[int, str]]]:
    """Return the indices of planted forms that were found, and findings where nothing was planted (offset, form)."""
    if candidate.is_ours:
        answer: dict[str, Any] = json.loads(run.said)
        if answer["bytes_skipped"] or answer["skipped"]:
            print(f"  skipped by {candidate.name}: {answer['skipped'][:3]}")
        hits = [(hit["offset"], hit["form"], hit["key"]) for hit in answer["findings"]]
    else:
        places = re.findall(rb"FOUND PRIVATE KEY AT ([0-9a-fA-F]+)", run.said)
        hits = [(int(place, 16), "DER", None) for place in places]
    right: set[int] = set()
    wrong = []
    for offset, form, key in hits:
        here = [
            index
            for index, each in enumerate(planted)
            if each.offset - 16 <= offset < each.end and key in (None, each.key)
        ]
        right.update(here)
        if not here:
            wrong.append((offset, form))
    return right, wrong


def starting(candidate: Candidate, folder: Path) -> float:
    """Return the CPU seconds of the same command on an empty file: the median of five."""
    command = [
        str(folder / "nothing") if word == str(folder / "dump.bin") else word for word in candidate.command
    ]
    return statistics.median(run_measured(command).cpu for _ in range(5))


def report(
    starts: dict[str, float],
    planted: list[Planted],
    results: dict[str, tuple[list[Run], set[int], list[tuple[int, str]]]],
    size: int,
) -> None:
    counts = Counter(each.form.needs for each in planted)
    names = {STRUCTURE: "by structure", PUBLIC: "with public key", SKETCH: "with sketch only"}
    print(f"\nplanted: {', '.join(f'{counts[needs]} {words}' for needs, words in names.items())}\n")
    head = f"{'':24}{'structure':>12}{'public':>9}{'sketch':>9}{'false':>7}"
    head += f"{'CPU s':>9}{'MiB/CPU s':>11}{'start':>7}{'after it':>10}{'wall s':>8}{'peak MiB':>10}"
    print(head)
    for name, (runs, right, wrong) in results.items():
        part = Counter(planted[index].form.needs for index in right)
        cpu, wall = (statistics.median(getattr(run, field) for run in runs) for field in ("cpu", "wall"))
        cells = "".join(
            f"{part[needs]:>{width}}" for needs, width in ((STRUCTURE, 12), (PUBLIC, 9), (SKETCH, 9))
        )
        after = size / MIB / max(cpu - starts[name], 0.01)
        peak = max(run.peak for run in runs) / MIB
        figures = (
            f"{cpu:>9.2f}{size / MIB / cpu:>11.0f}{starts[name]:>7.2f}{after:>10.0f}{wall:>8.2f}{peak:>10.0f}"
        )
        print(f"{name:24}{cells}{len(wrong):>7}{figures}")
    for name, (_, right, wrong) in results.items():
        if wrong:
            print(f"\n{name}: hits where nothing was planted: {sorted(wrong)[:10]}")
        asked = (
            {STRUCTURE}
            | ({PUBLIC} if "keys" in name else set())
            | ({SKETCH, PUBLIC} if "sketches" in name else set())
        )
        missed = [each for i, each in enumerate(planted) if i not in right and each.form.needs in asked]
        if missed and name != "rsakeyfind":
            print(
                f"\n{name}: not found: "
                + "; ".join(f"{each.form.name} ({each.offset})" for each in missed[:20])
            )


def scaling(dump: Path) -> None:
    """Print the speed of one core with more and longer keys, and with more sketches."""
    data = dump.read_bytes()
    searches: list[tuple[str, KnownKeys | SketchSearch]] = []
    for count, bits in ((1, 2048), (2, 2048), (5, 2048), (10, 2048), (1, 3072), (1, 4096)):
        made = [rsa.generate_private_key(65537, bits) for _ in range(count)]
        public = [parse_key(public_jwk(key)) for key in made]
        searches.append((f"{count} public RSA-{bits}", KnownKeys.from_public(public)))
    for count in (1, 5, 20):
        made = [rsa.generate_private_key(65537, 2048) for _ in range(count)]
        searches.append((f"{count} sketches of RSA-2048", SketchSearch([make_sketch(key) for key in made])))
    print(f"\n{'search of the dump in memory':32}{'MiB/CPU s':>12}")
    for name, search in searches:
        search.prepare()
        start = time.process_time()
        for place in range(0, len(data), 8 * MIB):
            stretch = memoryview(data)[place : place + 9 * MIB]
            if search.search(stretch, 0, min(8 * MIB, len(stretch))):
                sys.exit("found what is not there")
        print(f"{name:32}{len(data) / MIB / (time.process_time() - start):>12.0f}")


def machine() -> str:
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("seawall", "yara-x", "numba", "numpy", "gmpy2")
    )
    return f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mebibytes", type=int, default=256)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--keep", action="store_true", help="keep the dump and what was planted, in bench/out/leaks"
    )
    parser.add_argument("--scaling", action="store_true", help="also measure more and longer keys")
    options = parser.parse_args()
    size = options.mebibytes * MIB
    kept = Path(__file__).parent / "out" / "leaks"
    with tempfile.TemporaryDirectory() as temporary:
        folder = kept if options.keep else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        # in another process, whose memory does not count for every command
        with ProcessPoolExecutor(1) as apart:
            planted, candidates = apart.submit(prepare, folder, size, options.seed).result()
        if options.keep:
            listed = [[each.offset, each.form.name, each.form.needs, each.key] for each in planted]
            (folder / "planted.json").write_text(json.dumps(listed))
        print(f"{datetime.now(UTC):%Y-%m-%d}  {machine()}")
        print(
            f"{options.mebibytes} MiB, seed {options.seed}, {options.runs} runs, one process each, whole commands"
        )
        runs: dict[str, list[Run]] = {candidate.name: [] for candidate in candidates}
        for candidate in candidates[3:7]:  # compile, and read the dump into the page cache
            run_measured(candidate.command)
        (folder / "nothing").write_bytes(b"nothing")
        starts = {c.name: starting(c, folder) for c in candidates}
        for _ in range(options.runs):
            for candidate in candidates:
                runs[candidate.name].append(run_measured(candidate.command))
        results = {c.name: (runs[c.name], *match_findings(c, runs[c.name][-1], planted)) for c in candidates}
        report(starts, planted, results, size)
        if options.scaling:
            scaling(folder / "dump.bin")


if __name__ == "__main__":
    main()
