"""The bench of scans: other makers' generators are used where they are, and the figures are printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VARIED = """
import sys, orjson
def record(number):
    return {"CreationTime": "2026-01-05T10:00:00", "Id": f"{number:036d}", "Operation": "Send", "RecordType": 2,
            "UserId": "ann@one.example", "Workload": "Exchange", "OrganizationId": "one", "Version": 1}
with open(sys.argv[2], "wb") as out:
    for number in range(int(sys.argv[1])):
        out.write(orjson.dumps(record(number)) + b"\\n")
"""
WORLD = """
import argparse, json, pathlib
asked = argparse.ArgumentParser()
for name in ("seed", "scale", "out"):
    asked.add_argument(f"--{name}")
asked = asked.parse_args()
assert asked.scale == "small"
for organisation in ("one", "two"):
    folder = pathlib.Path(asked.out) / "logs" / organisation
    folder.mkdir(parents=True)
    audit = {"CreationTime": "2026-01-05T10:00:00", "Id": organisation, "Operation": "Send", "RecordType": 2,
             "UserId": f"ann@{organisation}.example", "Workload": "Exchange", "OrganizationId": organisation, "Version": 1}
    sign_in = {"id": f"s-{organisation}", "createdDateTime": "2026-01-05T09:00:00Z", "appId": "x", "isInteractive": True,
               "userPrincipalName": f"ann@{organisation}.example", "ipAddress": "192.0.2.1", "status": {"errorCode": 0}}
    (folder / "ual-20260105.jsonl").write_text(json.dumps(audit) + "\\n")
    (folder / "signins-20260105.jsonl").write_text(json.dumps(sign_in) + "\\n")
"""


def run_bench(shared: Path, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "bench/scan_million.py",
        "--runs",
        "1",
        "--shared",
        str(shared),
        "--out",
        str(out),
        *options,
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.slow
def test_generators_of_other_makers_are_used_where_they_are(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    for name, script in (("bench/perf_corpus.py", VARIED), ("worlds/make.py", WORLD)):
        (shared / name).parent.mkdir(parents=True)
        (shared / name).write_text(script)
    done = run_bench(shared, tmp_path / "out", "--corpora", "varied", "world", "--records", "50")
    assert done.returncode == 0, done.stderr
    assert re.search(
        r"^varied \(maker: other\): 50 records of \d+ bytes in 1 file: CPU ratio ", done.stdout, re.MULTILINE
    )
    assert re.search(
        r"^world \(maker: other\): 4 records of \d+ bytes in 4 files: CPU ratio ", done.stdout, re.MULTILINE
    )
    assert (
        len(
            re.findall(
                r"^  (?:bare DuckDB read|seawall scan) .* CPU s .* records/s .* MiB$",
                done.stdout,
                re.MULTILINE,
            )
        )
        == 4
    )


def test_a_generator_that_fails_leaves_no_logs_behind(tmp_path: Path) -> None:
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench/perf_corpus.py").write_text(
        "import sys; open(sys.argv[2], 'w').write('{'); sys.exit(3)"
    )
    done = run_bench(tmp_path, tmp_path / "out", "--corpora", "varied", "--records", "50")
    assert done.returncode == 1
    assert "perf_corpus.py ended with 3" in done.stderr
    assert not (tmp_path / "out/varied-other-50.jsonl").exists()
