"""Run all properties with all their examples, from a fresh seed: `python -m tools.soak_properties [--minutes N] [--seed N]`.

A run that fails prints the command that repeats it. With `--minutes`, further seeds follow until that time is over, also
after a failure; the exit code is 1 if any failed.
"""

from __future__ import annotations

import argparse
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

COMMAND = (
    "-m", "pytest", "-m", "hypothesis and not soak", "--hypothesis-profile", "thorough", "-n", "auto", "--timeout", "0",
)  # fmt: skip


def run_properties(seed: int) -> int:
    """Run all properties from a seed, and return pytest's exit code."""
    return subprocess.run([sys.executable, *COMMAND, f"--hypothesis-seed={seed}"], check=False).returncode


def main(
    arguments: Sequence[str] | None = None,
    run: Callable[[int], int] = run_properties,
    now: Callable[[], float] = time.monotonic,
) -> int:
    """Run seeds until the time is over, and return 1 if one of them failed."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.soak_properties",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=0, help="run further seeds for that long")
    parser.add_argument("--seed", type=int, help="run this seed alone")
    asked = parser.parse_args(arguments)
    begin, failed, number = now(), list[int](), 0
    while not number or (asked.seed is None and now() - begin < asked.minutes * 60):
        seed = secrets.randbits(32) if asked.seed is None else asked.seed
        number += 1
        print(f"properties from seed {seed}; to repeat: make soak-properties SEED={seed}", flush=True)
        if run(seed):
            failed.append(seed)
            print(f"failed from seed {seed}; to repeat: make soak-properties SEED={seed}", flush=True)
    repeats = "".join(f"\n  make soak-properties SEED={seed}" for seed in failed)
    print(f"{number} seeds in {(now() - begin) / 60:.0f} minutes, {len(failed)} failed{repeats}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
