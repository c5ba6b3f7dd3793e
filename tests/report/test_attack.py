"""An attack is shown as one: its accounts, what happened in all of them in order, and its incidents one by one."""

from __future__ import annotations

from dataclasses import replace

from seawall.detection.incident import SEVERITIES, AttackLink, Incident
from seawall.detection.incidents.reading_order import number_incidents
from seawall.detection.incidents.story.act import StorySentence
from seawall.report import attack_words as words
from seawall.report import queue_terminal
from seawall.report.incident_page import render_report
from seawall.report.incident_terminal import explanation
from seawall.report.incident_words import ticket_lines

from .samples import incident, report
from .test_terminal import console, text

MINUTE = 60_000_000
MARKUP = "<b>[red]x[/red]</b>"


def sentence(time: int, what: str, left: str = "") -> StorySentence:
    return StorySentence(
        time, time, "", "consent", what, "", "", 1, what, what, left, (), 0, is_intruders=True, is_key=True
    )


def member(number: int, severity: int, attack: str, *told: tuple[int, str, str]) -> Incident:
    made = incident(number)
    story = tuple(sentence(made.first_event + at * MINUTE, what, left) for at, what, left in told)
    return replace(
        made,
        account=f"u{number}@x.example",
        severity=SEVERITIES[severity],
        attack=attack,
        attack_links=(AttackLink("b", "b@x.example", "account", "x"),) if attack else (),
        story=story,
        title=f"Title {number}",
    )


def found() -> list[Incident]:
    """Three of one attack, of which the second is the gravest, and one beside it."""
    return [
        member(1, 2, "a", (30, "consented to Tool", "the consent to Tool")),
        member(2, 3, "a", (10, f"made {MARKUP}", MARKUP), (50, "made a rule", "a rule")),
        member(3, 3, ""),
        member(4, 0, "a"),
    ]


def test_incidents_of_one_attack_come_together_the_gravest_first() -> None:
    views = words.group_by_attack(number_incidents(found()))
    assert [[rank for rank, _ in view.members] for view in views] == [[1, 2, 3], [4]]
    view, alone = views
    assert view.severity == "critical"
    assert view.accounts == ("u2@x.example", "u1@x.example", "u4@x.example")
    assert words.attack_title(view) == "Title 2; the same attack used u1 and u4"
    assert words.attack_title(alone) == "Title 3"
    assert words.as_whole(view).first_event == view.first == min(one.first_event for _, one in view.members)


def test_the_acts_of_all_accounts_are_told_in_order() -> None:
    view = words.group_by_attack(number_incidents(found()))[0]
    acts = words.list_acts(view)
    assert {(act.account, act.sentence) for act in acts} == {
        ("u1", "consented to Tool"),
        ("u2", f"made {MARKUP}"),
        ("u2", "made a rule"),
    }
    assert [act.time for act in acts] == sorted(act.time for act in acts)
    assert len(words.list_acts(view, 2)) == 2
    assert words.count_more_acts(view, 2) == "and 1 more act"
    assert words.count_more_acts(view, 3) == ""
    assert set(words.attack_left_behind(view)) == {"the consent to Tool", MARKUP, "a rule"}


def test_each_tie_is_said() -> None:
    said = {
        words.link_text(AttackLink("i", "a", kind, "NAME"))
        for kind in ("application", "account", "address", "network")
    }
    assert len(said) == 4
    assert all("NAME" in one for one in said)


def test_many_accounts_are_counted() -> None:
    many = [member(number, 1, "a") for number in range(1, 9)]
    (view,) = words.group_by_attack(number_incidents(many))
    assert words.list_other_names(view) == "u2, u3, u4 and 4 more accounts"


def test_the_terminal_shows_one_attack_with_its_incidents() -> None:
    out, stream = console(width=120)
    queue_terminal.queue(out, found(), "out")
    shown = text(stream)
    assert shown.count("one attack on 3 accounts") == 1
    assert "u1 consented to Tool" in shown
    assert f"u2 made {MARKUP}" in shown
    assert "seawall respond plan 1 --out out --attack --to plan.json" in " ".join(shown.split())
    marks = ("  1  ⬢", "one attack", "  2  ▲", "  3  ○", "  4  ⬢")
    assert [shown.index(mark) for mark in marks] == sorted(shown.index(mark) for mark in marks)


def test_no_more_incidents_are_listed_than_one_screen_holds() -> None:
    out, stream = console(width=120)
    queue_terminal.queue(out, [member(number, 1, "a") for number in range(1, 40)], "out")
    shown = text(stream)
    assert f"and {39 - queue_terminal.SHOWN} more incidents" in shown
    assert "  11  ▲" not in shown


def test_the_report_shows_one_attack_with_its_incidents() -> None:
    page = render_report(replace(report(), incidents=tuple(found())))
    assert "4 incidents to look at, of which some belong together: 2 attacks" in page
    assert page.count('<li class="attack') == 1
    assert "respond plan 1 --out . --attack --to plan.json" in page
    assert MARKUP not in page
    assert page.index("One attack on 3 accounts") < page.index("u1@x.example") < page.index("u4@x.example")
    alone = render_report(replace(report(), incidents=tuple(replace(one, attack="a") for one in found())))
    assert "4 incidents to look at, all of one attack" in alone


def test_an_incident_says_what_ties_it_to_others() -> None:
    tied = replace(
        incident(1), attack="a", attack_links=(AttackLink("b", "bob@x.example", "application", "Tool"),)
    )
    line = "with bob: both touched the application Tool"
    out, stream = console(width=120)
    explanation(out, tied, 1, "out")
    assert line in text(stream)
    assert line in render_report(replace(report(), incidents=(tied,)))
    assert f"Part of an attack {line}" in ticket_lines(tied)
    assert not any("Part of an attack" in one for one in ticket_lines(incident(1)))
