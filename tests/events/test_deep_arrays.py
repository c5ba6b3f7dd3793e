"""No element of an array vanishes, however deep it lies: it is an event, or a problem that counts as a record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.events.readers import read
from tests.events.support import check, mail_read
from tests.thoroughness import examples


def nest(inner: str, levels: int) -> str:
    """A text inside of so many arrays."""
    return "[" * levels + inner + "]" * levels


def count(path: Path) -> tuple[int, int, int]:
    """Records, events and problems that count as records, of one file."""
    batches = list(read([path]))
    for batch in batches:
        check(batch)
    problems = [one for batch in batches for one in batch.problems if one.counts_as_record]
    return sum(b.records for b in batches), sum(b.events.num_rows for b in batches), len(problems)


@pytest.mark.parametrize("levels", [1, 2, 60, 64, 65, 66, 100, 500, 5_000])
@pytest.mark.parametrize("inner", ["", "{}", "7", '"text"'])
def test_a_deep_element_is_counted(tmp_path: Path, levels: int, inner: str) -> None:
    record = json.dumps(mail_read(1))
    path = tmp_path / "export.json"
    path.write_text(f"[{record},{nest(inner, levels)},{json.dumps(mail_read(2))}]")
    records, events, problems = count(path)
    assert (records, events) == (events + problems, 2)
    assert problems >= 1


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 90), st.sampled_from(["", "{}", "7"])), min_size=1, max_size=5))
def test_elements_beside_each_other_are_counted(
    tmp_path_factory: Any, elements: list[tuple[int, str]]
) -> None:
    path = tmp_path_factory.mktemp("deep") / "export.json"
    parts = [nest(inner, levels + 1) for levels, inner in elements]
    path.write_text(f"[{json.dumps(mail_read(1))},{','.join(parts)}]")
    records, events, problems = count(path)
    assert records == events + problems
    assert events == 1
    assert problems >= len(parts)
