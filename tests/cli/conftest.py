"""A command line with the engine replaced, so that a verb is tested alone."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from seawall.cli.main import main
from seawall.detection.rules.sigma.run import RuleSet
from seawall.pipeline import scan as pipeline

from .samples import incidents, scan_result, written


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run `seawall` with arguments, in an empty folder, off a terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEAWALL_DEBUG", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)

    def call(*arguments: str) -> Outcome:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = main(list(arguments))
        texts = []
        for stream in (out, err):
            buffer = stream.buffer
            assert isinstance(buffer, io.BytesIO)
            texts.append(buffer.getvalue().decode())
        return Outcome(code, *texts)

    return call


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Replace the pipeline and return the list of calls that it gets; a path named quiet finds nothing."""
    calls: list[dict[str, Any]] = []

    def scan(
        paths: Any, out: Any = None, *, settings: Any = None, progress: Any = None, rules_read: Any = None
    ) -> pipeline.ScanResult:
        calls.append({"paths": paths, "out": out, "settings": settings})
        if rules_read is not None:
            rules_read(RuleSet())
        progress("read", 1, 2, 100)
        progress("score", 1, 1, 1200)
        written(out)
        found = () if any("quiet" in str(path) for path in paths) else incidents()
        return scan_result(found, out)

    monkeypatch.setattr(pipeline, "scan", scan)
    return calls
