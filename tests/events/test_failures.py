"""The net around reading: a fault of the program costs a record or a file, is counted and logged, and quotes nothing."""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from seawall.events import read_files as reader
from seawall.events import small_exports as documents
from seawall.events.failures import LOGGER
from seawall.events.formats import json_records, line_blocks, many_lines
from seawall.events.formats.distinct_values import Column
from seawall.events.microsoft import m365_columns as m365_audit
from seawall.events.problem import Problem
from seawall.events.readers import EventBatch, Limits, read
from seawall.pipeline.live.ingest_queue import batches_of
from seawall.pipeline.live.parser import read_of
from seawall.pipeline.scan import scan
from seawall.pipeline.tail import Follower, stream_deliveries
from tests.events.support import mail_read, read_all, write_lines

SECRET = "eyJhbGciOi.secret-of-a-record"
BAD = "bad@example.org"
pytestmark = pytest.mark.reader_fails


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What the net logs."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    LOGGER.addHandler(handler)
    yield lines
    LOGGER.removeHandler(handler)


@pytest.fixture
def fails_on_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in the reading of single records: it hits those of one account."""
    right = m365_audit.row

    def row(record: dict[str, Any]) -> tuple[str | None, ...]:
        if record.get("UserId") == BAD:
            raise UnicodeEncodeError("utf-8", SECRET, 0, 1, SECRET)
        return right(record)

    monkeypatch.setattr(m365_audit, "row", row)


@pytest.fixture
def fails_on_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in what makes columns of many records: it hits any table with one account."""
    right = m365_audit.normalise

    def normalise(table: Any, *more: Any) -> Any:
        if BAD in Column.of(table.column("UserId")).array().to_pylist():
            raise KeyError(SECRET)
        return right(table, *more)

    monkeypatch.setattr(m365_audit, "normalise", normalise)


def records(count: int, bad: tuple[int, ...]) -> list[dict[str, Any]]:
    return [mail_read(n, **({"UserId": BAD} if n in bad else {})) for n in range(count)]


def failures(problems: list[Problem]) -> list[tuple[int, bool]]:
    assert {problem.code for problem in problems} <= {"reader-failed"}
    return [(problem.line, problem.counts_as_record) for problem in problems]


def as_array(path: Path, found: list[Any]) -> Path:
    path.write_text(json.dumps(found, indent=1))
    return path


def as_table(path: Path, found: list[Any]) -> Path:
    rows = [f'{n},"{json.dumps(one).replace(chr(34), chr(34) * 2)}"\n' for n, one in enumerate(found)]
    path.write_text("CreationDate,AuditData\n" + "".join(rows))
    return path


@pytest.mark.parametrize("write", [write_lines, as_array, as_table])
@pytest.mark.parametrize("where", ["fails_on_rows", "fails_on_columns"])
@pytest.mark.parametrize("limits", [Limits(), Limits(fast_bytes=1)], ids=["small", "as large"])
def test_a_record_that_fails_is_a_counted_problem_and_the_others_are_read(
    tmp_path: Path,
    request: pytest.FixtureRequest,
    write: Callable[[Path, list[Any]], Path],
    where: str,
    limits: Limits,
    said: list[str],
) -> None:
    request.getfixturevalue(where)
    write(tmp_path / "b.log", records(60, (7, 31)))
    write_lines(tmp_path / "c.log", records(5, ()))
    events, problems, count = read_all(tmp_path, limits=limits)
    assert count == 65
    if problems:
        assert events.num_rows == 63
        assert failures(problems) == [(8, True), (32, True)]
        assert said
    else:  # columns were made of all records, without `row`
        assert (events.num_rows, where, limits == Limits()) == (65, "fails_on_rows", False)
    assert not any(SECRET in text for text in [*said, *(repr(problem) for problem in problems)])


@pytest.mark.usefixtures("fails_on_columns")
def test_the_log_names_the_exception_and_its_places_once(tmp_path: Path, said: list[str]) -> None:
    write_lines(tmp_path / "a.log", records(20, (3, 4, 5)))
    read_all(tmp_path)
    assert len(said) == 1
    assert "KeyError" in said[0]
    assert "events/batches.py" in said[0]
    assert str(tmp_path) not in said[0]


