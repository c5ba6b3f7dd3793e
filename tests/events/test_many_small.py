"""Input of very many very small parts: what is done once for each of them is little, whatever it is once for a file."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seawall.events.formats.limits import BODY
from seawall.events.microsoft import m365_columns as m365_audit
from seawall.events.readers import count_by_file, read
from seawall.pipeline.live.ingest_queue import batches_of
from seawall.pipeline.live.parsing import ParserPool
from seawall.pipeline.scan import scan
from tests.events.archives import member, tar_file, tar_of, zip_of
from tests.events.support import check, mail_read, rows

FILES = 3_000
MILLION = 1_000_000
MOST_SECONDS = 60.0
"""Seconds of processor time: on a quiet machine each takes less than a sixth; before, one took two minutes."""


def _one(number: int) -> bytes:
    return json.dumps(mail_read(number)).encode() if number % 3 else b"{}"


def _as_zip(path: Path) -> None:
    path.write_bytes(zip_of(*(member(b"%d" % n, _one(n)) for n in range(FILES))))


def _as_tar(path: Path) -> None:
    path.write_bytes(tar_of(*((tar_file(str(n)), _one(n)) for n in range(FILES))))


def _as_folder(path: Path) -> None:
    path.mkdir()
    for number in range(FILES):
        (path / f"{number:05d}").write_bytes(_one(number))


@pytest.mark.parametrize("write", [_as_zip, _as_tar, _as_folder])
def test_small_files_share_a_batch_and_keep_their_names_and_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None]
) -> None:
    calls: list[int] = []
    right = m365_audit.normalise

    def normalise(table: Any, *more: Any) -> Any:
        calls.append(table.num_rows)
        return right(table, *more)

    monkeypatch.setattr(m365_audit, "normalise", normalise)
    write(tmp_path / "a")
    batches = list(read([tmp_path / "a"]))
    for batch in batches:
        check(batch)
    assert calls == [FILES * 2 // 3], "columns are made once, not for each file"
    found = [row for batch in batches for row in rows(batch.events)]
    assert [row["source_line"] for row in found] == [1] * len(found)
    assert len({row["source_file"] for row in found}) == len(found) == FILES * 2 // 3
    names = [row["source_file"][-1] for row in found]
    assert names == [str(n % 10) for n in range(FILES) if n % 3]
    tallies = [count_by_file(batch) for batch in batches]
    assert sum(one.records for tally in tallies for one in tally.values()) == FILES
    assert sum(one.unread for tally in tallies for one in tally.values()) == FILES // 3


def _text(path: Path, head: str, part: str, tail: str = "") -> Path:
    path.write_text(head + part * MILLION + tail)
    return path


@pytest.mark.soak
@pytest.mark.parametrize(
    ("head", "part", "tail"),
    [("[{}", ",{}", "]"), ("[{}", ",[]", "]"), ("", "{}\n", ""), ('{"time":"2026-01-01"}\n', "null\n", ""),
     ('{"time":"2026-01-01"}\n', "\n", ""), ("time,id\n", "1,2\n", "")],
    ids=["objects", "arrays", "lines", "nulls", "blank lines", "rows"],
)  # fmt: skip
def test_a_million_tiny_records_take_seconds(tmp_path: Path, head: str, part: str, tail: str) -> None:
    path = _text(tmp_path / "log", head, part, tail)
    started = time.process_time()
    summary = scan(path, tmp_path / "out").summary
    assert time.process_time() - started < MOST_SECONDS
    assert summary["records"] == summary["events"] + summary["duplicates"] + summary["problems"]


@pytest.mark.soak
@pytest.mark.parametrize("write", [_as_zip, _as_folder])
def test_sixty_thousand_small_files_take_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None]
) -> None:
    monkeypatch.setitem(globals(), "FILES", 60_000)
    write(tmp_path / "logs")
    started = time.process_time()
    assert scan(tmp_path / "logs", tmp_path / "out").summary["records"] == 60_000
    assert time.process_time() - started < MOST_SECONDS


@pytest.mark.parametrize(
    "body", [b"{}\n" * 70_000, b"[{}" + b",{}" * 70_000 + b"]", b"time,id\n" + b"1,2\n" * 70_000]
)
def test_a_body_of_more_records_than_memory_should_hold_is_refused(body: bytes) -> None:
    """Their problems alone would take gigabytes, and the reader was killed over them: the sender came again and again."""
    limits = type(BODY)(body_records=60_000)
    (batch,) = batches_of(body, "token", limits)
    (problem,) = batch.problems
    assert (batch.records, problem.code, problem.counts_as_record) == (0, "bomb", False)
    assert "60,000 records" in problem.reason


def test_a_body_is_read_the_same_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b"".join(json.dumps(mail_read(n)).encode() + b"\n" for n in range(400)) + b'{"time":'
    table = b"CreationDate,AuditData\r\n" + b'2026-03-02T10:00:00,"{""a"":\r\n1}"\r\n' * 300
    for text in (body, table):
        whole = [row for batch in batches_of(text, "t", BODY) for row in rows(batch.events)]
        problems = [(p.line, p.code) for batch in batches_of(text, "t", BODY) for p in batch.problems]
        for piece in (1_000, 4_097, 100_000):
            monkeypatch.setattr("seawall.pipeline.live.ingest_queue._PIECE", piece)
            batches = batches_of(text, "t", BODY)
            assert [row for batch in batches for row in rows(batch.events)] == whole
            assert [(p.line, p.code) for batch in batches for p in batch.problems] == problems
        monkeypatch.undo()


def test_very_many_problems_come_back_from_the_process_that_reads() -> None:
    """They were in the head of its answer, which may have 16 MiB: beyond, the process counted as dead."""
    with ParserPool(1) as parsers:
        batches = parsers.parse(b"{}\n" * 300_000, "token")
    assert sum(batch.records for batch in batches) == sum(len(batch.problems) for batch in batches) == 300_000
