"""The plan in the console: that of `seawall respond plan`, from the stored records, hostile ones too; and as a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seawall.console.context import ConsoleSettings
from seawall.console.data.containment import make_plan
from seawall.console.data.plan_values import plan_value
from seawall.detection.ranking.patterns import PATTERNS
from seawall.response.containment.documents import plan_from_document, read_plan
from seawall.storage.lake import Lake
from tests.console.consoles import Console
from tests.console.filled import ANN, FIRST, filled, incidents
from tests.console.samples import DAY, HOSTILE, INCIDENT
from tests.sample_events import event, table

WORST = f"{0:012x}"
GUID = "00000000-aaaa-4bbb-8ccc-000000000001"
LITERAL = re.compile("'(?:[^'\u2018\u2019\u201a\u201b]|['\u2018\u2019\u201a\u201b]{2})*'")
RULE = {"Name": "tidy", "ForwardTo": "smtp:x@evil.example", "Identity": "ann@x.example\\1234567890"}


def rule(uid: str, name: str = "tidy", **columns: Any) -> dict[str, Any]:
    """An inbox rule that the intruder sets."""
    parameters = json.dumps({**RULE, "Name": name})
    return event(uid, 0, 5, kind="mail_rule", activity_name="New-InboxRule", parameters=parameters, **columns)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Console]:
    with filled(tmp_path, ConsoleSettings()) as made:
        assert made.context.lake is not None
        made.context.lake.append(table([rule("rule-1")]))
        worst = incidents()[0]
        with made.context.database.writing() as work:
            work.incidents.put([replace(worst, events=(*worst.events, "rule-1"))])
        yield made


def test_the_plan_is_made_of_the_stored_records(own: Console) -> None:
    made = own.browser().get(f"/api/incidents/{WORST}/plan").json()
    assert made["missing"] is None
    assert [step["order"] for step in made["steps"]] == list(range(1, len(made["steps"]) + 1))
    titles = [step["title"] for step in made["steps"]]
    assert f"Block sign-in of {ANN}" in titles
    removal = next(step for step in made["steps"] if "rule" in step["title"].lower())
    assert removal["records"] == ["rule-1"]
    assert removal["confidence"] == "likely"
    revoked = next(step for step in made["steps"] if step["title"].startswith("Revoke sessions"))
    assert {made["steps"][order - 1]["title"] for order in revoked["after"]} >= {f"Block sign-in of {ANN}"}
    assert all(order < step["order"] for step in made["steps"] for order in step["after"])
    assert any(step["undo"] for step in made["steps"])
    assert any("telephone" in line for line in made["before"])


def test_the_file_is_the_same_plan_and_can_be_applied(own: Console, tmp_path: Path) -> None:
    browser = own.browser()
    answer = browser.get(f"/api/incidents/{WORST}/plan.json")
    identity = browser.get(f"/api/incidents/{WORST}/plan").json()["id"]
    assert f'filename="plan-{identity}.json"' in answer.headers["content-disposition"]
    place = tmp_path / "plan.json"
    place.write_bytes(answer.content)
    assert read_plan(place) == plan_from_document(answer.json())
    assert (read_plan(place).id, read_plan(place).incident) == (identity, WORST)
    with own.context.database.reading() as work:
        actions = {entry.action: entry for entry in work.audit.page(limit=20)}
    assert actions["plan-exported"].subject == WORST
    assert actions["records-read"].subject == ANN


def test_without_records_it_says_why(own: Console) -> None:
    browser = own.browser()
    nobody = f"{5:012x}"
    made = browser.get(f"/api/incidents/{nobody}/plan").json()
    assert made["steps"] == []
    assert "No record of the account is stored" in made["missing"]
    refused = browser.get(f"/api/incidents/{nobody}/plan.json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
    own.context.lake = None
    assert "none are stored here" in browser.get(f"/api/incidents/{WORST}/plan").json()["missing"]
    assert browser.get("/api/incidents/nosuch/plan.json").status_code == 404


def test_records_that_state_no_organisation_are_found(tmp_path: Path) -> None:
    rows = [rule("r1", org_uid=None), event("r2", 0, 1, org_uid=None)]
    with Lake.create(tmp_path / "events") as lake:
        lake.append(table(rows))
        made = make_plan(lake, incident(tenant="unknown"))
    assert made is not None
    assert any(action.kind == "remove_inbox_rule" and action.evidence == ("r1",) for action in made.actions)


def test_what_lies_long_before_or_after_is_not_looked_at(tmp_path: Path) -> None:
    with Lake.create(tmp_path / "events") as lake:
        lake.append(table([event("old", -60), event("late", 30)]))
        assert make_plan(lake, incident()) is None


def incident(**changes: Any) -> Any:
    values = {"tenant": "org", "account": ANN, "first_event": FIRST, "last_event": FIRST + DAY}
    return replace(INCIDENT, **{**values, **changes})


@pytest.mark.parametrize("kind", sorted({pattern.kind for pattern in PATTERNS}))
def test_every_kind_has_steps(kind: str, tmp_path: Path) -> None:
    with Lake.create(tmp_path / "events") as lake:
        lake.append(table([event("r1"), event("r2", account=GUID, account_type="service", mailbox=None)]))
        for account in (ANN, GUID):
            for severity in ("low", "critical"):
                made = make_plan(lake, incident(kind=kind, account=account, severity=severity))
                assert made is not None
                steps = plan_value(made).steps
                assert steps
                assert all(step.title and step.reason for step in steps)
                assert all(step.calls or step.by_hand or step.powershell for step in steps)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_cannot_leave_their_quotes(text: str, tmp_path: Path) -> None:
    kept = text.encode("utf-8", "replace").decode()
    with Lake.create(tmp_path / "events") as lake:
        for name in (kept, f"{kept}@example.org"):
            lake.append(table([rule("r1", kept, account=name, mailbox=name), event("r2", account=name)]))
            made = make_plan(lake, incident(account=name, mailboxes=(kept,)))
            assert made is not None
            value = plan_value(made)
            assert value.steps or value.warnings
            for step in value.steps:
                for line in (step.title, step.reason, *step.calls, *step.undo):
                    assert not set(line) & set("\n\r\x00\x1b\u202e\u200b")
                for run in (*step.powershell, *step.undo_powershell):
                    rest = LITERAL.sub("", run)
                    assert not set(rest) & set("\n\r\x00\u2018\u2019\u201a\u201b")
                    assert "Remove-Item" not in rest
                    assert "Stop-Computer" not in rest
                    assert "alert" not in rest


def test_a_name_that_no_table_holds_is_no_fault(tmp_path: Path) -> None:
    with Lake.create(tmp_path / "events") as lake:
        lake.append(table([event("r1")]))
        assert make_plan(lake, incident(account="\ud800")) is None
