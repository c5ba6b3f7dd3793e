"""Run old code: its command line in this process, its modules, and earlier commits in separate processes."""

from __future__ import annotations

import importlib
import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, Final

MOMENT: Final = 1_727_784_000
"""The simulated time while fixtures are made: 1 October 2024, 12:00 UTC, in seconds since 1970."""

WHO: Final = "Ann Example"

ISSUER: Final = "https://login.example.com"


def old(name: str) -> Any:
    """Return a module of the old code."""
    return importlib.import_module(name)


def seawall(*words: object, codes: Sequence[int] = (0,)) -> str:
    """Run a command of the old command line in this process, and return its output."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with redirect_stdout(out):
        code = old("seawall.cli.main").main([str(word) for word in words])
    if code not in codes:
        raise SystemExit(f"{words}: exit code {code}")
    buffer = out.buffer
    return buffer.getvalue().decode() if isinstance(buffer, io.BytesIO) else ""


@contextmanager
def inside(folder: Path) -> Iterator[Path]:
    """Change into a folder for a `with` block, creating it if missing, because fixtures contain relative paths."""
    folder.mkdir(parents=True, exist_ok=True)
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield folder
    finally:
        os.chdir(before)


def at_commit(origin: Path, commit: str, folder: Path, program: str, *arguments: object) -> None:
    """Run a program with the code of an earlier commit."""
    source = folder / commit.strip("^")
    if not source.exists():
        source.mkdir()
        archive = subprocess.run(
            ["git", "-C", origin, "archive", commit, "src"],
            check=True,
            capture_output=True,
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
            opened.extractall(source, filter="data")
    environment = {**os.environ, "PYTHONPATH": str(source / "src")}
    subprocess.run([sys.executable, "-c", program, *map(str, arguments)], check=True, env=environment)


def held(device: Any) -> dict[str, Any]:
    number = device.key.private_numbers().private_value
    return {"id": device.id.hex(), "key": hex(number), "counter": device.counter}


def asked(response: Any) -> Any:
    if response.status_code >= 300:
        raise SystemExit(response.text)
    return response.json()
