"""Files that grow, turn, shrink and vanish: every record comes once."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from seawall.events.readers import Limits
from seawall.pipeline.tail import TailTiming
from tests.events.support import read_all, rows
from tests.pipeline.tail.folder import Consumer, line, small


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_a_growing_file_is_read_as_it_grows(tmp_path: Path) -> None:
    consumer = Consumer(tmp_path)
    log = tmp_path / "audit.jsonl"
    for number in range(5):
        append(log, line(number))
        consumer.poll()
        assert consumer.numbers() == list(range(number + 1))
    assert [row["source_line"] for row in consumer.rows] == [1, 2, 3, 4, 5]
    assert consumer.problems == []


def test_the_events_are_those_of_a_scan(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    consumer = Consumer(tmp_path)
    for number in range(0, 40, 4):
        append(log, b"".join(line(n) for n in range(number, number + 4)) + b"damage\n")
        consumer.poll()
    events, problems, records = read_all(log)
    assert [{k: v for k, v in row.items() if v is not None} for row in consumer.rows] == rows(events)
    assert consumer.problems == problems
    assert consumer.records == records


def test_a_table_goes_on_with_its_header(tmp_path: Path) -> None:
    log = tmp_path / "audit.csv"
    consumer = Consumer(tmp_path)
    append(log, b"RecordId,CreationDate,AuditData\n")
    for number in range(6):
        text = json.dumps(small(number)).replace('"', '""')
        row = f'{number},2026-03-02,"{text}"\n'.encode()
        append(log, row[:40])
        consumer.poll(crash_at=0 if number == 3 else None)
        append(log, row[40:])
        consumer.poll()
    consumer.poll(10)
    assert consumer.numbers() == list(range(6))
    assert consumer.problems == []


def test_half_a_line_waits(tmp_path: Path) -> None:
    consumer = Consumer(tmp_path)
    log = tmp_path / "audit.jsonl"
    append(log, line(1) + line(2)[:50])
    consumer.poll()
    consumer.poll(1_000)
    assert consumer.numbers() == [1]
    append(log, line(2)[50:-1])
    consumer.poll()
    assert consumer.numbers() == [1]
    consumer.poll(61)
    assert consumer.numbers() == [1, 2]
    append(log, b"\n" + line(3))
    consumer.poll()
    assert consumer.numbers() == [1, 2, 3]
    assert consumer.problems == []


def test_renamed_logs_are_read_on(tmp_path: Path) -> None:
    consumer = Consumer(tmp_path)
    log, turned = tmp_path / "audit.jsonl", tmp_path / "audit.jsonl.1"
    append(log, line(1))
    consumer.poll()
    append(log, line(2))
    log.rename(turned)
    append(log, line(3))
    append(turned, line(4))
    consumer.crash()
    consumer.settle()
    assert consumer.numbers() == [1, 2, 3, 4]
    assert {row["source_file"] for row in consumer.rows} == {str(log), str(turned)}


@pytest.mark.parametrize("is_crashing", [False, True])
def test_copied_and_emptied_logs_are_read_on_in_the_copy(tmp_path: Path, is_crashing: bool) -> None:
    consumer = Consumer(tmp_path)
    log, copy = tmp_path / "audit.jsonl", tmp_path / "audit.jsonl.1"
    append(log, line(1) + line(2) + line(3)[:20])
    consumer.poll()
    append(log, line(3)[20:] + line(4))
    shutil.copy(log, copy)
    if is_crashing:
        consumer.crash()
    log.write_bytes(line(5))
    consumer.settle()
    append(log, line(6))
    consumer.settle()
    assert consumer.numbers() == [1, 2, 3, 4, 5, 6]
    assert consumer.problems == []


def test_a_look_between_copying_and_emptying(tmp_path: Path) -> None:
    consumer = Consumer(tmp_path)
    log, copy = tmp_path / "audit.jsonl", tmp_path / "audit.jsonl.1"
    append(log, line(1) + line(2))
    consumer.poll()
    shutil.copy(log, copy)
    consumer.poll()
    log.write_bytes(b"")
    consumer.poll()
    append(log, line(4))
    consumer.settle()
    assert consumer.numbers() == [1, 2, 4]


def test_emptied_and_longer_than_before(tmp_path: Path) -> None:
    consumer = Consumer(tmp_path)
    log = tmp_path / "audit.jsonl"
    append(log, line(1))
    consumer.poll()
    log.write_bytes(line(2) + line(3) + line(4))
    consumer.settle()
    assert consumer.numbers() == [1, 2, 3, 4]


def test_deleted_logs_are_read_to_their_end(tmp_path: Path) -> None:
    consumer = Consumer(tmp_path)
    log = tmp_path / "audit.jsonl"
    append(log, line(1))
    consumer.poll()
    with log.open("ab") as writer:
        writer.write(line(2) + line(3)[:-1])
        writer.flush()
        log.unlink()
        consumer.poll()
        assert consumer.numbers() == [1, 2]
    consumer.settle()
    assert consumer.numbers() == [1, 2, 3]
    assert consumer.problems == []


def test_a_log_that_leaves_unread_is_a_problem(tmp_path: Path) -> None:
    consumer = Consumer(tmp_path, patience=TailTiming(piece_bytes=700, open_files=1))
    for name, number in (("a", 1), ("b", 2)):
        append(tmp_path / name, line(number) + b'{"Id":')
    consumer.poll()
    (tmp_path / "a").unlink()
    consumer.settle()
    assert [problem.code for problem in consumer.problems] == ["unreadable"]
    assert "before it was read to its end" in consumer.problems[0].reason


def test_a_file_that_comes_back_is_known(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    consumer = Consumer(inside)
    append(inside / "a.jsonl", line(1) + line(2))
    consumer.settle()
    shutil.copy(inside / "a.jsonl", outside / "a.jsonl")
    (inside / "a.jsonl").unlink()
    consumer.settle()
    append(outside / "a.jsonl", line(3))
    shutil.copy(outside / "a.jsonl", inside / "b.jsonl")
    consumer.settle()
    assert consumer.numbers() == [1, 2, 3]


def test_the_files_that_went_are_forgotten_in_the_end(tmp_path: Path) -> None:
    consumer = Consumer(tmp_path, patience=TailTiming(gone=3))
    for number in range(8):
        append(tmp_path / "a", line(number))
        consumer.settle()
        (tmp_path / "a").unlink()
        consumer.settle()
    assert consumer.numbers() == list(range(8))
    assert len(consumer.checkpoint) == 3


def archive(path: Path, data: bytes) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("inner.json", data)


WHOLE: dict[str, Any] = {
    "array": lambda path, data: path.write_bytes(data),
    "gzip": lambda path, data: path.write_bytes(gzip.compress(data)),
    "zip": archive,
}


@pytest.mark.parametrize("kind", sorted(WHOLE))
def test_whole_files_wait_until_they_are_left_alone(tmp_path: Path, kind: str) -> None:
    consumer = Consumer(tmp_path, limits=Limits(batch_records=7))
    path = tmp_path / "export"
    WHOLE[kind](path, json.dumps([small(number) for number in range(40)], indent=1).encode())
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    consumer.poll()
    consumer.poll(3)
    path.write_bytes(whole)
    consumer.poll(3)
    consumer.poll(3)
    assert consumer.numbers() == []
    for crash_at in (2, 0, 3):
        consumer.poll(6, crash_at=crash_at)
        consumer.poll(1)
    consumer.settle()
    assert consumer.numbers() == list(range(40))
    assert consumer.problems == []
    path.rename(tmp_path / "other")
    consumer.crash()
    consumer.settle()
    assert consumer.numbers() == list(range(40))


def test_special_files_and_missing_paths_are_problems_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    append(tmp_path / "a", line(1))
    (tmp_path / "link").symlink_to(tmp_path / "a")
    consumer = Consumer(tmp_path, tmp_path / "missing")
    consumer.settle()
    assert sorted(problem.code for problem in consumer.problems) == ["not-a-log", "unreadable", "unreadable"]
    assert consumer.numbers() == [1]


def test_words_are_a_problem_and_no_log(tmp_path: Path) -> None:
    (tmp_path / "readme").write_text("words\nand words\n")
    (tmp_path / "empty").write_text("")
    consumer = Consumer(tmp_path)
    consumer.settle()
    assert [problem.code for problem in consumer.problems] == ["not-a-log"]
    append(tmp_path / "empty", line(1))
    consumer.poll()
    assert consumer.numbers() == [1]


def test_a_line_beyond_the_limit_is_a_problem(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    consumer = Consumer(tmp_path)
    append(log, line(1))
    for number in range(5):
        append(log, b"x" * 15_000)
        consumer.poll(crash_at=0 if number == 2 else None)
    append(log, b"\n" + line(2))
    consumer.settle()
    assert consumer.numbers() == [1, 2]
    assert [problem.code for problem in consumer.problems] == ["too-large"]
    assert [row["source_line"] for row in consumer.rows] == [1, 3]
