"""The bench of a million records, with some thousand: nothing lost, nothing doubled, the ledger exact."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("vendor", "kills"),
    [("m365", 2), ("entra", 2), ("google", 2), ("okta", 2), ("okta", 0),
     *(pytest.param(vendor, 0, marks=pytest.mark.soak) for vendor in ("m365", "entra", "google"))],
)  # fmt: skip
def test_some_thousand_records(tmp_path: Path, vendor: str, kills: int) -> None:
    command = [sys.executable, "bench/collect.py", "--vendor", vendor, "--records", "2000", "--faults", "0.2"]
    command += [
        "--forgets",
        "0.05",
        "--kills",
        str(kills),
        "--kill-within",
        "0.4",
    ]  # a pass takes half a second or more
    # What is killed has to last; nothing else hangs on how long is waited.
    command += ["--haste", "100" if kills else "5000"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "out")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^exact +True$", done.stdout, re.MULTILINE)
    assert re.search(r"^lost +0$", done.stdout, re.MULTILINE)
    landed = re.search(r"^kills +(\d+)$", done.stdout, re.MULTILINE)
    assert landed is not None
    # What is left after the first may be done before the second.
    assert min(kills, 1) <= int(landed[1]) <= kills
