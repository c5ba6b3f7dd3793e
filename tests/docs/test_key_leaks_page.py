"""The page about leaked keys names every form and every key of the answer."""

from __future__ import annotations

import re
from pathlib import Path

from seawall.keys.leaks.findings import LeakedKey, SearchTotals, SkippedBytes
from seawall.keys.leaks.scanning.search import FORMS
from seawall.keys.leaks.scanning.table import leak_document

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "leaked-keys.md").read_text("utf-8")


def test_the_table_of_forms_is_that_of_the_code() -> None:
    section = PAGE.split("\n## Forms\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| `.*\|$", section, re.MULTILINE)
    assert rows == [f"| `{form.name}` | {form.words} |" for form in FORMS]


def test_every_key_of_the_answer_is_documented() -> None:
    account = SearchTotals([LeakedKey("a", 1, "jwk", None)], [SkippedBytes("b", "c")])
    document = leak_document(account)
    for name in {*document, *document["findings"][0], *document["skipped"][0]} - {"findings"}:
        assert f"`{name}`" in PAGE