def test_a_file_that_fails_as_a_whole_costs_its_rest_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = json_records.__dict__["lines"]

    def lines(stream: Any, limit: int) -> Iterator[bytes | None]:
        for number, line in enumerate(right(stream, limit)):
            if line and b"STOP" in line:
                raise IndexError(SECRET)
            yield line
            assert number < 100

    monkeypatch.setattr(json_records, "lines", lines)
    write_lines(tmp_path / "a.log", records(4, ()))
    write_lines(tmp_path / "b.log", [*records(3, ()), {"STOP": 1}, *records(9, ())])
    write_lines(tmp_path / "c.log", records(5, ()))
    events, problems, count = read_all(tmp_path)
    assert (events.num_rows, count) == (12, 12)
    assert [
        (Path(problem.source_file).name, *pair)
        for problem, pair in zip(problems, failures(problems), strict=True)
    ] == [("b.log", 0, False)]
    summary = scan(tmp_path, tmp_path / "out").summary
    assert summary["records"] == summary["events"] + summary["duplicates"] + summary["problems"]


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOSPC, "no space"), KeyboardInterrupt()])
def test_what_the_machine_lacks_passes_the_net(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def row(_: dict[str, Any]) -> Any:
        raise error

    monkeypatch.setattr(m365_audit, "row", row)
    write_lines(tmp_path / "a.log", records(4, ()))
    with pytest.raises(type(error)):
        read_all(tmp_path)


def _counted(batches: list[EventBatch]) -> tuple[int, int, list[tuple[int, bool]]]:
    problems = [problem for batch in batches for problem in batch.problems]
    return (
        sum(batch.records for batch in batches),
        sum(batch.events.num_rows for batch in batches),
        failures(problems),
    )


@pytest.mark.parametrize("where", ["fails_on_rows", "fails_on_columns"])
@pytest.mark.parametrize("count", [20, 3_000], ids=["few", "column by column"])
def test_a_body_is_read_but_for_the_record_that_fails(
    request: pytest.FixtureRequest, where: str, count: int
) -> None:
    request.getfixturevalue(where)
    body = "".join(json.dumps(record) + "\n" for record in records(count, (11,))).encode()
    records_, events, failed = _counted(batches_of(body, "token", Limits()))
    assert records_ == count
    assert (events, failed) in ((count - 1, [(12, True)]), (count, []))
    if where == "fails_on_columns":
        assert events == count - 1
    several = read_of([(body, "a"), (body, "b")], Limits())
    assert sum(batch.records for one in several for batch in one.together.batches) == 2 * count


@pytest.mark.parametrize(("module", "name"), [(line_blocks, "LineBlock"), (many_lines, "ManyLines")])
def test_lines_that_fail_together_are_read_one_by_one(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str
) -> None:
    def fails(*_: Any) -> Any:
        raise ValueError(SECRET)

    monkeypatch.setattr(module, name, fails)
    body = "".join(json.dumps(record) + "\n" for record in records(3_000, ())).encode()
    assert _counted(batches_of(body, "token", Limits())) == (3_000, 3_000, [])
    found = [batch for delivery in stream_deliveries(_Once(body), "-") for batch in delivery.batches]
    assert _counted(found) == (3_000, 3_000, [])


class _Once:
    """A stream that gives all that it has, and ends."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read1(self, size: int, /) -> bytes:
        data, self._data = self._data[:size], self._data[size:]
        return data


@pytest.mark.usefixtures("fails_on_rows")
def test_a_watch_goes_on_behind_a_record_and_a_file_that_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> Any:
        raise AttributeError(SECRET)

    monkeypatch.setattr(reader, "open_members", fails)
    write_lines(tmp_path / "a.jsonl", records(9, (4,)))
    as_array(tmp_path / "b.json", records(9, ()))
    follower, batches = Follower([tmp_path]), []
    for now in range(0, 400, 20):
        batches += [batch for delivery in follower.poll(float(now)) for batch in delivery.batches]
    follower.close()
    count, events, failed = _counted(batches)
    assert (count, events) == (9, 8)
    assert sorted(failed) == [(0, False), (5, True)]
    assert follower.is_idle


@pytest.mark.parametrize("error", [ValueError, KeyError])
def test_a_watch_says_once_that_it_cannot_tell_what_a_file_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise error(SECRET)

    monkeypatch.setattr("seawall.pipeline.tail.known.heads_of", fails)
    write_lines(tmp_path / "a.jsonl", records(9, ()))
    follower = Follower([tmp_path])
    batches = [
        batch for now in range(60) for delivery in follower.poll(float(now)) for batch in delivery.batches
    ]
    follower.close()
    assert _counted(batches) == (0, 0, [(0, False)])


def test_a_document_that_fails_is_a_problem_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = documents._values

    def values(text: str, name: str) -> Iterator[Any]:
        if "STOP" in text:
            raise TypeError(SECRET)
        return right(text, name)

    monkeypatch.setattr(documents, "_values", values)
    (tmp_path / "a.json").write_text('[{"id":"STOP"}]')
    (tmp_path / "b.json").write_text('[{"id":"1"}]')
    found = list(documents.objects([tmp_path]))
    assert [type(one).__name__ for one in found] == ["Problem", "ExportedObject"]


def test_reading_ends_at_once_when_nobody_asks_for_more(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.log", records(40, ()))
    batches = read([tmp_path], Limits(batch_records=10))
    assert next(batches).records == 10
    batches.close()  # type: ignore[attr-defined]
