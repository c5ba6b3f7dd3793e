"""Real third-party logs, followed: the events and problems of a scan."""

from __future__ import annotations

from typing import Any

import pytest

from seawall.events.problem import Problem
from seawall.events.readers import Limits
from seawall.pipeline.tail import TailTiming
from tests.events.support import SHARED, read_all, rows
from tests.pipeline.tail.folder import Consumer

FOLDERS = ("entra-signins", "golden-saml", "google-workspace-malformed", "m365-tenant-2021", "mixed-samples")


def place(row: dict[str, Any]) -> tuple[str, int]:
    return row["source_file"], row["source_line"]


def named(problem: Problem) -> tuple[str, int, str, str]:
    return problem.source_file, problem.line, problem.code, problem.reason


@pytest.mark.parametrize("folder", FOLDERS)
def test_followed_and_scanned_alike(folder: str) -> None:
    path = SHARED / folder
    if not path.is_dir():
        pytest.skip(f"{folder} is not here: the shared data is not part of the project")
    events, problems, records = read_all(path)
    consumer = Consumer(path, patience=TailTiming(piece_bytes=5_000), limits=Limits())
    consumer.settle()
    followed = [{key: value for key, value in row.items() if value is not None} for row in consumer.rows]
    assert sorted(followed, key=place) == sorted(rows(events), key=place)
    assert consumer.records == records
    # A file that is empty may still be about to be written.
    expected = [problem for problem in problems if problem.reason != "empty"]
    assert sorted(map(named, consumer.problems)) == sorted(map(named, expected))
