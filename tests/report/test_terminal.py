"""The terminal views: complete, plain off a terminal, deaf to what log text says."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from seawall.detection.incidents.story.act import StorySentence
from seawall.detection.reason import SILENT, Reason
from seawall.report import incident_terminal as terminal
from seawall.report import incident_words as words
from seawall.report import queue_terminal, terminal_parts
from seawall.response.incident_facts import IncidentFacts
from seawall.storage.files.incident_documents import FoundIncident, look_up, write_incidents

from .samples import hostile, incident, report


def console(
    encoding: str = "utf-8", *, colour: bool = False, width: int = 100
) -> tuple[Console, io.TextIOWrapper]:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict", newline="\n")
    return Console(
        file=stream,
        width=width,
        force_terminal=colour,
        highlight=False,
        color_system="truecolor" if colour else None,
    ), stream


def text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode(stream.encoding)


def test_the_queue_says_who_why_and_when() -> None:
    out, stream = console()
    queue_terminal.queue(out, report().raised_incidents, "out")
    shown = text(stream)
    assert "⬢ critical  a.person1@contoso.example  28 Mar 2026 23:00" in shown
    assert "0 of 1,240 peers" in shown
    assert "\x1b" not in shown


def test_the_explanation_holds_every_part() -> None:
    out, stream = console()
    terminal.explanation(out, incident(), 1, "out")
    shown = text(stream)
    for part in (
        "Why",
        "Score",
        "Base",
        "Usual versus now",
        "What would have made it normal",
        "What the logs could not show",
        "What to do",
        "Related",
    ):
        assert part in shown, part


@pytest.mark.parametrize("colour", [False, True])
def test_log_text_cannot_steer_the_terminal(colour: bool) -> None:
    bad = hostile().incidents[0]
    out, stream = console(colour=colour)
    queue_terminal.queue(out, [bad], "out")
    terminal.explanation(out, bad, 1, "out")
    shown = text(stream)
    assert "\x1b[31mred" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown
    assert "⟨U+001B⟩[31mred" in shown.replace("\n", "") or colour


def test_marks_have_letters_where_the_stream_knows_no_others() -> None:
    out, _ = console("ascii")
    assert terminal_parts.is_ascii_only(out)
    assert str(terminal_parts.show_mark("critical", ascii_only=True)).isascii()


def test_an_incident_is_found_by_rank_id_and_start(tmp_path: Path) -> None:
    incidents = [incident(1, raised=False), incident(2), incident(13)]
    path = tmp_path / "incidents.jsonl"
    write_incidents(path, incidents)
    assert look_up(path, "1") == FoundIncident(1, 3, incidents[1])
    assert look_up(path, "inc-0001-7f3a") == FoundIncident(3, 3, incidents[0])
    assert look_up(path, "inc-0013") == FoundIncident(2, 3, incidents[2])


def test_a_summary_tells_of_nothing_that_was_not_seen() -> None:
    silent = Reason("behaviour", "device", f"no device {SILENT}", 9.0)
    usual = incident()
    loaded = replace(usual, reasons=(silent, *usual.reasons))
    assert silent not in words.strongest(loaded, 3)
    assert words.strongest(loaded, 3) == words.strongest(usual, 3)
    assert silent in words.evidence(loaded)[0]


def test_the_explanation_says_why_the_severity_is_what_it_is() -> None:
    out, stream = console()
    why = ["Impact grave and takeover [red]likely[/red] make it high.", "It is so."]
    terminal.explanation(out, replace(incident(), details={"severity_because": why}), 1, "out", None)
    shown = text(stream)
    assert shown.index("\nSeverity: critical") < shown.index(why[1]) < shown.index(why[0])
    out, stream = console()
    terminal.explanation(out, replace(incident(), details={}), 1, "out", None)
    assert "Severity:" not in text(stream)


def test_the_explanation_says_what_others_say_and_how_sign_ins_were_authenticated() -> None:
    out, stream = console()
    said = {
        "statements": [
            {"time": "2026-03-02T09:41:00Z", "text": "Microsoft says: anonymised address, medium"},
            5,
        ]
    }
    found = replace(incident(), details=said)
    same = words.list_statements(found)
    facts = IncidentFacts(
        (("second factor", 2), *((f"method {number}", 1) for number in range(9))),
        (("5b1d-1", 2),),
        (*same, (same[0][0] - 60_000_000, "Google says: [red]leaked\x1b[31m[/red]")),
    )
    terminal.explanation(out, found, 1, "out", None, facts)
    shown = text(stream)
    assert shown.index("2 Mar 2026 09:40 UTC: Google says: [red]leaked") < shown.index(
        "2 Mar 2026 09:41 UTC: Microsoft says"
    )
    assert shown.count("Microsoft says: anonymised address, medium") == 1
    assert "2 records: second factor" in shown
    assert "and 2 more (--json)" in shown
    assert "2 records: continues request 5b1d-1" in shown
    assert "\x1b" not in shown


def test_nothing_is_said_of_others_who_say_nothing() -> None:
    out, stream = console()
    terminal.explanation(out, incident(), 1, "out", None, IncidentFacts())
    shown = text(stream)
    assert "What others say" not in shown
    assert "authenticated" not in shown


def test_a_told_incident_says_in_one_line_what_is_unusual() -> None:
    first, second = incident(1), incident(2)
    told = StorySentence(
        first.first_event,
        first.last_event,
        first.account,
        "read",
        "",
        "",
        "",
        3,
        "read 3 messages",
        "read 3",
        "",
        (),
    )
    one, stream = console()
    queue_terminal.queue(one, [replace(each, story=(told,)) for each in (first, second)], "out")
    lines = [line.strip() for line in text(stream).splitlines() if "unusual:" in line]
    assert len(lines) == 2
    assert all("The token used was never issued to this account" in line for line in lines)
    assert all(len(line) <= 95 for line in lines)


def test_a_value_is_named_with_the_days_of_the_account_alone() -> None:
    said = "network AS64500 Example; Ltd: seen on 0 of 28 active days; 13 of 353 peers use it"
    counts = {"seen_days": 0.0, "active_days": 28.0, "peers_with": 13.0, "peers": 353.0}
    reasons = (
        Reason("behaviour", "network", said, 3.9, "AS64500 Example; Ltd", counts),
        Reason("rules", "rule", "rule " + "x" * 200, 2.0),
        Reason("behaviour", "hour", "not shown", -1.0),
    )
    told = words.describe_unusual(replace(incident(), reasons=reasons), 3)
    assert told.startswith("network AS64500 Example; Ltd: seen on 0 of 28 active days; rule xxx")
    assert told.endswith("x…")
    assert len(told) < 180
    assert words.describe_unusual(replace(incident(), reasons=()), 3) == ""
