"""What to do now follows from the incident alone: whom to call, what blocks, what to keep, which deadlines may run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from seawall.detection.incident import AttackLink, Incident
from seawall.detection.incidents.refused_steps import REFUSED_STEPS
from seawall.detection.incidents.story.act import StorySentence
from seawall.response.first_response import (
    APPLY,
    WhereToType,
    describe_beginning,
    list_sources,
    list_urgent_steps,
)
from seawall.response.log_retention import RETENTION, list_retention
from seawall_base.times import DAY, parse_rfc3339
from tests.report.samples import incident

HOUR = DAY // 24
BEGIN = parse_rfc3339("2026-03-02T08:00:00Z")


def attacked(**changes: Any) -> Incident:
    made = incident(account="ann@contoso.example")
    details = {"sources": ["m365_audit"]}
    base: dict[str, Any] = {"first_event": BEGIN, "last_event": BEGIN + 5 * HOUR, "details": details}
    return replace(made, **{**base, **changes})


def left_behind(thing: str) -> StorySentence:
    return StorySentence(
        BEGIN, BEGIN, "ann", "consent", thing, "", "", 1, f"consented to {thing}", "", thing, ()
    )


def test_the_order_is_call_block_preserve_deadline_and_then_review() -> None:
    steps = list_urgent_steps(attacked(), WhereToType("seawall", "3", "results"))
    assert [step.name for step in steps] == ["call", "block", "preserve", "deadline", "review"]
    assert "Call the owner of ann@contoso.example" in steps[0].text
    assert "mail" in steps[0].text
    assert steps[1].commands == ("seawall respond plan 3 --out results --to plan.json", APPLY)
    assert list_urgent_steps(attacked(), WhereToType("seawall"))[1].commands == (APPLY,)


def test_the_plan_of_an_attack_covers_all_its_accounts() -> None:
    tied = attacked(attack="a", attack_links=(AttackLink("b", "bob@contoso.example", "account", "x"),))
    block = list_urgent_steps(tied, WhereToType("seawall", "3", "results"))[1]
    assert block.commands[0] == "seawall respond plan 3 --out results --attack --to plan.json"
    assert block.text.endswith("The plan covers every account of the attack.")
    assert "attack" not in list_urgent_steps(attacked(), WhereToType("seawall", "3", "out"))[1].text


def test_what_is_left_behind_is_taken_away_with_the_block_and_looked_through_after_it() -> None:
    found = attacked(story=(left_behind("the consent to X"), left_behind("a rule")))
    steps = list_urgent_steps(found, WhereToType("seawall", "1", "out"))
    assert "take away 2 things that it left behind" in steps[1].text
    assert steps[-1].name == "review"
    assert "left behind" in steps[-1].text
    assert "left behind" not in list_urgent_steps(attacked(), WhereToType("seawall", "1", "out"))[1].text


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("m365_audit", "Update-MgUser -UserId 'ann@contoso.example' -AccountEnabled:$false"),
        ("google_workspace", "Google Admin console"),
        ("okta", "Okta Admin Console"),
    ],
)
def test_each_vendor_blocks_in_its_own_way(source: str, words: str) -> None:
    block = list_urgent_steps(attacked(details={"sources": [source]}), WhereToType("seawall", "1", "out"))[1]
    assert words in block.by_hand


def test_a_name_that_cannot_be_pasted_gets_no_command() -> None:
    block = list_urgent_steps(attacked(account="a\n'b@contoso.example"), WhereToType("seawall", "1", "out"))[
        1
    ]
    assert "Update-MgUser" not in block.by_hand
    assert "Entra admin centre" in block.by_hand


def test_an_unknown_vendor_says_nothing_that_it_cannot_know() -> None:
    for details in ({}, {"sources": 7}, {"sources": [7]}, {"sources": ["other"]}):
        steps = list_urgent_steps(attacked(details=details), WhereToType("seawall", "1", "out"))
        assert steps[1].by_hand == ""
        assert "Entra" not in steps[2].text
    assert list_sources(attacked(details={"sources": ["okta", 7]})) == ["okta"]


@pytest.mark.parametrize(("severity", "raised"), [("low", True), ("medium", True), ("critical", False)])
def test_a_doubtful_incident_is_asked_about_first(severity: str, raised: bool) -> None:
    block = list_urgent_steps(attacked(severity=severity, raised=raised), WhereToType("seawall", "1", "out"))[
        1
    ]
    assert block.text.startswith("If the owner does not know of it, block")
    assert list_urgent_steps(attacked(), WhereToType("seawall", "1", "out"))[1].text.startswith("Block")


def test_an_application_is_asked_about_and_blocked_as_one() -> None:
    steps = list_urgent_steps(
        attacked(account="5f3c9b1e-0000-4000-8000-000000000001"), WhereToType("seawall", "1", "out")
    )
    assert "the application" in steps[0].text
    assert steps[1].text.startswith("Block the application")


def test_a_token_without_sign_in_blocks_the_account_and_names_the_key() -> None:
    block = list_urgent_steps(attacked(kind="forged-or-stolen-token"), WhereToType("seawall", "1", "out"))[1]
    assert block.text.startswith("Block the account")
    assert "blocking the account does not stop whoever holds that key" in block.text
    assert block.commands[0] == "seawall respond plan 1 --out out --to plan.json"
    assert block.by_hand
    assert "key" not in list_urgent_steps(attacked(), WhereToType("seawall", "1", "out"))[1].text


def test_attempts_that_gained_nothing_need_no_block() -> None:
    steps = list_urgent_steps(attacked(actions=REFUSED_STEPS), WhereToType("seawall", "1", "out"))
    assert [step.name for step in steps] == ["review", "preserve"]
    assert not any(step.commands for step in steps)


def test_an_unlikely_candidate_is_not_urgent() -> None:
    (step,) = list_urgent_steps(
        attacked(raised=False, details={"likelihood": "unlikely"}), WhereToType("seawall", "1", "out")
    )
    assert step.name == "review"
    assert "Nothing is urgent" in step.text
    assert (
        len(
            list_urgent_steps(
                attacked(raised=False, details={"likelihood": "likely"}), WhereToType("seawall", "1", "out")
            )
        )
        > 3
    )
    assert (
        len(
            list_urgent_steps(
                attacked(raised=True, details={"likelihood": "unlikely"}), WhereToType("seawall", "1", "out")
            )
        )
        > 3
    )


def test_logs_that_run_out_first_are_named_first_with_their_day() -> None:
    text = list_urgent_steps(attacked(), WhereToType("seawall", "1", "out"))[2].text
    assert "Entra's sign-in logs until 1 Apr 2026 (30 days; 7 without a licence of Entra ID P1)" in text
    assert text.index("Entra's sign-in logs") < text.index("audit log until 29 Aug 2026 (180 days)")
    okta = list_urgent_steps(attacked(details={"sources": ["okta"]}), WhereToType("seawall", "1", "out"))[
        2
    ].text
    assert "Okta's System Log until 31 May 2026 (90 days)" in okta
    assert "Entra" not in okta


def test_a_retention_that_passed_is_not_told_as_open() -> None:
    one = replace(incident(), details={"sources": ["m365_audit"]})
    kept = {log.name: log.ends(one.first_event) for log in list_retention(("m365_audit",))}
    (sign_ins, audit) = sorted(kept.values())
    for now, open_, past in (
        (sign_ins - 1, 2, 0),
        (sign_ins + 1, 1, 1),
        (audit + 1, 0, 2),
    ):
        text = next(
            step.text
            for step in list_urgent_steps(one, WhereToType("seawall", "1", "out"), now=now)
            if step.name == "preserve"
        )
        before, _, after = text.partition("Passed:")
        assert sum(name in before for name in kept) == open_
        assert sum(name in after for name in kept) == past
        assert ("Export them before" in text) is bool(open_)
    later = next(
        step.text
        for step in list_urgent_steps(one, WhereToType("seawall", "1", "out"))
        if step.name == "preserve"
    )
    assert "Passed" not in later, "a file that is read later names dates alone"


@pytest.mark.parametrize("answer", ["safe", "expected-change"])
def test_after_a_harmless_answer_nothing_is_urgent(answer: str) -> None:
    (only,) = list_urgent_steps(incident(), WhereToType("seawall", "1", "out"), answer=answer)
    assert (only.name, only.commands, only.by_hand) == ("review", (), "")
    assert "lock" not in only.text
    assert len(list_urgent_steps(incident(), WhereToType("seawall", "1", "out"), answer="compromised")) > 1


def test_every_log_has_a_retention_in_ascending_order() -> None:
    found = list_retention(tuple(RETENTION))
    assert len(found) == len(RETENTION)
    assert [one.days for one in found] == sorted(one.days for one in found)
    assert list_retention(()) == []


def test_deadlines_are_those_of_the_law_and_conditional() -> None:
    read = list_urgent_steps(attacked(messages_proved=3), WhereToType("seawall", "1", "out"))[3].text
    assert read.startswith("Mail was read. These deadlines may run from the moment you know of it: 24 hours")
    assert "(NIS2 Art. 23(4)(a)) and 72 hours" in read
    assert "(GDPR Art. 33(1))" in read
    none = list_urgent_steps(
        attacked(messages_proved=0, messages_possible=0), WhereToType("seawall", "1", "out")
    )[3].text
    assert none.startswith("If personal data was seen, these deadlines may run")


@pytest.mark.parametrize(
    ("lasted", "end", "text"),
    [
        (0, None, "began 2 Mar 2026 08:00 UTC"),
        (90 * 60_000_000, None, "began 2 Mar 2026 08:00 UTC and went on for 2 hours"),
        (60_000_000, BEGIN + 30 * DAY, "began 2 Mar 2026 08:00 UTC (30 days before the last record) and went on for 1 minute"),
        (5 * DAY, BEGIN + 5 * DAY, "began 2 Mar 2026 08:00 UTC (5 days before the last record) and went on for 5 days"),
        (0, BEGIN + HOUR // 2, "began 2 Mar 2026 08:00 UTC"),
    ],
)  # fmt: skip
def test_it_is_said_how_long_ago_it_began(lasted: int, end: int | None, text: str) -> None:
    assert describe_beginning(attacked(last_event=BEGIN + lasted), end) == text
