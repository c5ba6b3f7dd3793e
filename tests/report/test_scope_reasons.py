"""What keeps a scope open leads somewhere: counted, with what to do, the gravest first, what is common told once."""

from __future__ import annotations

import csv
from pathlib import Path

from seawall.collection.coverage_gap import CoverageGap
from seawall.report.scope_files import render_scope, write_scope_files
from seawall.report.scope_reasons import REASONS, answer, gravest_first, own_reasons, reasons, shared_gaps
from seawall.response.scope_values import DOUBTS, Doubt, Message, Scope, ScopeSubject

SILENT = CoverageGap(0, 1, "mail_access", "gap", "Silent on Monday.")
AWAY = CoverageGap(0, 1, "mail_access", "quiet", "No record for a week.")
NEW, SHARED = Doubt("strange", "From a new place.", 4), Doubt("open", "Perhaps the intruder's.", 1)
BOXES = (
    ScopeSubject(
        "mailbox",
        "t",
        "ann@x",
        "touched",
        ("Proved.",),
        (SILENT,),
        first=1,
        last=2,
        messages=7,
        possible_messages=2,
    ),
    ScopeSubject("mailbox", "t", "bob@x", "possible", ("x",), (SILENT, AWAY)),
    ScopeSubject("mailbox", "t", "cara@x", "possible", ("x",), (), doubts=(NEW,), at_most=12),
    ScopeSubject("mailbox", "t", "dan@x", "possible", ("x",), (), doubts=(SHARED, NEW), at_most=3),
    ScopeSubject("mailbox", "t", "eve@x", "not_touched", ("Covered.",)),
)
PERHAPS = (Message("ann@x", "<=1@x>", "Inbox", "r", 5, "t", None, "unlinked"),)
SCOPE = Scope(
    0, 9, (), (), (), BOXES, (ScopeSubject("organisation", "t", "t", "touched", ("x",), (SILENT,)),), (), ("exports",),
    possible_messages=PERHAPS,
)  # fmt: skip


def test_reasons_are_counted_alone_and_with_others() -> None:
    found = {one.code: (one.kept, one.alone) for one in reasons(BOXES, SCOPE)}
    assert found == {"strange": (2, 1), "gap": (1, 0), "quiet": (1, 0), "open": (1, 0)}
    assert reasons(BOXES, SCOPE)[0].code == "strange"


def test_every_doubt_says_what_to_do() -> None:
    assert set(DOUBTS) <= set(REASONS)
    assert all(len(to_do) > 20 for _, to_do in REASONS.values())
    unknown = ScopeSubject("mailbox", "t", "a", "possible", (), (CoverageGap(0, 1, "x", "another", "y"),))
    assert reasons([unknown], SCOPE)[0].to_do


def test_the_gravest_comes_first() -> None:
    assert [one.name for one in gravest_first(BOXES[1:4])] == ["dan@x", "cara@x", "bob@x"]


def test_what_is_missing_of_all_is_told_once() -> None:
    assert own_reasons(BOXES[1], shared_gaps(SCOPE)) == [
        "No record for a week.",
        "1 gap of its organisation's logs, told below.",
    ]


def test_the_answer_comes_first_with_how_much_at_most() -> None:
    first, _, bound = answer(SCOPE)
    assert first == "Of 5 mailboxes 1 was certainly read (7 messages by id), 3 may have been, 1 proved not."
    assert "2 possible mailboxes" in bound
    assert "15 messages at most" in bound
    page = render_scope(SCOPE)
    assert (
        page.index("may have been, 1 proved not")
        < page.index("What leaves mailboxes open")
        < page.index("cara@x")
    )
    assert "12 messages at most" in page


def test_possible_messages_are_a_table_of_their_own(tmp_path: Path) -> None:
    write_scope_files(tmp_path, SCOPE)
    with (tmp_path / "possible-messages.csv").open(encoding="utf-8", newline="") as table:
        (row,) = csv.DictReader(table)
    assert (row["mailbox"], row["doubt"]) == ("ann@x", "unlinked")
    assert not row["internet_message_id"].startswith("=")
    assert "<=1@x>" not in (tmp_path / "messages.csv").read_text("utf-8")
