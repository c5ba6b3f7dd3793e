"""A plan has one numbering: every output prints its numbers, and a number that is not shown marks no step.

The input is an incident at Okta whose plan begins with a precaution: a precaution is hidden unless asked for, so that a list
that counts its own lines would call each later step by the number of the step before it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from seawall.storage.files.incident_documents import write_incidents
from tests.response.containment.samples import incident, row

from .conftest import Outcome, Run
from .test_respond import write_events

BY = ("--by", "Ann Example")
_HEAD = re.compile(r"^ *(\d+)  (?:certain|likely|precaution) .*?  ([a-z-]+-[0-9a-f]{6})$", re.MULTILINE)
_STANDS = re.compile(r"^[a-z]+(?: out)? +(\d+)  .*?  ([a-z-]+-[0-9a-f]{6})$", re.MULTILINE)


@pytest.fixture
def numbers(run: Run, tmp_path: Path) -> dict[str, int]:
    """Write `plan.json`, and return the number of each step, by its id."""
    out = tmp_path / "out"
    out.mkdir()
    write_incidents(out / "incidents.jsonl", [incident("record-1")])
    rows = [
        row("system.idp.lifecycle.create", 1, source="okta", resource_uid="0oa1", parameters={"Target": "evil"}),
        row("user.session.start", 2, source="okta", kind="sign_in"),
    ]  # fmt: skip
    write_events(out / "events.parquet", rows)
    made = run("respond", "plan", "1", "--out", "out", "--to", "plan.json")
    assert made.code == 0, made.err
    actions = json.loads(Path("plan.json").read_text())["actions"]
    assert [action["number"] for action in actions] == list(range(1, len(actions) + 1))
    assert _printed(made, _HEAD) == {action["id"]: action["number"] for action in actions}
    assert [action["confidence"] for action in actions].index("precaution") < len(actions) - 1
    return {action["id"]: action["number"] for action in actions}


def _printed(outcome: Outcome, line: re.Pattern[str]) -> dict[str, int]:
    """Return the number that is printed with each step id."""
    return {id_: int(number) for number, id_ in line.findall(outcome.out)}


def _hidden(numbers: dict[str, int]) -> tuple[int, str]:
    """Return the number and the id of the step that is a precaution."""
    (found,) = [(number, id_) for id_, number in numbers.items() if id_.startswith("remove-method")]
    return found


def _apply(run: Run, *words: str) -> Outcome:
    return run("respond", "apply", "plan.json", *words)


def _states(outcome: Outcome) -> dict[str, str]:
    return {step["step"]: step["state"] for step in json.loads(outcome.out)["steps"]}


def test_a_hidden_precaution_does_not_renumber_the_other_steps(run: Run, numbers: dict[str, int]) -> None:
    hidden, hidden_id = _hidden(numbers)
    shown = _apply(run)
    printed = _printed(shown, _HEAD)
    assert hidden_id not in printed
    assert printed == {id_: number for id_, number in numbers.items() if id_ != hidden_id}
    assert f"{len(numbers) - 1} of {len(numbers)} steps" in shown.out
    assert f"not shown: step {hidden} (precaution)" in shown.err
    everything = _apply(run, "--minimum-confidence", "precaution")
    assert _printed(everything, _HEAD) == numbers
    assert "not shown" not in everything.err


@pytest.mark.usefixtures("numbers")
def test_the_old_name_of_the_minimum_confidence_selects_the_same_steps(run: Run) -> None:
    everything = _apply(run, "--minimum-confidence", "precaution")
    assert _apply(run, "--up-to", "precaution") == everything
    assert _apply(run) != everything
    assert "--up-to" not in run("respond", "apply", "--help").out


def test_json_carries_the_numbers_of_the_plan(run: Run, numbers: dict[str, int]) -> None:
    document = json.loads(_apply(run, "--json").out)
    shown = {action["id"]: action["number"] for action in document["plan"]["actions"]}
    assert shown == {id_: number for id_, number in numbers.items() if number != _hidden(numbers)[0]}
    done = json.loads(_apply(run, "--done", "disable-account", *BY, "--json").out)
    assert {step["step"]: step["number"] for step in done["steps"]} == numbers


def test_the_printed_number_marks_the_step_beside_which_it_is_printed(
    run: Run, numbers: dict[str, int]
) -> None:
    printed = _printed(_apply(run), _HEAD)
    for count, (id_, number) in enumerate(printed.items(), start=1):
        said = _apply(run, "--done", str(number), *BY)
        assert said.code == 0, said.err
        assert f"step {number}" in said.err
        assert _printed(said, _STANDS) == numbers
        states = _states(_apply(run, "--done", id_, *BY, "--json"))
        assert states[id_] == "done"
        assert list(states.values()).count("done") == count


def test_a_number_that_is_not_shown_is_refused_by_done(run: Run, numbers: dict[str, int]) -> None:
    hidden, hidden_id = _hidden(numbers)
    refused = _apply(run, "--done", str(hidden), *BY)
    assert refused.code == 2
    assert f"step {hidden}" in refused.err
    assert "--minimum-confidence precaution" in refused.err
    assert hidden_id in refused.err
    assert not Path("plan.journal.jsonl").exists(), "what is refused begins no journal"
    assert _apply(run, "--done", str(hidden), "--minimum-confidence", "precaution", *BY).code == 0
    others = [number for number in numbers.values() if number != hidden]
    unnamed = _apply(run, "--done", str(others[0]), "--steps", str(others[1]), *BY)
    assert unnamed.code == 2
    assert "--steps" in unnamed.err


def test_an_id_marks_a_step_that_is_not_shown(run: Run, numbers: dict[str, int]) -> None:
    _, hidden_id = _hidden(numbers)
    said = _apply(run, "--done", hidden_id, *BY, "--json")
    assert {id_ for id_, state in _states(said).items() if state == "done"} == {hidden_id}


@pytest.mark.parametrize("number", ["0", "7", "99", "-1", "1.0", "٢"])
def test_a_number_outside_the_plan_is_refused_with_the_numbers_that_there_are(
    run: Run, numbers: dict[str, int], number: str
) -> None:
    refused = _apply(run, f"--done={number}", *BY)
    assert refused.code == 2
    assert f"1 to {len(numbers)}" in refused.err


def test_undoing_keeps_the_numbers_of_the_plan(run: Run, numbers: dict[str, int]) -> None:
    ids = [id_ for id_ in numbers if id_.startswith(("reset-password", "disable-account"))]
    for id_ in ids:
        assert _apply(run, "--done", id_, *BY).code == 0
    shown = run("respond", "undo", "plan.journal.jsonl")
    assert _printed(shown, _HEAD) == {id_: numbers[id_] for id_ in ids}
    assert f"2 of {len(numbers)} steps" in shown.out
    other = next(number for id_, number in numbers.items() if id_ not in ids)
    for name in (str(other), next(id_ for id_ in numbers if id_ not in ids)):
        refused = run("respond", "undo", "plan.journal.jsonl", "--done", name, *BY)
        assert refused.code == 2
        assert f"step {other}" in refused.err
        assert "was not applied" in refused.err
    back = run("respond", "undo", "plan.journal.jsonl", "--done", str(numbers[ids[0]]), *BY, "--json")
    assert {step["step"]: step["state"] for step in json.loads(back.out)["steps"]}[ids[0]] == "undone"
    again = run("respond", "undo", "plan.journal.jsonl", "--done", str(numbers[ids[0]]), *BY)
    assert again.code == 0, "what was said once may be said again"


def test_the_journal_has_the_numbers(run: Run, numbers: dict[str, int]) -> None:
    assert _apply(run, "--done", "reset-password", *BY).code == 0
    lines = [json.loads(line) for line in Path("plan.journal.jsonl").read_text().splitlines()]
    opened, confirmed = lines
    assert {one["id"]: one["number"] for one in opened["plan"]["actions"]} == numbers
    assert confirmed["step_number"] == numbers[confirmed["step"]]


def test_a_plan_with_other_numbers_is_refused(run: Run, numbers: dict[str, int]) -> None:
    document: dict[str, Any] = json.loads(Path("plan.json").read_text())
    for action in document["actions"]:
        action["number"] += 1
    Path("changed.json").write_text(json.dumps(document))
    refused = run("respond", "apply", "changed.json")
    assert "changed after Seawall wrote it" in refused.err
    for action in document["actions"]:
        del action["number"]
    Path("older.json").write_text(json.dumps(document))
    assert (
        _printed(run("respond", "apply", "older.json", "--minimum-confidence", "precaution"), _HEAD)
        == numbers
    )


def test_the_advice_keeps_what_was_asked_for(run: Run, numbers: dict[str, int]) -> None:
    del numbers
    shown = _apply(run, "--minimum-confidence", "precaution")
    assert (
        "next: seawall respond apply plan.json --minimum-confidence precaution --apply --approver NAME --config FILE"
        in shown.err
    )
    assert (
        "seawall respond apply plan.json --minimum-confidence precaution --done STEP --by NAME" in shown.err
    )
    named = _apply(run, "--steps", "disable-account")
    assert "plan.json --steps disable-account --apply" in named.err
