"""Log lines arrive whole, survive rotation, and are counted when they are lost."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.gate import log_lines
from seawall.gate.log_lines import LineHandler


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gate.log"


@pytest.fixture
def handler(path: Path) -> Iterator[LineHandler]:
    handler = LineHandler(str(path))
    yield handler
    handler.close()


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("gate", logging.INFO, __file__, 1, text, None, None)


def test_words_become_one_line_of_json_whatever_is_in_them(path: Path, handler: LineHandler) -> None:
    decided = '{"event": "token", "at": 1}'
    for text in ("the policy was read anew", 'x\n{"event": "token"}', '{"event":1}\n', decided):
        handler.handle(record(text))
    handler.flush()
    lines = path.read_text("utf-8").splitlines()
    assert lines[3:] == [decided]
    notes = [json.loads(line) for line in lines[:3]]
    assert [note["event"] for note in notes] == ["note"] * 3
    assert notes[1]["words"] == 'x\n{"event": "token"}'
    assert {"at", "level", "from"} <= notes[0].keys()


def test_lines_arrive_by_themselves(path: Path, handler: LineHandler) -> None:
    for number in range(1000):
        handler.add(f"line {number}")
    deadline = time.monotonic() + 30
    while path.read_text("utf-8").count("\n") < 1000 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert path.read_text("utf-8").splitlines() == [f"line {number}" for number in range(1000)]
    assert path.stat().st_mode & 0o077 == 0


def test_a_rotated_file_is_opened_anew(path: Path, handler: LineHandler) -> None:
    handler.add("before")
    handler.flush()
    path.rename(path.with_suffix(".1"))
    handler.add("after")
    handler.flush()
    assert path.with_suffix(".1").read_text("utf-8") == "before\n"
    assert path.read_text("utf-8") == "after\n"


def test_what_cannot_be_written_is_kept_up_to_a_limit_and_then_counted(
    path: Path, handler: LineHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log_lines, "MOST", 10)
    with monkeypatch.context() as patch:
        patch.setattr(log_lines, "_write_all", full)
        for number in range(25):
            handler.add(str(number))
        handler.flush()
        failing = handler.failing
    handler.flush()
    assert (failing, handler.failing) == (True, False)
    assert handler.lost >= 15
    assert path.read_text("utf-8").splitlines()[0] == "0"
