"""Records of several formats, in one file or in many, are read column by column, in their order."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from seawall.events.readers import Limits, read
from tests.events.support import mail_read
from tests.events.test_google_columns import usual as google
from tests.events.test_okta_columns import usual as okta
from tests.events.test_pages import FAST, WRAPPED, assert_same, by_column, other
from tests.events.test_sign_in_lines import graph

__all__ = ["by_column"]


@pytest.mark.parametrize("run", [1, 2, 20])
def test_small_files_of_several_formats_are_read_in_their_order(
    tmp_path: Path, run: int, by_column: list[int]
) -> None:
    for number in range(120):
        of_form = [mail_read, graph, other][number // run % 3]
        page = WRAPPED[sorted(WRAPPED)[number % 5]]([of_form(2 * number), of_form(2 * number + 1)])
        (tmp_path / f"{number:03}.json").write_text(json.dumps(page))
    batches = list(read([tmp_path], replace(FAST, batch_records=25_000)))
    names = [name for batch in batches for name in batch.events["source_file"].to_pylist()]
    assert names == sorted(names)
    assert_same(tmp_path)
    assert len(by_column) < 20


@pytest.mark.parametrize("wrapped", [None, "array", "graph"])
def test_records_of_several_formats_in_one_file(
    tmp_path: Path, wrapped: str | None, by_column: list[int]
) -> None:
    forms = [mail_read, graph, okta, google, other]
    records = [forms[number % len(forms)](number) for number in range(1, 2_000)]
    path = tmp_path / "log.json"
    path.write_text(
        "\n".join(map(json.dumps, records)) if wrapped is None else json.dumps(WRAPPED[wrapped](records))
    )
    assert_same(tmp_path, Limits(fast_bytes=0))
    assert sum(by_column) > 1_500
