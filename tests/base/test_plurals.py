"""One is singular, everywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from seawall_base.plurals import plural

ROOT = Path(__file__).parents[2]
BY_HAND = re.compile(r"""\{["']s["'] (if|\*)|else ["']s["']\}""")


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 mailboxes"), (1, "1 mailbox"), (2, "2 mailboxes"), (1200, "1,200 mailboxes")]
)
def test_plural(count: int, words: str) -> None:
    assert plural(count, "mailbox", "mailboxes") == words


def test_an_s_is_all_that_most_nouns_need() -> None:
    assert (plural(1, "record"), plural(3, "record")) == ("1 record", "3 records")


def test_nobody_makes_plurals_by_hand() -> None:
    """Verbs end by hand: "weighs", "uses". Of nouns there is one helper, so that none is forgotten."""
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in (*(ROOT / "src").rglob("*.py"), *(ROOT / "packages").rglob("*.py"))
        if path.name != "plurals.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if BY_HAND.search(line) and "use{" not in line
    ]
    assert found == []
