"""Records in envelopes are read by column as the general reader reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.events.formats.column_reader import ColumnReader
from seawall.events.readers import Limits
from tests.events import ecs_documents
from tests.events.envelope_shapes import PAGES, RECORD_ENVELOPES
from tests.events.support import mail_read, read_all, rows, signed_in
from tests.events.test_both_ways import variants
from tests.events.test_envelopes import SINGLE
from tests.thoroughness import examples

FAST = Limits(fast_bytes=0, batch_records=40, fast_records=40)
SLOW = Limits(fast_bytes=1 << 60)

WRAPS = {**RECORD_ENVELOPES, "ecs": ecs_documents.office}


def assert_same(path: Path) -> list[dict[str, Any]]:
    """Read a file both ways; events, problems and numbers are the same."""
    (fast, fast_problems, fast_records), (slow, slow_problems, slow_records) = (
        read_all(path, limits=limits) for limits in (FAST, SLOW)
    )
    assert fast_records == slow_records
    assert rows(fast) == rows(slow)
    assert fast_problems == slow_problems
    return rows(fast)


def write(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@pytest.mark.parametrize("name", WRAPS)
def test_most_are_read_by_column(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = list[int]()
    columns = ColumnReader.read_columns

    def counted(self: ColumnReader, *block: Any) -> Any:
        found = columns(self, *block)
        read.append(len(found[1]))
        return found

    monkeypatch.setattr(ColumnReader, "read_columns", counted)
    path = write(tmp_path / "audit.jsonl", [WRAPS[name](mail_read(number)) for number in range(1, 200)])
    found = assert_same(path)
    assert {event["kind"] for event in found} == {"mail_access"}
    assert sum(read) == len(found) == 199


@pytest.mark.parametrize("name", RECORD_ENVELOPES)
def test_records_of_all_logs_are_the_same(tmp_path: Path, name: str) -> None:
    assert_same(write(tmp_path / "mixed.jsonl", list(map(RECORD_ENVELOPES[name], SINGLE))))


@pytest.mark.parametrize("name", RECORD_ENVELOPES)
def test_odd_records_are_the_same(tmp_path: Path, name: str) -> None:
    odd = [RECORD_ENVELOPES[name](record) for number in range(1, 4) for record in variants(number)]
    good = [RECORD_ENVELOPES[name](mail_read(number)) for number in range(50, 80)]
    lines = [json.dumps(record) for record in [*good, *odd, *good]]
    lines[35:35] = ["", "{broken", "[]", "3", json.dumps(mail_read(99)), lines[3][:-30], "[" * 80 + "]" * 80]
    path = tmp_path / "odd.jsonl"
    path.write_text("\n".join(lines))
    assert_same(path)


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_the_same(tmp_path: Path, name: str) -> None:
    path = tmp_path / "page.json"
    path.write_text(json.dumps(PAGES[name]([mail_read(number) for number in range(1, 120)]), indent=1))
    assert len(assert_same(path)) == 119


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    choices=st.lists(
        st.tuples(st.sampled_from(sorted(WRAPS)), st.booleans(), st.integers(0, 3_000)),
        min_size=1,
        max_size=40,
    )
)
def test_any_mixture_is_the_same(tmp_path_factory: Any, choices: list[tuple[str, bool, int]]) -> None:
    path = tmp_path_factory.mktemp("enclosed") / "mixture.jsonl"
    lines = [json.dumps(RECORD_ENVELOPES["splunk raw"](mail_read(1)))]
    for number, (name, is_cut, place) in enumerate(choices, 2):
        line = json.dumps(WRAPS[name]((mail_read if number % 2 else signed_in)(number)))
        lines.append(line[:place] if is_cut else line)
    path.write_text("\n".join(lines))
    assert_same(path)
