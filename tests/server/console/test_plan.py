"""The containment plan: steps that fit, and commands into which nothing can be slipped."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.incidents.patterns import PATTERNS
from seawall.respond.contain.powershell import command, literal
from seawall.rules.detector import RULES
from seawall.server.console.data.plan import NOTE, plan
from tests.server.console.samples import HOSTILE, INCIDENT, with_text

GUID = "00000000-aaaa-4bbb-8ccc-000000000001"
LITERAL = re.compile("'(?:[^'\u2018\u2019\u201a\u201b]|['\u2018\u2019\u201a\u201b]{2})*'")


def test_a_plan_begins_with_the_holder_and_says_that_nothing_is_applied() -> None:
    made = plan(INCIDENT)
    assert made.note == NOTE
    assert [step.order for step in made.steps] == list(range(1, len(made.steps) + 1))
    assert "another way than mail" in made.steps[0].text
    commands = [step.command_powershell for step in made.steps]
    assert "Revoke-MgUserSignInSession -UserId 'ann@example.org'" in commands
    assert any(text and text.startswith("Get-InboxRule -Mailbox 'ann@example.org'") for text in commands)
    assert any(step.undo for step in made.steps)


@pytest.mark.parametrize("kind", sorted({pattern.kind for pattern in PATTERNS}))
def test_every_kind_has_steps(kind: str) -> None:
    for account in ("ann@example.org", GUID, "no guid"):
        for severity in ("low", "critical"):
            made = plan(replace(INCIDENT, kind=kind, account=account, severity=severity))
            assert len(made.steps) >= 3
            assert all(step.text and step.why for step in made.steps)
            assert "{" not in "".join(step.command_powershell or "" for step in made.steps)


@pytest.mark.parametrize("rule", [rule.name for rule in RULES])
def test_rules_add_steps_and_never_fail(rule: str) -> None:
    made = plan(replace(INCIDENT, details={"rules": [rule, 7, None, "nosuch"]}))
    assert made.steps


def test_an_application_is_disabled_by_its_id() -> None:
    commands = [step.command_powershell or "" for step in plan(replace(INCIDENT, account=GUID)).steps]
    assert any(f"appId eq '{GUID}'" in text for text in commands)
    assert not any("-UserId" in text for text in commands)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_cannot_leave_their_quotes(text: str) -> None:
    for name in (text, f"{text}@example.org"):
        for step in plan(replace(with_text(text), account=name)).steps:
            for run in (step.command_powershell, step.undo):
                if run is None:
                    continue
                rest = LITERAL.sub("", run)
                assert not set(rest) & set("\n\r\x00\u2018\u2019\u201a\u201b")
                assert "Remove-Item" not in rest
                assert "Stop-Computer" not in rest
                assert "alert" not in rest


@given(st.text(max_size=40))
def test_a_literal_is_one_literal(value: str) -> None:
    made = literal(value)
    if made is not None:
        assert LITERAL.fullmatch(made)
        assert "\n" not in made


def test_a_value_that_is_no_name_gives_no_command() -> None:
    assert command("Get-X {a}", a="a\nb") is None
    assert command("Get-X {a}", a="") is None
    assert command("Get-X {a} {b}", a="it's", b="{a}") == "Get-X 'it''s' '{a}'"
