"""A mailbox of which nothing came for long: open, unless a collector's ledger proves that nothing is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seawall.collection.collected_spans import CollectedFeed
from tests.response.scope.story import HISTORY, at_home, day_at, days_at_home, mailbox, searched, theirs
from tests.sample_events import event

LAST_DAY = 5
FEED = "m365/org/Audit.Exchange"


def _collected(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "source_file": f"{FEED}/2026-01-01/20260101T000000Z-1.jsonl"}


def rows(*more: dict[str, Any]) -> list[dict[str, Any]]:
    """Cara reads on the first days and is away after; the others read on."""
    caras = [row for day in range(LAST_DAY) for row in at_home("cara", f"c-{day}", day, 20)]
    found = [*days_at_home(people=("ann", "bob")), *caras, theirs("evil-1"), *more]
    return [_collected(row) for row in found]


def proved(first: int = 0, last: int = 30) -> CollectedFeed:
    span = (day_at(first), day_at(last))
    return CollectedFeed("m365", "org", "m365_audit", "Audit.Exchange", span[0], 0, (span,), ())


def codes(tmp_path: Path, found: list[dict[str, Any]], *feeds: CollectedFeed) -> set[str]:
    scope = searched(tmp_path, found, collected=feeds)
    one = mailbox(scope, "cara")
    assert one.verdict == ("possible" if one.gaps else "not_touched")
    return {gap.code for gap in one.gaps}


def test_a_long_leave_is_open_without_a_ledger(tmp_path: Path) -> None:
    assert codes(tmp_path, rows()) == {"absent"}


def test_a_ledger_that_proves_the_log_whole_clears_it(tmp_path: Path) -> None:
    assert codes(tmp_path, rows(), proved()) == set()


@pytest.mark.parametrize(("first", "last"), [(HISTORY + 1, 30), (0, HISTORY)])
def test_a_ledger_that_proves_a_part_leaves_the_rest(first: int, last: int, tmp_path: Path) -> None:
    assert "absent" in codes(tmp_path, rows(), proved(first, last))


def test_a_mailbox_whose_holder_goes_on_stays_open_whatever_the_ledger_says(tmp_path: Path) -> None:
    own = {key: at_home("cara", "x", 0, 0)[1][key] for key in ("account", "src_ip", "src_prefix", "src_asn")}
    sent = event("sent", HISTORY, 40, **own, kind="mail_action", activity_name="Send", mailbox=None)
    assert codes(tmp_path, rows(sent), proved()) == {"quiet"}
