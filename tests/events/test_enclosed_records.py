"""Records in envelopes are read by column as the general reader reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.events import ecs_documents
from tests.events.envelope_shapes import PAGES, RECORD_ENVELOPES
from tests.events.support import count_by_column, mail_read, signed_in, write_lines
from tests.events.test_both_ways import assert_same, variants
from tests.events.test_envelopes import SINGLE
from tests.thoroughness import examples

WRAPS = {**RECORD_ENVELOPES, "ecs": ecs_documents.office}


@pytest.mark.parametrize("name", WRAPS)
def test_most_are_read_by_column(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = count_by_column(monkeypatch)
    path = write_lines(tmp_path / "audit.jsonl", [WRAPS[name](mail_read(number)) for number in range(1, 200)])
    found = assert_same(path)
    assert {event["kind"] for event in found} == {"mail_access"}
    assert sum(read) == len(found) == 199


@pytest.mark.parametrize("name", RECORD_ENVELOPES)
def test_records_of_all_logs_are_the_same(tmp_path: Path, name: str) -> None:
    assert_same(write_lines(tmp_path / "mixed.jsonl", list(map(RECORD_ENVELOPES[name], SINGLE))))


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
