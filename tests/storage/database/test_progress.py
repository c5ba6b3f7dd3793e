"""Checkpoints, states and problems."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from seawall.events.problem import Problem, ProblemCode
from seawall.storage.database import Database, progress
from seawall.storage.database.bulk import insert_columns
from seawall.storage.database.models import ProblemRow
from seawall.storage.errors import DatabaseBroken
from tests.storage.database.conftest import Execute


def test_checkpoints(database: Database) -> None:
    names = ["/logs/a.jsonl", "/logs/\ud800\x00", "x" * 50_000]
    with database.writing() as work:
        assert work.checkpoints.get(names[0]) is None
        work.checkpoints.put({name: {"offset": 1, "fingerprint": "f"} for name in names})
        work.checkpoints.put({names[0]: {"offset": 2**62}})
    with database.writing() as work:
        assert work.checkpoints.get(names[0]) == {"offset": 2**62}
        assert work.checkpoints.get(names[1]) == {"offset": 1, "fingerprint": "f"}
        assert sorted(work.checkpoints.all()) == sorted(names)
        work.checkpoints.forget(names[1])
        assert work.checkpoints.get(names[1]) is None


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PIECE_BYTES", 10)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 95, 100])
def test_states_of_any_size(database: Database, size: int) -> None:
    content = random.Random(size).randbytes(size)
    with database.writing() as work:
        work.states.put("before", b"z" * 55)
        work.states.put("state", b"y" * 101)
        work.states.put("state", content)
    with database.reading() as work:
        assert work.states.get("state") == content
        assert work.states.get("before") == b"z" * 55
        assert work.states.get("none") is None
        assert work.states.names() == ["before", "state"]


@pytest.mark.usefixtures("small_pieces")
def test_only_changed_pieces_are_written(database: Database) -> None:
    with database.writing() as work:
        assert work.states.put("state", b"a" * 100) == 100
        assert work.states.put("state", b"a" * 100) == 0
        assert work.states.put("state", b"a" * 55 + b"b" + b"a" * 44) == 10
        assert work.states.get("state") == b"a" * 55 + b"b" + b"a" * 44
        work.states.forget("state")
        assert work.states.get("state") is None


DAMAGE = {
    "changed": "UPDATE states SET content = {content} WHERE position = 1",
    "swapped": "UPDATE states SET position = position + 10 WHERE position = 1",
    "cut": "DELETE FROM states WHERE position = 2",
    "first": "DELETE FROM states WHERE position = 0",
    "renamed": "UPDATE states SET name = 'other'",
}


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_state_is_never_given_back(
    database: Database, place: str, execute: Execute, damage: str
) -> None:
    with database.writing() as work:
        work.states.put("state", bytes(25))
    execute(place, DAMAGE[damage].format(content="'\\x00'::bytea" if "://" in place else "x'00'"))
    name = "other" if damage == "renamed" else "state"
    with pytest.raises(DatabaseBroken, match="damaged"), database.reading() as work:
        work.states.get(name)


def test_a_large_state(database: Database) -> None:
    content = bytes(range(256)) * 40_000  # 10 MB: three pieces
    with database.writing() as work:
        work.states.put("state", content)
    with database.reading() as work:
        assert work.states.get("state") == content


def problem(number: int) -> Problem:
    code: ProblemCode = "not-json" if number % 3 else "too-deep"
    return Problem(
        f"file{number}\x00\ud800", number, code, "a\treason\\N", "field", "excerpt\n", number % 2 == 0
    )


def test_problems(database: Database) -> None:
    put = [problem(number) for number in range(30)]
    with database.writing() as work:
        assert work.problems.add(put[:20], at=5) == 20
        assert work.problems.add(put[20:], at=9) == 10
        assert work.problems.add([], at=9) == 0
    with database.writing() as work:
        pages: list[tuple[int, int, Problem]] = []
        while page := work.problems.page(after=pages[-1][0] if pages else 0, limit=7):
            pages += page
        assert [one for _, _, one in pages] == put
        assert [at for _, at, _ in pages] == [5] * 20 + [9] * 10
        assert work.problems.counts() == {"not-json": 20, "too-deep": 10}
        assert [one.line for _, _, one in work.problems.page(code="too-deep", limit=3)] == [0, 3, 6]
        assert work.problems.prune(9) == 20
        assert work.problems.counts() == {"not-json": 7, "too-deep": 3}


def test_many_rows_at_once(database: Database) -> None:
    count = 25_001
    columns: dict[str, Sequence[Any]] = {
        "at": [1] * count, "source_file": ["f"] * count, "line": range(count), "code": ["not-json"] * count,
        "reason": [""] * count, "field": [""] * count, "excerpt": [""] * count, "counts_as_record": [True] * count,
    }  # fmt: skip
    with database.writing() as work:
        assert insert_columns(work.session, ProblemRow, columns) == count
        assert work.problems.counts() == {"not-json": count}
        assert [one.line for _, _, one in work.problems.page(after=count - 1)] == [count - 1]
        with pytest.raises(ValueError, match="different length"):
            insert_columns(work.session, ProblemRow, {**columns, "at": [1]})
        assert insert_columns(work.session, ProblemRow, {}) == 0
