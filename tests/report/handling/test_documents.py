"""Summary and report say what is known of an incident, and show every text as text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.detection.incident import Incident
from seawall.detection.incidents.story.act import StorySentence
from seawall.detection.incidents.traits import IncidentTrait
from seawall.report.handling.document import HandlingDocument
from seawall.report.handling.render import render_document_page, render_document_pdf
from seawall.report.handling.report import write_report_document
from seawall.report.handling.summary import describe_plainly, write_summary
from seawall.report.handling.words import describe_record, describe_shared
from seawall.response.handling.gathering import HandledIncident
from seawall.storage.database import (
    Feedback,
    IncidentComment,
    IncidentHandling,
    IncidentMerge,
    IncidentTask,
    RecordStar,
)
from seawall.storage.database.traits import SharedTrait
from tests.console.samples import HOSTILE, INCIDENT, T0
from tests.thoroughness import examples

HOUR = 3_600_000_000
NOW = T0 + 100 * HOUR


def tell(act: str, sentence: str, left: str = "", time: int = T0) -> StorySentence:
    return StorySentence(time, time, "a", act, "", "", "", 1, sentence, sentence, left, ("r1",))


def make_incident(**changes: Any) -> Incident:
    story = (
        tell("consent", "consented to Mail Tool", "the consent to Mail Tool"),
        tell("sent", "sent 4 messages", time=T0 + HOUR),
    )
    return replace(INCIDENT, story=story, **changes)


def answer(what: str) -> Feedback:
    return Feedback(1, "i", "t", "a", what, {}, "a note", "ann", NOW, None, None, None)  # type: ignore[arg-type]


def task(number: int, title: str = "Call the owner", **changes: Any) -> IncidentTask:
    plain = IncidentTask(number, "i", title, "bob", NOW + HOUR, "ann", NOW, 1, None, None)
    return replace(plain, **changes)


def star(text: str = "MailItemsAccessed", remark: str = "why") -> RecordStar:
    document = {"activity": text, "ip": "203.0.113.7", "account": text, "raw": {"x": 1}, "id": "r1"}
    return RecordStar(1, "i", "r1", T0 + 5, remark, document, "ann", NOW, 1)


def handled(text: str = "plain", **changes: Any) -> HandledIncident:
    plain = HandledIncident(
        make_incident(),
        IncidentHandling("ann", "in-progress", NOW + 5 * HOUR, 1, NOW, "ann"),
        (text[:40] or "x",),
        (IncidentComment(1, "i", f"{text}\nsecond line", "ann", NOW, 1, None),),
        (task(1), task(2, text, done_at=NOW - HOUR, done_by="bob")),
        (star(text, text),),
    )
    return replace(plain, **changes)


def texts_of(document: HandlingDocument, key: str | None = None) -> str:
    blocks = [
        block for section in document.sections if key in (None, section.key) for block in section.blocks
    ]
    lines = [line for block in blocks for line in block.lines]
    return "\n".join([*lines, *(cell for block in blocks for row in block.rows for cell in row)])


def test_the_summary_says_who_what_and_until_when() -> None:
    summary = write_summary(handled(), now=NOW)
    assert (
        summary.lead
        == "Somebody other than the owner may have used ann@example.org. Nobody has confirmed it yet."
    )
    happened = texts_of(summary, "happened")
    assert (
        "let an application use the account without its password and sent mail in the owner's name"
        in happened
    )
    assert "consented to Mail Tool" in happened
    affected = texts_of(summary, "affected")
    assert "1 account: ann@example.org" in affected
    assert "3 messages certainly read, and possibly up to 40 in all" in affected
    assert "Mail access records were throttled." in affected
    assert "plain (5 Mar 2026 03:00 UTC, bob)" in texts_of(summary, "done")
    open_ = texts_of(summary, "open")
    assert "the consent to Mail Tool" in open_
    assert "Call the owner (bob, until 5 Mar 2026 05:00 UTC)" in open_
    deadline = texts_of(summary, "deadline")
    assert "5 Mar 2026 09:00 UTC: 5 hours left." in deadline
    assert "72 hours" in deadline


@pytest.mark.parametrize(
    ("due", "status", "words"),
    [
        (None, "new", "Nobody has set a deadline."),
        (NOW - 3 * HOUR, "new", "overdue by 3 hours"),
        (NOW + 72 * HOUR, "new", "3 days left"),
        (NOW + 60, "new", "less than an hour left"),
        (NOW - 60, "new", "it has just passed"),
        (NOW - 60, "closed", "The incident is closed."),
    ],
)
def test_the_deadline_in_words(due: int | None, status: Any, words: str) -> None:
    case = handled(handling=IncidentHandling(None, status, due, 1, NOW, "ann"))
    assert words in texts_of(write_summary(case, now=NOW), "deadline")


@pytest.mark.parametrize(
    ("what", "lead", "tone"),
    [
        ("compromised", "An intruder used ann@example.org. This was confirmed.", "bad"),
        ("safe", "This was a false alarm: the owner used ann@example.org.", "good"),
        ("expected-change", "This was a known change at ann@example.org, and no intruder.", "good"),
    ],
)
def test_the_answer_decides_what_is_said(what: str, lead: str, tone: str) -> None:
    case = handled(answers={INCIDENT.id: (answer(what),)}, tasks=())
    summary = write_summary(case, now=NOW)
    assert (summary.lead, summary.tone) == (lead, tone)
    assert ("72 hours" in texts_of(summary)) == (what == "compromised")
    assert ("Nothing." in texts_of(summary, "open")) == (what != "compromised")
    withdrawn = replace(answer(what), withdrawn_at=NOW, withdrawn_by="ann")
    again = write_summary(handled(answers={INCIDENT.id: (withdrawn,)}), now=NOW)
    assert again.lead.endswith("Nobody has confirmed it yet.")


def test_what_nobody_recorded_is_said() -> None:
    summary = write_summary(
        HandledIncident(replace(INCIDENT, messages_proved=0, messages_possible=0)), now=NOW
    )
    assert "Nothing is recorded as done yet." in texts_of(summary, "done")
    assert "No task is recorded. Recommended next:\nAsk the owner" in texts_of(summary, "open")
    assert "No message is known to have been read." in texts_of(summary, "affected")
    assert "72 hours" not in texts_of(summary)
    assert ("Handled by", "nobody yet") in summary.reference


def test_members_count_as_affected() -> None:
    member = make_incident(
        id="m", account="bob@example.org", mailboxes=("bob@example.org",), messages_possible=2
    )
    merge = IncidentMerge(1, INCIDENT.id, "m", "one phishing mail", "ann", NOW)
    case = handled(members=(member,), merges=(merge,))
    summary = write_summary(case, now=NOW)
    assert "2 accounts: ann@example.org, bob@example.org" in texts_of(summary, "affected")
    assert "ann@example.org and 1 other account." in summary.lead
    report = write_report_document(case, now=NOW)
    assert "ann: one phishing mail" in texts_of(report, "members")
    assert "bob@example.org" in texts_of(report, "timeline")


def test_the_report_has_stars_timeline_tasks_comments_and_answers() -> None:
    report = write_report_document(handled(answers={INCIDENT.id: (answer("safe"),)}), now=NOW)
    titles = [section.title for section in report.sections]
    assert titles == [
        "What happened", "Starred records", "Timeline, UTC", "Why it stands out", "Tasks", "Comments", "Answers",
        "The starred records in full",
    ]  # fmt: skip
    assert "plain · 203.0.113.7" in texts_of(report, "starred")
    timeline = next(one for one in report.sections if one.key == "timeline").blocks[0].rows
    assert [row[2] for row in timeline] == [
        "consented to Mail Tool",
        "★ plain · 203.0.113.7",
        "sent 4 messages",
    ]
    assert "plain / second line" in texts_of(report, "comments")
    assert "safe: it was the owner" in texts_of(report, "answers")
    assert "203.0.113.7" in texts_of(report, "records")
    bare = write_report_document(HandledIncident(INCIDENT), now=NOW)
    assert "Nobody has starred a record" in texts_of(bare, "starred")


def test_plain_words_tell_only_of_the_intruder() -> None:
    own = replace(tell("role", "gave Bob a role"), is_intruders=False)
    case = HandledIncident(replace(INCIDENT, story=(own, tell("read", "read 3 messages"))))
    assert describe_plainly(case) == "In plain words: whoever it was read or copied mail."
    assert describe_plainly(HandledIncident(INCIDENT)) == ""


def test_words_of_what_is_shared_and_of_a_record() -> None:
    shared = (SharedTrait(IncidentTrait("network", "AS64500 \u202eExample"), 3),)
    assert describe_shared(shared, 1200) == [
        "the same network: AS64500 ⟨U+202E⟩Example (3 of 1,200 incidents show it)"
    ]
    assert describe_record({"activity": "x", "ip": None, "network": 5, "country": "NL"}) == "x · NL"


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_texts_are_text_on_the_page(text: str) -> None:
    case = handled(text, incident=make_incident(account=f"ann{text}@x.example", tenant=text))
    page = render_document_page(write_report_document(case, now=NOW))
    assert "<script" not in page
    assert "<img" not in page
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert "\x00" not in page
    assert re.search('script-src|http-equiv="refresh', page) is None
    assert "default-src &#39;none&#39;" in page


Write = Callable[..., HandlingDocument]


@pytest.mark.parametrize("write", [write_summary, write_report_document])
def test_hostile_texts_are_text_in_the_pdf(write: Write) -> None:
    pypdfium2 = pytest.importorskip("pypdfium2")
    pytest.importorskip("typst")
    text = '#panic() $x$ *b* _i_ `c` @ref <script>alert(1)</script> \u202egpj \\ #image("/etc/passwd") \x00'
    content = render_document_pdf(write(handled(text), now=NOW))
    assert content == render_document_pdf(write(handled(text), now=NOW))
    with pypdfium2.PdfDocument(content) as opened:
        shown = "".join(page.get_textpage().get_text_range() for page in opened)
    plain = "".join(shown.split())
    assert "#panic()$x$*b*_i_`c`@ref<script>alert(1)</script>" in plain
    assert "⟨U+202E⟩" in plain


@settings(max_examples=examples(12), deadline=None)
@given(
    text=st.text(st.characters(codec="utf-8"), max_size=400),
    tasks=st.integers(0, 40),
    acts=st.integers(0, 30),
    accounts=st.integers(0, 12),
)
def test_the_summary_is_always_one_page(text: str, tasks: int, acts: int, accounts: int) -> None:
    pypdfium2 = pytest.importorskip("pypdfium2")
    pytest.importorskip("typst")
    long = text * 4
    story = tuple(tell("role", f"{number} {long}", long) for number in range(acts))
    others = tuple(
        make_incident(id=str(n), account=f"{n}{long}", mailboxes=(f"{n}{long}",)) for n in range(accounts)
    )
    case = handled(
        text,
        incident=make_incident(title=long, summary=long, tenant=long, actions=(long,) * 9, coverage=(long,)),
        tasks=tuple(task(number, long or "x", assignee=long) for number in range(tasks)),
        members=others,
    )
    case = replace(case, incident=replace(case.incident, story=story))
    with pypdfium2.PdfDocument(render_document_pdf(write_summary(case, now=NOW))) as opened:
        assert len(opened) == 1
