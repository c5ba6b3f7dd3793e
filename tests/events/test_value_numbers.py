"""Results by the numbers of texts are those by the texts themselves, in every batch."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.events.formats import numbered_results
from seawall.events.formats.distinct_values import Column, Mapper
from seawall.events.formats.numbered_results import find_numbering
from seawall.events.formats.value_numbers import TextNumbers, TupleNumbers, UsedCodes
from tests.thoroughness import examples

TEXTS = st.none() | st.sampled_from(["a", "b", "é", "12345678", "12345678x", "x" * 40]) | st.text(max_size=20)
BATCHES = st.lists(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=30), min_size=1, max_size=5)


def columns_of(rows: list[tuple[str | None, ...]]) -> tuple[Column, ...]:
    return tuple(Column.of(pa.array(column, pa.string())) for column in zip(*rows, strict=True))


def texts_of(column: Column) -> list[str | None]:
    return [column.values[code] if code >= 0 else None for code in column.codes.tolist()]


def interpret(*texts: str | None) -> tuple[str | None, str | None, str]:
    joined = "/".join(text or "-" for text in texts)
    return joined, texts[0], joined[:1] if "a" in joined else ""


@pytest.fixture
def numbered(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(numbered_results, "_FEWEST_ROWS", 1)
    assert find_numbering(1) is not None
    return monkeypatch


@settings(max_examples=examples(150))
@given(BATCHES, st.integers(1, 3))
def test_a_mapper_gives_what_its_function_gives(
    batches: list[list[tuple[str | None, ...]]], inputs: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbered_results, "_FEWEST_ROWS", 1)
        patch.setattr(numbered_results, "_MOST_TEXTS", 12)
        patch.setattr(numbered_results, "_MOST_RESULTS", 20)
        mapper = Mapper(interpret, 3)
        for rows in batches:
            columns = columns_of([row[:inputs] for row in rows])
            found = [texts_of(column) for column in mapper(*columns)]
            wanted = [interpret(*values) for values in zip(*map(texts_of, columns), strict=True)]
            assert list(zip(*found, strict=True)) == [
                tuple(value or None for value in values) for values in wanted
            ]


def test_codes_come_in_the_order_of_rows_whatever_was_before(numbered: pytest.MonkeyPatch) -> None:
    one, other = Mapper(interpret, 3), Mapper(interpret, 3)
    other(*columns_of([("z",), ("b",), ("a",)]))
    column = columns_of([("a",), ("b",), (None,), ("a",)])
    assert [texts.values for texts in one(*column)] == [texts.values for texts in other(*column)]
    assert other(*column)[1].codes.tolist() == [0, 1, -1, 0]


def test_a_function_that_fails_is_asked_again(numbered: pytest.MonkeyPatch) -> None:
    asked = []

    def fail_once(text: str | None) -> tuple[str | None]:
        asked.append(text)
        if asked.count(text) == 1:
            raise ValueError(text)
        return (text,)

    mapper, column = Mapper(fail_once, 1), columns_of([("one",)])
    with pytest.raises(ValueError, match="one"):
        mapper(*column)
    assert texts_of(mapper(*column)[0]) == ["one"]


def test_a_mapper_takes_tuples_of_several_sizes(numbered: pytest.MonkeyPatch) -> None:
    mapper = Mapper(interpret, 3)
    rows: list[tuple[str | None, ...]] = [("a", "b", "c"), (None, "b", "d")]
    for width in (1, 3, 2, 3):
        assert texts_of(mapper(*columns_of([row[:width] for row in rows]))[0]) == [
            interpret(*row[:width])[0] for row in rows
        ]
    with pytest.raises(ValueError, match="another size"):
        TupleNumbers(2).number(np.zeros((3, 1), np.int32))


def test_threads_share_the_numbers() -> None:
    numbers, found = TextNumbers(), []

    def ask(start: int) -> None:
        texts = pa.array([str((start + n) % 5000) for n in range(20_000)], pa.string())
        found.append((texts, numbers.number(texts, np.ones(len(texts), np.bool_))))

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(0, 4000, 1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(numbers) == 5000
    by_text: dict[str, set[int]] = {}
    for texts, codes in found:
        for text, code in zip(texts.to_pylist(), codes.tolist(), strict=True):
            by_text.setdefault(text, set()).add(code)
    assert sorted(code for codes in by_text.values() for code in codes) == list(range(5000))


@settings(max_examples=examples(100))
@given(st.lists(st.text(max_size=12), max_size=40), st.integers(0, 8))
def test_parts_of_an_array_are_numbered_as_their_texts(texts: list[str], start: int) -> None:
    part: Any = pa.array(["before"] * start + texts, pa.string()).slice(start)
    numbers = TextNumbers()
    codes = numbers.number(part, np.ones(len(texts), np.bool_)).tolist()
    assert codes == [list(dict.fromkeys(texts)).index(text) for text in texts]
    assert numbers.size == sum(len(text.encode()) for text in set(texts))
    assert numbers.number(part, np.zeros(len(texts), np.bool_)).tolist() == [-1] * len(texts)


def test_used_codes_are_numbered_anew_each_time() -> None:
    used = UsedCodes()
    for _ in range(2):
        numbers, old = used.renumber(np.array([7000, -1, 3, 7000], np.int32), 7001)
        assert numbers.tolist() == [0, -1, 1, 0]
        assert old.tolist() == [7000, 3]
