"""Microsoft Graph activity shows what programs read. It proves of no mailbox that nobody read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.response.scope.story import LAST, Row, account, day_at, days_at_home, mailbox, searched, theirs

GAP = "Graph activity alone does not show what mail programs open"


def by_graph(rows: list[Row]) -> list[Row]:
    """The same reads as requests to Graph, in another log."""
    return [
        {**row, "metadata_uid": f"graph-{row['metadata_uid']}", "source": "graph_activity", "unmapped": None}
        for row in rows
        if row["kind"] == "mail_access"
    ]


def without_mail(rows: list[Row], first: int = 0, last: int = LAST) -> list[Row]:
    return [
        row
        for row in rows
        if row["kind"] != "mail_access" or not day_at(first) <= row["time"].timestamp() * 1e6 < day_at(last)
    ]


def found(tmp_path: Path, rows: list[Row], **asked: Any) -> dict[str, tuple[str, str]]:
    scope = searched(tmp_path, rows, **asked)
    assert mailbox(scope, "ann").verdict == "touched"
    assert account(scope, "ann").verdict == "touched"
    return {
        person: (mailbox(scope, person).verdict, " ".join(gap.text for gap in mailbox(scope, person).gaps))
        for person in ("bob", "cara")
    }


def test_alone_it_clears_nobody(tmp_path: Path) -> None:
    rows = [*without_mail(days_at_home()), *by_graph(days_at_home()), *by_graph([theirs("evil-1")])]
    verdicts = found(tmp_path, rows)
    assert {verdict for verdict, _ in verdicts.values()} == {"possible"}
    assert all(GAP in text for _, text in verdicts.values())


def test_beside_the_audit_log_it_takes_nothing_away(tmp_path: Path) -> None:
    rows = [*days_at_home(), *by_graph(days_at_home()), *by_graph([theirs("evil-1")])]
    assert found(tmp_path, rows) == {"bob": ("not_touched", ""), "cara": ("not_touched", "")}


def test_it_does_not_fill_a_silence_of_the_audit_log(tmp_path: Path) -> None:
    rows = [*without_mail(days_at_home(), 16, 18), *by_graph(days_at_home()), theirs("evil-1")]
    verdicts = found(tmp_path, rows)
    assert {verdict for verdict, _ in verdicts.values()} == {"possible"}
    assert all("No mail access records" in text for _, text in verdicts.values())


def test_a_mailbox_that_it_alone_names_is_open(tmp_path: Path) -> None:
    rows = [
        row for row in days_at_home() if row["kind"] != "mail_access" or row["mailbox"] != "bob@x.example"
    ]
    verdicts = found(tmp_path, [*rows, *by_graph(days_at_home()), theirs("evil-1")])
    assert (verdicts["bob"][0], verdicts["cara"][0]) == ("possible", "not_touched")
